"""The alarms that a script must lead to follow from the script, under limits and delays given."""

from dataclasses import replace
from math import inf

import pytest

from edgeward.signal.findings import Reason, Sign, Vital
from edgeward.signal.simulation.body_steps import Apnea, Breathing, Motion, Movement, Saturation
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.criteria import Criteria, Expected, Limit, Side
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.generate import CHANNELS
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    AtrialFibrillation,
    Ectopy,
    HeartStep,
    Pause,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Script
from edgeward.signal.simulation.truth import truth_of

REST = Sinus(60, 80)


def after_a_minute(*steps: HeartStep, faults: tuple[Fault, ...] = ()) -> Script:
    return Script((REST, *steps, REST), faults=faults)


def expected(script: Script, criteria: Criteria | None = None) -> tuple[Expected, ...]:
    return expected_alarms(truth_of(script, 3), criteria)


def required(script: Script, criteria: Criteria | None = None) -> dict[str, Expected]:
    return {str(one.what): one for one in expected(script, criteria) if one.required}


def the(what: Sign | Vital, script: Script, criteria: Criteria | None = None) -> Expected:
    (one,) = (one for one in expected(script, criteria) if one.what is what and one.required)
    return one


QUIET = {
    "rest": Script((Sinus(600),)),
    "near_the_limits": Script((Sinus(100, 56), Sinus(300, 56, 113))),
    "bigeminy": after_a_minute(Ectopy(60, 80)),
    "a_run_of_three": after_a_minute(VentricularTachycardia.run(3, 170)),
    "irregular": after_a_minute(AtrialFibrillation(200, 80, 0.15)),
    "a_short_pause": after_a_minute(Pause(2.0)),
    "a_short_dip": Script(
        (Sinus(200),), saturation=(Saturation(60), Saturation(10, 80), Saturation(130))
    ),
    "a_held_breath": Script((Sinus(120),), breath=(Breathing(60), Apnea(12), Breathing(48))),
    "a_jump": Script((Sinus(60),), motion=(Motion(20), Motion(20, Movement.JUMP))),
}


@pytest.mark.parametrize("name", QUIET)
def test_what_is_no_event_requires_no_alarm(name: str) -> None:
    assert required(QUIET[name]) == {}


def test_rest_accounts_for_no_alarm_at_all() -> None:
    assert expected(QUIET["rest"]) == ()


def test_a_standstill_is_raised_four_seconds_after_the_last_beat_and_one_to_work() -> None:
    script = after_a_minute(Asystole(30))
    last_s = float(truth_of(script, 3).beats_s[truth_of(script, 3).beats_s < 60][-1])
    one = the(Sign.ASYSTOLE, script)
    assert one.begins_s == last_s
    assert one.raise_by_s == pytest.approx(last_s + 5.0)
    assert one.earliest_s == pytest.approx(last_s + 3.6)
    assert 90 < one.ends_s < 91
    assert one.gone_by_s == one.ends_s + 20
    longer = the(Sign.ASYSTOLE, script, Criteria(asystole_s=8.0))
    assert longer.raise_by_s == pytest.approx(last_s + 9.0)
    assert set(required(script)) == {"asystole", "no_pulse"}


@pytest.mark.parametrize(("seconds", "sign"), [(3.35, "pause"), (3.5, "pause"), (6.0, "asystole")])
def test_a_pause_becomes_a_standstill(seconds: float, sign: str) -> None:
    assert set(required(after_a_minute(Pause(seconds)))) == {sign}


def test_what_is_near_the_limit_may_be_raised_or_not() -> None:
    near = [one for one in expected(after_a_minute(Pause(4.1))) if one.what is Sign.ASYSTOLE]
    assert [one.required for one in near] == [False]


@pytest.mark.parametrize("step", [VentricularFibrillation(30), VentricularFlutter(30)])
def test_fibrillation_and_flutter_are_one_sign(step: HeartStep) -> None:
    one = the(Sign.VENTRICULAR_FIBRILLATION, after_a_minute(step))
    assert (one.begins_s, one.ends_s, one.earliest_s, one.raise_by_s) == (60, 90, 60, 67)
    both = after_a_minute(VentricularFlutter(10), VentricularFibrillation(10))
    assert the(Sign.VENTRICULAR_FIBRILLATION, both).ends_s == 80


def test_fibrillation_may_be_taken_for_what_looks_like_it() -> None:
    found = {
        one.what: one.required for one in expected(after_a_minute(VentricularFibrillation(30)))
    }
    assert found[Sign.ASYSTOLE] is False
    assert found[Sign.VENTRICULAR_TACHYCARDIA] is False
    assert found[Vital.HEART_RATE] is False
    assert Sign.FALL not in found


def test_a_run_is_raised_after_its_fifth_beat() -> None:
    script = after_a_minute(VentricularTachycardia(30, 180))
    truth = truth_of(script, 3)
    own = truth.beats_s[truth.classes == "V"]
    one = the(Sign.VENTRICULAR_TACHYCARDIA, script)
    assert one.begins_s == own[0]
    assert one.ends_s == own[-1]
    assert one.raise_by_s == pytest.approx(own[4] + 3.0)
    assert "ventricular_tachycardia" in required(after_a_minute(VentricularTachycardia.run(5, 180)))
    slow = after_a_minute(VentricularTachycardia(30, 85))
    assert "ventricular_tachycardia" not in {str(one.what) for one in expected(slow)}


@pytest.mark.parametrize(("bpm", "side"), [(140, Side.HIGH), (40, Side.LOW)])
def test_a_step_of_rate_is_raised_ten_seconds_after_it(bpm: float, side: Side) -> None:
    one = the(Vital.HEART_RATE, after_a_minute(Sinus(60, bpm)))
    assert one.side is side
    assert one.begins_s == pytest.approx(60, abs=2.1)
    assert one.raise_by_s == one.begins_s + 10
    assert one.gone_by_s > 120


def test_an_extreme_rate_is_a_sign_besides() -> None:
    assert set(required(after_a_minute(Sinus(60, 200)))) == {"heart_rate", "extreme_tachycardia"}
    assert set(required(after_a_minute(Sinus(60, 25)))) == {"heart_rate", "extreme_bradycardia"}


def test_what_lasts_to_the_end_is_never_to_be_gone() -> None:
    one = the(Vital.HEART_RATE, Script((REST, Sinus(60, 40))))
    assert one.gone_by_s == inf
    assert the(Vital.HEART_RATE, after_a_minute(Sinus(60, 40))).gone_by_s < inf


def test_light_without_a_pulse_may_be_taken_for_a_bad_signal() -> None:
    found = [one for one in expected(after_a_minute(Asystole(30))) if one.channel == "ppg"]
    assert [(one.required, Reason.WEAK in one.reasons) for one in found] == [(False, True)]


def test_limits_are_the_caller_s() -> None:
    script = after_a_minute(Sinus(60, 110))
    assert required(script) == {}
    strict = Criteria(limits=(Limit(Vital.HEART_RATE, Side.HIGH, 100, 5, delay_s=6),))
    one = required(script, strict)["heart_rate"]
    assert one.raise_by_s == one.begins_s + 6
    with pytest.raises(ScriptError, match=r"asystole_s: found 0"):
        Criteria(asystole_s=0)


def test_oxygen_is_raised_from_when_it_passes_the_limit() -> None:
    saturation = (Saturation(20), Saturation.slope(98, 80, 0.5), Saturation(100, 80))
    one = the(Vital.SPO2, Script((Sinus(200),), saturation=saturation))
    assert one.begins_s == pytest.approx(20 + 13 / 0.5, abs=1.1)
    assert one.raise_by_s == one.begins_s + 30


def test_no_breath_no_pulse_and_a_fall() -> None:
    script = Script((Sinus(120),), breath=(Breathing(40), Apnea(60), Breathing(20)))
    breaths = truth_of(script, 3).breaths_s
    last_s = float(breaths[breaths < 40][-1])
    assert the(Sign.APNEA, script).raise_by_s == pytest.approx(last_s + 23)
    dead = Script((REST, Sinus(60, 80, pulse=0.0)))
    assert set(required(dead)) == {"no_pulse"}
    fall = the(Sign.FALL, Script((Sinus(60),), motion=(Motion(20), Motion(20, Movement.FALL))))
    assert fall.begins_s == pytest.approx(20.6)
    assert fall.earliest_s == pytest.approx(20.9)
    assert fall.raise_by_s == pytest.approx(30.9)
    assert fall.gone_by_s == inf


def test_a_fault_is_raised_as_one_of_its_reasons() -> None:
    fault = Fault(FaultKind.RAIL, "ecg", 60, 30)
    (one,) = expected(Script((Sinus(120),), faults=(fault,)))
    assert one.what is FaultKind.RAIL
    assert one.channel == "ecg"
    assert one.reasons == fault.reasons
    assert (one.begins_s, one.raise_by_s, one.gone_by_s) == (60, 70, 110)
    (short,) = expected(Script((Sinus(120),), faults=(replace(fault, seconds=5.0),)))
    assert not short.required


def test_what_a_fault_hides_is_asked_for_once_it_can_be_seen() -> None:
    hidden = Fault(FaultKind.FLAT, "ecg", 55, 15)
    late = the(Sign.ASYSTOLE, after_a_minute(Asystole(60), faults=(hidden,)))
    assert late.raise_by_s == 70 + 10 + 5
    never = after_a_minute(Asystole(20), faults=(hidden,))
    assert "asystole" not in required(never)
    assert "no_pulse" in required(never)  # seen in another channel
    other = after_a_minute(Asystole(20), faults=(replace(hidden, channel="ppg"),))
    assert "asystole" in required(other)
    faint = after_a_minute(Asystole(20), faults=(Fault(FaultKind.MOTION, "ecg", 55, 15, 12.0),))
    assert "asystole" in required(faint)


def test_another_lead_sees_what_a_fault_hides_in_one() -> None:
    hidden = Fault(FaultKind.FLAT, "ecg", 55, 15)
    truth = truth_of(after_a_minute(Asystole(20), faults=(hidden,)), 3)
    leads = (CHANNELS[0], replace(CHANNELS[0], name="v5"))
    found = {one.what for one in expected_alarms(truth, channels=leads) if one.required}
    assert found == {Sign.ASYSTOLE, FaultKind.FLAT}  # and no pulse: there is no light


def test_nothing_is_asked_for_while_learning() -> None:
    one = the(Vital.HEART_RATE, Script((Sinus(60, 160),)))
    assert one.raise_by_s == 10 + 10
    assert required(Script((Asystole(8), Sinus(60)))) == {}


def test_a_heart_that_stays_slow_makes_one_pause_at_most() -> None:
    script = after_a_minute(Sinus(60, 19, variability=0))
    pauses = [one for one in expected(script) if one.what is Sign.PAUSE]
    assert len(pauses) > 10  # each interval is long enough to be told as one
    assert sum(one.required for one in pauses) <= 1
