"""The same is asked of a device that is always online, now and then, and never."""

import contextlib

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import receiving
from edgeward_harness.run.measure import Measure

from .keeping import count
from .ways import Linked, Way, asked_of, carried, coming_and_going

YEAR_1970_NS = 17 * 1_000_000_000


@pytest.mark.case("TC-OFF-014")
@pytest.mark.parametrize("connection", ["always_online", "intermittent"])
def test_linked(measure: Measure, rig: Rig, connection: str) -> None:
    """Over a link that stands, and one that comes and goes, the same records arrive alike.

    Method: a simulated build keeps records of two patients and of nobody, before it knows a
    receiver and after. One record is refused by the receiver for ever. The device is started anew
    between rounds, and what waits goes over a link that stands; or over one behind a proxy, which
    is there for twenty seconds in each minute, delays, throttles, breaks and truncates connections
    meanwhile, and refuses them for the rest. All others must arrive once, in order, with their
    bytes and under the key of their own patient, and the refused one must be told as a gap.
    """
    seed = rig.seed(f"TC-OFF-014/{connection}")
    with contextlib.ExitStack() as held:
        here = held.enter_context(receiving(seed))
        device = held.enter_context(rig.open_device(simulated_clock=True))
        way: Way = Linked(device, here)
        if connection == "intermittent":
            way = held.enter_context(coming_and_going(device, here, seed))
        faults, trials = asked_of(rig, "TC-OFF-014", device, here, way)
    count(
        measure, f"records_lost_{connection}", faults, trials,
        "each arrives once, in order, as its patient's; the refused one is told",
    )  # fmt: skip


@pytest.mark.case("TC-OFF-015")
def test_carried(measure: Measure, rig: Rig) -> None:
    """Without any network the same records leave on a medium, and end with the answers on it.

    Method: the same as over a link, with a device whose clock stands in 1970 and whose receiver
    listens to nobody: it is enrolled, exports to a medium, and imports what the receiver laid
    there. The medium is read by the document alone. On most trips something goes wrong: it is
    pulled out before its end, is lost, its answers are forgotten, or old answers come again. In
    each bundle alarms must lie first. When all is well again everything must have arrived once, in
    order, and be exported no more.
    """
    seed = rig.seed("TC-OFF-015")
    with (
        receiving(seed) as here,
        rig.open_device(simulated_clock=True, wall_ns=YEAR_1970_NS) as device,
        carried(device, here, seed) as way,
    ):
        faults, trials = asked_of(rig, "TC-OFF-015", device, here, way)
    count(
        measure, "records_lost_on_a_medium", faults, trials,
        "each arrives once, in order, as its patient's; the refused one is told",
    )  # fmt: skip
