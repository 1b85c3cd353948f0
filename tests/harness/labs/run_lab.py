"""Suites of their own, run by a real pytest in a folder of their own, and what they left."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle, open_bundle
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing

HEAD = "import pytest\nfrom edgeward_harness.errors import CannotJudge, Finding, HarnessError\n"
CASE = "@pytest.mark.case('TC-SYN-001')\n"
TEST = "def test_one(measure):\n"
GOOD = "    measure.check('it_holds', True, expected='1', observed=1)\n"


@dataclass
class Run:
    """A finished run: its exit status, output and, if there is one, its bundle."""

    status: int
    output: str
    out: Path

    @property
    def bundle(self) -> Bundle:
        return open_bundle(self.out)

    @property
    def assessment(self) -> Assessment:
        return assess(self.bundle)

    def state(self, item: str = "TC-SYN-001") -> State:
        return self.assessment.items[item].state

    def standing(self, requirement: str = "REQ-SYN-001") -> Standing:
        return self.assessment.requirements[requirement].standing


def lay_out(folder: Path, body: str, cases: int = 1) -> Path:
    """A suite of `cases` planned cases, one requirement each, around the given test code."""
    suite = folder / "suites" / "synthetic"
    suite.mkdir(parents=True)
    requirements = "".join(
        f"""
[[requirement]]
id = "REQ-SYN-{n:03d}"
title = "Requirement {n}"
text = "The device shall do the thing {n}."
rationale = "So that the tests have something to verify."
kind = "functional"
safety_class = "A"
criterion = "the check holds"
risks = []
stage = "release"
"""
        for n in range(1, cases + 1)
    )
    planned = "".join(
        f"""
[[case]]
id = "TC-SYN-{n:03d}"
title = "Case {n}"
requirements = ["REQ-SYN-{n:03d}"]
method = "functional_test"
stage = "release"
rationale = "None but the test."
"""
        for n in range(1, cases + 1)
    )
    (folder / "suites" / "requirements.toml").write_text(requirements, encoding="utf-8")
    (folder / "suites" / "hazards.toml").write_text("", encoding="utf-8")
    (folder / "suites" / "deviations.toml").write_text("", encoding="utf-8")
    (folder / "suites" / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    head = '[suite]\ntitle = "Synthetic"\ngoal = "Provoke every state"\ntopic = "SYN"\n'
    (suite / "testplan.toml").write_text(head + planned, encoding="utf-8")
    (suite / "test_synthetic.py").write_text(HEAD + body, encoding="utf-8")
    return folder / "suites"


def command(folder: Path, extra: Sequence[str] = ()) -> list[str]:
    return [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(folder),
        f"--rootdir={folder}", f"--config-file={folder / 'pytest.ini'}",
        "--import-mode=importlib", "--edgeward-profile=bedside_monitor",
        f"--edgeward-suites={folder}", f"--edgeward-out={folder.parent / 'out'}",
        "--edgeward-formats=none", *extra,
    ]  # fmt: skip


def start(folder: Path, body: str, *extra: str, cases: int = 1, limits: Sequence[str] = ()) -> Run:
    """Run a suite with this test code; `limits` are words before the command that hold it."""
    return run(lay_out(folder, body, cases), *extra, limits=limits)


def run(suite: Path, *extra: str, limits: Sequence[str] = ()) -> Run:
    """Run a suite that is laid out already."""
    folder = suite.parent
    done = subprocess.run(
        [*limits, *command(suite, extra)],
        cwd=folder,
        env={**os.environ, "EDGEWARD_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, folder / "out")
