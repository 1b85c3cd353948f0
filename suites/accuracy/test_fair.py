"""The evaluation itself: on strangers, against another model, with enough of them."""

from typing import Final

import numpy as np
import pytest

from edgeward_harness.measure.judge import judge_check
from edgeward_harness.measure.retention import power, windows_needed
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import IN_WHOLE_NUMBERS, BenchModel, taught_by
from edgeward_harness.run.measure import Measure

from .answering import examples_of
from .recording import count, rests_on

LOSS: Final = 0.001
"""What is thought to be lost in truth: one window of a thousand."""
POWER: Final = 0.8


@pytest.mark.case("TC-ACC-010")
def test_fair(measure: Measure, rig: Rig) -> None:
    """Nobody in the evaluation taught the model, the reference is another one, and n is enough.

    Method: the patients whose windows are used are compared with those that the cards of the
    released and of the float model name, for teaching, choosing and calibrating alike: none may be
    in both, and each card must name some. The reference must be another file than the released one,
    must not run on whole numbers itself, and must take and tell the same. The number of windows of
    the rarest label is held against what shows the margin with a power of 80 % where one window of
    a thousand is lost in truth.
    """
    released, reference = rig.model(Role.RELEASED), rig.model(Role.REFERENCE)
    examples = examples_of(rig, "TC-ACC-010")
    rests_on(measure, examples, released, reference)
    everybody = set(examples.patients.tolist())
    known = sorted(everybody & (taught_by(released) | taught_by(reference)))
    count(
        measure, "patients_who_taught_the_model", known, len(everybody),
        "nobody who taught, chose or calibrated it",
    )  # fmt: skip
    silent = [one.path.name for one in (released, reference) if not taught_by(one)]
    count(measure, "cards_without_patients", silent, 2, "each names whom the model learned from")
    unfit = _unfit(released, reference)
    measure.record(
        "reference",
        judge_check(
            holds=not unfit, expected="a float model of another file that tells the same labels",
            observed=unfit or f"{reference.card.name} {reference.card.version}",
        ),
    )  # fmt: skip
    _record_power(measure, rig, int(min(np.unique(examples.labels, return_counts=True)[1])))


def _unfit(released: BenchModel, reference: BenchModel) -> str:
    """Why this is no reference for that model; empty when it is one."""
    if released.sha256 == reference.sha256:
        return "it is the released model itself"
    layers = reference.layers()
    if any(layers[name] for name in IN_WHOLE_NUMBERS):
        return "it runs on whole numbers itself"
    if (released.card.labels, released.card.input) != (reference.card.labels, reference.card.input):
        return "it takes or tells something else"
    return ""


def _record_power(measure: Measure, rig: Rig, windows: int) -> None:
    margin = rig.profile.accuracy.retention_margin
    needed = windows_needed(margin, LOSS, POWER)
    found = power(windows, margin, LOSS)
    asked = rig.samples("TC-ACC-010")
    short = asked < needed  # the depth is one that shows no more than that nothing was lost
    measure.record(
        "power",
        judge_check(
            holds=short or found >= POWER,
            expected=f"{needed} windows of each label, for a power of {POWER:.0%} where "
            f"{LOSS:.1%} are lost and {margin:.1%} may be; less at a lesser depth",
            observed=f"{windows} of the rarest label: {found:.1%}",
            n=windows,
        ),
    )
