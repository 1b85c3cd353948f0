"""Recorded patients at the device: the bench plays what was recorded, on a clock that is moved.

Rules:
1. A recording is played as it was recorded: each signal at its own rate, in blocks of one second.
   What was told in answer to a block is dated by its end: it may be known up to a second sooner.
2. What people marked in a recording is never sent; the device has nothing but the samples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edgeward.signal.channel import Channel
from edgeward_harness.measure.scoring.episodes import Episode
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.recordings.recording import Recording, Wave
from edgeward_harness.rig.ward import Bed, Event, Told, Ward

STEP_MS: Final = 1000
BEDS: Final = 8
"""So many recordings are played side by side."""

Waves = Callable[[Recording], Sequence[Wave]]
Prepare = Callable[[Ward, Bed], None]


@dataclass(frozen=True, slots=True)
class Played:
    """A recording, and what the device told while it was played."""

    recording: Recording
    seconds: int
    told: tuple[Told, ...]
    """In seconds of the recording."""

    def events(self, kind: str) -> Iterator[tuple[float, Event]]:
        """When something of a kind was told, and what."""
        return ((one.at_s, one.event) for one in self.told if one.event["kind"] == kind)

    def readings(self, vital: str) -> list[float | None]:
        """What was shown at the end of each second; None for no number."""
        shown: list[float | None] = [None] * self.seconds
        changes = [(at, one) for at, one in self.events("vital") if one["vital"] == vital]
        for place, (at_s, one) in enumerate(changes):
            until = changes[place + 1][0] if place + 1 < len(changes) else self.seconds + 1
            for second in range(round(at_s), min(round(until), self.seconds + 1)):
                shown[max(0, second - 1)] = one["value"]
        return shown

    def alarms_of(self, kind: str) -> list[Episode]:
        """The same for all physiological or all technical alarms."""
        told = (one["alarm"] for _, one in self.events("alarm"))
        return self.alarms(*{one["condition"] for one in told if one and one["kind"] == kind})

    def alarms(self, *conditions: str) -> list[Episode]:
        """From when to when each alarm of these conditions was up; at the latest to the end."""
        begun: dict[str, float] = {}
        episodes: list[Episode] = []
        for at_s, one in self.events("alarm"):
            alarm = one["alarm"]
            if alarm is None or alarm["condition"] not in conditions:
                continue
            if one["what"] in BEGINS:
                begun.setdefault(alarm["id"], at_s)
            elif one["what"] in ENDS and alarm["id"] in begun:
                episodes.append((begun.pop(alarm["id"]), at_s))
        episodes += [(at_s, float(self.seconds)) for at_s in begun.values()]
        return sorted(episodes)


BEGINS: Final = frozenset({"declared"})
ENDS: Final = frozenset({"ended", "latched", "reset"})
"""A condition that is latched is over; only its signal goes on."""


def play(
    rig: Rig,
    recordings: Sequence[Recording],
    waves: Waves,
    *,
    beats: bool = False,
    prepare: Prepare | None = None,
    done: Callable[[int], None] | None = None,
) -> Iterator[Played]:
    """Play recordings to one device, side by side, and tell what came of each.

    Raises:
        Finding: the device loses events, or does not keep the protocol.
    """
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for first in range(0, len(recordings), BEDS):
            group = recordings[first : first + BEDS]
            yield from _attend(ward, group, waves, beats=beats, prepare=prepare)
            if done is not None:
                done(first + len(group))


def _attend(
    ward: Ward, group: Sequence[Recording], waves: Waves, *, beats: bool, prepare: Prepare | None
) -> Iterator[Played]:
    beds = [bed_of(one, waves(one), beats=beats) for one in group]
    ward.told.clear()
    ward.admit(*beds)
    for bed in beds:
        if prepare is not None:
            prepare(ward, bed)
    began_s = ward.now_s
    going = list(beds)
    while going:
        ward.step(going)
        over = [bed for bed in going if ward.now_s - began_s >= bed.seconds]
        ward.discharge(*over)
        going = [bed for bed in going if bed not in over]
    for bed, recording in zip(beds, group, strict=True):
        told = [
            Told(one.at_s - began_s, one.event)
            for one in ward.told
            if one.event.get("patient") == bed.patient and one.at_s <= began_s + bed.seconds
        ]
        yield Played(recording, int(bed.seconds), tuple(told))


def bed_of(recording: Recording, waves: Sequence[Wave], *, beats: bool = False) -> Bed:
    """A bed with these signals of a recording."""
    names = [f"{place + 1} {wave.name}" for place, wave in enumerate(waves)]
    return Bed(
        patient=f"{recording.collection} {recording.name}",
        channels=tuple(
            Channel(name, wave.signal, wave.unit, wave.rate_hz)
            for name, wave in zip(names, waves, strict=True)
        ),
        signals={name: wave.samples for name, wave in zip(names, waves, strict=True)},
        seconds=float(int(max(wave.seconds for wave in waves))),
        beats=beats,
    )
