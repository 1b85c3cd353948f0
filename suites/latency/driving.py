"""Drive a device window by window, as its sensor would, and keep all that it told."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from edgeward_harness.measure.judge import Sample
from edgeward_harness.rig.disturbed import (
    SET_ASIDE_SHARE_MAX,
    STALL_NS_MIN,
    Criterion,
    Disturbed,
    find_disturbed,
)
from edgeward_harness.rig.stall import FOREIGN_STALL_NS, Stalls, allowances_ms, stall_probe
from edgeward_harness.target import DeviceSession

from .results import Recheck, models_of, recheck
from .sensor import Crossing, Sensor

WARM_UP_WINDOWS = 20
"""Windows before the first that counts: caches, lazy imports and allocators settle."""
PACE_NS = 10_000_000
"""From window to window; a device at rest between windows is the harder case for caches."""
FRAME_NS = 5 * PACE_NS
"""So long after it was sent can a stall disturb a window; the same for every device and result."""
OTHERS_EVERY = 10
"""From window to window; what the device's other processes use is looked up as often."""
CLOCK_MARGIN_NS = 1_000_000
"""What two clocks may drift apart in a drive: 20 parts in a million over fifty seconds."""

Progress = Callable[[int, int], None]


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
    """What a drive gave: the crossings that count, and what the host did meanwhile."""

    crossings: Sequence[Crossing]
    """Every window after the warm-up, those set aside and their replacements included."""
    warm_up: Sequence[Crossing]
    stalls: Stalls
    criterion: Criterion
    disturbed: Disturbed
    models: Mapping[str, Sequence[frozenset[str]]]
    """The labels of each model described, by its digest."""
    clock_offset_ns: int
    clock_uncertainty_ns: int
    early: str
    """What the device told before it had a sample; empty when nothing."""
    recheck: Recheck
    closing: Closing

    def observed(self, *, shortest_ns: int = 0) -> Sample:
        """The delays seen from outside, with what noise may have added to each."""
        values = [crossing.observed_ms for crossing in self.crossings]
        return self._sample(values, self._allowances(shortest_ns))

    def observed_under_own_load(self) -> Sample:
        """The same for a drive beside our own load: only stalls it cannot cause are an excuse."""
        return self.observed(shortest_ns=FOREIGN_STALL_NS)

    def unclaimed(self) -> Sample:
        """How much longer each result took to come out than the device says it did."""
        hidden = [
            one.observed_ms - one.claimed_ms if one.event else float("inf")
            for one in self.crossings
        ]
        return self._sample(hidden, self._allowances())

    def _allowances(self, shortest_ns: int = 0) -> list[float]:
        spans = [crossing.scheduled for crossing in self.crossings]
        return allowances_ms(self.stalls, spans, shortest_ns=shortest_ns)

    def _sample(self, values: Sequence[float], allowances: Sequence[float]) -> Sample:
        """Values as they are judged, without those of the windows set aside."""
        pairs = list(zip(values, allowances, strict=True))
        aside = self.disturbed.set_aside
        kept = [pair for place, pair in enumerate(pairs) if place not in aside]
        return Sample(
            values=[value for value, _ in kept],
            allowances=[spare for _, spare in kept],
            aside=[pairs[place] for place in sorted(aside)],
            remark=self._remark(),
        )

    def _remark(self) -> str:
        if not self.disturbed.too_many:
            return str(self.criterion) if self.disturbed.windows else ""
        return (
            f"none set aside: {len(self.disturbed.windows)} were {self.criterion}, more than"
            f" {SET_ASIDE_SHARE_MAX:.0%} of {self.disturbed.planned}"
        )

    def noise(self) -> dict[str, Any]:
        """What the host did meanwhile and which windows it disturbed, as kept in evidence."""
        allowances = self._allowances()
        return {
            **self.stalls.to_json(),
            "criterion": {
                "stall_ns": self.criterion.stall_ns,
                "frame_ns": self.criterion.frame_ns,
                "stalls_of_the_host": [list(pair) for pair in self.disturbed.stalls],
            },
            "disturbed": [
                {
                    "window": self.crossings[place].expected["index"],
                    "sent_ns": self.crossings[place].sent_ns,
                    "received_ns": self.crossings[place].received_ns,
                    "allowance_ms": allowances[place],
                    "set_aside": place in self.disturbed.set_aside,
                }
                for place in sorted(self.disturbed.windows)
            ],
        }

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
    criterion = Criterion(max(int(limit_ms * 1e6), STALL_NS_MIN, FOREIGN_STALL_NS), FRAME_NS)
    stalls, crossings = Stalls(), list[Crossing]()
    disturbed = Disturbed(frozenset(), (), windows)
    with load or nullcontext():
        while len(crossings) < windows + disturbed.missing:
            _watched(sensor, crossings, windows + disturbed.missing, stalls, progress)
            sent_ns = [crossing.sent_ns for crossing in crossings]
            disturbed = find_disturbed(sent_ns, windows, stalls, sensor.usage, criterion)
    rechecked = recheck(sensor, crossings, seed)
    told = sensor.close()
    extra_events, disorder = sensor.rest()
    return Drive(
        crossings=crossings,
        warm_up=warm_up,
        stalls=stalls,
        criterion=criterion,
        disturbed=disturbed,
        models=models_of(device.description),
        clock_offset_ns=sensor.clock_offset_ns,
        clock_uncertainty_ns=sensor.clock_uncertainty_ns,
        early=sensor.early,
        recheck=rechecked,
        closing=Closing(
            sent={"samples": sensor.next_sample, "windows": sensor.window_index},
            told=told,
            extra_events=extra_events,
            disorder=disorder,
        ),
    )


def _watched(
    sensor: Sensor, crossings: list[Crossing], until: int, stalls: Stalls, progress: Progress
) -> None:
    """Send paced windows until there are that many, and see what the host does meanwhile."""
    with stall_probe(stalls):
        sensor.usage.read_others(sensor.device)
        start_ns = time.monotonic_ns() - len(crossings) * PACE_NS
        for number in range(len(crossings), until):
            sensor.device.pump_until(start_ns + number * PACE_NS)
            crossings.append(sensor.cross())
            if len(crossings) % OTHERS_EVERY == 0:
                sensor.usage.read_others(sensor.device)
            progress(len(crossings), until)
        sensor.device.pump_until(crossings[-1].sent_ns + FRAME_NS)
        sensor.usage.read(sensor.device)
        sensor.usage.read_others(sensor.device)
