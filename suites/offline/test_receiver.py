"""A receiver that answers wrongly, or not, or dies: nothing is forgotten without its receipt."""

import tempfile
from pathlib import Path

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, receiving
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import (
    CLASSES,
    NS,
    Records,
    count,
    device_name,
    drained,
    driven,
    faults_of,
    kept,
    passes,
    put_all,
)

AT_ONCE = 30
ALIVE = [fault for fault in Fault if fault not in (Fault.DIE_BEFORE, Fault.DIE_AFTER)]
WAITS = {Fault.BUSY, Fault.UNAVAILABLE}


@pytest.mark.case("TC-OFF-005")
def test_wrong_answers(measure: Measure, rig: Rig) -> None:
    """Each wrong answer deletes nothing, and blocks nothing for good.

    Method: while records flow, the receiver answers each of the ways it knows in turn, one to three
    requests long: busy, unavailable, an error, refusals of the identity, a portal's page or
    redirect, an answer to another batch, no JSON, half an answer, none after it kept the batch,
    none before, late, and without the keys it was granted. Then it is well again, and a record of
    each class follows. Everything must arrive, once and in order.
    """
    records = Records(rig.seed("TC-OFF-005"))
    durable: list[Put] = []
    repeats = rig.samples("TC-OFF-005")
    seed = rig.seed("TC-OFF-005/receiver")
    with receiving(seed) as here, rig.open_device(simulated_clock=True) as device:
        name = device_name(device)
        here.enrol(device)
        for done in range(repeats):
            for fault in ALIVE:
                value = 1 if fault in WAITS else 50
                here.receiver.faults.order(fault, records.draw.randint(1, 3), value)
                durable += kept(put_all(device, records.some(AT_ONCE)))
                passes(device, 60 * NS)
            rig.progress(done + 1, repeats)
        here.receiver.faults.clear()
        durable += kept(put_all(device, [records.one(kind) for kind in CLASSES]))
        driven(device, here, durable)
        faults = faults_of(here, name, durable)
    count(
        measure, "records_forgotten_for_a_wrong_answer", faults, max(len(durable), 1),
        "each arrives, once and in order, when the receiver is well again",
    )  # fmt: skip


@pytest.mark.case("TC-OFF-010")
def test_poison(measure: Measure, rig: Rig) -> None:
    """A record that the receiver refuses is set aside and told, and all others arrive.

    Method: of 300 records three are refused by the receiver for ever, in its answer or by refusing
    every batch that holds them, and no batch over 8 kB is taken. All others must arrive, and the
    refused ones must be told as gaps. Then the receiver refuses everything for an hour, and is well
    again: that must cost nothing.
    """
    records = Records(rig.seed("TC-OFF-010"))
    faults: list[str] = []
    trials = 0
    repeats = rig.samples("TC-OFF-010")
    for done in range(repeats):
        seed = rig.seed(f"TC-OFF-010/{done}")
        with receiving(seed) as here, rig.open_device(simulated_clock=True) as device:
            name = device_name(device)
            puts = kept(put_all(device, records.some(300, ("trend", "event", "alarm"))))
            bad = {one.sequence for one in records.draw.sample(puts, 3)}
            told = frozenset(number for number in bad if number is not None)
            if done % 2:
                here.receiver.faults.poison = told
            else:
                here.receiver.faults.refuse = told
            here.receiver.faults.batch_bytes_max = 8192
            here.enrol(device)
            good = [one for one in puts if one.sequence not in bad]
            driven(device, here, good)
            driven(device, here, kept(put_all(device, [records.one("event")])))
            faults += _after_poison(here, name, good, told)
            later = _while_all_is_refused(device, here, records, in_answer=not done % 2)
            faults += _after_poison(here, name, later, told)
            puts += later
            trials += len(puts)
            rig.progress(done + 1, repeats)
    count(
        measure, "records_lost_beside_a_refused_one", faults, max(trials, 1),
        "all but the refused ones arrive, and these are told as gaps",
    )  # fmt: skip


def _while_all_is_refused(
    device: DeviceSession, here: Receiving, records: Records, *, in_answer: bool
) -> list[Put]:
    """What was put before an hour in which the receiver took nothing; it has come since."""
    every = frozenset(range(1, 1000))
    here.receiver.faults.clear()
    if in_answer:
        here.receiver.faults.refuse = every
    else:
        here.receiver.faults.poison = every
    puts = kept(put_all(device, records.some(AT_ONCE, ("trend", "event", "alarm"))))
    passes(device, 3600 * NS)
    here.receiver.faults.clear()
    driven(device, here, puts)
    return puts


def _after_poison(here: Receiving, name: str, good: list[Put], bad: frozenset[int]) -> list[str]:
    """What is wrong: a good one missing, or a bad one silently gone."""
    faults = [one for one in faults_of(here, name, good) if "unreadable" not in one]
    epochs = here.account(name).epochs
    told = {
        number
        for epoch in epochs
        for gap in epoch.gaps
        if gap["reason"] == "quarantined"
        for number in range(gap["first"], gap["last"] + 1)
    }
    return faults + [f"record {number} was refused, and no gap tells it" for number in bad - told]


@pytest.mark.case("TC-OFF-011")
def test_receiver_dies(measure: Measure, rig: Rig) -> None:
    """A receiver that is killed, before it keeps a batch or after, loses and doubles nothing.

    Method: the receiver is a process of its own. While the device is connected to it and has
    delivered all, it is ordered to kill itself in the middle of the next batch: in turn before it
    has kept it, and between keeping it and answering. It is started anew with what it had, so many
    times. Everything must be there, once and in order.
    """
    from edgeward_harness.rig.sink.process import SinkProcess

    records = Records(rig.seed("TC-OFF-011"))
    durable: list[Put] = []
    repeats = rig.samples("TC-OFF-011")
    with (
        tempfile.TemporaryDirectory(prefix="edgeward-sink-") as made,
        rig.open_device() as device,
        receiving(rig.seed("TC-OFF-011/receiver"), Path(made)) as here,
        SinkProcess(here.bench) as sink,
    ):
        here.stop()
        here.port = sink.port
        name = device_name(device)
        here.enrol(device)
        for done in range(repeats):
            fault = (Fault.DIE_BEFORE, Fault.DIE_AFTER)[done % 2]
            durable += kept(put_all(device, [records.one("alarm")]))
            drained(here, name, durable)
            sink.ask("fault", fault=fault.value)
            durable += kept(put_all(device, records.some(AT_ONCE)))
            durable += kept(put_all(device, [records.one("alarm")]))
            sink.wait()
            sink.start()
            rig.progress(done + 1, repeats)
        drained(here, name, durable)
        sink.kill()
        here.receiver.ledger.close()
        here.receiver = here.bench.receiver()  # as whoever opens its ledger finds it
        faults = faults_of(here, name, durable)
    count(
        measure, "records_lost_or_doubled_when_a_receiver_died", faults, max(len(durable), 1),
        "each is there, once and in order",
    )  # fmt: skip
