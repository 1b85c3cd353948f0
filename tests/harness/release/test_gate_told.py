"""A decision as SARIF and as Markdown: everything is told, and nothing of a bundle is obeyed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from gate_lab import Ask

from edgeward.device.cli import main
from edgeward_harness.gate.case import Finding, Outcome
from edgeward_harness.gate.decide import RULES, Decision, Ruling
from edgeward_harness.gate.markdown import as_markdown
from edgeward_harness.gate.sarif import RESULTS_MAX, as_sarif

HOSTILE = "<img src=x> @all #1 [a](https://b) `c` **d** | \x1b[2J \u202e"


def decision(*findings: Finding) -> Decision:
    outcome = Outcome.REFUSED if findings else Outcome.MET
    return Decision((Ruling("age", "is the evidence recent?", outcome, findings),), ("p",), ("n",))


def test_sarif_holds_every_rule_and_every_finding(lab: Any, ask: Ask) -> None:
    told = ask(lab.seal(lab.story(late=25)), evidence={"depth_min": "campaign"})
    (run,) = as_sarif(told, "suites/gate_policy.toml")["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.name for rule in RULES]
    assert len(run["results"]) == len(told.reasons)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == "error"
        assert "\nFix: " in result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "suites/gate_policy.toml"
    prints = {result["partialFingerprints"]["edgewardGate/v1"] for result in run["results"]}
    assert len(prints) == len(run["results"])


def test_a_release_has_no_results(lab: Any, ask: Ask) -> None:
    told = ask(lab.seal())
    (run,) = as_sarif(told, "p.toml")["runs"]
    assert run["results"] == []
    assert run["properties"]["verdict"] == "released"
    assert "❌" not in as_markdown(told, "p")


def test_what_cannot_be_decided_is_a_warning(lab: Any, ask: Ask) -> None:
    (run,) = as_sarif(ask(lab.seal(lab.noisy())), "p.toml")["runs"]
    assert {result["level"] for result in run["results"]} == {"warning"}


def test_no_more_results_than_a_code_host_takes() -> None:
    many = decision(*(Finding(f"finding {number}") for number in range(RESULTS_MAX + 5)))
    (run,) = as_sarif(many, "p.toml")["runs"]
    assert len(run["results"]) == RESULTS_MAX
    assert run["properties"]["results"] == RESULTS_MAX + 5
    assert len(as_markdown(many, "p").splitlines()) < 60


def test_texts_of_a_bundle_are_texts() -> None:
    told = decision(Finding(HOSTILE, fix=HOSTILE))
    page = as_markdown(told, HOSTILE)
    assert not re.search(r"<|\x1b|\u202e|@all|\[a\]|`|\*\*|https://", page)
    assert "&#60;img src=x&#62; &#64;all &#35;1" in page
    text = json.dumps(as_sarif(told, "p.toml"))
    assert "u001b" not in text
    assert "u202e" in text  # as its code point, spelled out
    assert "\\\\u202e" in text


def test_both_are_written_beside_what_is_printed(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path))
    sealed = lab.seal()
    gate = ["gate", str(sealed.path), "--key", str(sealed.public_key)]
    assert main([*gate, "--sarif", "gate.sarif", "--markdown", "gate.md"]) == 1
    (run,) = json.loads(Path("gate.sarif").read_text())["runs"]
    refused = {result["ruleId"] for result in run["results"]}
    assert {"realization", "plan", "quorum"} <= refused
    page = Path("gate.md").read_text()
    assert page.startswith("## edgeward gate: REFUSED")
    assert "edgeward approve plan --profile" in page
    printed = capsys.readouterr().out
    assert "the device was emulated; expected on_target" in printed
    assert "expected 1 of the role quality who approved the release, found 0" in printed
    assert main([*gate, "--sarif", "none/gate.sarif"]) == 2
