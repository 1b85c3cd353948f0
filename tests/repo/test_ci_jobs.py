"""The ready-made jobs for build servers: they can be read, run what exists, and hold no secret."""

import io
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgeward.device.cli import main
from edgeward_harness.gate.policy import load_policy
from edgeward_harness.resources import suites

JOBS = ("github-actions.yml", "gitlab-ci.yml")
COMMANDS = ("trace", "verify", "inspect", "qualify", "sbom", "report", "gate")


def texts_of(value: Any) -> list[str]:
    """Every text in a document."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts_of(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts_of(part)]
    return [value] if isinstance(value, str) else []


def commands_of(job: Any) -> list[list[str]]:
    """The edgeward commands of a job as words; what a shell does after them is left out."""
    lines = [line.strip() for text in texts_of(job) for line in text.splitlines()]
    typed = [re.split(r"\|\||>>", line)[0] for line in lines if line.startswith("edgeward ")]
    return [shlex.split(line) for line in typed]


def faults_of(words: list[str]) -> list[str]:
    """What is wrong with a command: itself, or one of its options."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        known = main([words[1], "--help"]) == 0
    options = [word for word in words if word.startswith("--")]
    said = told.getvalue()
    return [one for one in options if not known or not re.search(rf"{one}(?![\w-])", said)]


@pytest.fixture(params=JOBS)
def written(request: pytest.FixtureRequest, checkout: Path) -> str:
    return Path(checkout / "deploy/ci" / request.param).read_text()


def test_every_command_of_a_job_exists(written: str) -> None:
    typed = commands_of(yaml.safe_load(written))
    assert [words[1] for words in typed] == list(COMMANDS)
    assert [fault for words in typed for fault in faults_of(words)] == []


def test_the_gate_is_given_what_the_shipped_policy_asks_for(written: str) -> None:
    typed = {words[1]: words for words in commands_of(yaml.safe_load(written))}
    policy = load_policy(suites() / "gate_policy.toml")
    asked = {
        "--approvals": bool(policy.approval.quorum),
        "--pack": policy.approval.audit,
        "--qualification": policy.trust.qualification,
    }
    assert all(asked.values())  # else this test asks for too much
    given = typed["gate"]
    assert [name for name in asked if name not in given] == []
    made = typed["report"][typed["report"].index("--out") + 1]
    assert given[given.index("--pack") + 1] == made
    record = f"{typed['qualify'][typed['qualify'].index('--out') + 1]}/qualification.dsse.json"
    for words in (given, typed["report"]):
        assert words[words.index("--qualification") + 1] == record


def test_a_command_that_does_not_exist_is_seen() -> None:
    (words,) = commands_of({"run": "edgeward gate out --polcy FILE || status=$?"})
    assert faults_of(words) == ["--polcy"]
    assert faults_of(["edgeward", "gaet", "--policy"]) == ["--policy"]


def test_no_job_holds_a_secret_or_signs_for_a_person(written: str) -> None:
    assert "secrets." not in written
    assert not re.search(r"edgeward (approve|waive)|--key\b", "\n".join(written.split("#")[0::2]))
    assert "approve" not in [words[1] for words in commands_of(yaml.safe_load(written))]


def test_the_evidence_is_kept_whatever_came_out(checkout: Path) -> None:
    folder = checkout / "deploy/ci"
    github = yaml.safe_load((folder / JOBS[0]).read_text())
    steps = github["jobs"]["verify"]["steps"]
    (kept,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert kept["if"] == "${{ !cancelled() }}"
    assert kept["with"]["path"] == "out"
    gitlab = yaml.safe_load((folder / JOBS[1]).read_text())["edgeward"]
    assert gitlab["artifacts"]["when"] == "always"
    assert gitlab["script"][-1] == 'exit "$status"'  # no failure of a step before is lost


def test_actions_are_pinned_by_a_tag(checkout: Path) -> None:
    github = yaml.safe_load((checkout / "deploy/ci" / JOBS[0]).read_text())
    used = [step["uses"] for step in github["jobs"]["verify"]["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w./-]+@v\d+", one) for one in used)
