"""Whether memory grows as long as the device works."""

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.drift import drift
from edgeward_harness.measure.level import judge_growth
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.footprint import resident
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .feed import Feed
from .watching import MB

WARM_UP_WINDOWS = 5000
"""Buffers that fill once, such as the events kept for a reader, are full by then: at a window a
second that is more than an hour."""
WINDOWS_A_READING = 50


@pytest.mark.case("TC-RES-002")
def test_memory_growth(device: DeviceSession, profile: Profile, measure: Measure, rig: Rig) -> None:
    """Memory does not grow beyond its budget an hour, once the device is warm.

    Method: windows go in as fast as the device takes them, first those of a warm-up in which every
    bounded buffer fills. Then the resident memory of all its processes is read every fifty windows.
    The growth is the median slope between stretches of the run, which a single step does not move;
    its upper 95 % confidence bound, for as many windows as an hour of signal has, is held against
    the budget.
    """
    readings = rig.samples("TC-RES-002")
    feed = Feed(device, rig.seed("soak"), streams=1)
    for _ in range(WARM_UP_WINDOWS):
        feed.cross()
    used_mb: list[float] = []
    for number in range(readings):
        for _ in range(WINDOWS_A_READING):
            feed.cross()
        used_mb.append(resident(device).most_bytes / MB)
        rig.progress(number + 1, readings)
    an_hour = 3600 / (feed.hop_s * WINDOWS_A_READING)
    seen = drift(used_mb)
    note = f"{readings * WINDOWS_A_READING * feed.hop_s / 3600:.1f} h of signal, {seen.n} readings"
    judged = judge_growth(
        seen.slope_per_value * an_hour,
        seen.lower * an_hour,
        seen.upper * an_hour,
        n=seen.n,
        limit=profile.budget.memory_growth_mb_per_hour,
        unit="MB/h",
        note=f"{note}, from {used_mb[0]:.2f} to {used_mb[-1]:.2f} MB",
    )
    measure.record("memory_growth", judged)
    measure.attach_json("memory.json", {"resident_mb": used_mb})
