"""A byte that changed while the device was off: told, and never taken for a record."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest

from edgeward_harness.errors import Finding
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, receiving, until
from edgeward_harness.rig.sink.ledger import Ledger
from edgeward_harness.run.measure import Measure

from .hearing import AT_ONCE
from .kept import Kept
from .recording import count, drawn
from .storage import KEYS, PAPERS, QUEUE, copied, part_of, spoilt

WITHIN_S: Final = 15.0
SETTLES_S: Final = 1.0
"""What is sent after a start at all, is sent by then, or after the case has looked."""
RECORDS: Final = 40
LAST: Final = 5


@dataclass(frozen=True, slots=True)
class Off:
    """A device that is off, with records that wait, and the receiver that it knows."""

    rx: Receiving
    kept: Kept
    last: list[Put]
    """What it kept last: after a kill, a byte of it that was changed is a write that was cut."""
    states: tuple[Path, ...]
    """Its state after it was killed, and after it ended in order."""
    folder: Path


@pytest.mark.case("TC-ENC-004")
def test_damage(measure: Measure, rig: Rig) -> None:
    """One changed byte of the queue costs no start, changes no record, and is told.

    Method: a device keeps records of all classes of several patients; its state is copied after it
    was killed, and after it ended in order. Again and again one byte of a copy is changed, drawn
    among those of the queue that are not zero, the heads of files more often; the device is started
    on it beside its receiver. Each record must arrive unchanged or be told as a gap; those of the
    last call before the kill may be gone. The same is done with the files of keys and of papers,
    one by one: there the device must start, and nothing must arrive that is not as it was accepted.
    """
    repeats = rig.samples("TC-ENC-004")
    random = drawn(rig.seed("damage"))
    faults: list[str] = []
    with _off(rig) as off:
        for number in range(repeats):
            faults += _trial(rig, off, QUEUE, random, number)
            rig.progress(number + 1, 2 * repeats)
        count(
            measure, "changed_bytes_of_the_queue_untold", faults, repeats,
            "it starts; each record comes unchanged or is told as a gap",
        )  # fmt: skip
        faults = []
        for number in range(repeats):
            faults += _trial(rig, off, (KEYS, PAPERS)[number % 2], random, number)
            rig.progress(repeats + number + 1, 2 * repeats)
    count(
        measure, "changed_bytes_of_keys_and_papers_believed", faults, repeats,
        "it starts; what comes is as it was accepted",
    )  # fmt: skip


@contextlib.contextmanager
def _off(rig: Rig) -> Iterator[Off]:
    with (
        tempfile.TemporaryDirectory(prefix="edgeward-state-") as made,
        receiving(rig.seed("damage at rest")) as rx,
    ):
        folder = Path(made)
        own, cut, ended = (folder / name for name in ("own", "cut", "ended"))
        own.mkdir()
        with rig.open_device(state=own) as device:
            kept = Kept(device.description["device"]["id"])
            rx.enrol(device, **AT_ONCE)
            until(lambda: device.call("outbox.status", {})["link"]["state"] == "online", WITHIN_S)
            rx.stop()
            for number in range(4):
                kept.some(
                    device, RECORDS // 4, f"{number}", patient=f"p{number}" if number else None,
                    more="x" * 300 * number,
                )  # fmt: skip
            last = kept.some(device, LAST, "last")
            device.kill()
            copied(own, cut)
            device.restart()
            device.shutdown()
        part_of(own, QUEUE)
        copied(own, ended)
        rx.start()
        yield Off(rx, kept, last, (cut, ended), folder)


def _trial(rig: Rig, off: Off, part: str, random: Random, number: int) -> list[str]:
    state = copied(off.states[number % len(off.states)], off.folder / "trial")
    about = f"{part}: {spoilt(part_of(state, part), random)}"
    ledger = off.rx.receiver.ledger
    path = off.folder / f"ledger-{part.replace('/', '-')}-{number}"
    off.rx.receiver.ledger = Ledger(path, off.rx.receiver.opener)
    ledger.close()
    try:
        with rig.open_device(state=state):
            torn = off.last if number % len(off.states) == 0 else []
            faults = _told(off, torn) if part == QUEUE else _unchanged(off)
    except Finding as finding:
        return [f"{about}: it does not start: {finding}"]
    return [f"{about}: {'; '.join(faults[:3])}"] if faults else []


def _told(off: Off, torn: Sequence[Put]) -> list[str]:
    """What is wrong with the records, of which these last ones may be gone."""

    def faults() -> list[str]:
        there = off.rx.received(off.kept.device)
        gone = [one for one in torn if one.identity not in there]
        return off.kept.judged(off.rx, damaged=True, without=gone)

    until(lambda: not faults(), WITHIN_S)
    return faults()


def _unchanged(off: Off) -> list[str]:
    """What is wrong with the records that came, whichever did."""
    until(lambda: off.kept.arrived(off.rx), SETTLES_S)
    there = off.rx.received(off.kept.device)
    missing = [one for identity, one in off.kept.puts.items() if identity not in there]
    return off.kept.judged(off.rx, damaged=True, without=missing)
