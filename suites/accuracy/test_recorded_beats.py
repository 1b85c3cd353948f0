"""The class of each beat of recorded patients whom no model of beats knows, after EC57."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from edgeward.signal.channel import Channel
from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.retention import judge_no_worse
from edgeward_harness.measure.scoring.beats import LEARNING_S
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel, taught_by
from edgeward_harness.rig.recorded import first_lead, rests_on, spread
from edgeward_harness.rig.recordings.recording import Recording
from edgeward_harness.run.measure import Measure

from .beat_answers import tried
from .beat_figures import CLASSES, by_group, in_words, judged, merged, table
from .hearts import REST_S
from .leads import Lead
from .test_beats import BEATS, record_contract, tell_models

COLLECTION: Final = "mitdb"


@pytest.mark.case("TC-ACC-043")
def test_recorded_beats(measure: Measure, rig: Rig) -> None:
    """On recorded patients each beat is the released model's, and no class loses by the margin.

    Method: beat by beat after ANSI/AAMI EC57, on the first lead: pairs within 150 ms, the first
    five minutes left out. Recordings that taught one of the models are left out before anything is
    sent; where no marked beat is left nothing is judged. The device is held against the released
    model at the bench beat by beat, and each class against the float model, patients resampled.
    Sensitivity and predictivity stand beside it; a beat without an answer is a wrong one.
    """
    models = rig.model(Role.BEATS), rig.model(Role.BEATS_REFERENCE)
    known, everything = known_to(*models), list(rig.recordings.read(COLLECTION))
    strangers = [one for one in everything if one.patient not in known]
    taken = spread(rig, "TC-ACC-043", [one for one in strangers if first_lead(one)])
    leads = [lead_of(one) for one in taken]
    refuse_unmarked(leads)
    trial = tried(rig, leads)
    rests_on(measure, rig, taken)
    record_contract(measure, rig, trial)
    margin, marks = rig.profile.accuracy.retention_margin, [judged(one) for one in trial.heard]
    tell_models(measure, trial, [one.lost(kind) for one in marks for kind in CLASSES])
    left_out = f"{len(everything) - len(strangers)} recordings left out as known"
    note = "; ".join([left_out, *in_words(table(trial.heard))])
    for kind in CLASSES:
        told = judge_no_worse(merged([one.lost(kind) for one in marks]), margin, BEATS)
        told = replace(told, note=f"{told.note}; {note}", groups=by_group(trial.heard, kind))
        measure.record(f"loss_of_{kind.value}", told)
        told = judge_no_worse(merged([one.made_up(kind) for one in marks]), margin, BEATS)
        measure.record(f"taken_for_{kind.value}", told)


def known_to(*models: BenchModel) -> set[str]:
    """Everybody from whom one of the models learned.

    Raises:
        CannotJudge: a card names nobody; then everybody may be among them.
    """
    for model in models:
        if not taught_by(model):
            raise CannotJudge(f"the card of {model.path.name} names nobody who taught the model")
    return set[str]().union(*map(taught_by, models))


def refuse_unmarked(leads: Sequence[Lead]) -> None:
    """Where nothing could be lost, nothing is kept.

    Raises:
        CannotJudge: there is no beat that counts.
    """
    if not leads:
        raise CannotJudge(f"each recording of {COLLECTION} taught one of the models of beats")
    if not any(one.counts.any() for one in leads):
        learned = f"after the first {LEARNING_S:g} s"
        raise CannotJudge(f"in {len(leads)} recordings of strangers nobody marked a beat {learned}")


def lead_of(recording: Recording) -> Lead:
    """The first lead, with what people marked in it."""
    (wave,) = first_lead(recording)
    end = len(wave.samples) - round(REST_S * wave.rate_hz)
    return Lead(
        patient=recording.patient,
        channel=Channel("ecg", wave.signal, wave.unit, wave.rate_hz),
        samples=wave.samples,
        beats=recording.beats,
        judged=(round(LEARNING_S * wave.rate_hz), end),
        excluded=recording.unmarked,
        groups=recording.about,
    )
