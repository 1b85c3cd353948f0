"""A disk refuses, for a while or from the start: nobody is lied to, and patients are watched."""

import tempfile
from pathlib import Path

import pytest

from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.disk.refusing import (
    SYNCS,
    WRITES,
    Fault,
    Tracer,
    from_its_start,
    held,
    let_go,
    refusal,
    watching,
)
from edgeward_harness.rig.receiving import Put, Receiving, receiving
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from . import refused
from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

BEFORE = 20
AT_ONCE = 5
RECORDS = "each arrives with its bytes, once, in the order of its class"
ALARMS = "raised while the disk refuses, kept or in memory, and delivered"


@pytest.mark.case("TC-OFF-030")
def test_refusing(measure: Measure, rig: Rig) -> None:
    """A disk that refuses for a while costs nothing that was promised, and no alarm.

    Method: from outside, each call by which a running device writes to its disk, or syncs it, or
    both, fails with EIO, ENOSPC or EROFS, in every thread. Meanwhile a patient without a signal is
    watched, so that the device has to raise an alarm, and records are put, at first without a
    receiver and then with one, to which it may deliver and cannot forget. What is called durable
    while all syncs fail is a lie. Then the disk is as before: without a restart a record must be
    durable again, and everything that was durable or volatile must arrive, the device's own alarm
    with it. Then the disk refuses again, records are put, and the device is killed before the disk
    is back: after a restart all that was called durable must arrive.
    """
    measure.rests_on(SIMULATED)
    records = Records(rig.seed("TC-OFF-030"))
    repeats = rig.samples("TC-OFF-030")
    lost: list[str] = []
    silent: list[str] = []
    puts: list[Put] = []
    for number in range(repeats):
        calls, fault = refused.KINDS[number % len(refused.KINDS)]
        with receiving(rig.seed(f"refusing {number}")) as here, rig.open_device() as device:
            mine = put_all(device, records.some(BEFORE))
            here.enrol(device)
            drained(here, device_name(device), kept(mine))
            here.stop()
            found, quiet = _for_a_while(device, here, records, mine, (calls, fault))
            found = found or _killed_meanwhile(device, here, records, mine, (calls, fault))
        lost += [f"{fault.value}: {one}" for one in found]
        silent += [f"{fault.value}: {one}" for one in quiet]
        puts += mine
        rig.progress(number + 1, repeats)
    count(measure, "records_lost_by_a_refusing_disk", lost, len(puts), RECORDS)
    count(measure, "alarms_lost_by_a_refusing_disk", silent, repeats, ALARMS)


@pytest.mark.case("TC-OFF-032")
def test_refused_start(measure: Measure, rig: Rig, tmp_path: Path) -> None:
    """Started on a disk that refuses its records a device watches its patients, and says so.

    Method: a device keeps records while the files that it writes are noted from outside, and is
    killed. It is started again, and from its first instruction on every call that changes one of
    these files, or syncs it, fails. It must start, tell of the condition `records_lost`, raise an
    alarm of its own, and call nothing durable. Then the disk is as before: without a restart a
    record must be durable, and all that waited, on the disk and in memory, must arrive.
    """
    measure.rests_on(SIMULATED)
    records = Records(rig.seed("TC-OFF-032"))
    repeats = rig.samples("TC-OFF-032")
    lost: list[str] = []
    silent: list[str] = []
    puts: list[Put] = []
    for number in range(repeats):
        fault = tuple(Fault)[number % len(Fault)]
        state = tmp_path / f"state-{number}"
        state.mkdir()
        with receiving(rig.seed(f"refused start {number}")) as here:
            mine, files = _lived(rig, here, records, state)
            found, quiet = _started(rig, here, records, mine, (state, files, fault))
        lost += [f"{fault.value}: {one}" for one in found]
        silent += [f"{fault.value}: {one}" for one in quiet]
        puts += mine
        rig.progress(number + 1, repeats)
    count(measure, "records_lost_by_a_refused_start", lost, len(puts), RECORDS)
    count(measure, "alarms_lost_by_a_refused_start", silent, repeats, ALARMS)


Refusal = tuple[tuple[str, ...], Fault]


def _for_a_while(
    device: DeviceSession, here: Receiving, records: Records, puts: list[Put], asked: Refusal
) -> tuple[list[str], list[str]]:
    """What is wrong with records, and with alarms, when the disk refuses and is back."""
    puts += put_all(device, records.some(AT_ONCE))
    with held(device.pid or 0, refusal(*asked)) as tracer:
        refused.watched(device)
        meanwhile = refused.put_meanwhile(device, records)
        silent = _silent(device, meanwhile)
        here.start()
        refused.some_came(here, device_name(device), puts)
        _was_refused(tracer)
    lost = refused.called_durable(meanwhile, asked[0])
    puts += meanwhile
    lost += _back_again(device, here, records, puts)
    name = device_name(device)
    if not (lost or refused.alarm_came(here, name)):
        silent.append("the alarm that it raised meanwhile never came")
    return lost + faults_of(here, name, kept(puts)), silent


def _killed_meanwhile(
    device: DeviceSession, here: Receiving, records: Records, puts: list[Put], asked: Refusal
) -> list[str]:
    """What is wrong with records that were called durable while the disk refused, after a kill."""
    here.stop()
    with held(device.pid or 0, refusal(*asked)):
        meanwhile = refused.put_meanwhile(device, records)
        device.kill()
    puts += meanwhile
    device.restart()
    here.start()
    name = device_name(device)
    drained(here, name, kept(puts))
    return refused.called_durable(meanwhile, asked[0]) + faults_of(here, name, kept(puts))


def _silent(device: DeviceSession, meanwhile: list[Put]) -> list[str]:
    """What is wrong with alarms while the disk refuses."""
    faults = refused.given_up(meanwhile)
    if not refused.alarmed(device):
        faults.append("no alarm was raised for a patient without a signal")
    volatile = any(one.standing != "durable" for one in meanwhile)
    if volatile and not refused.says_so(device):
        faults.append("records wait in memory, and nobody is told: no condition records_lost")
    return faults


def _back_again(
    device: DeviceSession, here: Receiving, records: Records, puts: list[Put]
) -> list[str]:
    """What is wrong once the disk is as before."""
    here.stop()
    if not refused.recovers(device, records, puts):
        return [f"nothing is durable {refused.WITHIN_S:g} s after the disk was back"]
    here.start()
    return refused.never_came(here, device_name(device), puts)


def _lived(
    rig: Rig, here: Receiving, records: Records, state: Path
) -> tuple[list[Put], tuple[Path, ...]]:
    """A life that leaves records behind; these, and the files that it wrote for them."""
    calls = (*WRITES, *SYNCS, "write")
    with rig.open_device(state=state) as device:
        here.enrol(device)
        drained(here, device_name(device), kept(put_all(device, [records.one("alarm")])))
        here.stop()
        with held(device.pid or 0, watching(calls)) as tracer:
            puts = put_all(device, records.some(BEFORE), AT_ONCE)
            device.kill()
            files = tracer.files(state)
    return puts, files


def _started(
    rig: Rig,
    here: Receiving,
    records: Records,
    puts: list[Put],
    asked: tuple[Path, tuple[Path, ...], Fault],
) -> tuple[list[str], list[str]]:
    """What is wrong with records, and with alarms, of a device that such a disk refuses."""
    state, files, fault = asked
    paths = {*files, *(one.parent for one in files)}
    calls = (*WRITES, *SYNCS, "write")
    with tempfile.TemporaryDirectory(prefix="edgeward-refused-") as made:
        before, tracer = from_its_start(refusal(calls, fault), Path(made) / "calls", paths)
        with rig.open_device(state=state, before=before) as device:
            refused.watched(device)
            meanwhile = refused.put_meanwhile(device, records)
            silent = _silent(device, meanwhile)
            _was_refused(tracer)
            let_go(device.pid or 0)
            lost = refused.called_durable(meanwhile, calls)
            puts += meanwhile
            lost += _back_again(device, here, records, puts)
            name = device_name(device)
            drained(here, name, kept(puts))
            if not refused.alarm_came(here, name):
                silent.append("the alarm that it raised meanwhile never came")
            return lost + faults_of(here, name, kept(puts)), silent


def _was_refused(tracer: Tracer) -> None:
    """Nothing is known of a device that asked nothing of its disk.

    Raises:
        CannotJudge: it made none of the calls that were refused.
    """
    if not tracer.refused():
        raise CannotJudge("the device made none of the calls that the disk would have refused")
