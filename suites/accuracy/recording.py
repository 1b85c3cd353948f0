"""Put what was seen into the record, and with it whose windows it rests on."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from edgeward_harness.measure.groups import Group
from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.rig.models import BenchModel
from edgeward_harness.run.measure import Measure

from .answering import Trial
from .examples import Examples

SHOWN: Final = 3


def count(measure: Measure, name: str, faults: Sequence[str], trials: int, expected: str) -> None:
    """Record how many of so many trials failed, with the first few of them."""
    detail = "; ".join(faults[:SHOWN])
    measure.record(name, judge_failures(len(faults), trials, expected, detail=detail))


def rests_on(measure: Measure, examples: Examples, *models: BenchModel) -> None:
    """Say whose windows, and which models, all that is measured now rests on."""
    if examples.origin is not None:
        measure.rests_on(examples.origin)
    told = {one.path.name: {"sha256": one.sha256, "name": one.card.name,
                            "version": one.card.version} for one in models}  # fmt: skip
    per_label = {str(name): int((examples.labels == name).sum()) for name in
                 np.unique(examples.labels)}  # fmt: skip
    measure.attach_json(
        "evaluation",
        {
            "models": told,
            "windows": len(examples),
            "patients": len(set(examples.patients.tolist())),
            "windows_by_label": per_label,
            "brought_by_the_bench": examples.origin is None,
        },
    )


def sensitivity(trial: Trial, label: str) -> Group:
    """How many windows of a label the device has right, in percent."""
    of = trial.examples.labels == label
    right = int((trial.right() & of).sum())
    total = int(of.sum())
    return Group(label, total, 100 * right / total if total else None, None, None)
