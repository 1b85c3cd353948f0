"""A change that was settled beforehand: the new model against the last and the original one."""

from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward_harness.measure.judge import Judgement, Verdict, judge_check
from edgeward_harness.measure.retention import Pairs, judge_better, judge_retention
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel
from edgeward_harness.run.measure import Measure

from .answering import Trial, labelled, trial
from .examples import refuse_known
from .recording import rests_on
from .simulated import NORMAL

IMPLEMENTED: Final = "to be implemented"
RECORDED: Final = "recorded, not implemented"


@pytest.mark.case("TC-ACC-011")
def test_change(measure: Measure, rig: Rig) -> None:
    """The new model finds what its forerunners found, and calls less often without a reason.

    Method: the device answers the windows of the run; the last model and the original one judge the
    same at the bench. For each label but the normal one, the loss of sensitivity against each of
    the two is held against the margin, on its upper bound. The share of normal windows that are
    called anything else must be lower than the last model's, on the lower bound of the paired
    gain. Otherwise the change is recorded, and not implemented.
    """
    asked = trial(rig, "TC-ACC-011")
    forerunners = {role: rig.model(role) for role in (Role.LAST, Role.ORIGINAL)}
    refuse_known(asked.examples, *forerunners.values())
    rests_on(measure, asked.examples, asked.released, *forerunners.values())
    margin = rig.profile.accuracy.retention_margin
    told: list[Judgement] = []
    for role, model in forerunners.items():
        before = _right(asked, model)
        for label in sorted(set(asked.examples.labels.tolist()) - {NORMAL}):
            pairs = _pairs(asked, before, asked.right(), asked.examples.labels == label)
            against = f"against {model.card.name} {model.card.version}"
            told.append(judge_retention(pairs, margin, against))
            measure.record(f"sensitivity_of_{label}_against_the_{role.value}", told[-1])
    normal = asked.examples.labels == NORMAL
    before = _right(asked, forerunners[Role.LAST])
    fewer = judge_better(_pairs(asked, before, asked.right(), normal), "calls without a reason")
    measure.record("normal_windows_left_in_peace_since_the_last", fewer)
    holds = all(one.verdict is Verdict.PASSED for one in (*told, fewer))
    measure.record(
        "change",
        judge_check(
            holds=holds,
            expected=f"sensitivity kept, and fewer calls than the last model: {IMPLEMENTED}",
            observed=IMPLEMENTED if holds else RECORDED,
            n=len(asked.examples),
        ),
    )


def _right(asked: Trial, model: BenchModel) -> NDArray[np.bool_]:
    return np.asarray(labelled(model, asked.examples.windows) == asked.examples.labels)


def _pairs(
    asked: Trial, before: NDArray[np.bool_], after: NDArray[np.bool_], of: NDArray[np.bool_]
) -> list[Pairs]:
    patients = asked.examples.patients
    found = []
    for name in np.unique(patients[of]):
        his = of & (patients == name)
        lost, gained = int((before & ~after & his).sum()), int((after & ~before & his).sum())
        found.append(Pairs(str(name), int(his.sum()), lost, gained))
    return found
