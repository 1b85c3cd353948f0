"""The cards of both beat models: what they take and say, what they rest on, how right they are."""

import importlib.metadata
from math import isfinite
from typing import Any, Final, NamedTuple

import numpy as np

from edgeward.canonical import digest, sha256_hex
from edgeward.model.compress.scores import CONFIDENCE
from edgeward.model.train_beats.judging import Judged
from edgeward.model.train_beats.making import FOLDS, Models, Plan, Validated
from edgeward.model.train_beats.material import LABELS, MEANS, NEAR_S, Material
from edgeward.model.train_beats.merging import FLOOR
from edgeward.signal.detect.beats.context import WAIT_S
from edgeward.signal.detect.beats.row import FEATURES

STUDENT: Final = "beat-reference"
TEACHER: Final = "beat-teacher"
VERSIONS: Final = {STUDENT: "2", TEACHER: "1"}
SIGNAL: Final = "beat"
KEPT: Final = ("N", "S", "V")
"""Of these the card says what the small model lost: of the others no model here finds any."""
ATTRIBUTION: Final = (
    "MIT-BIH Arrhythmia Database, ODC-BY 1.0: Moody and Mark, The impact of the MIT-BIH Arrhythmia"
    " Database, IEEE EMBM 20(3), 2001; Goldberger et al., PhysioBank, PhysioToolkit, and"
    " PhysioNet, Circulation 101(23), 2000."
)
_IN_VIEW: Final = (
    "The rules of the beat detector, whose verdict is one of the numbers taken, were written with"
    " all of these records in view: the figures are that much too good."
)
_USED: Final = ("torch", "onnx", "onnxruntime", "numpy", "wfdb")
_FIGURES: Final = 6

Card = dict[str, Any]


class Cards(NamedTuple):
    """Of both models."""

    teacher: Card
    student: Card


def cards(plan: Plan, material: Material, models: Models, found: Validated) -> Cards:
    """Both."""
    teacher = sha256_hex(models.teacher)
    return Cards(
        {
            **_begin(TEACHER, teacher, material),
            "arithmetic": "float32",
            **_rest(plan, material, found.teacher),
        },
        {
            **_begin(STUDENT, sha256_hex(models.student), material),
            "arithmetic": "int8",
            "reference": {"name": TEACHER, "sha256": teacher},
            "against_reference": {
                "subgroup": _group(material),
                "agreeing": round(found.agreeing, _FIGURES),
                "kept": {
                    label: one.to_dict()
                    for label, one in found.kept.by_label.items()
                    if label in KEPT
                },
            },
            **_rest(plan, material, found.student),
        },
    )


def _begin(name: str, sha256: str, material: Material) -> Card:
    return {
        "name": name,
        "version": VERSIONS[name],
        "notice": (
            "Not for clinical use: it makes the runtime and its verification testable from end to"
            f" end. Trained on {len(material.records)} recorded patients. {ATTRIBUTION}"
        ),
        "sha256": sha256,
        "labels": list(LABELS),
        "labels_mean": MEANS,
        "input": {
            "signal": SIGNAL,
            "unit": "1",
            "rate_hz": 1,
            "window_samples": len(FEATURES),
            "hop_samples": len(FEATURES),
        },
        "features": [one.name for one in FEATURES],
    }


def _rest(plan: Plan, material: Material, judged: Judged) -> Card:
    return {
        "intended_use": "Shows and tests how beats are labelled. Not clinical use.",
        "limits": [
            "Few patients: the intervals say how little a figure holds for others.",
            "F and Q are hardly ever told right: no figure promises that they are found.",
            "S is missed as often as it is found; most of all in fibrillation of the atria.",
            f"A label rests on the beat after it, or on {WAIT_S:g} s without one.",
            "Which beats are usual is learned from the patient; the first few have no label.",
            _IN_VIEW,
        ],
        "data": [
            {
                "name": f"mitdb, {len(material.records)} records",
                "sha256": digest([one.sha256 for one in material.records]),
                "role": "train",
                "licence": "ODC-BY-1.0",
                "patients": len(material.records),
            }
        ],
        "metrics": _metrics(material, judged),
        "by_record": {
            name: {
                "marks": dict(zip(LABELS, table.sum(axis=1).tolist(), strict=True)),
                "right": dict(zip(LABELS, np.diagonal(table).tolist(), strict=True)),
                "told": dict(zip(LABELS, table[:, :-1].sum(axis=0).tolist(), strict=True)),
            }
            for name, table in sorted(judged.records.items())
        },
        "recipe": [
            "one row a beat, beside what is usual for the patient",
            f"teacher: the mean of networks with hidden layers of {list(plan.teacher_widths)}",
            f"student: these networks as one, scores from {FLOOR:g} up, then whole numbers",
            "records and labels weigh less than their number of beats",
        ],
        "made": _made(plan, material),
    }


def _group(material: Material) -> str:
    return f"cross-validated: {FOLDS} parts of {len(material.records)} patients, none in two"


def _metrics(material: Material, judged: Judged) -> list[Card]:
    told: list[Card] = []
    for name, figure in judged.figures.items():
        what, _, label = name.partition(" ")
        if not isfinite(figure.value):
            continue  # nothing was called so, or nothing is so
        number = LABELS.index(label) if label else None
        counted = [
            one
            for one in judged.records.values()
            if number is None or one[number].sum() or one[:, number].sum()
        ]
        told.append(
            {
                "name": what,
                "label": label or None,
                "subgroup": _group(material),
                "value": round(figure.value, _FIGURES),
                "low": round(min(figure.low, figure.value), _FIGURES),
                "high": round(max(figure.high, figure.value), _FIGURES),
                "confidence": CONFIDENCE,
                "patients": len(counted),
                "windows": int(
                    sum(one.sum() if number is None else one[number].sum() for one in counted)
                ),
            }
        )
    return told


def _made(plan: Plan, material: Material) -> Card:
    return {
        "by": "python -m edgeward.model.train_beats",
        "seed": plan.seed,
        "marks_within_s": NEAR_S,
        "recordings": [
            {
                "name": one.name,
                "sha256": one.sha256,
                "role": "train",
                "beats": len(one.labels),
                "missed": int(one.missed.sum()),
            }
            for one in material.records
        ],
        "versions": {name: importlib.metadata.version(name) for name in _USED},
        "again": "the same bytes on the same machine with these versions; elsewhere the last bits"
        " of the weights may differ",
    }
