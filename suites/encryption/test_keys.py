"""Keys are replaced while records flow, and what was sealed under a destroyed one says nothing."""

import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from random import Random
from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import AT_ONCE, connect
from .kept import Kept
from .recording import count, drawn
from .storage import QUEUE, copied, part_of

WITHIN_S: Final = 15.0
SETTLES_S: Final = 1.5
RECORDS: Final = 15
ROTATIONS: Final = 2
ROTATION_NS_MAX: Final = 30_000_000
ERASED: Final = "erased"


@pytest.mark.case("TC-ENC-007")
def test_keys(measure: Measure, rig: Rig) -> None:
    """Rotation loses nothing though it is killed; an erased patient's records reach nobody.

    Method: records of several patients are kept and delivered. Keys are rotated meanwhile, and the
    device is killed some milliseconds later, another number each time; it is started, rotated, and
    goes on. Each record must arrive and open, and none of those kept after a rotation may be sealed
    under a data key of those before. Then records of two patients wait, the disk is copied, and one
    of them is erased. The other one's records must arrive, of the erased one nothing but a gap;
    nor, once the queue of the copy is put in its place, anything out of that.
    """
    repeats = rig.samples("TC-ENC-007")
    random = drawn(rig.seed("keys"))
    lost: list[str] = []
    reused: list[str] = []
    erased: list[str] = []
    records = 0
    for number in range(repeats):
        with (
            tempfile.TemporaryDirectory(prefix="edgeward-state-") as made,
            receiving(rig.seed(f"keys {number}")) as rx,
        ):
            own = Path(made) / "own"
            own.mkdir()
            with rig.open_device(state=own) as device:
                kept = Kept(device.description["device"]["id"])
                rx.enrol(device, **AT_ONCE)
                reused += _rotated(device, rx, kept, random)
                erased += _erased(device, rx, kept, own)
                lost += kept.judged(rx, without=_hers(kept))
                erased += _brought_back(device, rx, kept, own)
            records += len(kept.puts)
        rig.progress(number + 1, repeats)
    count(measure, "records_lost_or_unreadable", lost, records, "each comes, and opens")
    count(measure, "old_keys_in_use", reused, repeats * ROTATIONS, "new records under new keys")
    count(measure, "erased_records_that_came", erased, 3 * repeats, "none of them, and a gap told")


def _hers(kept: Kept) -> list[Put]:
    """The records of the patient who is erased."""
    return [one for one in kept.puts.values() if f'"about": "{ERASED}'.encode() in one.payload]


def _rotated(device: DeviceSession, rx: Receiving, kept: Kept, random: Random) -> list[str]:
    faults = []
    for number in range(ROTATIONS):
        before = {*kept.some(device, RECORDS, f"before {number}", patient="p1"),
                  *kept.some(device, RECORDS, f"of nobody {number}")}  # fmt: skip
        device.send("keys.rotate")
        device.pump_until(time.monotonic_ns() + random.randrange(ROTATION_NS_MAX))
        device.kill()
        device.restart()
        before |= {*kept.some(device, RECORDS, f"between {number}", patient="p2")}
        device.call("keys.rotate", {})
        after = {*kept.some(device, RECORDS, f"after {number}", patient="p1"),
                 *kept.some(device, RECORDS, f"after {number}", patient="p2"),
                 *kept.some(device, RECORDS, f"after of nobody {number}")}  # fmt: skip
        until(lambda: kept.arrived(rx), WITHIN_S)
        both = _keys(rx, kept, before) & _keys(rx, kept, after)
        faults += [f"{len(both)} data keys on both sides of rotation {number}"] if both else []
    return faults


def _keys(rx: Receiving, kept: Kept, records: Collection[Put]) -> set[bytes]:
    """The data keys under which these came."""
    ledger = rx.receiver.ledger
    wanted = {one.identity for one in records}
    found = set()
    for token, sequence, key in ledger.rows(
        "SELECT token, sequence, key FROM records WHERE device = ?", kept.device
    ):
        secret = ledger.secret(kept.device, token, key)
        if secret is not None and (token.hex(), sequence) in wanted:
            found.add(secret)
    return found


def _erased(device: DeviceSession, rx: Receiving, kept: Kept, own: Path) -> list[str]:
    """What came of an erased patient that must not, and whether it was told."""
    device.call("link.disconnect", {})
    hers = kept.some(device, RECORDS, ERASED, patient="p-erased")
    kept.some(device, RECORDS, "of another", patient="p-stays")
    device.kill()
    copied(own, own.with_name("copy"))
    device.restart()
    device.call("keys.erase", {"patient": "p-erased"})
    connect(device, rx)
    others = kept.puts.keys() - {one.identity for one in hers}
    until(lambda: others <= rx.received(kept.device), WITHIN_S)
    told = until(lambda: _told(rx, kept, hers), WITHIN_S)
    faults = [] if told else ["the gap was not told"]
    return faults + _came(rx, kept, hers, "after the erasure")


def _brought_back(device: DeviceSession, rx: Receiving, kept: Kept, own: Path) -> list[str]:
    """The same, once a copy of the queue from before the erasure lies in its place."""
    device.kill()
    queue = part_of(own, QUEUE)
    shutil.rmtree(queue)
    shutil.copytree(part_of(own.with_name("copy"), QUEUE), queue)
    device.restart()
    until(lambda: bool(_came(rx, kept, _hers(kept), "")), SETTLES_S)
    return _came(rx, kept, _hers(kept), "out of an older copy of the queue")


def _came(rx: Receiving, kept: Kept, hers: Collection[Put], when: str) -> list[str]:
    came = {one.identity for one in hers} & rx.received(kept.device)
    return [f"{len(came)} came {when}"] if came else []


def _told(rx: Receiving, kept: Kept, hers: Collection[Put]) -> bool:
    """Whether each of them is in a gap that says why."""
    gaps = [
        (epoch.token, gap["class"], gap["first"], gap["last"])
        for epoch in rx.account(kept.device).epochs
        for gap in epoch.gaps
        if gap["reason"] == ERASED
    ]
    return all(
        any(
            one.identity[0] == token and one.kind == kind and first <= one.identity[1] <= last
            for token, kind, first, last in gaps
        )
        for one in hers
    )
