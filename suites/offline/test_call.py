"""A device dies at each of its calls to the disk, one after the other, and has lost nothing."""

import base64
import tempfile
import time
from pathlib import Path

import pytest

from edgeward_harness.errors import CannotJudge, Finding
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.disk.refusing import (
    SYNCS,
    WRITES,
    death,
    from_its_start,
    held,
    watching,
)
from edgeward_harness.rig.receiving import Put, Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import Records, count, device_name, drained, faults_of, kept, whole

CALLS = (*WRITES, *SYNCS, "write", "unlink")
AT_ONCE = 10
UNDER_WAY = 6
DELIVERING_NS = 400_000_000
DEAD_S = 0.5
KILLED = "killed by SIGKILL"
TRIES = 3
Boundary = tuple[str, str, int]
"""While it starts or works, this call, the so-manieth of it."""


@pytest.mark.case("TC-OFF-031")
def test_killed_at_a_call(measure: Measure, rig: Rig, tmp_path: Path) -> None:
    """Killed right before a call to its disk, whichever it is, a device has lost nothing promised.

    Method: from outside it is counted how often a device writes, syncs, renames and removes while
    it starts, and while it keeps sixty records and delivers. Then it lives that again and again on
    the same disk, and each time it is killed by the kernel at one of these calls, before that is
    carried out: by turns one of its work and one of its start, drawn among all of these. In the end
    everything that was durable must have arrived with its bytes, once, in the order of its class.
    """
    records = Records(rig.seed("TC-OFF-031"))
    durable: list[Put] = []
    with receiving(rig.seed("TC-OFF-031/receiver")) as here:
        with rig.open_device(state=tmp_path) as device:
            name = device_name(device)
            here.enrol(device)
        boundaries = _boundaries(rig, tmp_path, records, durable)
        phases = [when for when, calls in boundaries.items() if calls]
        if not phases:
            raise CannotJudge(f"no call to a disk was seen of the device; looked for: {CALLS}")
        wanted = rig.samples("TC-OFF-031")
        died = tried = 0
        while died < wanted and tried < TRIES * wanted:
            listens = here.start if records.draw.random() < 0.5 else here.stop
            listens()
            boundary = records.draw.choice(boundaries[phases[died % len(phases)]])
            died += _died_at(rig, tmp_path, boundary, records, durable)
            tried += 1
            rig.progress(died, wanted)
        if died < wanted:
            raise CannotJudge(f"the device died {died} of {wanted} times in {tried} lives")
        faults = _in_the_end(rig, tmp_path, here, name, durable)
    count(
        measure, "acknowledged_records_lost_at_a_call", faults, max(len(durable), 1),
        f"each arrives with its bytes, once, in order, after {died} deaths at a call",
    )  # fmt: skip


def _boundaries(
    rig: Rig, state: Path, records: Records, durable: list[Put]
) -> dict[str, list[Boundary]]:
    """Every call of a start, and of a while of work, at which a device can die."""
    with tempfile.TemporaryDirectory(prefix="edgeward-calls-") as made:
        before, started = from_its_start(watching(CALLS), Path(made) / "calls")
        with rig.open_device(state=state, before=before):
            of_start = started.counts()
    with rig.open_device(state=state) as device, held(device.pid or 0, watching(CALLS)) as working:
        durable += _works(device, records)
        of_work = working.counts()
    return {
        when: [
            (when, call, nth)
            for call, made_times in sorted(counts.items())
            for nth in range(1, made_times + 1)
        ]
        for when, counts in (("work", of_work), ("start", of_start))
    }


def _died_at(
    rig: Rig, state: Path, boundary: Boundary, records: Records, durable: list[Put]
) -> bool:
    """One more life on this disk, and whether it ended there."""
    when, call, nth = boundary
    if when == "work":
        with rig.open_device(state=state) as device, held(device.pid or 0, death(call, nth)) as it:
            durable += _works(device, records)
            return until(it.killed, DEAD_S)
    with tempfile.TemporaryDirectory(prefix="edgeward-calls-") as made:
        before, _ = from_its_start(death(call, nth), Path(made) / "calls")
        try:
            with rig.open_device(state=state, before=before):
                return False
        except Finding as found:
            if not _is_a_kill(found):
                raise
            return True


def _works(device: DeviceSession, records: Records) -> list[Put]:
    """Keep records and deliver, until that is done or the end; what was said to be durable."""
    under_way = []
    try:
        for _ in range(UNDER_WAY):
            asked = records.some(AT_ONCE)
            told = [
                {"class": kind, "payload": base64.b64encode(payload).decode(), "patient": None}
                for kind, payload in asked
            ]
            under_way.append((asked, device.send("outbox.put", {"records": told})))
        for _, pending in under_way:
            pending.result()
        device.pump_until(time.monotonic_ns() + DELIVERING_NS)
    except Finding as found:
        if not _is_a_kill(found):
            raise
    return kept(
        Put(kind, payload, one["standing"], one["epoch"], one["sequence"])
        for asked, pending in under_way
        if pending.done
        for (kind, payload), one in zip(asked, pending.result()["receipts"], strict=True)
    )


def _is_a_kill(found: Finding) -> bool:
    """Whether the device has not ended by itself: nobody but the tracer kills it meanwhile."""
    return found.detail.splitlines()[:1] == [KILLED]


def _in_the_end(rig: Rig, state: Path, here: Receiving, name: str, durable: list[Put]) -> list[str]:
    """What is missing, changed, doubled or out of order after all these lives."""
    here.start()
    with rig.open_device(state=state) as device:
        if device_name(device) != name:
            return ["the device has forgotten who it is"]
        drained(here, name, durable)
        whole(here, name)
        return faults_of(here, name, durable)
