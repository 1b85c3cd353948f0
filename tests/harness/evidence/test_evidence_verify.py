"""Whatever is changed in a sealed bundle is found and named; nothing in it ends a verification."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evidence_lab import (
    CASE,
    DEVICE,
    RESOLVED,
    five,
    record,
    signing_key,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.canonical import canonical_json, sha256_hex
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import Bundle, open_bundle
from edgeward_harness.evidence.chain import link
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.layout import list_folder
from edgeward_harness.evidence.sign import seal
from edgeward_harness.evidence.statement import build_statement
from edgeward_harness.evidence.strict import encode
from edgeward_harness.evidence.verification import FAULTS_MAX
from edgeward_harness.evidence.verify import (
    Expectation,
    FaultKind,
    Verification,
    verify_bundle,
)
from edgeward_harness.report.render import twin

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


@pytest.fixture
def copy(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "bundle"))


@pytest.fixture(scope="module")
def working(sealed: Path, copies: Path) -> Path:
    """A copy for changes that are undone again."""
    return Path(shutil.copytree(sealed, copies / "working"))


def kinds(found: Verification) -> set[str]:
    return {fault.kind.value for fault in found.findings}


def test_a_sealed_bundle_is_without_a_fault(sealed: Path, key: SigningKey) -> None:
    found = verify_bundle(sealed, [key.public], derive=twin)
    assert found.faults == ()
    assert (found.signer, found.trusted, found.complete) == (key.public.keyid, True, True)
    assert found.intact
    assert found.assessment is not None
    assert found.assessment.verdict == "passed"
    assert sorted(os.listdir(sealed)) == sorted([*FILES[:7], "artifacts"])


def test_an_unknown_signer_is_told_and_nothing_else(sealed: Path, key: SigningKey) -> None:
    for trusted in ([], [signing_key().public]):
        found = verify_bundle(sealed, trusted)
        assert found.faults == (
            f"signed by the key {key.public.keyid}, which is not one of those trusted",
        )
        assert (found.signer, found.trusted, found.intact) == (key.public.keyid, False, True)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_any_single_changed_byte_of_any_file_is_found(
    working: Path, key: SigningKey, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(FILES))
    path = working / name
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[place]))
    try:
        path.write_bytes(good[:place] + bytes([byte]) + good[place + 1 :])
        found = verify_bundle(working, [key.public])
    finally:
        path.write_bytes(good)
    assert not found.intact
    assert any(name in fault for fault in found.faults)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_any_truncation_and_any_appended_byte_is_found(
    working: Path, key: SigningKey, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(FILES))
    path = working / name
    good = path.read_bytes()
    length = data.draw(st.integers(0, len(good) - 1) | st.none())
    try:
        path.write_bytes(good[:length] if length is not None else good + b"\n")
        found = verify_bundle(working, [key.public])
    finally:
        path.write_bytes(good)
    assert not found.intact
    assert any(name in fault for fault in found.faults)


@given(st.sampled_from(FILES), st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
@settings(deadline=None, max_examples=60)
def test_no_bytes_end_a_verification(working: Path, name: str, garbage: bytes) -> None:
    path = working / name
    good = path.read_bytes()
    try:
        path.write_bytes(garbage)
        assert not verify_bundle(working).intact
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copy: Path, key: SigningKey, name: str) -> None:
    (copy / name).unlink()
    found = verify_bundle(copy, [key.public])
    assert any(name in fault and "missing" in fault for fault in found.faults) or any(
        fault.startswith(f"{name} cannot be read") for fault in found.faults
    )
    assert kinds(found) == ({"incomplete"} if name == "statement.dsse.json" else {"changed"})


def test_a_run_that_was_never_sealed_is_incomplete(tmp_path: Path) -> None:
    cut = write(tmp_path / "cut", five(), record(f"{CASE}[a]"), ended=False)
    assert verify_bundle(cut).faults == ("incomplete: the run did not reach its end",)
    ended = write(tmp_path / "ended", five(), record(f"{CASE}[a]"))
    assert verify_bundle(ended).faults == (
        "statement.dsse.json is missing: never sealed, or removed",
    )
    with open(cut / "records.jsonl", "ab") as file:
        file.write(b'{"chain":')
    found = verify_bundle(cut)
    assert found.faults[0] == "records.jsonl: the last 9 bytes are no whole line"
    assert (found.intact, found.complete) == (True, False)


def test_added_files_and_artifacts_are_named(copy: Path, key: SigningKey) -> None:
    (copy / "notes.txt").write_text("")
    (copy / "dir\nname").mkdir()
    added = store_artifact(copy, b"planted")
    (copy / "artifacts" / "..evil").write_text("")
    assert set(verify_bundle(copy, [key.public]).faults) == {
        "'notes.txt' does not belong to the bundle",
        "'dir\\nname' does not belong to the bundle",
        "artifacts/'..evil' does not belong to the bundle",
        f"artifacts/{added} was added: no record names it",
        f"artifacts/{added} was added: the statement does not cover it",
    }


def test_links_and_other_kinds_of_files_are_not_followed(
    copy: Path, key: SigningKey, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("records.jsonl", "key.pub", ARTIFACT):
        (copy / name).rename(elsewhere / Path(name).name)
        (copy / name).symlink_to(elsewhere / Path(name).name)
    (copy / "junit.xml").unlink()
    os.mkfifo(copy / "junit.xml")
    faults = verify_bundle(copy, [key.public]).faults
    for name in ("records.jsonl", "key.pub", "junit.xml", ARTIFACT):
        assert f"{name} is a link or no file: not part of a bundle" in faults
    (copy / "artifacts").rename(elsewhere / "artifacts")
    (copy / "artifacts").symlink_to(elsewhere / "artifacts")
    assert "artifacts is a link or no file: not part of a bundle" in verify_bundle(copy).faults


def test_what_is_no_folder_is_an_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="not a bundle: No such file"):
        verify_bundle(tmp_path / "none")


def forge(folder: Path, key: SigningKey, *, name_key: bool = True) -> None:
    """Make a fresh statement over what lies there now, as one who holds a key could."""
    if name_key:
        (folder / "key.pub").write_bytes(key.public.pem)
    opened = open_bundle(folder)
    subjects = {
        name: sha256_hex((folder / name).read_bytes()) for name in list_folder(folder).subjects
    }
    payload = encode(build_statement(opened, assess(opened), subjects))
    (folder / "statement.dsse.json").write_bytes(Envelope.sign(payload, key).to_bytes())


def test_a_forged_bundle_is_by_an_unknown_signer(copy: Path, key: SigningKey) -> None:
    mallory = signing_key()
    (copy / "report.html").write_text("all is well")
    forge(copy, mallory)
    found = verify_bundle(copy, [key.public])
    assert found.faults == (
        f"signed by the key {mallory.public.keyid}, which is not one of those trusted",
    )
    assert not found.trusted


def test_a_key_that_does_not_match_is_named(copy: Path, key: SigningKey) -> None:
    forge(copy, signing_key(), name_key=False)
    faults = verify_bundle(copy, [key.public]).faults
    assert any("is not that of key.pub" in fault for fault in faults)
    assert any("the signature is not good" in fault for fault in faults)


def test_a_swapped_key_file_is_named_though_the_signer_is_known(
    copy: Path, key: SigningKey
) -> None:
    (copy / "key.pub").write_bytes(signing_key().public.pem)
    found = verify_bundle(copy, [key.public])
    assert (found.signer, found.trusted) == (key.public.keyid, True)
    assert "key.pub was changed after it was signed" in found.faults
    assert any("is not that of key.pub" in fault for fault in found.faults)


def test_without_any_key_the_signature_is_not_good(copy: Path) -> None:
    (copy / "key.pub").unlink()
    found = verify_bundle(copy)
    told = "no key to check its signature with, key.pub is none"
    assert f"statement.dsse.json: {told}" in found.faults
    assert found.signer is None


def rewrite(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the records and make a perfect chain of them again, as one who knows the format."""
    manifest_bytes = (folder / "manifest.json").read_bytes()
    bodies = [json.loads(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]
    change(bodies)
    chain, lines = sha256_hex(manifest_bytes), []
    for body in bodies:
        body.pop("chain", None)
        line, chain = link(chain, body)
        lines.append(line + b"\n")
    (folder / "records.jsonl").write_bytes(b"".join(lines))


def test_a_perfectly_rechained_edit_is_still_found(copy: Path, key: SigningKey) -> None:
    rewrite(copy, lambda bodies: bodies[2].update(state="failed"))
    assert (
        "records.jsonl was changed after it was signed" in verify_bundle(copy, [key.public]).faults
    )


def test_the_statement_must_say_what_the_records_give(copy: Path, key: SigningKey) -> None:
    envelope = Envelope.from_bytes((copy / "statement.dsse.json").read_bytes())
    statement = json.loads(envelope.payload)
    statement["predicate"] |= {"result": "WARNED", "passedTests": []}
    signed = Envelope.sign(canonical_json(statement), key).to_bytes()
    (copy / "statement.dsse.json").write_bytes(signed)
    assert verify_bundle(copy, [key.public]).faults == (
        "statement.dsse.json: says WARNED, the records give PASSED",
        "statement.dsse.json: passedTests is not what the records give",
    )


def test_a_statement_of_another_run_is_named(copy: Path, key: SigningKey, tmp_path: Path) -> None:
    other = replace(five(), run="f" * 32)
    write(tmp_path / "other", other, *map(record, other.items))
    seal(tmp_path / "other", key)
    shutil.copy(tmp_path / "other" / "statement.dsse.json", copy)
    faults = verify_bundle(copy, [key.public]).faults
    told = f"statement.dsse.json is of run '{other.run}', the manifest of run {five().run}"
    assert told in faults
    assert "manifest.json was changed after it was signed" in faults


def test_a_statement_of_another_type_is_named(copy: Path, key: SigningKey) -> None:
    payload = Envelope.from_bytes((copy / "statement.dsse.json").read_bytes()).payload
    signed = Envelope.sign(payload, key, "text/plain").to_bytes()
    (copy / "statement.dsse.json").write_bytes(signed)
    assert any("found the type 'text/plain'" in f for f in verify_bundle(copy, [key.public]).faults)
    signed = Envelope.sign(b"hello", key).to_bytes()
    (copy / "statement.dsse.json").write_bytes(signed)
    assert any("not canonical JSON" in fault for fault in verify_bundle(copy, [key.public]).faults)
    silent = json.loads(payload)
    silent["predicate"]["configuration"] = [{"name": "manifest.json"}, {"name": "x"}]
    signed = Envelope.sign(canonical_json(silent), key).to_bytes()
    (copy / "statement.dsse.json").write_bytes(signed)
    assert any("is of run ''" in fault for fault in verify_bundle(copy, [key.public]).faults)


def test_the_reports_twin_must_be_what_the_records_give(sealed: Path, key: SigningKey) -> None:
    def other(_: Bundle) -> bytes:
        return b"{ }"

    def broken(_: Bundle) -> bytes:
        raise KeyError("no template")

    assert verify_bundle(sealed, [key.public], derive=other).faults == (
        "report.json is not what the records give",
    )
    assert verify_bundle(sealed, [key.public], derive=broken).faults == (
        "report.json cannot be derived from the records: 'no template'",
    )
    assert verify_bundle(sealed, [key.public], derive=lambda _: None).faults == ()


def test_a_bundle_of_something_else_than_expected_is_named(sealed: Path, key: SigningKey) -> None:
    build = str(DEVICE["software"]["build_sha256"])
    right = Expectation(sha256_hex(canonical_json(RESOLVED)), build, "ef" * 32, five().run)
    assert verify_bundle(sealed, [key.public], expected=right).faults == ()
    wrong = Expectation("0" * 64, "1" * 64, "2" * 64, "3" * 32)
    found = verify_bundle(sealed, [key.public], expected=wrong)
    assert [fault.partition(":")[0] for fault in found.faults] == [
        "of another device profile",
        "of another device build",
        "of another harness build",
        "of another run",
    ]
    assert (kinds(found), found.intact) == ({"other"}, True)


def test_millions_of_faults_are_not_told_one_by_one(copy: Path) -> None:
    (copy / "records.jsonl").write_bytes(b"x\n" * 5000)
    faults = verify_bundle(copy).faults
    assert len(faults) == FAULTS_MAX + 1
    assert faults[-1].endswith("more faults")


def test_only_says_which_kinds_of_faults_there_are(sealed: Path) -> None:
    found = verify_bundle(sealed)
    assert found.only(FaultKind.UNKNOWN_SIGNER)
    assert not found.only(FaultKind.CHANGED)
