"""The class of each beat, as the device tells it: the released model's, and worth the float one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from edgeward_harness.measure.judge import judge_check
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.measure.retention import Pairs, judge_retention
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel
from edgeward_harness.run.measure import Measure

from .agreement import in_words as agreement
from .beat_answers import BeatTrial, Heard, beat_trial, late, otherwise, simulated_leads, tried
from .beat_figures import CLASSES, Judged, by_group, in_words, judged, merged, table
from .leads import Lead
from .recording import count

DROPPED_MOST: Final = 0.01
"""Beats that nothing is wrong with, and that get no answer."""
BEATS: Final = "beats"
ROUNDS: Final = 2
"""Of early beats, in each patient of whom a part does not come."""
LOST_S: Final = ((18, 22), (46, 58))
"""Seconds in which nothing comes: a few beats, and so long that everything is learned anew."""
TORN_S: Final = ((29.0, 29.2), (33.5, 33.9), (39.0, 40.5))
"""Seconds whose samples come and are no numbers: less than a beat, and more."""


@pytest.mark.case("TC-ACC-040")
def test_beats_released(measure: Measure, rig: Rig) -> None:
    """Each beat is told once, with the class and probability that the released model gives it.

    Method: simulated patients with early beats from above and from below are sent to the device,
    who tells each beat. The bench finds the beats of the same samples, cut otherwise, and runs the
    released file on them. No beat may be told that is not there, left out, told twice, or with
    another class; a model in whole numbers must give the same bits, one in float within 1e-5. A
    class must be told within 2.5 s of its beat and the block after that, by the clock of the bench.
    The digest that the device tells must be that of the released file.
    """
    trial = beat_trial(rig, "TC-ACC-040")
    rests_on(measure, trial)
    record_contract(measure, rig, trial)


def record_contract(measure: Measure, rig: Rig, trial: BeatTrial) -> None:
    """Whether the device tells what the released model says, of each beat, and in time."""
    beats = sum(len(one.released) for one in trial.heard)
    faults = [fault for one in trial.heard for fault in otherwise(one, trial.released)]
    expected = f"as the released model says, {agreement(trial.released)}"
    count(measure, "beats_told_otherwise", faults, beats, expected)
    slow = [fault for one in trial.heard for fault in late(one)]
    told = sum(len(one.device) for one in trial.heard)
    count(measure, "beats_told_late", slow, told, "a class 2.5 s after its beat, and a block")
    named = _digests(rig)
    measure.record(
        "model_of_beats_told",
        judge_check(
            holds=trial.released.sha256 in named,
            expected=trial.released.sha256,
            observed=", ".join(sorted(named)) or "none",
            n=1,
        ),
    )


def _digests(rig: Rig) -> set[str]:
    """Of the models that the device describes."""
    described: Any = (rig.device_context or {}).get("device", {}).get("models")
    listed = described if isinstance(described, list) else []
    return {str(one["sha256"]) for one in listed if isinstance(one, dict) and "sha256" in one}


@pytest.mark.case("TC-ACC-041")
def test_beats_retained(measure: Measure, rig: Rig) -> None:
    """Of no class of beats does the device lose more against the float model than the margin.

    Method: the same beats, held against the script of each patient: pairs within 150 ms, the time
    of learning left out. For normal, early and ventricular beats each, the paired loss of those
    found and the paired gain of others taken for them, with patients resampled, are held against
    the margin of the profile. A beat without an answer is a wrong one; the share of these is held
    against 1 %, and how right the device is without them and in the worst case is told. Sensitivity
    and predictivity after EC57 stand beside it.
    """
    trial = beat_trial(rig, "TC-ACC-041")
    rests_on(measure, trial)
    margin, note = rig.profile.accuracy.retention_margin, "; ".join(in_words(table(trial.heard)))
    marks = [judged(one) for one in trial.heard]
    for kind in CLASSES:
        lost = merged([one.lost(kind) for one in marks])
        told = judge_retention(lost, margin, note, BEATS)
        told = replace(told, groups=by_group(trial.heard, kind))
        measure.record(f"loss_of_{kind.value}", told)
        made_up = merged([one.made_up(kind) for one in marks])
        measure.record(f"taken_for_{kind.value}", judge_retention(made_up, margin, of=BEATS))
    _record_dropped(measure, marks)


def _record_dropped(measure: Measure, marks: Sequence[Judged]) -> None:
    """Of the marked beats that count, those without an answer, and the worst case."""
    pairs = merged([one.dropped() for one in marks])
    right = sum(int((one.device == one.marks).sum()) for one in marks)
    answered = sum(int((one.device != "").sum()) for one in marks)
    every = sum(one.windows for one in pairs)
    told = judge_retention(pairs, DROPPED_MOST, of=BEATS)
    of_told, worst = (100 * right / one if one else 0.0 for one in (answered, every))
    note = f"right of those answered {of_told:.2f} %, in the worst case of all {worst:.2f} %"
    measure.record("dropped", replace(told, note=f"{told.note}; {note}"))


@pytest.mark.case("TC-ACC-042")
def test_beats_unanswered(measure: Measure, rig: Rig) -> None:
    """Where nothing came there is no beat, and none that was torn is called normal.

    Method: of simulated patients seconds are not sent, and samples are sent that are no numbers,
    for less than a beat and for so long that all is learned anew. No beat may lie in them. A beat
    for which the released model has nothing to go by must be told as one without an answer; all
    others as that model says at the bench.
    """
    whole = simulated_leads(rig, rig.samples("TC-ACC-042"), ROUNDS)
    trial = tried(rig, [_torn(one) for one in whole])
    rests_on(measure, trial)
    inside = [fault for one in trial.heard for fault in _in_nothing(one)]
    stretches = len(trial.heard) * (len(LOST_S) + len(TORN_S))
    count(measure, "beats_where_nothing_came", inside, stretches, "no beat in what did not come")
    blind = [fault for one in trial.heard for fault in _made_up(one)]
    unknown = sum(due.label is None for one in trial.heard for due in one.released)
    count(measure, "answers_made_up", blind, unknown, "no answer where the model has none")
    faults = [fault for one in trial.heard for fault in otherwise(one, trial.released)]
    beats = sum(len(one.released) for one in trial.heard)
    count(measure, "beats_told_otherwise", faults, beats, "as the released model says")


def _torn(lead: Lead) -> Lead:
    rate_hz = lead.channel.rate_hz
    samples = lead.samples.copy()
    for first_s, end_s in (*LOST_S, *TORN_S):
        samples[round(first_s * rate_hz) : round(end_s * rate_hz)] = np.nan
    return replace(lead, samples=samples)


def _in_nothing(heard: Heard) -> list[str]:
    samples, rate_hz = heard.lead.samples, heard.lead.channel.rate_hz
    return [
        f"{heard.lead.patient}, {one.sample / rate_hz:.2f} s: {one.label}"
        for one in heard.device
        if one.sample >= len(samples) or np.isnan(samples[one.sample])
    ]


def _made_up(heard: Heard) -> list[str]:
    """Beats with an answer where the bench has none."""
    told = {one.sample: one for one in heard.device}
    blind = [one.sample for one in heard.released if one.label is None]
    rate_hz = heard.lead.channel.rate_hz
    return [
        f"{heard.lead.patient}, {at / rate_hz:.2f} s: {told[at].label} told"
        for at in blind
        if at in told and told[at].answered
    ]


def rests_on(measure: Measure, trial: BeatTrial) -> None:
    """Say that the patients are simulated, and whose models these are."""
    measure.rests_on(SIMULATED)
    tell_models(measure, trial, [judged(one).lost(kind) for one in trial.heard for kind in CLASSES])


def tell_models(measure: Measure, trial: BeatTrial, pairs: Sequence[Pairs]) -> None:
    """Put beside the record which models were held against each other, on how many beats."""
    measure.attach_json(
        "evaluation",
        {
            "models": {one.path.name: _told(one) for one in (trial.released, trial.reference)},
            "beats": sum(one.windows for one in pairs),
            "patients": len({one.name for one in pairs}),
        },
    )


def _told(model: BenchModel) -> dict[str, str]:
    return {"sha256": model.sha256, "name": model.card.name, "version": model.card.version}
