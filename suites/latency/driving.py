"""Drive a device window by window, as its sensor would, and keep all that it told."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from edgeward_harness.measure.judge import Sample
from edgeward_harness.rig.stall import FOREIGN_STALL_NS, Stalls, allowances_ms, stall_probe
from edgeward_harness.target import DeviceSession

from .results import Recheck, models_of, recheck
from .sensor import Crossing, Sensor

WARM_UP_WINDOWS = 20
"""Windows before the first that counts: caches, lazy imports and allocators settle."""
PACE_NS = 10_000_000
"""From window to window; a device at rest between windows is the harder case for caches."""
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
    warm_up: Sequence[Crossing]
    stalls: Stalls
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
        spans = [crossing.scheduled for crossing in self.crossings]
        return Sample(
            values=[crossing.observed_ms for crossing in self.crossings],
            allowances=allowances_ms(self.stalls, spans, shortest_ns=shortest_ns),
        )

    def observed_under_own_load(self) -> Sample:
        """The same for a drive beside our own load: only stalls it cannot cause are an excuse."""
        return self.observed(shortest_ns=FOREIGN_STALL_NS)

    def unclaimed(self) -> Sample:
        """How much longer each result took to come out than the device says it did."""
        seen = self.observed()
        claims = [crossing.claimed_ms for crossing in self.crossings]
        hidden = [
            value - claim if value != float("inf") else value
            for value, claim in zip(seen.values, claims, strict=True)
        ]
        return Sample(values=hidden, allowances=seen.allowances)

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
    seed: int,
    progress: Progress,
    load: AbstractContextManager[Any] | None = None,
) -> Drive:
    """Let a device decide on that many paced windows, after a warm-up that does not count."""
    sensor = Sensor(device, seed, windows=windows)
    warm_up = [sensor.cross() for _ in range(WARM_UP_WINDOWS)]
    crossings: list[Crossing] = []
    with load or nullcontext(), stall_probe() as stalls:
        start_ns = time.monotonic_ns()
        for number in range(windows):
            device.pump_until(start_ns + number * PACE_NS)
            crossings.append(sensor.cross())
            progress(number + 1, windows)
    rechecked = recheck(sensor, crossings, seed)
    told = sensor.close()
    extra_events, disorder = sensor.rest()
    return Drive(
        crossings=crossings,
        warm_up=warm_up,
        stalls=stalls,
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
