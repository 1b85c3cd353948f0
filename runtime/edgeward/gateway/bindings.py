"""Whose sample is it: for each stream of each device, from which sample on it belonged to whom.

Rules:
1. What decides is the index of a sample, never when it came: a block that comes late, twice or out
   of order, or spans a boundary, is split at the boundary.
2. A device belongs to at most one patient, and a patient has each signal from at most one device.
3. A boundary lies at the sample that the device takes next when the binding changes. It never lies
   before an older boundary, nor before a sample whose patient has been told already: nothing that
   was told is ever untrue later.
4. Who cannot be known is nobody, and why is said. Such samples are kept apart, never guessed.
5. A stream that begins anew at sample 0 has a new name: `ecg`, then `ecg#2`. Until its device is
   associated anew with it, its samples are nobody's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

SPANS_MAX = 64
"""Boundaries kept for each stream; samples from before them are nobody's."""
SEEN_MAX = 16_384
NAME_CHARS_MAX = 128
INDEX_MAX = 2**63 - 1


class Nobody(StrEnum):
    """Why a sample belongs to nobody."""

    UNASSOCIATED = "unassociated"
    IN_DOUBT = "in_doubt"
    """A change is not known to be on the disk."""
    LOST = "lost"
    """The journal does not say any more who it was."""
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples in a row that belong to one patient, or to nobody."""

    first: int
    count: int
    patient: str | None
    nobody: Nobody | None = None
    """Given exactly when there is no patient."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The sample of a stream with which something begins."""

    stream: str
    index: int


@dataclass(frozen=True, slots=True)
class Move:
    """A device belongs to a patient, or to nobody, from these samples on."""

    device: str
    patient: str | None
    at: tuple[Boundary, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """From this sample on, up to the next span."""

    first: int
    patient: str | None
    nobody: Nobody | None = None


@dataclass(frozen=True, slots=True)
class StreamSpans:
    """What is known of one stream."""

    device: str
    stream: str
    trimmed: bool
    """Whether older spans have been given up."""
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a device belongs now, and by which streams."""

    device: str
    patient: str | None
    streams: tuple[str, ...]


def signal_of(stream: str) -> str:
    """What a stream carries, however often it has begun anew."""
    return stream.partition("#")[0]


@dataclass(slots=True)
class Bindings:
    """The state that all moves add up to."""

    spans: dict[tuple[str, str], StreamSpans] = field(default_factory=dict)
    bound: dict[str, Bound] = field(default_factory=dict)
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)
    """The sample after the highest one whose patient has been told."""

    def apply(self, moves: Sequence[Move]) -> None:
        """Put moves in force that have been found to be without fault, or were when written."""
        for move in moves:
            for one in move.at:
                nobody = Nobody.UNASSOCIATED if move.patient is None else None
                self._cut(move.device, one, Span(one.index, move.patient, nobody))
            before = self.bound.get(move.device)
            newest = {signal_of(name): name for name in before.streams} if before else {}
            newest |= {signal_of(one.stream): one.stream for one in move.at}
            streams = tuple(newest[signal] for signal in sorted(newest))
            self.bound[move.device] = Bound(move.device, move.patient, streams)

    def lose(self) -> None:
        """A move is missing: from their last boundary on, no device's patient is known."""
        for key, one in self.spans.items():
            last = Span(one.spans[-1].first, None, Nobody.LOST)
            spans = (*one.spans[:-1], last)
            self.spans[key] = StreamSpans(one.device, one.stream, one.trimmed, spans)
        for device, bound in self.bound.items():
            self.bound[device] = Bound(device, None, bound.streams)

    def attribute(
        self, device: str, stream: str, first: int, count: int, doubt: int | None = None
    ) -> tuple[Piece, ...]:
        """Whose the samples are, in order; from `doubt` on, nobody's until that is settled."""
        self._note(device, stream, first + count)
        pieces: list[Piece] = []
        for begin, end, span in self._over(device, stream, first, first + count):
            if doubt is None or end <= doubt:
                pieces.append(Piece(begin, end - begin, span.patient, span.nobody))
                continue
            if begin < doubt:
                pieces.append(Piece(begin, doubt - begin, span.patient, span.nobody))
            begin = max(begin, doubt)
            pieces.append(Piece(begin, end - begin, None, Nobody.IN_DOUBT))
        return tuple(_joined(pieces))

    def faults(self, moves: Sequence[Move]) -> list[str]:
        """All that is wrong with making these moves together."""
        faults = [fault for move in moves for fault in self._faults(move)]
        devices = [move.device for move in moves]
        if len(set(devices)) < len(devices):
            faults.append(f"devices: found {devices}; accepted: each once")
        return faults or list(self._doubles(moves))

    def _faults(self, move: Move) -> Iterator[str]:
        for name, value in (("device", move.device), ("patient", move.patient)):
            if value is not None and not 0 < len(value) <= NAME_CHARS_MAX:
                shown = repr(value[:40])
                yield f"{name}: found {shown}; accepted: 1 to {NAME_CHARS_MAX} characters"
        signals = [signal_of(one.stream) for one in move.at]
        if not move.at or len(set(signals)) < len(signals) or not all(signals):
            names = [one.stream for one in move.at]
            yield f"{move.device}.at: found {names}; accepted: one stream of each signal"
        bound = self.bound.get(move.device)
        for stream in bound.streams if bound else ():
            if signal_of(stream) not in signals:
                yield f"{move.device}.at: {stream!r} is missing; accepted: each of its streams"
        for one in move.at:
            old = bound is not None and one.stream not in bound.streams
            if old and (move.device, one.stream) in self.spans:
                yield f"{move.device}.at: {one.stream!r} has ended; accepted: the one after it"
            if type(one.index) is not int or one.index > INDEX_MAX:
                where = f"{move.device}.at.{one.stream}"
                yield f"{where}: found {one.index!r}; accepted: an integer up to {INDEX_MAX}"
                continue
            least, why = self._least(move.device, one.stream)
            if one.index < least:
                where = f"{move.device}.at.{one.stream}"
                yield f"{where}: found sample {one.index}; accepted: {least} or later, {why}"

    def _least(self, device: str, stream: str) -> tuple[int, str]:
        """Rule 3."""
        known = self.spans.get((device, stream))
        boundary = known.spans[-1].first if known else 0
        seen = self._seen.get((device, stream), 0)
        if seen > boundary:
            return seen, "whose samples are those before is told already"
        return boundary, "where the last change was"

    def _doubles(self, moves: Sequence[Move]) -> Iterator[str]:
        """Rule 2, after all moves together."""
        after = Bindings(dict(self.spans), dict(self.bound))
        after.apply(moves)
        owners: dict[tuple[str, str], str] = {}
        for bound in after.bound.values():
            for stream in bound.streams if bound.patient is not None else ():
                key = (str(bound.patient), signal_of(stream))
                other = owners.setdefault(key, bound.device)
                if other != bound.device:
                    yield (
                        f"patient {key[0]!r} would have {key[1]!r} from {other!r} and from"
                        f" {bound.device!r}; accepted: from one (dissociate the other, or swap)"
                    )

    def _cut(self, device: str, one: Boundary, span: Span) -> None:
        key = (device, one.stream)
        known = self.spans.get(key) or StreamSpans(device, one.stream, trimmed=False, spans=())
        spans = (*(old for old in known.spans if old.first < span.first), span)
        trimmed = known.trimmed or len(spans) > SPANS_MAX
        self.spans[key] = StreamSpans(device, one.stream, trimmed, spans[-SPANS_MAX:])

    def _over(
        self, device: str, stream: str, first: int, end: int
    ) -> Iterator[tuple[int, int, Span]]:
        """Each span that lies within these samples."""
        known = self.spans.get((device, stream))
        old = Nobody.TOO_OLD if known and known.trimmed else Nobody.UNASSOCIATED
        spans = (Span(first, None, old), *(known.spans if known else ()))
        for place, span in enumerate(spans):
            begin = max(span.first, first) if place else first
            until = min(spans[place + 1].first, end) if place + 1 < len(spans) else end
            if begin < until:
                yield begin, until, span

    def _note(self, device: str, stream: str, end: int) -> None:
        key = (device, stream)
        seen = self._seen.pop(key, 0)
        if len(self._seen) >= SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = max(seen, end)


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbours that belong together as one."""
    last: Piece | None = None
    for piece in pieces:
        if last and (last.patient, last.nobody) == (piece.patient, piece.nobody):
            last = Piece(last.first, last.count + piece.count, last.patient, last.nobody)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last
