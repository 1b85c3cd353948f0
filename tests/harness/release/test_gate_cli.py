"""`edgeward gate`: rules, verdict and exit code on the terminal."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import edgeward_harness
from edgeward.device.cli import main
from edgeward.profile import load_profile
from edgeward_harness import resources
from edgeward_harness.evidence.entries import ProfileEntry
from edgeward_harness.run.tree import tree_sha256

SHIPPED = (resources.suites() / "gate_policy_trial.toml").read_text()
POLICY = re.sub(r"(?m)^suites = .*", 'suites = ["latency"]', SHIPPED)
"""The shipped rules that ask nobody, for the one suite that the bundles of these tests are of."""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """The shipped rules for evidence of any age that is not of the suites and profiles here."""
    path = tmp_path / "policy.toml"
    text = POLICY.replace("age_days_max = 90", "age_days_max = 3650")
    for asked in ("fresh", "promises", "protocol"):
        text = text.replace(f"{asked} = true", f"{asked} = false")
    path.write_text(text)
    return str(path)


@pytest.fixture(autouse=True)
def no_key_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))


def gate(sealed: Any, *options: str) -> int:
    return main(["gate", str(sealed.path), "--key", str(sealed.public_key), *options])


def test_every_rule_is_printed_and_the_verdict_last(lab: Any, capsys: Any, policy: str) -> None:
    assert gate(lab.seal(), "--policy", policy) == 0
    told = capsys.readouterr().out
    assert told.count("\nmet ") == 25
    assert "RELEASE: bedside_monitor: all 25 rules are met" in told
    assert "Only evidence taken on target" in told


def test_a_refusal_names_the_requirement_and_exits_1(lab: Any, capsys: Any, policy: str) -> None:
    assert gate(lab.seal(lab.story(late=25)), "--policy", policy) == 1
    told = capsys.readouterr().out
    assert "REFUSED: 2 of 25 rules not met: requirements, controls" in told
    assert "REQ-LAT-002 is failed" in told


def test_noise_exits_2(lab: Any, capsys: Any, policy: str) -> None:
    assert gate(lab.seal(lab.noisy()), "--policy", policy) == 2
    assert "UNDECIDED: " in capsys.readouterr().out


def test_by_default_the_texts_of_the_shipped_suites_are_asked_for(lab: Any, capsys: Any) -> None:
    assert gate(lab.seal()) == 1
    assert "REFUSED    fresh" in capsys.readouterr().out


@pytest.fixture
def strict(policy: str) -> str:
    """The rules of `policy`, with promises and protocol asked for as in the shipped policy."""
    text = Path(policy).read_text()
    for asked in ("promises", "protocol"):
        text = text.replace(f"{asked} = false", f"{asked} = true")
    Path(policy).write_text(text)
    return policy


@pytest.fixture
def own(lab: Any) -> Any:
    """A bundle of the profile, the suites and the harness that are here."""
    profile = load_profile("bedside_monitor", [resources.device_profiles()]).profile
    digests = {
        "suites_sha256": tree_sha256(resources.suites()),
        "build_sha256": tree_sha256(Path(edgeward_harness.__file__).parent),
    }
    return lab.seal(
        profile=ProfileEntry(profile.name, profile.sha256, profile.to_dict(), ()),
        tool={**lab.manifest().tool, **digests},
    )


def test_what_was_judged_by_what_is_here_is_released(own: Any, capsys: Any, strict: str) -> None:
    assert gate(own, "--policy", strict) == 0
    assert "all 25 rules are met" in capsys.readouterr().out


def test_promises_are_those_of_the_first_folder_given(
    own: Any, capsys: Any, strict: str, tmp_path: Path
) -> None:
    stricter = tmp_path / "stricter"
    shutil.copytree(resources.device_profiles(), stricter)
    profile = stricter / "bedside_monitor.toml"
    profile.write_text(re.sub(r"(?m)^p99_ms = .*", "p99_ms = 49.0", profile.read_text(), count=1))
    assert gate(own, "--policy", strict, "--profiles", str(stricter)) == 1
    told = capsys.readouterr().out
    assert "REFUSED: 1 of 25 rules not met: promises" in told
    found = load_profile("bedside_monitor", [resources.device_profiles()]).profile.sha256
    expected = load_profile("bedside_monitor", [stricter]).profile.sha256
    assert f"found {found}, expected {expected}" in told


def test_suites_edited_since_the_run_are_another_protocol(
    own: Any, capsys: Any, strict: str, tmp_path: Path
) -> None:
    edited = tmp_path / "edited"
    shutil.copytree(resources.suites(), edited, ignore=shutil.ignore_patterns("__pycache__"))
    assert gate(own, "--policy", strict, "--suites", str(edited)) == 0
    code = next(edited.glob("*/test_*.py"))
    code.write_text(code.read_text() + "\n# a limit that is none\n")
    assert gate(own, "--policy", strict, "--suites", str(edited)) == 1
    assert "not met: protocol" in capsys.readouterr().out


def test_the_build_can_be_asked_for(lab: Any, capsys: Any, policy: str) -> None:
    sealed = lab.seal()
    assert gate(sealed, "--policy", policy, "--build", lab.sha("build")) == 0
    assert gate(sealed, "--policy", policy, "--build", lab.sha("new")) == 1
    assert "not met: build" in capsys.readouterr().out


def test_what_cannot_be_held_against_anything_decides_nothing(
    lab: Any, capsys: Any, policy: str, tmp_path: Path
) -> None:
    sealed = lab.seal()
    assert gate(sealed, "--policy", policy, "--build", "abc") == 2
    assert gate(sealed, "--policy", policy, "--profiles", str(tmp_path / "none")) == 2
    own_key = str(sealed.path / "key.pub")
    assert main(["gate", str(sealed.path), "--policy", policy, "--key", own_key]) == 2
    assert "key.pub lies inside the bundle" in capsys.readouterr().err


def test_a_policy_beside_other_suites_is_theirs(lab: Any, capsys: Any, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    shutil.copytree(resources.suites(), theirs, ignore=shutil.ignore_patterns("__pycache__"))
    (theirs / "gate_policy.toml").write_text(POLICY.replace("Trial", "Their own"))
    gate(lab.seal(), "--suites", str(theirs))
    assert "policy  Their own policy" in capsys.readouterr().out


def test_without_a_key_nothing_is_trusted(lab: Any, capsys: Any, policy: str) -> None:
    sealed = lab.seal()
    assert main(["gate", str(sealed.path), "--policy", policy]) == 1
    told = capsys.readouterr().out
    assert "REFUSED    signer" in told
    assert "give one with --key" in told


def test_the_run_key_of_this_machine_is_trusted(
    lab: Any, capsys: Any, policy: str, tmp_path: Path
) -> None:
    sealed = lab.seal()
    (tmp_path / "home").mkdir()
    own = tmp_path / "home" / "run-key.pem"
    own.write_bytes(lab.signing_key.read_bytes())
    own.chmod(0o600)
    assert main(["gate", str(sealed.path), "--policy", policy]) == 0


def test_programs_get_json(lab: Any, capsys: Any, policy: str) -> None:
    assert gate(lab.seal(lab.story(late=25)), "--policy", policy, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "refused"
    refused = [rule["rule"] for rule in told["rules"] if rule["outcome"] == "refused"]
    assert refused == ["requirements", "controls"]


@pytest.mark.parametrize("text", ["", "schema = 1", POLICY.replace("standard", "shallow")])
def test_an_unreadable_policy_decides_nothing(
    lab: Any, capsys: Any, tmp_path: Path, text: str
) -> None:
    (tmp_path / "bad.toml").write_text(text)
    assert gate(lab.seal(), "--policy", str(tmp_path / "bad.toml")) == 2
    assert "bad.toml" in capsys.readouterr().err


def test_a_missing_policy_key_or_bundle_decides_nothing(
    lab: Any, capsys: Any, tmp_path: Path, policy: str
) -> None:
    sealed = lab.seal()
    assert gate(sealed, "--policy", str(tmp_path / "none.toml")) == 2
    assert main(["gate", str(sealed.path), "--key", str(tmp_path / "none.pub")]) == 2
    assert main(["gate", str(tmp_path / "none"), "--policy", policy]) == 2


def test_a_hostile_bundle_cannot_steer_the_terminal(lab: Any, capsys: Any, policy: str) -> None:
    told = lab.story(reasons={"TC-LAT-001": "\x1b[2J\u202eRELEASE"}, late=25)
    assert gate(lab.seal(told), "--policy", policy) == 1
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_a_thousand_findings_are_told_short(lab: Any, capsys: Any, policy: str) -> None:
    plan = lab.manifest()
    entry, case = plan.requirements["REQ-LAT-001"], plan.cases["TC-LAT-001"]
    requirements = {f"REQ-X-{n:05d}": entry for n in range(1_000)}
    cases = {"TC-LAT-001": replace(case, requirements=tuple(requirements))}
    items = {"TC-LAT-001": plan.items["TC-LAT-001"]}
    told = lab.story()
    told.judgements = {}
    sealed = lab.seal(told, requirements=requirements, cases=cases, items=items, controls={})
    assert gate(sealed, "--policy", policy) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 60
    assert any("more (--json has them all)" in line for line in lines)
