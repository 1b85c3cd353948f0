"""A network that delays, breaks, cuts, says things twice, or leads to somebody else."""

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.weather import Drawn, Kind
from edgeward_harness.rig.receiving import Put, receiving
from edgeward_harness.run.measure import Measure

from .keeping import NS, Records, count, device_name, driven, faults_of, kept, passes, put_all

AT_ONCE = 40
QUICK = tuple(kind for kind in Kind if kind is not Kind.BLACKHOLE)
"""A black hole costs the seconds of a timeout: one of them is made by a partition."""


@pytest.mark.case("TC-OFF-004")
def test_bad_network(measure: Measure, rig: Rig) -> None:
    """Nothing is lost, doubled or misordered on a hostile network, and all arrives when it heals.

    Method: a proxy stands before the receiver and does to each connection what a seed draws:
    delays, stalls, throttles, resets and truncates it after some bytes, refuses it, says all of it
    once more, or answers as a portal does. All connections are broken now and then, and once a
    partition swallows everything without telling anybody. A simulated build keeps and delivers
    meanwhile. Every record is then classified from the receiver's ledger: delivered, delivered
    again with the same bytes, missing, told as a gap, conflicting, out of order, unreadable,
    foreign. Only the first two may occur.
    """
    records = Records(rig.seed("TC-OFF-004"))
    durable: list[Put] = []
    rounds = rig.samples("TC-OFF-004")
    weather = Drawn(rig.seed("TC-OFF-004/weather"), QUICK)
    seed = rig.seed("TC-OFF-004/receiver")
    with (
        receiving(seed) as here,
        FaultProxy(("127.0.0.1", here.own_port), weather) as proxy,
        rig.open_device(simulated_clock=True) as device,
    ):
        here.port = proxy.port
        name = device_name(device)
        here.enrol(device)
        for done in range(rounds):
            durable += kept(put_all(device, records.some(AT_ONCE)))
            if records.draw.random() < 0.3:
                proxy.reset_all()
            if done == rounds // 2:
                proxy.partition()
                passes(device, NS)
                proxy.heal()
            passes(device, 40 * NS)
            rig.progress(done + 1, rounds)
        driven(device, here, durable)
        faults = faults_of(here, name, durable)
        outcomes = here.account(name).outcomes()
    measure.attach_json("outcomes", {**outcomes, "connections": proxy.connections})
    count(
        measure, "records_lost_on_a_bad_network", faults, max(len(durable), 1),
        "each is delivered, once in effect and in order",
    )  # fmt: skip
