"""What the model on the device has lost on recorded patients whom no model knows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.measure.origin import Origin, recorded
from edgeward_harness.measure.retention import group_of, judge_no_worse, judge_retention
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.recordings.recording import Recording
from edgeward_harness.run.measure import Measure

from .answering import tried
from .examples import taught_by
from .recorded import gathered
from .recording import rests_on, sensitivity
from .test_retention import labels_of, right_shares

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
    taken = [one for name in COLLECTIONS for one in _take(rig, name)]
    examples, left_out = gathered(taken, released, known, _origin(taken))
    if examples is None:
        raise CannotJudge(f"each of the {left_out} recordings taught one of the models")
    asked = tried(rig, examples)
    rests_on(measure, examples, released, reference)
    _attach_licences(measure, rig, taken)
    margin = rig.profile.accuracy.retention_margin
    told = judge_retention(asked.pairs(), margin, f"{left_out} recordings left out as known")
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
    groups = tuple(sensitivity(asked, label) for label in labels_of(asked))
    share = judge_share(right_shares(asked), 0.0)
    note = f"{share.note}; a figure, without a promise"
    measure.record(
        "right_label_by_label",
        replace(share, verdict=Verdict.PASSED, groups=groups, expected="told", note=note),
    )


def _take(rig: Rig, collection: str) -> list[Recording]:
    everything = list(rig.recordings.read(collection))
    wanted = min(rig.samples("TC-ACC-030"), len(everything))
    places = np.arange(wanted) * len(everything) // wanted
    return [everything[place] for place in places]


def _origin(taken: Sequence[Recording]) -> Origin:
    files: dict[str, dict[str, str]] = {}
    for one in taken:
        files.setdefault(one.collection, {}).update(one.files)
    return recorded(files)


def _attach_licences(measure: Measure, rig: Rig, taken: Sequence[Recording]) -> None:
    licences = rig.recordings.manifest.licences
    measure.attach_json(
        "recordings",
        {
            name: {
                "licence": licences.get(name, "not in the manifest of the suites"),
                "files": {key: value for one in taken if one.collection == name
                          for key, value in one.files.items()},
            }
            for name in COLLECTIONS
        },
    )  # fmt: skip
