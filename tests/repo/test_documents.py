"""The documents that must stay short, numbered and listed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ARCHITECTURE_LINES_MAX = 80
DECISION_LINES_MAX = 60
DECISION_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
DECISION_SECTIONS = ["Context", "Options", "Decision", "Consequences"]
STATUSES = ("proposed", "accepted", "superseded by ")


def length_fault(name: str, text: str, lines_max: int) -> list[str]:
    """A document nobody finishes is not read."""
    lines = text.count("\n")
    return [] if lines <= lines_max else [f"{name}: {lines} lines, at most {lines_max}"]


def numbering_faults(names: list[str]) -> list[str]:
    """Decisions are numbered 0000, 0001, ... without a gap, so none can vanish unseen."""
    faults = [
        f"{name}: wants a name such as 0007-what-was-decided.md"
        for name in names
        if not DECISION_NAME.fullmatch(name)
    ]
    numbers = sorted(int(name[:4]) for name in names if DECISION_NAME.fullmatch(name))
    if numbers != list(range(len(numbers))):
        faults.append(f"docs/adr: numbers {numbers}, wants each from 0 to {len(numbers) - 1} once")
    return faults


def decision_faults(name: str, text: str) -> list[str]:
    """A decision says where it stands, what else was possible and what it costs."""
    faults = length_fault(name, text, DECISION_LINES_MAX)
    status = re.search(r"^Status: (.+)$", text, re.MULTILINE)
    if not status or not status.group(1).startswith(STATUSES):
        faults.append(f"{name}: wants a line 'Status: ' with one of {STATUSES}")
    sections = re.findall(r"^## (\w+)", text, re.MULTILINE)
    if sections != DECISION_SECTIONS:
        faults.append(f"{name}: sections {sections}, wants {DECISION_SECTIONS}")
    if not re.search(r"^- Bad: ", text, re.MULTILINE):
        faults.append(f"{name}: wants a consequence that begins with '- Bad: '")
    return faults


def changelog_faults(text: str) -> list[str]:
    """The newest section is Unreleased and says something."""
    sections = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    if not sections or sections[0] != "Unreleased":
        return [f"CHANGELOG.md: sections {sections}, wants [Unreleased] first"]
    newest = text.split("## [Unreleased]", 1)[1].split("\n## [", 1)[0]
    return [] if "\n- " in newest else ["CHANGELOG.md: Unreleased says nothing"]


@pytest.fixture(scope="module")
def decisions(checkout: Path) -> dict[str, str]:
    """The text of each architecture decision, by file name."""
    return {path.name: path.read_text() for path in sorted((checkout / "docs/adr").iterdir())}


def test_the_architecture_fits_on_two_screens(checkout: Path) -> None:
    text = (checkout / "ARCHITECTURE.md").read_text()
    assert length_fault("ARCHITECTURE.md", text, ARCHITECTURE_LINES_MAX) == []


def test_every_layer_of_the_contract_is_explained(checkout: Path) -> None:
    text = (checkout / "ARCHITECTURE.md").read_text()
    contract = (checkout / "pyproject.toml").read_text().split("[tool.importlinter]", 1)[1]
    layers = set(re.findall(r"\bedgeward(?:_harness)?\.(\w+)", contract))
    assert {layer for layer in layers if f"`{layer}`" not in text} == set()


def test_decisions_are_numbered(decisions: dict[str, str]) -> None:
    assert numbering_faults(list(decisions)) == []


def test_every_decision_is_listed(checkout: Path, decisions: dict[str, str]) -> None:
    text = (checkout / "ARCHITECTURE.md").read_text()
    listed = set(re.findall(r"\(docs/adr/(\d{4}-[^)]+)\)", text))
    assert listed == set(decisions)


def test_decisions_say_what_they_cost(decisions: dict[str, str]) -> None:
    faults = [fault for name, text in decisions.items() for fault in decision_faults(name, text)]
    assert not faults, "\n".join(faults)


def test_the_changelog_tells_what_is_new(checkout: Path) -> None:
    assert changelog_faults((checkout / "CHANGELOG.md").read_text()) == []


GOOD = """# 1. X

Status: accepted

## Context
## Options
## Decision
## Consequences
- Bad: y
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "\n" * 60, "at most 60"),
        (GOOD.replace("accepted", "fine"), "wants a line 'Status: '"),
        (GOOD.replace("## Options\n", ""), "sections ['Context', 'Decision', 'Consequences']"),
        (GOOD.replace("Bad", "Good"), "'- Bad: '"),
    ],
)
def test_a_decision_is_refused(text: str, said: str) -> None:
    assert decision_faults("0001-x.md", GOOD) == []
    (fault,) = decision_faults("0001-x.md", text)
    assert said in fault


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0000-a.md", "0002-b.md"], "numbers [0, 2]"),
        (["0000-a.md", "0000-b.md"], "numbers [0, 0]"),
        (["0000-a.md", "notes.md"], "notes.md: wants a name"),
    ],
)
def test_a_numbering_is_refused(names: list[str], said: str) -> None:
    (fault,) = numbering_faults(names)
    assert said in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Changelog\n\n## [0.1.0]\n- x\n", "wants [Unreleased] first"),
        ("# Changelog\n\n## [Unreleased]\n\n## [0.1.0]\n- x\n", "says nothing"),
    ],
)
def test_a_changelog_is_refused(text: str, said: str) -> None:
    (fault,) = changelog_faults(text)
    assert said in fault


def test_a_long_document_is_refused() -> None:
    (fault,) = length_fault("ARCHITECTURE.md", "\n" * 81, 80)
    assert "81 lines, at most 80" in fault


@pytest.mark.parametrize(
    ("guide", "said"),
    [
        ("build-on-the-runtime", "1200 MHz"),
        pytest.param("patients-and-alarms", "no beat for 4.0 s", marks=pytest.mark.slow),
    ],
)
def test_the_code_of_a_guide_runs(checkout: Path, tmp_path: Path, guide: str, said: str) -> None:
    text = (checkout / f"docs/guides/{guide}.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == text.count("```python")
    program = tmp_path / "guide.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
