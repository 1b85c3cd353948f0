"""Drive a device window by window, as its sensor would, and keep all that it told."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from edgeward_harness.measure.judge import Sample
from edgeward_harness.target import DeviceSession

from .results import Recheck, models_of, recheck
from .sensor import Crossing, Sensor
from .watched import Pacing, Progress, Watched, watch

WARM_UP_WINDOWS = 20
"""Windows before the first that counts: caches, lazy imports and allocators settle."""
CLOCK_MARGIN_NS = 1_000_000
"""What two clocks may drift apart in a drive: 20 parts in a million over fifty seconds."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What the device said when the stream was over."""

    sent: Mapping[str, int]
    """How many samples and windows there were."""
    told: Mapping[str, Any]
    """How many the device says there were."""
    extra_events: int
    """Events that came after the result of the last window."""
    disorder: str


@dataclass(frozen=True, slots=True)
class Drive:
    """What a drive gave."""

    watched: Watched
    """Every window after the warm-up, with what the host did meanwhile."""
    untimed: Sequence[Crossing]
    """Those of the warm-up, and what it took after the drive until two rhythms had been sent."""
    models: Mapping[str, Sequence[frozenset[str]]]
    """The labels of each model described, by its digest."""
    clock_offset_ns: int
    clock_uncertainty_ns: int
    clock_slip_ns: int
    """How much the device's clock gained on ours in the drive; negative when it lost."""
    slip_uncertainty_ns: int
    early: str
    """What the device told before it had a sample; empty when nothing."""
    recheck: Recheck
    closing: Closing

    @property
    def crossings(self) -> Sequence[Crossing]:
        """Every window after the warm-up, those set aside and their replacements included."""
        return self.watched.crossings

    def unclaimed(self) -> Sample:
        """How much longer each result took to come out than the device says it did."""
        hidden = [
            one.observed_ms - one.claimed_ms if one.event else float("inf")
            for one in self.crossings
        ]
        return self.watched.sample_of(hidden, self.watched.allowances())

    def claims_too_much(self, crossing: Crossing) -> bool:
        """Whether the device claims a longer delay than there was between stamp and arrival."""
        seen_ns = crossing.received_ns - crossing.stamped_ns
        claim_ns = crossing.claimed_ns
        return claim_ns is not None and claim_ns > seen_ns + self._doubt_ns

    def decided_too_late(self, crossing: Crossing) -> bool:
        """Whether the device says it decided after its result had arrived."""
        event = crossing.event
        if event is None:
            return False
        decided_ns = int(event["decision_ns"]) - self.clock_offset_ns
        return decided_ns > crossing.received_ns + self._doubt_ns

    @property
    def clock_runs_otherwise(self) -> bool:
        """Whether an instant of the device lasts longer or shorter than one of ours."""
        return abs(self.clock_slip_ns) > self.slip_uncertainty_ns + CLOCK_MARGIN_NS

    @property
    def _doubt_ns(self) -> int:
        """How far a time of the device may lie beside ours without being wrong."""
        return self.clock_uncertainty_ns + CLOCK_MARGIN_NS


def drive(
    device: DeviceSession,
    *,
    windows: int,
    limit_ms: float,
    seed: int,
    progress: Progress,
    load: AbstractContextManager[Any] | None = None,
) -> Drive:
    """Let a device decide on that many paced windows, after a warm-up that does not count.

    As many more follow as the host disturbed by stalls that alone reach the smallest limit, unless
    they are too many (ADR 0003).
    """
    sensor = Sensor(device, seed, windows=windows)
    warm_up = [sensor.cross() for _ in range(WARM_UP_WINDOWS)]
    watched = watch(
        Pacing(sensor.cross, device, sensor.usage, windows, limit_ms, progress, load=load)
    )
    crossings = watched.crossings
    tail = _until_rhythms_differ(sensor, crossings)
    offset_ns, uncertainty_ns = sensor.compare_clocks()
    rechecked = recheck(sensor, [*crossings, *tail], seed)
    told = sensor.close()
    extra_events, disorder = sensor.rest()
    return Drive(
        watched=watched,
        untimed=[*warm_up, *tail],
        models=models_of(device.description),
        clock_offset_ns=sensor.clock_offset_ns,
        clock_uncertainty_ns=sensor.clock_uncertainty_ns,
        clock_slip_ns=offset_ns - sensor.clock_offset_ns,
        slip_uncertainty_ns=uncertainty_ns + sensor.clock_uncertainty_ns,
        early=sensor.early,
        recheck=rechecked,
        closing=Closing(
            sent={"samples": sensor.next_sample, "windows": sensor.window_index},
            told=told,
            extra_events=extra_events,
            disorder=disorder,
        ),
    )


def _until_rhythms_differ(sensor: Sensor, crossings: Sequence[Crossing]) -> list[Crossing]:
    """Go on without pace or clock until windows of two rhythms were sent; most drives have been.

    Short hops take many windows to get from one rhythm to the next. A result that does not come
    ends it: that is found as such.
    """
    tail: list[Crossing] = []
    rhythms = {sensor.rhythm(crossing.expected["first"]) for crossing in crossings} - {None}
    while len(rhythms) < 2:
        tail.append(sensor.cross())
        if tail[-1].event is None:
            break
        rhythms |= {sensor.rhythm(tail[-1].expected["first"])} - {None}
    return tail
