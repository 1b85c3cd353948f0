"""Whether a result that comes too late says so."""

import random
import time
from collections.abc import Sequence

import pytest

from edgeward.profile import Profile
from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .recording import count, count_marks
from .sensor import Crossing, Sensor

FREEZE_FACTOR = 1.5
"""A freeze lasts this many times the maximum: well beyond what may pass as in time."""


@pytest.mark.case("TC-LAT-006")
def test_lateness_is_declared(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """A result that comes too late says so, and one in time does not.

    Method: the device is stopped while a window is under way, for half as long again as the
    maximum, and then set going: that result must come and be marked late. As many windows are left
    alone, in an order drawn by chance; those decided within the maximum as seen from outside must
    not be marked. The delay that a stopped device claims must hold the whole stop: told in another
    unit it does not.
    """
    limit_ms = profile.budget.latency["window_to_result"].max_ms
    freezes = rig.samples("TC-LAT-006")
    seed = rig.seed("freeze")
    order = [True, False] * freezes
    random.Random(seed).shuffle(order)  # noqa: S311 - replays from the seed of the run
    sensor = Sensor(device, seed, windows=len(order))
    frozen: list[Crossing] = []
    calm: list[Crossing] = []
    for number, stop in enumerate(order):
        if stop:
            frozen.append(_cross_frozen(sensor, limit_ms * FREEZE_FACTOR))
        else:
            calm.append(sensor.cross())
        rig.progress(number + 1, len(order))
    in_time = [crossing for crossing in calm if crossing.since_stamp_ms <= limit_ms]
    count_marks(measure, late=frozen, in_time=in_time, why_late="of a stopped device")
    count(
        measure, "stop_missing_from_the_claimed_delay", _claims_less(frozen, limit_ms), len(frozen),
        "each result of a stopped device claims a delay beyond the maximum",
    )  # fmt: skip


def _cross_frozen(sensor: Sensor, freeze_ms: float) -> Crossing:
    """Stop the device over one window; its result must be seen to come late.

    Raises:
        HarnessError: it came sooner, so that the device was not stopped at all.
    """

    def stop_and_go() -> None:
        time.sleep(freeze_ms / 1e3)
        sensor.device.thaw()

    sensor.device.freeze()
    frozen = sensor.cross(stop_and_go)
    if frozen.observed_ms < freeze_ms:
        raise HarnessError(
            f"a device stopped for {freeze_ms:g} ms gave its result after {frozen.observed_ms:.3g}"
            " ms: stopping it does not stop what decides"
        )
    return frozen


def _claims_less(crossings: Sequence[Crossing], least_ms: float) -> list[str]:
    """The windows whose result claims a shorter delay than this, or that have none."""
    return [
        f"window {one.expected['index']}: "
        + ("no result" if one.event is None else f"claims {one.claimed_ms:.6g} ms")
        for one in crossings
        if one.event is None or one.claimed_ms <= least_ms
    ]
