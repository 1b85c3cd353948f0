"""What a case records, and whose signals it says that it rests on."""

import pytest

from edgeward_harness.errors import Finding, HarnessError
from edgeward_harness.measure.judge import judge_check
from edgeward_harness.measure.origin import SIMULATED, recorded
from edgeward_harness.run.measure import Measure

RECORDED = recorded({"mitdb": {"100.dat": "aa"}})


def measuring() -> Measure:
    return Measure(["REQ-ALM-001"], lambda data: "0" * 64)


def test_what_a_case_rests_on_holds_for_all_it_records_before_and_after() -> None:
    measure = measuring()
    measure.record("before", judge_check(holds=True, expected="one", observed="one"))
    measure.rests_on(SIMULATED)
    with pytest.raises(Finding):
        measure.check("after", False, expected="one", observed="none")
    assert [(one.name, one.origin) for one in measure.taken] == [
        ("before", SIMULATED),
        ("after", SIMULATED),
    ]


def test_a_case_that_says_nothing_rests_on_no_patients() -> None:
    measure = measuring()
    measure.check("bytes", True, expected="few", observed="few")
    assert measure.taken[0].origin is None


def test_a_case_cannot_rest_on_two_kinds_of_patients() -> None:
    measure = measuring()
    measure.rests_on(RECORDED)
    measure.rests_on(RECORDED)
    with pytest.raises(HarnessError, match=r"rests on .*recorded.* and now on .*simulated"):
        measure.rests_on(SIMULATED)
