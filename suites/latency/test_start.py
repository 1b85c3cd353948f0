"""Latency of the first windows after a start."""

import time
from collections.abc import Sequence
from statistics import median

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import Sample, judge_maximum
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.stall import Stalls, allowances_ms, stall_probe
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .sensor import Crossing, Sensor
from .watched import PACE_NS

COLD_WINDOWS = 10
"""After a start, each held against the maximum: nobody warms a device up at the bedside."""
WARM_WINDOWS = 20
"""After those and as many more, for comparison."""


@pytest.mark.case("TC-LAT-012")
def test_first_windows_after_a_start(rig: Rig, profile: Profile, measure: Measure) -> None:
    """The first windows after a start come within the maximum, without any warm-up.

    Method: the device is started anew several times. The first ten windows of each start are paced
    as always, and each of their delays is held against the maximum. The median of the very first,
    of the first ten and of later ones, when the device is warm, are attached.
    """
    starts = rig.samples("TC-LAT-012")
    stalls = Stalls()
    crossings: list[list[Crossing]] = []
    for number in range(starts):
        with rig.open_device() as device, stall_probe(stalls):
            crossings.append(_first_windows(device, rig.seed(f"start {number}")))
        rig.progress(number + 1, starts)
    cold = [one for of_start in crossings for one in of_start[:COLD_WINDOWS]]
    sample = Sample(
        values=[one.observed_ms for one in cold],
        allowances=allowances_ms(stalls, [one.scheduled for one in cold]),
    )
    limit_ms = profile.budget.latency["window_to_result"].max_ms
    measure.record("first_windows_after_a_start", judge_maximum(sample, limit_ms))
    measure.attach_json(
        "cold-and-warm.json",
        {
            "unit": "ms",
            "starts": starts,
            "median_of_the_first": _median_ms([of[0] for of in crossings]),
            "median_of_the_first_ten": _median_ms(cold),
            "median_when_warm": _median_ms([one for of in crossings for one in of[-WARM_WINDOWS:]]),
        },
    )
    measure.attach_json("stall-probe.json", stalls.to_json())


def _first_windows(device: DeviceSession, seed: int) -> list[Crossing]:
    """The first windows of a device that was just started, at the usual pace."""
    windows = COLD_WINDOWS + 2 * WARM_WINDOWS
    sensor = Sensor(device, seed, windows=windows)
    crossings = []
    start_ns = time.monotonic_ns()
    for number in range(windows):
        device.pump_until(start_ns + number * PACE_NS)
        crossings.append(sensor.cross())
    return crossings


def _median_ms(crossings: Sequence[Crossing]) -> float | None:
    """The median of those that came."""
    came = [one.observed_ms for one in crossings if one.event is not None]
    return median(came) if came else None
