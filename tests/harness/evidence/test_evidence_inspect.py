"""`edgeward inspect`: what it prints, and what its exit status means."""

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from evidence_lab import CASE, REQ, five, manifest, record, sealed_run, write

from edgeward.profile import ProfileError, load_profile
from edgeward_harness import resources
from edgeward_harness.cli import inspect
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.entries import ProfileEntry
from edgeward_harness.evidence.keys import SigningKey, run_key
from edgeward_harness.evidence.sign import seal


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    inspect.configure(parser)
    return inspect.run(parser.parse_args([str(argument) for argument in arguments]))


def test_an_intact_bundle_of_a_known_signer_is_0(
    sealed: Path, tmp_path: Path, key: SigningKey, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "trusted.pub").write_bytes(key.public.pem)
    assert call(sealed, "--key", tmp_path / "trusted.pub") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "PASSED"
    assert f"run        {five().run}" in told
    assert "unit       reference, emulated (process), serial 1" in told
    assert "device     device software edgeward 0.1.0 (abababababab)" in told
    assert f"signed by  {key.public.keyid}" in told
    assert f"{REQ}  verified" in told
    assert told[-1] == "INTACT: nothing was changed since it was signed, by a trusted key."


def test_this_machines_run_key_is_trusted_without_being_asked(tmp_path: Path) -> None:
    sealed_run(tmp_path / "bundle", run_key())
    assert call(tmp_path / "bundle") == 0


def test_a_failed_run_that_is_intact_is_0_and_says_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "b", manifest(), record(CASE, "failed", reason="too late"))
    seal(tmp_path / "b", run_key())
    assert call(tmp_path / "b") == 0
    told = capsys.readouterr().out
    assert told.startswith("FAILED\n")
    assert f"{REQ}  failed           {CASE}: too late" in told


def test_an_unknown_signer_is_2_and_tells_what_to_do(
    sealed: Path, home: Path, key: SigningKey, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(sealed) == 2
    told = capsys.readouterr().out
    assert told.startswith("PASSED (not to be relied on, see below)")
    assert "INTACT, BUT BY AN UNKNOWN SIGNER" in told
    assert f"If {key.public.keyid} is the one you expect, pass its file with --key." in told
    assert not home.exists()  # looking must not make a key
    run_key()
    assert call(sealed) == 2


def test_a_run_key_that_others_can_read_is_not_trusted(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed_run(tmp_path / "bundle", run_key())
    (home / "run-key.pem").chmod(0o644)
    assert call(tmp_path / "bundle") == 2
    assert "note: this machine's run key is not trusted" in capsys.readouterr().out


def test_a_changed_bundle_is_1_and_every_fault_is_named(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(sealed, tmp_path / "copy"))
    (copy / "report.html").write_text("all is well")
    (copy / "junit.xml").unlink()
    assert call(copy) == 1
    told = capsys.readouterr().out
    assert "CHANGED: do not rely on this bundle." in told
    assert "  - report.html was changed after it was signed" in told
    assert "  - junit.xml is missing: the statement covers it" in told


def test_an_incomplete_run_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "b", five(), record(f"{CASE}[a]"), ended=False)
    assert call(tmp_path / "b") == 1
    told = capsys.readouterr().out
    assert told.startswith("INCOMPLETE (not to be relied on")
    assert "ended      never" in told
    assert f"{REQ}  partial" in told
    assert "  - incomplete: the run did not reach its end" in told


def test_unreadable_records_are_1(
    sealed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(sealed, tmp_path / "copy"))
    (copy / "manifest.json").write_bytes(b"\x00")
    assert call(copy) == 1
    assert capsys.readouterr().out.startswith("NOT READABLE")


def test_what_is_no_bundle_and_what_is_no_key_is_an_error(sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no bundle"):
        call(tmp_path)
    with pytest.raises(HarnessError, match="no bundle"):
        call(tmp_path / "none")
    with pytest.raises(InputError, match="No such file"):
        call(sealed, "--key", tmp_path / "none.pub")


def test_json_holds_the_same_for_programs(
    sealed: Path, key: SigningKey, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(sealed, "--json") == 2
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "passed"
    assert told["requirements"] == {REQ: {"standing": "verified", "reasons": []}}
    assert (told["intact"], told["complete"], told["trusted"]) == (True, True, False)
    assert told["faults"][0]["kind"] == "unknown_signer"
    assert told["signer"] == key.public.keyid
    assert told["exit_status"] == 2


def test_a_forged_twin_is_1_though_a_trusted_key_signed_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "b", manifest(), record())
    (tmp_path / "b" / "report.json").write_bytes(b"{}")
    seal(tmp_path / "b", run_key())
    assert call(tmp_path / "b") == 1
    assert "  - report.json is not what the records give" in capsys.readouterr().out


def test_the_twin_of_another_version_is_left_to_its_digest(tmp_path: Path) -> None:
    planned = manifest()
    planned = replace(planned, tool={**planned.tool, "version": "9.9.9"})
    write(tmp_path / "b", planned, record())
    (tmp_path / "b" / "report.json").write_bytes(b"{}")
    seal(tmp_path / "b", run_key())
    assert call(tmp_path / "b") == 0


def test_hostile_text_does_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[2Jall is well"
    planned = manifest()
    planned = replace(planned, unit=replace(planned.unit, serial=evil))
    write(tmp_path / "b", planned, record(CASE, "failed", reason=evil))
    call(tmp_path / "b")
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\\x1b[2Jall is well" in told


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        ("--build", "ef" * 32, f"of another device build: found {'ab' * 32}"),
        ("--profile", "bedside_monitor", "of another device profile: found "),
    ],
)
def test_a_bundle_of_another_build_or_profile_is_1_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, fault: str
) -> None:
    sealed_run(tmp_path / "bundle", run_key())
    assert call(tmp_path / "bundle") == 0
    assert call(tmp_path / "bundle", option, value) == 1
    told = capsys.readouterr().out
    assert "NOT WHAT WAS EXPECTED: do not rely on this bundle." in told
    assert f"  - {fault}" in told


def test_a_bundle_of_the_build_and_profile_expected_is_0(tmp_path: Path) -> None:
    profile = load_profile("wearable", [resources.device_profiles()]).profile
    entry = ProfileEntry(profile.name, profile.sha256, profile.to_dict(), ())
    write(tmp_path / "b", replace(manifest(), profile=entry), record())
    seal(tmp_path / "b", run_key())
    path = resources.device_profiles() / "wearable.toml"
    for named in ("wearable", path):
        assert call(tmp_path / "b", "--build", "ab" * 32, "--profile", named) == 0


def test_a_build_or_profile_that_is_none_is_an_error(sealed: Path) -> None:
    with pytest.raises(InputError, match="64 digits"):
        call(sealed, "--build", "abab")
    with pytest.raises(ProfileError, match="no-such"):
        call(sealed, "--profile", "no-such")


def test_a_key_out_of_the_bundle_is_not_taken_for_a_trusted_one(
    sealed: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.pub").symlink_to(sealed / "key.pub")
    for own in (sealed / "key.pub", tmp_path / "link.pub"):
        with pytest.raises(InputError, match="lies inside the bundle"):
            call(sealed, "--key", own)


def test_the_help_says_what_the_exit_status_means(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call("--help")
    told = capsys.readouterr().out
    for line in ("0  intact, complete", "1  something was changed", "2  intact, but the signer"):
        assert line in told
