"""Ten thousand records: what is written is small, and everything is found again in them."""

import time
from pathlib import Path

import pytest
from evidence_lab import case, manifest, record, write

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.chain import link
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.sign import seal
from edgeward_harness.evidence.verify import verify_bundle

CASES = 10_000


def cpu_per_hash_s() -> float:
    """What this machine takes for the least a chain of this length costs: a yardstick."""
    body = record().to_json()
    begun = time.process_time()
    for _ in range(CASES):
        link("0" * 64, body)
    return time.process_time() - begun


@pytest.mark.slow
def test_ten_thousand_records_cost_a_small_multiple_of_their_chain(
    tmp_path: Path, key: SigningKey
) -> None:
    cases = {f"TC-{n:05}": case(f"REQ-{n:05}") for n in range(CASES)}
    planned = manifest(cases)
    records = [record(name) for name in cases]
    yardstick_s = cpu_per_hash_s()
    begun = time.process_time()
    write(tmp_path / "b", planned, *records)
    seal(tmp_path / "b", key)
    opened = open_bundle(tmp_path / "b")
    assert assess(opened).verdict == "passed"
    assert verify_bundle(tmp_path / "b", [key.public]).faults == ()
    assert (time.process_time() - begun) / yardstick_s < 100
