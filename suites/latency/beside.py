"""One measured patient among others: many at the same instant, and others who flood the device."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgeward.profile import Profile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.target import DeviceSession

from .driving import WARM_UP_WINDOWS
from .results import Models, misfit, models_of, recheck
from .sensor import Crossing
from .ward import Flood, Ward
from .watched import PACE_NS, Pacing, Watched, watch

STREAM_NS: Final = 400_000
"""More time between two rounds for each stream, so that the device comes to rest in between."""
STEP_NS: Final = 200_000
"""So often does a flood look for answers."""
RECHECKED_STREAMS: Final = 4


@dataclass(frozen=True, slots=True)
class Beside:
    """What a drive of several streams gave."""

    watched: Watched
    streams: int
    windows: int
    """Of all streams together, the warm-up included."""
    asked_again: int
    faults: tuple[str, ...]
    """What is wrong with single results, or with their order and number."""
    other_answers: tuple[str, ...]
    """Where a second answer to the same samples is another one."""


def streams_promised(profile: Profile) -> int:
    """How many patients' devices the profile promises to serve at once."""
    return max(1, profile.network.devices_max)


def drive_rounds(device: DeviceSession, profile: Profile, rig: Rig, case: str) -> Beside:
    """All streams at the same instant, again and again; what counts is the worst of each round."""
    rounds = rig.samples(case)
    ward = Ward(device, rig.seed(case), streams=streams_promised(profile), windows=rounds)
    for _ in range(WARM_UP_WINDOWS):
        ward.round()
    pacing = Pacing(
        take=lambda: max(ward.round(), key=lambda crossing: crossing.observed_ms),
        device=device,
        usage=ward.usage,
        windows=rounds,
        limit_ms=profile.budget.latency["window_to_result"].p99_ms,
        progress=rig.progress,
        pace_ns=PACE_NS + STREAM_NS * len(ward.sensors),
    )
    return _closed(ward, watch(pacing), rig.seed(case))


def drive_flooded(device: DeviceSession, profile: Profile, rig: Rig, case: str) -> Beside:
    """One stream keeps its pace while all the others push as hard as the device takes it."""
    windows = rig.samples(case)
    ward = Ward(device, rig.seed(case), streams=streams_promised(profile), windows=windows)
    measured, *others = ward.sensors
    for _ in range(WARM_UP_WINDOWS):
        ward.round()
    flood = Flood(ward, others)

    def cross_in_flood() -> Crossing:
        """Let the others push for a pace, then send the measured block behind theirs."""
        until_ns = time.monotonic_ns() + PACE_NS
        while (now_ns := time.monotonic_ns()) < until_ns:
            flood.go_on()
            device.pump_until(min(until_ns, now_ns + STEP_NS))
        flood.go_on()
        return ward.cross(measured)

    pacing = Pacing(
        take=cross_in_flood,
        device=device,
        usage=ward.usage,
        windows=windows,
        limit_ms=profile.budget.latency["window_to_result"].p99_ms,
        progress=rig.progress,
        pace_ns=0,
    )
    return _closed(ward, watch(pacing), rig.seed(case))


def _closed(ward: Ward, watched: Watched, seed: int) -> Beside:
    """Wait for what is owed, hold it against what was sent, and ask again about some of it."""
    ward.settle()
    models = models_of(ward.device.description)
    again = [
        recheck(sensor, list(ward.crossings_of(sensor)), seed)
        for sensor in ward.sensors[-RECHECKED_STREAMS:]
    ]
    faults = _faults(ward, models)
    return Beside(
        watched=watched,
        streams=len(ward.sensors),
        windows=len(ward.sent),
        asked_again=sum(one.asked for one in again),
        faults=(*faults, *ward.strays, *ward.close()),
        other_answers=tuple(fault for one in again for fault in one.faults),
    )


def _faults(ward: Ward, models: Models) -> Sequence[str]:
    """What is wrong with single results, and with the order in which those of a stream came."""
    faults = []
    for sensor in ward.sensors:
        told: list[int] = []
        for crossing in ward.crossings_of(sensor):
            if fault := misfit(crossing, models):
                faults.append(f"{sensor.stream}: {fault}")
            told += [int(event["cursor"]) for event in crossing.events]
        if told != sorted(told):
            faults.append(f"{sensor.stream}: results out of the order of their windows")
    return faults
