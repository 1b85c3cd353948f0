"""The oracle of the alarm suite tells another occurrence from an alarm whose id changes."""

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LIMITS = {"high": 96.0}


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def shown(id_: str, presence: str = "on") -> dict[str, object]:
    return {"id": id_, "presence": presence, "priority": "high", "undecided": False}


def life(*values: float) -> Any:
    """A life up to the last of these values, one each second, acknowledged in the first."""
    from suites.alarms.oracle import Life, Told, Truth

    told = Told(
        "spo2_high", "spo2", {"high": "high"}, delay_s=0.0, clear_s=2.0, acknowledge_s=120.0,
        latching="by_priority", lethal=False, may_switch_off=True,
    )  # fmt: skip
    one = Life(Truth(told, 1.0))
    for second, value in enumerate(values):
        one.truth.sees(value, LIMITS, float(second))
        if second == 0:
            assert one.judge(shown("1"), 0.0) == []
            one.acknowledged(0.0)
    return one


def test_what_was_over_as_the_next_one_began_is_another_occurrence() -> None:
    assert life(99.0, 91.0, 91.0, 99.0).judge(shown("2"), 3.0) == []


@pytest.mark.parametrize("values", [(99.0, 99.0, 99.0, 99.0), (99.0, 99.0, 91.0, 99.0)])
def test_an_id_that_changes_while_the_condition_holds_is_a_fault(values: tuple[float, ...]) -> None:
    faults = life(*values).judge(shown("2"), 3.0)
    assert "spo2_high: is on before its acknowledgement is over" in faults
    assert "spo2_high: its id changes from 1 to 2" in faults


def test_an_acknowledged_alarm_never_calls_again_by_itself() -> None:
    assert life(99.0, 91.0, 91.0, 99.0).judge(shown("1"), 3.0) != []


@pytest.mark.parametrize(("seconds_milder", "right"), [(1, False), (2, True)])
def test_what_became_milder_as_it_rose_again_is_worse_than_what_was_answered(
    seconds_milder: int, right: bool
) -> None:
    """Milder for the disclosed delay, to the second; any less and the answer still stands."""
    from suites.alarms.oracle import Life, Told, Truth

    limits = {"mild": 38.5, "high": 39.0}
    told = Told(
        "temperature_high", "temperature", {"mild": "low", "high": "medium"}, delay_s=0.0,
        clear_s=2.0, acknowledge_s=120.0, latching="none", lethal=False, may_switch_off=True,
    )  # fmt: skip
    one = Life(Truth(told, 0.1))
    medium = {"id": "1", "presence": "on", "priority": "medium", "undecided": False}
    one.truth.sees(39.1, limits, 0.0)
    assert one.judge(medium, 0.0) == []
    for second in range(1, 1 + seconds_milder):
        one.truth.sees(38.6, limits, float(second))
        assert one.judge({**medium, "presence": one.presence}, float(second)) == []
        one.acknowledged(float(second))
    rises_s = float(1 + seconds_milder)
    one.truth.sees(39.1, limits, rises_s)
    assert (one.judge(medium, rises_s) == []) is right
