"""Beats and rates of recorded patients: what is counted, what is shown, what is told of limits."""

from collections.abc import Sequence

import pytest

from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.measure.rates import judge_rate_per_hour
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.playing import play
from edgeward_harness.rig.recorded import first_lead, rests_on, take
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure

from .recorded_rates import HIGH_RATE, LOW_RATE, RateScore, rate_score
from .recorded_scores import beat_table, found_share, is_paced, right_share

FOUND_LEAST = RIGHT_LEAST = 99.2
RECORD_LEAST = 90.0
EC13_RATES = {"aami3a": 80.0, "aami3b": 60.0}
SETTLED_S = 20
WITHIN = 1.0
EPISODES_LEAST = 90.0
FALSE_PER_HOUR_MOST = 1.0
RATES_SHOWN_LEAST = 95.0
SHOWN = 5


@pytest.mark.case("TC-ALM-030")
def test_irregular_waves(measure: Measure, rig: Rig) -> None:
    """The rate shown of irregular test waves is the mean rate of their ventricles.

    Method: the waves 3a and 3b of ANSI/AAMI EC13 are played from their files. From the twentieth
    second on, the number shown at the end of each second is held against 80 and 60 a minute, within
    1; no number counts as a wrong one.
    """
    waves = [one for one in rig.recordings.read("aami_ec13") if one.name in EC13_RATES]
    wrong: list[str] = []
    shown = 0
    for played in play(rig, waves, first_lead):
        wanted = EC13_RATES[played.recording.name]
        rates = played.readings("heart_rate")[SETTLED_S:]
        off = [rate for rate in rates if rate is None or abs(rate - wanted) > WITHIN]
        wrong += [f"{played.recording.name}: {rate}, wanted {wanted:g}" for rate in off]
        shown += len(rates)
    rests_on(measure, rig, waves)
    told = judge_failures(
        len(wrong), shown, "each second within 1 a minute", detail="; ".join(wrong[:3])
    )
    measure.record("irregular_rates_wrong", told)


@pytest.mark.case("TC-ALM-031")
def test_beats(measure: Measure, rig: Rig) -> None:
    """Beats of recorded patients are found, and what is told as a beat is one.

    Method: beat by beat after ANSI/AAMI EC57 on the first lead, as a stream: pairs within 150 ms,
    the first five minutes and stretches in which nobody marked beats left out, records with a
    pacemaker left out. Both shares are over all beats; the bounds resample patients.
    """
    taken = [one for one in take(rig, "TC-ALM-031", "mitdb") if not is_paced(one)]
    played = play(rig, taken, first_lead, beats=True, done=lambda n: rig.progress(n, len(taken)))
    tables = {one.recording.name: (one.recording.patient, beat_table(one)) for one in played}
    rests_on(measure, rig, taken)
    found = [found_share(name, table) for name, (_, table) in tables.items()]
    right = [right_share(name, table) for name, (_, table) in tables.items()]
    measure.record("beats_found", judge_share(found, FOUND_LEAST))
    measure.record("told_beats_right", judge_share(right, RIGHT_LEAST))
    poor = [one.name for one in found if one.value is not None and 100 * one.value < RECORD_LEAST]
    told = judge_failures(
        len(poor), len(found), f"{RECORD_LEAST:g} % found in each", detail="; ".join(poor)
    )
    measure.record("recordings_with_few_beats_found", told)


@pytest.mark.case("TC-ALM-032")
def test_rate_limits(measure: Measure, rig: Rig) -> None:
    """A rate beyond a limit is told, one within is not, and there nearly always is a rate.

    Method: limits of 50 and 120 a minute are set for every patient. The truth is the mean interval
    of the marked beats of the last ten seconds; an episode is three seconds beyond a limit. It is
    missed when it went 5 a minute or more beyond, and until eleven seconds after its end no alarm
    was up that calls for it, be it one of something worse, nor a technical one that the lead cannot
    be read. An alarm of the heart rate is false when, from eleven seconds before it to its end, the
    marked rate came not even within 5 a minute of the limit. The notes count both without these
    allowances. From the thirtieth second on, a number must be shown in most seconds. Nothing is
    judged where nobody marked beats.
    """
    taken = take(rig, "TC-ALM-032", "mitdb")
    scores: list[RateScore] = []
    for played in play(rig, taken, first_lead, prepare=_set_limits):
        scores.append(rate_score(played))
        rig.progress(len(scores), len(taken))
    rests_on(measure, rig, taken)
    _record_limits(measure, scores)


def _set_limits(ward: Ward, bed: Bed) -> None:
    limits = {"low_warning": LOW_RATE, "high_warning": HIGH_RATE, "by": "bench"}
    asked = {"patient": bed.patient, "vital": "heart_rate", "unit": "/min", **limits}
    ward.device.call("alarm.limits", asked)


def _record_limits(measure: Measure, scores: Sequence[RateScore]) -> None:
    found = [Share(one.name, one.present - len(one.missed), one.present) for one in scores]
    silent = sum(one.strictly_missed for one in scores)
    missed = [episode for one in scores for episode in one.missed]
    detail = "; ".join([f"{silent} without an alarm that calls for it", *missed[:SHOWN]])
    measure.record("rate_episodes_found", judge_share(found, EPISODES_LEAST, detail, rare=True))
    false = [alarm for one in scores for alarm in one.false]
    strictly = sum(one.strictly_false for one in scores)
    detail = "; ".join([f"{strictly} without the allowance of 5 a minute", *false[:SHOWN]])
    hours = sum(one.hours for one in scores)
    told = judge_rate_per_hour(len(false), hours, FALSE_PER_HOUR_MOST, detail)
    measure.record("false_rate_alarms", told)
    measure.record("rates_shown", judge_share([one.shown for one in scores], RATES_SHOWN_LEAST))
