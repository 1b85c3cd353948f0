"""How long each path takes: counted in buckets of growing width, forgotten never, in fixed memory.

A bucket spans at most 1/32 of its values, so a quantile read from it is at most 3.2 % too high and
never too low. The maximum is exact. Counting one value allocates nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_FINE_BITS = 5  # 32 buckets for each doubling; written out where every window is counted
_LARGEST_BITS = 63


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

    def count(self, duration_ns: int) -> None:
        """Count one duration; a negative one, which only a wrong stamp can give, as 0."""
        if duration_ns < 0:
            duration_ns = 0
        self.n += 1
        self.sum_ns += duration_ns
        if duration_ns > self.max_ns:
            self.max_ns = duration_ns
        shift = duration_ns.bit_length() - 6
        if shift > 0:
            self._counts[(shift << 5) + (duration_ns >> shift)] += 1
        else:
            self._counts[duration_ns] += 1

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
    """One histogram for each path."""

    __slots__ = ("_count_decided", "_count_told", "_decided", "_told")

    def __init__(self) -> None:
        """Start empty."""
        self._decided, self._told = Histogram(), Histogram()
        self._count_decided, self._count_told = self._decided.count, self._told.count

    def count(self, sample_ns: int, decided_ns: int, told_ns: int) -> None:
        """Count one result by the instants it went through."""
        self._count_decided(decided_ns - sample_ns)
        self._count_told(told_ns - sample_ns)

    def of(self, path: Path) -> Histogram:
        """The histogram of a path."""
        return self._decided if path is Path.SAMPLE_TO_DECISION else self._told

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Quantiles by path."""
        return {path.value: self.of(path).quantiles().to_dict() for path in Path}
