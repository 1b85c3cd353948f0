"""What the model on the device has lost against the float model that it was made from, for whom."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from edgeward_harness.measure.calibration import calibration_error, judge_calibration
from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.measure.retention import Pairs, group_of, judge_retention
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure

from .answering import NO_ANSWER, SCORES, Trial, trial
from .recording import count, rests_on, sensitivity

ERROR_MOST: Final = 0.05
"""A device that is 5 points surer than it is right, on the mean, misleads whoever reads it."""
DROPPED_MOST: Final = 0.01
"""Windows that nothing is wrong with, and that get no answer."""


@pytest.mark.case("TC-ACC-002")
def test_retention(measure: Measure, rig: Rig) -> None:
    """On the whole the device is no less right than the float model, by more than the margin.

    Method: each window goes to the device through the protocol and to the float model at the bench.
    A window is lost that the float model has right and the device has not, for whatever reason, no
    answer included. The upper bound of the loss, with patients resampled, is held against the
    margin of the profile, and the lower bound of the share that is right against its floor.
    """
    asked = trial(rig, "TC-ACC-002")
    rests_on(measure, asked.examples, asked.released, asked.reference)
    promised = rig.profile.accuracy
    measure.record("loss", judge_retention(asked.pairs(), promised.retention_margin))
    shares = right_shares(asked)
    groups = tuple(sensitivity(asked, label) for label in labels_of(asked))
    measure.record("right", replace(judge_share(shares, 100 * promised.floor), groups=groups))


def right_shares(asked: Trial) -> list[Share]:
    """Of each patient's windows, how many the device has right."""
    right, names = asked.right(), asked.examples.patients
    return [
        Share(str(name), float(right[names == name].sum()), float((names == name).sum()))
        for name in np.unique(names)
    ]


def labels_of(asked: Trial) -> list[str]:
    """The labels that occur."""
    return [str(name) for name in np.unique(asked.examples.labels)]


@pytest.mark.case("TC-ACC-003")
def test_each_label(measure: Measure, rig: Rig) -> None:
    """No label pays for the others: each alone is kept within the margin.

    Method: as for all windows, label by label. A mean hides the class that compression gave up.
    """
    asked = trial(rig, "TC-ACC-003")
    rests_on(measure, asked.examples, asked.released, asked.reference)
    margin = rig.profile.accuracy.retention_margin
    for label in labels_of(asked):
        pairs = asked.pairs(asked.examples.labels == label)
        measure.record(f"loss_of_{label}", judge_retention(pairs, margin))


@pytest.mark.case("TC-ACC-004")
def test_each_subgroup(measure: Measure, rig: Rig) -> None:
    """No group of patients pays for the others: each alone is kept within the margin.

    Method: as for all windows, for each value of everything that is known of the patients and their
    recordings: of simulated ones the height of the complexes, the noise, the way the leads lie.
    """
    asked = trial(rig, "TC-ACC-004")
    rests_on(measure, asked.examples, asked.released, asked.reference)
    margin = rig.profile.accuracy.retention_margin
    parts: dict[str, list[Pairs]] = {
        name: asked.pairs(of) for name, of in asked.examples.subgroups()
    }
    if not parts:
        measure.record(
            "loss_of_subgroups",
            judge_failures(
                0, 0, "groups of patients to look at: arrays group:NAME in the examples"
            ),
        )
    for name, pairs in parts.items():
        told = judge_retention(pairs, margin)
        measure.record(
            f"loss_with_{name}".replace(": ", "_"), replace(told, groups=(group_of(name, pairs),))
        )


@pytest.mark.case("TC-ACC-006")
def test_calibration(measure: Measure, rig: Rig) -> None:
    """The device is as sure of its answers as they are right.

    Method: over all answers, the expected calibration error of the probability of the label told,
    in ten bins; its upper bound, with patients resampled, is held against 0.05. The float model's
    own error stands beside it.
    """
    asked = trial(rig, "TC-ACC-006")
    rests_on(measure, asked.examples, asked.released, asked.reference)
    measure.attach_json(SCORES, asked.scores())
    own = calibration_error(asked.reference_sureness())
    detail = f"that of the float model is {own:.4f}"
    measure.record("calibration_error", judge_calibration(asked.sureness(), ERROR_MOST, detail))


@pytest.mark.case("TC-ACC-009")
def test_nothing_dropped(measure: Measure, rig: Rig) -> None:
    """Windows that nothing is wrong with are answered, the hard ones too.

    Method: of valid windows that a patient's heart made, those without an answer are counted, and
    the upper bound of their share over patients is held against 1 %. Beside it, the worst case: how
    right the device would be, were each answer that it did not give a wrong one.
    """
    asked = trial(rig, "TC-ACC-009")
    rests_on(measure, asked.examples, asked.released, asked.reference)
    silent = asked.device.labels == NO_ANSWER
    pairs = [
        replace(one, lost=int(silent[asked.examples.patients == one.name].sum()), gained=0)
        for one in asked.pairs()
    ]
    told = judge_retention(pairs, DROPPED_MOST)
    answered = ~silent
    of_told = 100 * float(asked.right()[answered].mean()) if answered.any() else 0.0
    worst = 100 * float(asked.right().mean())
    note = f"right of those answered {of_told:.2f} %, in the worst case of all {worst:.2f} %"
    measure.record("dropped", replace(told, note=f"{told.note}; {note}"))
    for name, of in asked.examples.subgroups():
        here = [f"{name}: all {int(of.sum())} windows"] if silent[of].all() else []
        count(
            measure,
            f"answered_with_{name}".replace(": ", "_"),
            here,
            1,
            "not every one without an answer",
        )
