"""What kills, in recorded patients: alarms of bedside monitors judged again, and fibrillation."""

from collections.abc import Sequence

import pytest

from edgeward_harness.measure.challenge import judge_challenge
from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.measure.rates import judge_rate_per_hour
from edgeward_harness.measure.scoring.episodes import EpisodeScore
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.playing import play
from edgeward_harness.rig.recorded import all_waves, first_lead, rests_on, take
from edgeward_harness.rig.recordings.recording import Recording
from edgeward_harness.run.measure import Measure

from .recorded_scores import LETHAL_KINDS, fibrillation_score, was_kept

SCORE_LEAST = 65.0
EPISODES_LEAST = 80.0
FALSE_PER_HOUR_MOST = 2.0

Kept = tuple[Recording, bool]


@pytest.mark.case("TC-ALM-033")
def test_bedside_alarms(measure: Measure, rig: Rig) -> None:
    """Arrhythmia alarms of bedside monitors are told again where true, and held back where false.

    Method: the recordings of the CinC Challenge 2015 are the last half minute before the alarm of a
    monitor, which reviewers called true or false. All signals are played. The alarm counts as kept
    when, within the last twelve seconds, an alarm was up that calls for the same help. The score is
    that of the challenge, in which a true alarm held back costs five times as much as a false one
    kept; its bound resamples patients.
    """
    taken = take(rig, "TC-ALM-033", "cinc2015")
    kept: list[Kept] = []
    for played in play(rig, taken, all_waves):
        kept.append((played.recording, was_kept(played)))
        rig.progress(len(kept), len(taken))
    rests_on(measure, rig, taken)
    lethal = [one for one in kept if _kind(one[0]) in LETHAL_KINDS and _is_true(one[0])]
    lost = [f"{one.name} ({_kind(one)})" for one, was in lethal if not was]
    told = judge_failures(len(lost), len(lethal), "none is lost", detail="; ".join(lost))
    measure.record("true_standstills_and_fibrillations_lost", told)
    measure.record("alarm_score", judge_challenge(_by_kind(kept), SCORE_LEAST))


def _kind(recording: Recording) -> str:
    return recording.alarm.kind if recording.alarm else ""


def _is_true(recording: Recording) -> bool:
    return recording.alarm is not None and recording.alarm.true


def _by_kind(kept: Sequence[Kept]) -> dict[str, list[tuple[bool, bool]]]:
    kinds = dict.fromkeys(_kind(one) for one, _ in kept)
    return {
        kind: [(_is_true(one), was) for one, was in kept if _kind(one) == kind] for kind in kinds
    }


@pytest.mark.case("TC-ALM-034")
def test_fibrillation(measure: Measure, rig: Rig) -> None:
    """Fibrillation and flutter of recorded patients are told, and little else is called so.

    Method: recordings of ventricular arrhythmias, the first lead. An episode is what people marked
    as ventricular fibrillation or flutter; it is found when an alarm of fibrillation, ventricular
    tachycardia or standstill was up during it or came until five seconds after. An alarm of
    fibrillation is false when it touches nothing marked as one of these, or as noise.
    """
    taken = take(rig, "TC-ALM-034", "vfdb")
    scores: list[tuple[str, EpisodeScore]] = []
    for played in play(rig, taken, first_lead):
        scores.append((played.recording.name, fibrillation_score(played)))
        rig.progress(len(scores), len(taken))
    rests_on(measure, rig, taken)
    found = [Share(name, score.found, score.present) for name, score in scores]
    told = judge_share(found, EPISODES_LEAST, rare=True)
    measure.record("fibrillations_found", told)
    where = "; ".join(f"{name}: {score.false}" for name, score in scores if score.false)
    false = sum(score.false for _, score in scores)
    hours = sum(score.hours for _, score in scores)
    limit = judge_rate_per_hour(false, hours, FALSE_PER_HOUR_MOST, where)
    measure.record("false_fibrillation_alarms", limit)
