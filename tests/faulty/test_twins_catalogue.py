"""Every seeded defect turns the case red that was made for it, and for its own reason.

This is how the verifier is verified: a suite that cannot tell these devices apart is worth nothing.
What is seeded, and what must be seen, stands in `devices/catalogue`; `edgeward qualify` judges the
same on a user's machine, and the generated defects besides.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgeward_harness import resources
from edgeward_harness.evidence.keys import run_key
from edgeward_harness.evidence.verification import Expectation
from edgeward_harness.qualify.campaign import Run, plan
from edgeward_harness.qualify.catalogue import load_catalogue
from edgeward_harness.qualify.defect import Kind
from edgeward_harness.qualify.trial import Bed, marked_tests, try_defects
from edgeward_harness.qualify.verdict import Outcome

pytestmark = pytest.mark.slow

CATALOGUE = load_catalogue()
HERE = (Kind.TWIN, Kind.MADE)
"""What is generated is judged by `edgeward qualify`; of it, one of each kind here."""
SAMPLED = ("wire:halve:resources.rss_bytes.value", "limit:budget.model_size_mb")
ELSEWHERE = ("beats_off_by_one.recorded",)
"""It needs recordings of patients whom no model knows: `test_twins_recorded_beats` makes some."""
RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"


def runs() -> Iterator[Any]:
    """Defects that share a run of a suite share a test."""
    chosen = [
        one
        for one in CATALOGUE.defects
        if one.id in SAMPLED or (one.kind in HERE and one.id not in ELSEWHERE)
    ]
    whole = plan(chosen)
    for run in (*whole.together, *whole.alone):
        marks = [pytest.mark.alone] if run[0].alone else []
        yield pytest.param(run, marks=marks, id=" ".join(one.id for one in run))


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bed:
    """Where a defect is judged."""
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    suites = resources.suites()
    recordings = RECORDINGS if RECORDINGS.is_dir() else None
    return Bed(
        seeded=CATALOGUE.folder,
        suites=suites,
        tests=marked_tests(suites),
        folder=tmp_path / "runs",
        recordings=recordings,
        trusted=[run_key().public],
        expected=Expectation(),
    )


@pytest.mark.parametrize("run", list(runs()))
def test_what_is_seeded_is_found(run: Run, bed: Bed) -> None:
    trial = try_defects(run, bed)
    for defect in run:
        told = trial.told[defect.id]
        if told.outcome is Outcome.OUT_OF_REACH:
            pytest.skip(told.reason)
        may_be_open = defect.alone and defect.suite == "resources"
        allowed = (Outcome.CAUGHT, Outcome.UNDECIDED) if may_be_open else (Outcome.CAUGHT,)
        assert told.outcome in allowed, f"{defect.id}: {told.outcome}: {told.reason}"
