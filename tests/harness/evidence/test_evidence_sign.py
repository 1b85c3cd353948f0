"""Sealing: what is signed verifies, what does not verify is not signed."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from evidence_lab import (
    CASE,
    five,
    manifest,
    record,
    sealed_run,
    signing_key,
    write,
)

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.keys import PublicKey, SigningKey
from edgeward_harness.evidence.sign import seal
from edgeward_harness.evidence.verify import (
    Verification,
    verify_bundle,
)

ARTIFACT = f"artifacts/{sha256_hex(b'a transcript')}"
FILES = (
    "manifest.json",
    "records.jsonl",
    "statement.dsse.json",
    "key.pub",
    "report.html",
    "report.json",
    "junit.xml",
    ARTIFACT,
)


def kinds(found: Verification) -> set[str]:
    return {fault.kind.value for fault in found.findings}


@pytest.fixture
def copy(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "bundle"))


class TestSealing:
    @pytest.mark.parametrize(("interrupted", "ended"), [(True, True), (False, False)])
    def test_an_incomplete_run_is_sealed_as_failed_and_says_so(
        self, tmp_path: Path, key: SigningKey, interrupted: bool, ended: bool
    ) -> None:
        folder = write(
            tmp_path / "b",
            five(),
            *map(record, five().items),
            ended=ended,
            interrupted=interrupted,
        )
        sealed = seal(folder, key)
        assert kinds(sealed) == {"incomplete"}
        assert not sealed.complete
        envelope = Envelope.from_bytes((folder / "statement.dsse.json").read_bytes())
        payload = json.loads(envelope.payload)
        about = payload["predicate"]["configuration"][0]["annotations"]
        assert payload["predicate"]["result"] == "FAILED"
        assert (about["complete"], about["verdict"]) == (False, "incomplete")
        assert verify_bundle(folder, [key.public]).faults[0].startswith("incomplete: the run")

    def test_a_bundle_is_sealed_once(self, copy: Path, key: SigningKey) -> None:
        with pytest.raises(HarnessError, match="is sealed already"):
            seal(copy, key)

    def test_foreign_files_are_not_sealed(self, tmp_path: Path, key: SigningKey) -> None:
        folder = write(tmp_path / "b", five())
        (folder / "core.dump").write_bytes(b"")
        with pytest.raises(HarnessError, match=r"'core\.dump' does not belong"):
            seal(folder, key)
        assert sorted(os.listdir(folder)) == ["core.dump", "manifest.json", "records.jsonl"]

    def test_what_does_not_verify_leaves_no_statement(
        self, tmp_path: Path, key: SigningKey
    ) -> None:
        folder = write(tmp_path / "b", five())
        (folder / "report.json").write_bytes(b"{}")
        with pytest.raises(HarnessError, match=r"report\.json is not what the records give"):
            seal(folder, key, derive=lambda _: b"[]")
        store_artifact(folder, b"no record names this")
        with pytest.raises(HarnessError, match="no record names it"):
            seal(folder, key)
        other = replace(key, public=PublicKey(signing_key().public.raw))
        shutil.rmtree(folder / "artifacts")
        with pytest.raises(HarnessError, match="signature is not good"):
            seal(folder, other)
        assert sorted(os.listdir(folder)) == ["manifest.json", "records.jsonl", "report.json"]

    def test_broken_records_are_not_sealed(self, tmp_path: Path, key: SigningKey) -> None:
        folder = write(tmp_path / "b", five(), record(f"{CASE}[a]"))
        path = folder / "records.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"passed"', b'"failed"', 1))
        with pytest.raises(InputError, match="chain breaks at line 2"):
            seal(folder, key)
        assert not (folder / "key.pub").exists()

    @pytest.mark.parametrize(
        ("state", "result", "where"),
        [
            ("failed", "FAILED", "failedTests"),
            ("error", "FAILED", "failedTests"),
            ("skipped", "FAILED", "warnedTests"),
            ("cannot_judge", "FAILED", "warnedTests"),
        ],
    )
    def test_the_result_is_that_of_the_assessment(
        self, tmp_path: Path, key: SigningKey, state: str, result: str, where: str
    ) -> None:
        folder = write(tmp_path / "b", manifest(), record(CASE, state))
        seal(folder, key)
        payload = Envelope.from_bytes((folder / "statement.dsse.json").read_bytes()).payload
        predicate = json.loads(payload)["predicate"]
        assert predicate["result"] == result
        assert predicate[where] == [CASE]


def test_two_seals_of_equal_runs_differ_in_nothing(tmp_path: Path, key: SigningKey) -> None:
    first = sealed_run(tmp_path / "a", key)
    second = sealed_run(tmp_path / "b", key)
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()
