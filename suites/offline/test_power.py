"""The power is cut under a device: recorded once, and cut wherever one likes."""

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.disk.cut import Disk, Kept
from edgeward_harness.rig.disk.recorded import Step, Synced, Written, steps_of
from edgeward_harness.rig.disk.syscalls import strace_words
from edgeward_harness.rig.receiving import Put, receiving
from edgeward_harness.run.measure import Measure

from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

PUTS = 60
AT_ONCE = 4


@pytest.mark.case("TC-OFF-002")
def test_power_cut(measure: Measure, rig: Rig) -> None:
    """What was durable when the power went arrives after it has come back.

    Method: the device keeps 60 batches of records while each of its system calls on its folder, and
    each answer, is recorded from outside in the order of the kernel. Then the power is cut after
    drawn steps of that record: what was synced is there, of the rest nothing, some writes, some
    sectors of some writes, or everything. Each time a device is started on what is left and
    delivers. Which records were durable at that step is read from the answers that had left the
    device by then. Every one of them must arrive, with its bytes, once, in order.
    """
    draw = Records(rig.seed("TC-OFF-002/cuts")).draw
    lost: list[str] = []
    promised = cuts = 0
    with tempfile.TemporaryDirectory(prefix="edgeward-disk-") as made:
        folder = Path(made)
        steps, puts, name = _recorded(rig, folder)
        for disk, told in _cuts(steps, draw, rig.samples("TC-OFF-002")):
            durable = kept(puts[:told])
            state = folder / f"cut-{cuts}"
            state.mkdir()
            disk.after_cut(draw.choice(list(Kept)), draw, state)
            lost += _after_cut(rig, state, name, durable, f"cut {cuts}")
            promised += len(durable)
            cuts += 1
            rig.progress(cuts, rig.samples("TC-OFF-002"))
    count(
        measure, "acknowledged_records_lost_over_a_power_cut", lost, max(promised, 1),
        f"each arrives with its bytes, once, in order, after each of {cuts} cuts",
    )  # fmt: skip


def _recorded(rig: Rig, folder: Path) -> tuple[list[Step], list[Put], str]:
    """A device keeps records under observation; what it did, what it answered, who it is."""
    state, trace = folder / "state", folder / "calls"
    state.mkdir()
    records = Records(rig.seed("TC-OFF-002"))
    with rig.open_device(state=state, before=strace_words(str(trace))) as device:
        name = device_name(device)
        puts = put_all(device, records.some(PUTS * AT_ONCE), AT_ONCE)
        device.shutdown()
    return steps_of(trace, state), puts, name


def _cuts(steps: list[Step], draw: random.Random, wanted: int) -> Iterator[tuple[Disk, int]]:
    """The disk at drawn steps, and how many receipts had been given by then."""
    first = next(at for at, step in enumerate(steps) if isinstance(step, Synced))
    later = list(enumerate(steps))[first + 1 :]
    likely = [at for at, step in later if isinstance(step, Written | Synced)]
    chosen = set(draw.sample(likely, min(wanted, len(likely))))
    disk = Disk()
    for at, step in enumerate(steps):
        disk.take(step)
        if at in chosen:
            yield disk, _receipts(bytes(disk.said))


def _receipts(said: bytes) -> int:
    """How many receipts are in whole lines that have left the device."""
    lines = said[: said.rfind(b"\n") + 1].splitlines()
    answers = (json.loads(line).get("result", {}) for line in lines if line.startswith(b"{"))
    return sum(len(answer.get("receipts", ())) for answer in answers)


def _after_cut(rig: Rig, state: Path, name: str, durable: list[Put], cut: str) -> list[str]:
    """What is wrong with what a device makes of such a folder."""
    with receiving(rig.seed("TC-OFF-002/receiver")) as here, rig.open_device(state=state) as device:
        if device_name(device) != name:
            return [f"{cut}: the device has forgotten who it is"]
        here.enrol(device)
        drained(here, name, durable)
        return [f"{cut}: {fault}" for fault in faults_of(here, name, durable)]
