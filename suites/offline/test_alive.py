"""A link that looks alive and is not: noticed by asking, and not believed."""

from typing import Any, Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.weather import Act, Kind
from edgeward_harness.rig.receiving import Put, Receiving, receiving
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import NS, Records, count, device_name, driven, faults_of, kept, passes, put_all

NOTICED_S: Final = 60
"""Two heartbeats of a device that is always online."""
LOOK_S: Final = 2
ONLINE: Final = "online"
AT_ONCE: Final = 10
HALF_OPEN: Final = "half open"
PORTAL: Final = "a portal in place of the network"
PAGES: Final = {
    "a page with 200": Fault.PORTAL_PAGE,
    "a page by redirection": Fault.PORTAL_REDIRECT,
    "an answer that is none": Fault.NOT_JSON,
}


class _Place:
    """Where connections lead: to the receiver, or to a portal."""

    def __init__(self) -> None:
        self.portal = False

    def act(self, number: int) -> Act:  # noqa: ARG002 - each connection alike
        """What happens to this connection."""
        return Act(Kind.PORTAL if self.portal else Kind.CLEAR)


@pytest.mark.case("TC-OFF-017")
def test_looks_alive(measure: Measure, rig: Rig) -> None:
    """A link that carries nothing any more, or leads to somebody else, is noticed in a minute.

    Method: a device whose clock is in our hands is online and has nothing to send. Then its
    connection becomes half open: nothing comes through, and nobody is told. Or a portal answers in
    place of the network; or the right party answers the heartbeat with a page, a redirection, or no
    answer of a receiver. The device must say within two heartbeats, one minute of its time, that it
    is not online; and, well again, that it is, with all it was given meanwhile delivered in order.
    """
    seed = rig.seed("TC-OFF-017")
    unnoticed: list[str] = []
    trials, place, durable = 0, _Place(), list[Put]()
    with (
        receiving(seed) as here,
        FaultProxy(("127.0.0.1", here.own_port), place) as proxy,
        rig.open_device(simulated_clock=True) as device,
    ):
        here.port = proxy.port
        here.enrol(device)
        line = _Line(device, here, proxy, place, Records(seed))
        repeats = rig.samples("TC-OFF-017")
        for done in range(repeats):
            for what in (HALF_OPEN, PORTAL, *PAGES):
                durable += line.well(durable)
                unnoticed += line.taken_for_alive(what)
                trials += 1
            rig.progress(done + 1, repeats)
        durable += line.well(durable)
        faults = faults_of(here, device_name(device), durable)
    count(
        measure, "dead_links_taken_for_alive", unnoticed + line.cut_off, trials,
        f"told as not online within {NOTICED_S} s, and as online when all is well",
    )  # fmt: skip
    count(
        measure, "records_lost_on_a_link_that_looked_alive", faults, max(len(durable), 1),
        "each arrives, once and in order",
    )  # fmt: skip


class _Line:
    """What is between the device and its receiver, and what the device says of it."""

    def __init__(
        self, device: DeviceSession, here: Receiving, proxy: FaultProxy, place: _Place,
        records: Records,
    ) -> None:  # fmt: skip
        self._device, self._here, self._proxy, self._place = device, here, proxy, place
        self._records = records
        self.cut_off: list[str] = []
        """Times at which all was well, and the device did not find out."""

    def well(self, durable: list[Put]) -> list[Put]:
        """Make all well, and wait until the device has delivered; what it was given for it."""
        self._here.receiver.faults.clear()
        self._place.portal = False
        self._proxy.heal()
        puts = kept(put_all(self._device, self._records.some(AT_ONCE)))
        driven(self._device, self._here, durable + puts)
        passes(self._device, LOOK_S * NS)
        if (told := self._told())["state"] != ONLINE:
            self.cut_off.append(f"all was well, and it says {told['state']}: {told['trouble']}")
        return puts

    def taken_for_alive(self, what: str) -> list[str]:
        """Whether the device goes on saying that it is online."""
        if what == HALF_OPEN:
            self._proxy.partition()
        elif what == PORTAL:
            self._place.portal = True
            self._proxy.reset_all()
        else:
            self._here.receiver.faults.order(PAGES[what], NOTICED_S)
        for _ in range(0, NOTICED_S, LOOK_S):
            passes(self._device, LOOK_S * NS)
            if self._told()["state"] != ONLINE:
                return []
        return [f"{what}: after {NOTICED_S} s it still says that it is online"]

    def _told(self) -> dict[str, Any]:
        return dict(self._device.call("outbox.status", {})["link"])
