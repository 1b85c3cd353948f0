"""What others tested counts by what their document is said to report, whatever it is called."""

from pathlib import Path

import pytest
import source_lab as lab

from edgeward_harness.pack.audit.rules import audit
from edgeward_harness.pack.audit.ruling import Outcome
from edgeward_harness.pack.documents import doc11_security
from edgeward_harness.pack.model import Missing
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import load_submission
from edgeward_harness.pack.words import Work

ELSEWHERE = [one for one in Work if one is not Work.UNIT_TESTS]


@pytest.fixture
def full(tmp_path: Path) -> PackSource:
    return lab.full(tmp_path)


def owed(source: PackSource) -> list[Work]:
    """What document 11 asks others for, by the word that would answer it."""
    found = [one for one in doc11_security.build(source).blocks if isinstance(one, Missing)]
    return [word for word in Work for one in found if f'reports = ["{word}"]' in one.remedy]


def units(source: PackSource) -> Outcome:
    return next(one.outcome for one in audit(source, ()) if one.number == 19)


def test_nothing_was_given_and_all_of_it_is_owed(full: PackSource) -> None:
    assert owed(full) == ELSEWHERE


@pytest.mark.parametrize("work", ELSEWHERE)
def test_a_report_answers_for_what_it_reports(full: PackSource, work: Work) -> None:
    report = lab.supplied("SEC-1", "11", "Bericht 4711", reports=(work,))
    assert owed(lab.with_said(full, supplied=(report,))) == [
        one for one in ELSEWHERE if one != work
    ]


def test_one_report_may_answer_for_several_and_lie_elsewhere(full: PackSource) -> None:
    report = lab.supplied("SEC-1", "05", "Of the laboratory", reports=tuple(ELSEWHERE))
    assert owed(lab.with_said(full, supplied=(report,))) == []


def test_a_title_answers_for_nothing(full: PackSource) -> None:
    titles = "Static analysis, scan, fuzzing, penetration and analysis of unit tests"
    named = (lab.supplied("A", "11", titles), lab.supplied("B", "06", titles))
    source = lab.with_said(full, supplied=named)
    assert owed(source) == ELSEWHERE
    assert units(source) is Outcome.NO_DATA


def test_records_of_units_are_known_by_what_they_report(full: PackSource) -> None:
    records = lab.supplied("B", "06", "Bericht 4712", reports=(Work.UNIT_TESTS,))
    assert units(lab.with_said(full, supplied=(records,))) is Outcome.HOLDS


def test_the_example_says_what_its_records_report() -> None:
    example = Path(__file__).parents[3] / "examples/submission.toml"
    (found,) = load_submission(example).reporting(Work.UNIT_TESTS)
    assert found.id == "UNIT-1"
