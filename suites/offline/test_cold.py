"""The first start of all: without a network, and with a clock that was never set."""

from collections.abc import Sequence
from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, receiving
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import NS, Records, count, device_name, driven, faults_of, put_all

CLOCKS_NS: Final = {
    "1970": 17 * NS,
    "ten years ahead": 2_115_000_000 * NS,  # in 2037
}
STARTS: Final = 2
AT_ONCE: Final = 15


@pytest.mark.case("TC-OFF-018")
def test_cold_start(measure: Measure, rig: Rig) -> None:
    """A device that starts for the first time, offline and with a wrong clock, keeps and delivers.

    Method: a simulated build with nothing on its disk is started while its wall clock stands in
    1970, or ten years ahead. It is not told of a receiver, keeps records, and is started anew with
    the other wrong time. Every record must be durable when it is put. Then the network comes up,
    while the clock is still wrong: all of it must arrive, once, and the order by epoch and sequence
    must be that in which it was put.
    """
    repeats = rig.samples("TC-OFF-018")
    faults: list[str] = []
    trials = 0
    for done in range(repeats):
        for clock, wall_ns in CLOCKS_NS.items():
            with (
                receiving(rig.seed(f"TC-OFF-018/{done}/{clock}")) as here,
                rig.open_device(simulated_clock=True, wall_ns=wall_ns) as device,
            ):
                records = Records(rig.seed(f"TC-OFF-018/records/{done}/{clock}"))
                found, asked = _a_life(device, here, records)
                faults += [f"{clock}: {fault}" for fault in found]
                trials += asked
        rig.progress(done + 1, repeats)
    count(
        measure, "records_lost_by_a_cold_start", faults, trials,
        "each is durable at once, arrives once, and in the order in which it was put",
    )  # fmt: skip


def _a_life(device: DeviceSession, here: Receiving, records: Records) -> tuple[list[str], int]:
    """Some starts without a network, and then one: what went wrong, of how many records."""
    name = device_name(device)
    others = [wall_ns for wall_ns in CLOCKS_NS.values() if wall_ns != device.wall_ns]
    puts: list[Put] = []
    for start in range(STARTS):
        if start:
            device.advance(NS, others[start - 1] - device.wall_ns)
            device.restart()
        puts += put_all(device, records.some(AT_ONCE))
    faults = [
        f"record {one.sequence} is {one.standing}" for one in puts if one.standing != "durable"
    ]
    durable = [one for one in puts if one.standing == "durable"]
    here.enrol(device)
    driven(device, here, durable)
    return faults + faults_of(here, name, durable) + _misordered(here, name, durable), len(puts)


def _misordered(here: Receiving, name: str, puts: Sequence[Put]) -> list[str]:
    """What is wrong with the order that the receiver sees, by ordinal and sequence."""
    ordinals = {epoch.token: epoch.ordinals for epoch in here.account(name).epochs}
    came = [one for one in puts if one.epoch in ordinals]
    by_number = sorted(came, key=lambda one: (ordinals[one.identity[0]], one.sequence))
    return [] if by_number == came else ["the order by epoch and sequence is another one"]
