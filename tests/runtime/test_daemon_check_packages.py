"""The doctor looks at the model store: what is wrong with the active package, and what to do."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import packages
import pytest
from packages import KEY, OTHER_KEY, package, public_pem, signed, terms, unsigned

from edgeward.adapters.file_tree import SystemTree
from edgeward.device.daemon.checks import stored, trial
from edgeward.device.daemon.checks.checked import Checked, Verdict, exit_status
from edgeward.model.package.layout import GOLDEN, MODEL, NOTICE, SIGNATURE, Files, size_bytes
from edgeward.model.package.store import ModelStore

Look = Callable[..., dict[str, Checked]]
GOOD, FINDING, NOT_CHECKED = Verdict


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "bench.pem").write_bytes(public_pem(KEY))
    return tmp_path / "keys"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a good package; what a test then does to its files, a disk or a person did."""
    ModelStore(SystemTree(tmp_path / "store")).activate(package(), terms())
    return tmp_path / "store"


@pytest.fixture
def look(store: Path, keys: Path) -> Look:
    def looked(**other: object) -> dict[str, Checked]:
        given = {"store": store, "keys": keys, "profile": packages.profile()} | other
        return {one.id: one for one in stored.packages(**given)}  # type: ignore[arg-type] # by name

    return looked


def exchanged(store: Path, files: Mapping[str, bytes]) -> None:
    """The active package holds these files, whatever was activated."""
    (folder,) = (store / "packages").iterdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def verdicts(checks: dict[str, Checked]) -> dict[str, Verdict]:
    return {name: one.verdict for name, one in checks.items()}


def test_a_good_package_is_good_in_every_part_and_the_store_is_left_as_it_was(
    store: Path, look: Look
) -> None:
    (store / "packages" / ".new-1").mkdir()  # a leftover, to be cleared by a device and not by this
    before = {path: path.stat().st_mtime_ns for path in sorted(store.rglob("*"))}
    checks = look()
    assert tuple(checks) == stored.IDS
    assert set(verdicts(checks).values()) == {GOOD}
    assert checks["package.active"].found.startswith("rhythm-reference 1, package ")
    assert checks["package.answers"].found == "4 golden windows reproduced"
    assert checks["package.size"].found == f"{size_bytes(package()):,} bytes"
    assert exit_status(list(checks.values())) == 0
    assert {path: path.stat().st_mtime_ns for path in sorted(store.rglob("*"))} == before


def without_evidence() -> Files:
    return signed(unsigned(evidence=[]))


def otherwise_answered() -> Files:
    """Signed, and with golden answers that no device gives."""
    golden = bytearray(package()[GOLDEN])
    golden[-1] ^= 0x40
    return signed({**package(), GOLDEN: bytes(golden)})


CASES: dict[str, tuple[Callable[[], Mapping[str, bytes]], dict[str, str], str]] = {
    "tampered": (
        lambda: {MODEL: package()[MODEL][:-1] + b"?"},
        {"package.parts": "model", "package.signature": "model.onnx: found SHA-256"},
        "package.parts, package.signature",
    ),
    "notice": (
        lambda: {NOTICE: b"somebody else"},
        {"package.signature": "NOTICE: found SHA-256"},
        "package.signature",
    ),
    "unsigned": (
        lambda: {SIGNATURE: b""},
        {"package.signature": "model.sig: found no JSON document"},
        "package.signature",
    ),
    "of a stranger": (
        lambda: signed(unsigned(), OTHER_KEY),
        {"package.signature": "model.sig: found the unknown key"},
        "package.signature",
    ),
    "without evidence": (
        without_evidence,
        {"package.evidence": "accepted: evidence for the device profile wearable with "},
        "package.evidence",
    ),
    "answering otherwise": (
        otherwise_answered,
        {"package.answers": "of 4 golden windows answered otherwise"},
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_package_is_a_finding_with_advice(
    store: Path, look: Look, case: str
) -> None:
    make, findings, not_run_for = CASES[case]
    exchanged(store, make())
    checks = look()
    assert {name for name, one in checks.items() if one.verdict is FINDING} == set(findings)
    for name, said in findings.items():
        assert said in checks[name].found
        assert checks[name].advice
    if not_run_for:
        assert checks["package.answers"].verdict is NOT_CHECKED
        why = f"it was not run, for it is not good in {not_run_for}"
        assert checks["package.answers"].found == why
    assert exit_status(list(checks.values())) == 1


def test_a_package_too_large_for_its_profile_is_told_with_both_sizes(look: Look) -> None:
    wearable = packages.profile()
    tight = replace(wearable, budget=replace(wearable.budget, model_size_mb=0.05))
    checks = look(profile=tight)
    found = checks["package.size"]
    assert (found.verdict, found.found.partition(" MB")[0][:20]) == (
        FINDING,
        "the package: found 0",
    )
    assert "at most 0.05 MB (budget.model_size_mb of wearable)" in found.found
    assert "edgeward compress" in found.advice
    assert checks["package.evidence"].verdict is FINDING, "it is another profile now"
    assert "`edgeward verify --profile wearable`" in checks["package.evidence"].advice


def test_nothing_activated_is_told_plainly(tmp_path: Path, look: Look) -> None:
    (found,) = look(store=tmp_path / "none").values()
    assert (found.id, found.verdict) == ("package.active", FINDING)
    assert found.found == f"no package was activated in {tmp_path / 'none'}"
    assert "edgeward model activate" in found.advice
    assert not (tmp_path / "none").exists()
    (found,) = look(store=None, keys=None).values()
    assert (found.verdict, found.due) == (NOT_CHECKED, False)
    assert "the model that ships with edgeward runs" in found.found


@pytest.mark.parametrize("damage", ["pointer", "file", "folder"])
def test_a_store_that_cannot_be_read_is_told(store: Path, look: Look, damage: str) -> None:
    (folder,) = (store / "packages").iterdir()
    if damage == "pointer":
        (store / "active").write_bytes(b"{}")
    elif damage == "file":
        (folder / NOTICE).unlink()
    else:
        folder.rename(store / "packages" / ("0" * 64))
    (found,) = look().values()
    assert (found.id, found.verdict) == ("package.active", FINDING)
    assert "edgeward model rollback" in found.advice


def test_without_the_extra_that_is_what_is_told(store: Path, keys: Path) -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None; from pathlib import Path;"
        "from edgeward.device.daemon.checks.stored import packages;"
        "(one,) = packages(*map(Path, sys.argv[1:3]), None); print(one.verdict, one.advice)"
    )
    command = [sys.executable, "-c", program, str(store), str(keys)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "finding install what checks packages: pip install 'edgeward[package]'\n"


def test_without_keys_or_a_profile_nothing_is_good_that_rests_on_them(look: Look) -> None:
    checks = look(keys=None, profile=None)
    assert verdicts(checks) == {
        "package.active": GOOD, "package.parts": GOOD, "package.signature": NOT_CHECKED,
        "package.evidence": NOT_CHECKED, "package.size": NOT_CHECKED,
        "package.answers": NOT_CHECKED,
    }  # fmt: skip
    assert exit_status(list(checks.values())) == 2
    assert verdicts(look(profile=None))["package.answers"] is GOOD


def test_keys_that_are_none_are_a_finding(tmp_path: Path, look: Look) -> None:
    (tmp_path / "empty").mkdir()
    found = look(keys=tmp_path / "empty")["package.signature"]
    assert (found.verdict, "--model-trust" in found.advice) == (FINDING, True)


@pytest.mark.slow
def test_the_trial_measures_the_active_package(store: Path, keys: Path) -> None:
    exchanged(store, signed(unsigned(windows=40)))
    given = stored.Stored(store, keys)
    shipped, active = (
        {one.id: one for one in trial.model_checks(packages.profile(), which)}
        for which in (None, given)
    )
    assert shipped["model.loads"].found.endswith(", as it ships")
    assert active["model.loads"].found.endswith(", of the active package")
    assert active["model.size"].found > shipped["model.size"].found
    exchanged(store, {MODEL: b"?"})
    broken = {one.id: one for one in trial.model_checks(packages.profile(), given)}
    assert broken["model.loads"].verdict is FINDING
    assert broken["inference.time"].verdict is NOT_CHECKED


@pytest.mark.slow
def test_a_person_checks_a_device_with_a_store(store: Path, keys: Path, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("edgeward")), "check", "--json", "--profile", "wearable",
        "--profiles", str(packages.PROFILES), "--state", str(tmp_path / "state"),
        "--model-store", str(store), "--model-trust", str(keys),
    ]  # fmt: skip

    def told() -> dict[str, dict[str, str]]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        return {one["id"]: one for one in json.loads(done.stdout)["checks"]}

    good = told()
    assert {good[one]["verdict"] for one in stored.IDS} == {"good"}
    assert "of the active package" in good["model.loads"]["found"]
    exchanged(store, {NOTICE: b"somebody else"})
    bad = told()
    assert bad["package.signature"]["verdict"] == bad["model.loads"]["verdict"] == "finding"
