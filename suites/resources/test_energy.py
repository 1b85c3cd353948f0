"""The energy of an inference, where the bench has a meter."""

import time

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.level import Level, judge_levels
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.cores import foreign_work
from edgeward_harness.rig.energy import metered
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .feed import Feed

IDLE_S = 5
WARM_UP_WINDOWS = 100


@pytest.mark.case("TC-RES-007")
def test_energy_of_an_inference(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """One inference uses no more energy than promised.

    Method: the meter of the host's processors is read before and after windows that go in as fast
    as the device takes them, and over a rest before. All that was counted, divided by the windows,
    is the most that one can have used; what is beyond the power at rest is the least.
    """
    windows = rig.samples("TC-RES-007")
    feed = Feed(device, rig.seed("energy"), streams=1)
    for _ in range(WARM_UP_WINDOWS):
        feed.cross()
    with metered() as rest:
        device.pump_until(time.monotonic_ns() + IDLE_S * 1_000_000_000)
    with foreign_work() as foreign, metered() as driven:
        for number in range(windows):
            feed.cross()
            rig.progress(number + 1, windows)
    most_mj = 1e3 * driven.joules / windows
    least_mj = max(0.0, most_mj - 1e3 * rest.watts * driven.wall_s / windows)
    note = (
        f"{rest.watts:.2f} W at rest, {driven.watts:.2f} W driven;"
        f" others used {foreign.share:.0%} of the host"
    )
    judged = judge_levels(
        [Level(0.0 if foreign.share > 0.05 else least_mj, most_mj)],
        profile.budget.energy_mj_per_inference,
        "mJ",
        doubt="the meter counts all that this host does",
        note=note,
    )
    measure.record("energy_of_an_inference", judged)
