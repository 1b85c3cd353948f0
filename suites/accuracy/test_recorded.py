"""What the model on the device has lost on recorded patients whom no model knows."""

from dataclasses import replace
from typing import Final

import pytest

from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.retention import group_of, judge_no_worse, judge_retention
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import taught_by
from edgeward_harness.rig.recorded import origin_of, take
from edgeward_harness.rig.recorded import rests_on as tell_recordings
from edgeward_harness.run.measure import Measure

from .answering import tried
from .recorded import gathered
from .recording import rests_on, sensitivity
from .test_retention import labels_of

COLLECTIONS: Final = ("mitdb", "vfdb")


@pytest.mark.case("TC-ACC-030")
def test_recorded(measure: Measure, rig: Rig) -> None:
    """On recorded patients the device is no less right than the float model, by the margin.

    Method: windows that lie wholly in a rhythm that people marked, or whose annotated beats are all
    of the rates of one label, at most sixty of a label from one recording. Recordings that taught
    one of the models are left out. The first lead goes to the device window by window, and to the
    float model at the bench. Beside what was lost it is told how right the device is: label by
    label, and patient by patient.
    """
    released, reference = rig.model(Role.RELEASED), rig.model(Role.REFERENCE)
    known = taught_by(released) | taught_by(reference)
    taken = [one for name in COLLECTIONS for one in take(rig, "TC-ACC-030", name)]
    examples, left_out = gathered(taken, released, known, origin_of(taken))
    if examples is None:
        raise CannotJudge(
            f"{left_out} of {len(taken)} recordings taught one of the models, and in the others"
            " nobody marked a window of one label"
        )
    asked = tried(rig, examples)
    tell_recordings(measure, rig, taken)
    rests_on(measure, examples, released, reference)
    margin = rig.profile.accuracy.retention_margin
    right = [sensitivity(asked, label) for label in labels_of(asked)]
    shown = [f"{one.name} {one.value:.1f} % of {one.n}" for one in right]
    detail = f"{left_out} recordings left out as known; right, without a promise: "
    told = judge_retention(asked.pairs(), margin, detail + ", ".join(shown))
    measure.record("loss", told)
    for label in labels_of(asked):
        pairs = asked.pairs(examples.labels == label)
        measure.record(f"loss_of_{label}", judge_no_worse(pairs, margin))
    for name, of in examples.subgroups():
        told = judge_no_worse(asked.pairs(of), margin)
        measure.record(
            f"loss_with_{name}".replace(": ", "_"),
            replace(told, groups=(group_of(name, asked.pairs(of)),)),
        )
