"""Drive a device window by window, as its sensor would, and keep all that it told."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from edgeward_harness.measure.judge import Sample
from edgeward_harness.rig.cores import foreign_work
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
FOREIGN_SHARE_MAX = 0.05
"""Of the host, used by others beside our own load, before what they do may be an excuse."""
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
    untimed: Sequence[Crossing]
    """Those of the warm-up, and what it took after the drive until two rhythms had been sent."""
    stalls: Stalls
    criterion: Criterion
    disturbed: Disturbed
    foreign_share: float
    """Of what the host could do during the drive, used by processes that are not of this run."""
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
        """The same for a drive beside our own load: only what it cannot cause is an excuse.

        That are long stalls; and any, where others worked on the host beside our load.
        """
        crowded = self.foreign_share > FOREIGN_SHARE_MAX
        sample = self.observed(shortest_ns=0 if crowded else FOREIGN_STALL_NS)
        told = f"others used {self.foreign_share:.0%} of the host" if crowded else ""
        return replace(sample, remark="; ".join(filter(None, (sample.remark, told))))

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
            "foreign_share": self.foreign_share,
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
    with load or nullcontext(), foreign_work() as foreign:
        while len(crossings) < windows + disturbed.missing:
            _watched(sensor, crossings, windows + disturbed.missing, stalls, progress)
            sent_ns = [crossing.sent_ns for crossing in crossings]
            disturbed = find_disturbed(sent_ns, windows, stalls, sensor.usage, criterion)
    tail = _until_rhythms_differ(sensor, crossings)
    rechecked = recheck(sensor, [*crossings, *tail], seed)
    told = sensor.close()
    extra_events, disorder = sensor.rest()
    return Drive(
        crossings=crossings,
        untimed=[*warm_up, *tail],
        stalls=stalls,
        criterion=criterion,
        disturbed=disturbed,
        foreign_share=foreign.share,
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
        start_ns = time.monotonic_ns() - len(crossings) * PACE_NS
        for number in range(len(crossings), until):
            sensor.device.pump_until(start_ns + number * PACE_NS)
            crossings.append(sensor.cross())
            progress(len(crossings), until)
        sensor.device.pump_until(crossings[-1].sent_ns + FRAME_NS)
        sensor.usage.read()


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
