"""An alarm is right, late, false or lingering by what the script says."""

from dataclasses import replace

from edgeward.signal.findings import Reason, Sign, Vital
from edgeward.signal.simulation.criteria import Side
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.judge import Raised, judge
from edgeward.signal.simulation.scenarios import SCENARIOS
from edgeward.signal.simulation.truth import truth_of

STANDSTILL = tuple(
    one
    for one in expected_alarms(truth_of(SCENARIOS["asystole"], 1))
    if one.what in set(Sign) - {Sign.NO_PULSE}
)
RIGHT = Raised(Sign.ASYSTOLE, 64.0, 92.0)


def test_an_alarm_in_time_is_right() -> None:
    judged = judge(STANDSTILL, [RIGHT])
    assert (judged.missed, judged.false, judged.lingering) == ((), (), ())
    assert 4.0 < judged.delays_s[0] < 5.0


def test_an_alarm_that_is_late_or_not_there_is_missed() -> None:
    late = judge(STANDSTILL, [replace(RIGHT, begins_s=66.0)])
    assert [one.what for one in late.missed] == [Sign.ASYSTOLE]
    assert late.false == ()  # it is what it says, too late
    assert [one.what for one in judge(STANDSTILL, []).missed] == [Sign.ASYSTOLE]
    other = judge(STANDSTILL, [replace(RIGHT, what=Sign.VENTRICULAR_FIBRILLATION)])
    assert len(other.missed) == len(other.false) == 1


def test_an_alarm_before_its_time_or_long_after_is_false() -> None:
    early, after = Raised(Sign.ASYSTOLE, 30, 34), Raised(Sign.ASYSTOLE, 130, 134)
    assert judge(STANDSTILL, [RIGHT, early, after]).false == (early, after)


def test_an_alarm_that_stood_before_and_still_stands_is_there() -> None:
    standing = replace(RIGHT, begins_s=55.0)
    judged = judge(STANDSTILL, [standing])
    assert judged.missed == ()
    assert judged.delays_s == (0.0,)
    assert judged.false == (standing,)
    over = judge(STANDSTILL, [replace(standing, ends_s=58.0)])
    assert len(over.missed) == 1


def test_one_alarm_may_stand_for_one_thing_after_the_other() -> None:
    """Fibrillation seen in the run before it already, and rightly told until it ends."""
    expected = expected_alarms(truth_of(SCENARIOS["tachycardia_to_fibrillation"], 1))
    judged = judge(expected, [Raised(Sign.VENTRICULAR_FIBRILLATION, 65.0, 105.0)])
    assert judged.false == judged.lingering == ()
    assert Sign.VENTRICULAR_FIBRILLATION not in {one.what for one in judged.missed}


def test_an_alarm_that_never_ends_lingers() -> None:
    assert judge(STANDSTILL, [Raised(Sign.ASYSTOLE, 64.0)]).lingering
    assert not judge(STANDSTILL, [replace(RIGHT, ends_s=105.0)]).lingering


def test_a_limit_has_its_side() -> None:
    expected = expected_alarms(truth_of(SCENARIOS["desaturation_fast"], 1))
    low = Raised(Vital.SPO2, 90.0, 125.0, Side.LOW)
    assert judge(expected, [low]).missed == ()
    assert len(judge(expected, [replace(low, side=Side.HIGH)]).missed) == 1


def test_what_is_wrong_with_a_channel_is_told_by_one_of_its_reasons() -> None:
    expected = expected_alarms(truth_of(SCENARIOS["ecg_rail"], 1))
    for reason in (Reason.LEAD_OFF, Reason.FLAT, Reason.CLIPPING):
        assert judge(expected, [Raised(reason, 65.0, 121.0, channel="ecg")]).missed == ()
    assert len(judge(expected, [Raised(Reason.NOISE, 65.0, 121.0, channel="ecg")]).missed) == 1
    assert len(judge(expected, [Raised(Reason.FLAT, 65.0, 121.0, channel="ppg")]).false) == 1
