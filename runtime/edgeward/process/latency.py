"""How long each path takes: counted in buckets of growing width, forgotten never, in fixed memory.

A bucket spans at most 1/32 of its values, so a quantile read from it is at most 3.2 % too high and
never too low. The maximum is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_FINE_BITS = 5  # 32 buckets for each doubling; written out where every window is counted
_LARGEST_BITS = 63
_NOTED_MAX = 256
"""Results noted before they are counted: 256 take less than the model takes for one window."""


class Path(StrEnum):
    """A way through the device that a budget may be set for."""

    SAMPLE_TO_DECISION = "sample_to_decision"
    SAMPLE_TO_TOLD = "sample_to_told"
    """From the last sample to the end of the local annunciation: all of the clinical path."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """What a histogram says, in nanoseconds; all 0 when nothing was counted."""

    n: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int

    def to_dict(self) -> dict[str, int]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Histogram:
    """Durations in nanoseconds, by logarithmic buckets."""

    __slots__ = ("_counts", "max_ns", "n", "sum_ns")

    def __init__(self) -> None:
        """Start empty; every bucket there will ever be is allocated now."""
        self._counts = [0] * ((_LARGEST_BITS - _FINE_BITS + 1) << _FINE_BITS)
        self.n = 0
        self.sum_ns = 0
        self.max_ns = 0

    def count(self, *durations_ns: int) -> None:
        """Count durations; a negative one, which only a wrong stamp can give, as 0."""
        counts = self._counts
        for duration_ns in durations_ns:
            if duration_ns < 0:
                duration_ns = 0
            shift = duration_ns.bit_length() - 6
            if shift > 0:
                counts[(shift << 5) + (duration_ns >> shift)] += 1
            else:
                counts[duration_ns] += 1
            self.sum_ns += duration_ns
            if duration_ns > self.max_ns:
                self.max_ns = duration_ns
        self.n += len(durations_ns)

    def quantile_ns(self, share: float) -> int:
        """The upper edge of the bucket that holds this share of the values; 0 when empty."""
        wanted = max(1, -(-share * self.n // 1))
        seen = 0
        for index, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_upper_edge_ns(index), self.max_ns)
        return 0

    def quantiles(self) -> Quantiles:
        """Median, tail and maximum."""
        p50_ns, p99_ns, p999_ns = (self.quantile_ns(share) for share in (0.5, 0.99, 0.999))
        return Quantiles(self.n, p50_ns, p99_ns, p999_ns, self.max_ns)

    def copy(self) -> "Histogram":
        """The same counts, which count no further."""
        copy = Histogram.__new__(Histogram)
        copy._counts = self._counts[:]
        copy.n, copy.sum_ns, copy.max_ns = self.n, self.sum_ns, self.max_ns
        return copy

    def buckets(self) -> Iterator[tuple[int, int]]:
        """Upper edge and count of every bucket that holds something, in order."""
        for index, count in enumerate(self._counts):
            if count:
                yield _upper_edge_ns(index), count


def _upper_edge_ns(index: int) -> int:
    """The largest duration that is counted in a bucket."""
    shift = max(0, (index >> _FINE_BITS) - 1)
    return ((index - (shift << _FINE_BITS) + 1) << shift) - 1


class PathTimes:
    """One histogram for each path. Results are counted many at a time: one costs a note.

    It belongs to one thread, like the processor.
    """

    __slots__ = ("_decided", "_noted", "_told")

    def __init__(self) -> None:
        """Start empty."""
        self._decided, self._told = Histogram(), Histogram()
        self._noted: list[tuple[int, int, int]] = []

    def count(self, sample_ns: int, decided_ns: int, told_ns: int) -> None:
        """Count one result by the instants it went through."""
        noted = self._noted
        noted.append((sample_ns, decided_ns, told_ns))
        if len(noted) >= _NOTED_MAX:
            self._settle()

    def of(self, path: Path) -> Histogram:
        """The histogram of a path."""
        self._settle()
        return self._decided if path is Path.SAMPLE_TO_DECISION else self._told

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Quantiles by path."""
        return {path.value: self.of(path).quantiles().to_dict() for path in Path}

    def _settle(self) -> None:
        noted, self._noted = self._noted, []
        self._decided.count(*(decided_ns - sample_ns for sample_ns, decided_ns, _ in noted))
        self._told.count(*(told_ns - sample_ns for sample_ns, _, told_ns in noted))
