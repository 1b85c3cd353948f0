"""Damaged keys, papers or links cost a device neither its start nor its way out for good."""

from pathlib import Path

import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import DirectoryStore
from edgeward.comms.audit.shelf import segments
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.packing.payload import pack_json
from edgeward.comms.record import Offered, RecordClass, Standing
from edgeward.device.outgoing.layout import AUDIT
from edgeward.device.outgoing.outgoing import Outgoing


def opened(folder: Path, seed: int) -> Outgoing:
    return Outgoing("bed-7", folder, SimulatedClock(), SeededEntropy(seed), Allowance(8 << 20))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    way = opened(tmp_path, 1)
    way.accept([Offered(RecordClass.ALARM, pack_json({"said": "a"}), "p1")])
    way.wallet.begin()
    way.close()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("trust/identity", "the device's papers are damaged"),
        ("trust/link", "link: "),
        ("trust/pins", None),
        ("trust/signing", None),
        ("keys/keyring.json", "no keyring"),
        ("keys/keystore.json", "no keystore"),
    ],
)
def test_it_goes_on_and_says_what_was_damaged(folder: Path, name: str, found: str | None) -> None:
    path = folder / name
    path.write_bytes(b"{damaged")
    path.chmod(0o600)
    way = opened(folder, 2)
    (alarm,) = way.outbox.queued([RecordClass.ALARM], records_max=9, bytes_max=9999)
    (key,) = way.outbox.keys([alarm])
    assert way.sealer.open(alarm.identity, alarm.kind, key, alarm.sealed.blob)
    assert b"CERTIFICATE REQUEST" in way.request()
    (receipt,) = way.accept([Offered(RecordClass.ALARM, pack_json({"said": "b"}), "p1")])
    assert receipt.standing is Standing.DURABLE
    way.close()
    trail = DirectoryStore(folder / AUDIT)
    told = b"".join(trail.read(segment) or b"" for segment in segments(trail)).decode()
    assert len(way.damage) == (found is not None)
    assert told.count("records.damaged") == (found is not None)
    assert found is None or (found in way.damage[0] and found in told)
