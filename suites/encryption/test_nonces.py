"""No nonce is used twice under one key, whatever becomes of the process and of its disk."""

import tempfile
import time
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import AT_ONCE, connect
from .kept import Kept
from .recording import count, drawn
from .storage import copied

WITHIN_S: Final = 15.0
RECORDS: Final = 20
Pair = tuple[bytes, int]


@pytest.mark.case("TC-ENC-005")
def test_nonces(measure: Measure, rig: Rig) -> None:
    """Nobody finds two records under one nonce: over kills, restarts and restored copies.

    Method: a device keeps records, is killed in the middle of a call, and keeps more. Its state is
    copied. It goes on, and so does a second one from the copy, in the same place and with other
    records: both deliver to one receiver. Of all that this receiver was ever offered, no two may
    share data key and nonce, and no identity may name different bytes.
    """
    repeats = rig.samples("TC-ENC-005")
    random = drawn(rig.seed("nonces"))
    faults: list[str] = []
    trials = 0
    for number in range(repeats):
        with (
            tempfile.TemporaryDirectory(prefix="edgeward-state-") as made,
            receiving(rig.seed(f"nonces {number}")) as rx,
        ):
            own, copy = Path(made) / "own", Path(made) / "copy"
            own.mkdir()
            kept = _life(rig, rx, own, copy, random)
            _again(rig, rx, copy, kept)
            found, pairs = _twice(rx, kept)
            faults += found
            trials += pairs
        rig.progress(number + 1, repeats)
    count(measure, "nonces_used_twice", faults, trials, "each pair of key and nonce is used once")


def _life(rig: Rig, rx: Receiving, own: Path, copy: Path, random: Random) -> Kept:
    with rig.open_device(state=own) as device:
        kept = Kept(device.description["device"]["id"])
        rx.enrol(device, **AT_ONCE)
        device.call("link.disconnect", {})
        kept.some(device, RECORDS, "first")
        device.kill()
        device.restart()
        kept.some(device, RECORDS, "second", patient="p1")
        _killed_within(device, random)
        copied(own, copy)
        device.restart()
        kept.some(device, RECORDS, "of the one", patient="p1")
        connect(device, rx)
        until(lambda: kept.arrived(rx), WITHIN_S)
    return kept


def _killed_within(device: DeviceSession, random: Random) -> None:
    """Killed while it keeps records: these may be there afterwards, or not."""
    record = {"class": "trend", "payload": "AAF7fQ=="}
    device.send("outbox.put", {"records": [record] * RECORDS})
    device.pump_until(time.monotonic_ns() + random.randrange(5_000_000))
    device.kill()


def _again(rig: Rig, rx: Receiving, copy: Path, kept: Kept) -> None:
    """The copy goes on, and says other things."""
    with rig.open_device(state=copy) as device:
        kept.some(device, 2 * RECORDS, "of the other", patient="p1", text="y" * 50)
        connect(device, rx)
        until(lambda: kept.arrived(rx), WITHIN_S)


def _twice(rx: Receiving, kept: Kept) -> tuple[list[str], int]:
    """What was used for two things; and of how many pairs."""
    ledger = rx.receiver.ledger
    used: dict[Pair, set[bytes]] = defaultdict(set)
    for token, sequence, key, blob in ledger.rows(
        "SELECT token, sequence, key, blob FROM records WHERE device = ?", kept.device
    ):
        secret = ledger.secret(kept.device, token, key)
        if secret is not None:
            used[secret, sequence].add(blob)
    faults = [f"nonce {at} was used twice" for (_, at), all_of in used.items() if len(all_of) > 1]
    for token, sequence in ledger.rows(
        "SELECT token, sequence FROM again WHERE device = ? AND same = 0", kept.device
    ):
        faults.append(f"{token.hex()} {sequence} names two records")
    faults += kept.faults
    lacking = kept.puts.keys() - rx.received(kept.device)
    faults += [f"{len(lacking)} records did not come"] if lacking else []
    return faults, max(1, len(used))
