"""Whether latency stays what it was over a longer run."""

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.steady import judge_steady
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .driving import drive

SHARE_OF_THE_MEDIAN = 0.1


@pytest.mark.case("TC-LAT-013")
def test_no_drift(device: DeviceSession, profile: Profile, measure: Measure, rig: Rig) -> None:
    """The delay does not creep up over a run.

    Method: one long paced drive. It is cut into twenty stretches, each stands for itself by its
    median, and the upper 95 % confidence bound of the change from the first window to the last, by
    the slope of Theil and Sen, is held against a tenth of the budget of the median. It is taken of
    the delays as observed and less what noise on the host may have added, since noise early in a
    run would hide a drift; both must agree.
    """
    limits = profile.budget.latency["window_to_result"]
    seen = drive(
        device,
        windows=rig.samples("TC-LAT-013"),
        limit_ms=limits.p50_ms,
        seed=rig.seed("soak"),
        progress=rig.progress,
    )
    limit_ms = limits.p50_ms * SHARE_OF_THE_MEDIAN
    measure.record("change_over_the_run", judge_steady(seen.watched.observed(), limit_ms))
    measure.attach_json("stall-probe.json", seen.watched.noise())
