"""What must not come: none is a pass with a bound, one is a failure, no time is no verdict."""

import pytest

from edgeward_harness.measure.judge import Verdict
from edgeward_harness.measure.rates import judge_none_per_hour


def test_none_in_three_hours_bounds_the_rate_by_one_an_hour() -> None:
    judged = judge_none_per_hour(0, 3.0, "simulated patients")
    assert (judged.verdict, judged.observed) == (Verdict.PASSED, 0.0)
    assert judged.bound == pytest.approx(2.9957 / 3.0, rel=1e-4)
    assert judged.note == "0 in 3.000 h; simulated patients"


def test_one_fails_however_long_it_was_watched() -> None:
    judged = judge_none_per_hour(1, 1000.0)
    assert judged.verdict is Verdict.FAILED
    assert judged.observed == pytest.approx(0.001)
    assert judged.bound == pytest.approx(4.7439 / 1000.0, rel=1e-4)


def test_no_time_is_no_verdict() -> None:
    judged = judge_none_per_hour(0, 0.0)
    assert (judged.verdict, judged.bound) == (Verdict.CANNOT_JUDGE, None)
