"""Whose the samples of each device are, as the clinical thread knows it: without a disk.

Rules:
1. A device that nobody has associated is a bed: its samples are those of the patient of its name.
   To be watched, nobody has to be registered first.
2. From an association on, what counts is the journal (`gateway.association`). This is a copy of
   what it holds, changed when the disk has a change, never before.
3. While a change is under way, the samples that it is about are nobody's; so are those of a channel
   that is new, or whose sender began to count anew, until its device is associated again.
4. What is nobody's is counted, with the reason.
"""

from collections.abc import Sequence

from edgeward.gateway.bindings import Bindings, Boundary, Move, Nobody, Piece, signal_of


class Belonging:
    """A copy of the bindings, with where each stream has come to."""

    __slots__ = ("_bindings", "_held", "_next", "_streams", "nobody")

    def __init__(self, bindings: Bindings) -> None:
        """Begin with what the journal holds."""
        self._bindings = bindings
        self._held: set[str] = set()
        self._streams: dict[tuple[str, str], str] = {}
        """The name of each stream by device and channel: `ecg`, or `ecg#2` after it began anew."""
        self._next: dict[tuple[str, str], int] = {}
        """The sample after the highest one of each stream that has come."""
        self.nobody: dict[str, int] = {}
        """Samples that belonged to nobody, by reason."""

    def patient_of(self, device: str) -> str | None:
        """Who a device belongs to by now."""
        bound = self._bindings.bound.get(device)
        return device if bound is None else bound.patient

    def devices_of(self, patient: str) -> tuple[str, ...]:
        """Associated devices of a patient."""
        return tuple(
            sorted(name for name, one in self._bindings.bound.items() if one.patient == patient)
        )

    def known(self) -> tuple[str, ...]:
        """Every device that was associated with somebody."""
        bound = self._bindings.bound.values()
        return tuple(sorted(one.device for one in bound if one.patient is not None))

    def begin_anew(self, device: str, channel: str) -> None:
        """The sender counts from the beginning again."""
        if device in self._bindings.bound:
            self._streams[device, channel] = _after(self._name(device, channel, 0))
        self._next.pop((device, channel), None)

    def attribute(self, device: str, channel: str, first: int, count: int) -> tuple[Piece, ...]:
        """Whose these samples are, in order."""
        name = self._name(device, channel, first)
        key = (device, channel)
        self._next[key] = max(self._next.get(key, 0), first + count)
        pieces: Sequence[Piece]
        if device in self._held:
            pieces = (Piece(first, count, None, Nobody.IN_DOUBT),)
        elif device not in self._bindings.bound:
            return (Piece(first, count, device),)
        else:
            pieces = self._bindings.attribute(device, name, first, count)
        for one in pieces:
            if one.nobody is not None:
                self.nobody[one.nobody.value] = self.nobody.get(one.nobody.value, 0) + one.count
        return tuple(pieces)

    def hold(self, device: str) -> dict[str, int]:
        """Rule 3; for each stream of the device, the sample that it takes next."""
        at = {
            self._name(device, channel, 0): index
            for (name, channel), index in self._next.items()
            if name == device
        }
        bound = self._bindings.bound.get(device)
        seen = {signal_of(stream) for stream in at}
        for stream in bound.streams if bound else ():
            if signal_of(stream) not in seen:  # not heard of since the start: from its next begin
                at[_after(stream)] = 0
        self._held.add(device)
        return at

    def release(self, device: str) -> None:
        """Nothing has changed."""
        self._held.discard(device)

    def apply(self, device: str, patient: str | None, at: dict[str, int]) -> None:
        """The disk has it."""
        boundaries = tuple(Boundary(stream, at[stream]) for stream in sorted(at))
        self._bindings.apply((Move(device, patient, boundaries),))
        self._held.discard(device)

    def _name(self, device: str, channel: str, first: int) -> str:
        """The stream of a channel; found with the first sample that comes of it."""
        key = (device, channel)
        name = self._streams.get(key)
        if name is None:
            name = self._streams[key] = self._found(device, channel, first)
        return name

    def _found(self, device: str, channel: str, first: int) -> str:
        bound = self._bindings.bound.get(device)
        newest = (
            next((one for one in bound.streams if signal_of(one) == channel), None)
            if bound
            else None
        )
        if newest is None:
            return channel
        begin = self._bindings.spans[device, newest].spans[-1].first
        return newest if first >= begin else _after(newest)


def _after(stream: str) -> str:
    """The name of a stream once it has begun anew."""
    signal, _, number = stream.partition("#")
    return f"{signal}#{int(number or 1) + 1}"
