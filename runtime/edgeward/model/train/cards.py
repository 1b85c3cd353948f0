"""The cards of both models: what they take and say, what they rest on, and how right they are.

A card is one that a package takes too, but for the evidence, which belongs to a device. No interval
is told of fewer than `PATIENTS_LEAST` patients: whoever draws so few again draws the same ones, and
finds an interval that is too narrow. It is then from 0 to 1.
"""

import importlib.metadata
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

import numpy as np

from edgeward.canonical import digest, sha256_hex
from edgeward.model.compress.examples import Examples
from edgeward.model.compress.fidelity import compare
from edgeward.model.compress.graphs import run
from edgeward.model.compress.scores import CONFIDENCE, Figure, score
from edgeward.model.train.making import Made
from edgeward.model.train.material import CHOOSING_OFFSET, JUDGING_OFFSET, Material, Plan
from edgeward.model.train.recorded import ATTRIBUTION, LEARNED_FROM
from edgeward.model.train.rhythms import HOP_SAMPLES, LABELS, MEANS, RATE_HZ, WINDOW_SAMPLES

STUDENT: Final = "rhythm-reference"
TEACHER: Final = "rhythm-teacher"
VERSION: Final = "2"
PATIENTS_LEAST: Final = 10
_SIMULATED = (
    "Not for clinical use: it makes the runtime and its verification testable from end to end, and"
    " says nothing about people. Trained on simulated patients"
)
_DRAWS_SEED: Final = 1
_VERSIONS: Final = ("torch", "onnx", "onnxruntime", "numpy")

Judged = Sequence[tuple[str, Examples]]
Card = dict[str, Any]


class Cards(NamedTuple):
    """Of both models."""

    teacher: Card
    student: Card


def cards(plan: Plan, material: Material, models: Made, judged: Judged) -> Cards:
    """Both, from the same figures."""
    teacher, student = sha256_hex(models.teacher), sha256_hex(models.student)
    return Cards(
        {
            **_begin(TEACHER, teacher, material),
            "arithmetic": "float32",
            **_rest(plan, material, models.teacher, judged),
        },
        {
            **_begin(STUDENT, student, material),
            "arithmetic": "int8",
            "reference": {"name": TEACHER, "sha256": teacher},
            "against_reference": _against(models, judged),
            **_rest(plan, material, models.student, judged),
        },
    )


def notice(material: Material) -> str:
    """What a person must know first."""
    if not material.used:
        return f"{_SIMULATED} only."
    return (
        f"{_SIMULATED}, and on halves of the collections {' and '.join(LEARNED_FROM)}, each"
        f" recording named here. {ATTRIBUTION}"
    )


def _begin(name: str, sha256: str, material: Material) -> Card:
    return {
        "name": name,
        "version": VERSION,
        "notice": notice(material),
        "sha256": sha256,
        "labels": list(LABELS),
        "labels_mean": {str(label): text for label, text in MEANS.items()},
        "input": {
            "signal": "ecg",
            "unit": "mV",
            "rate_hz": RATE_HZ,
            "window_samples": WINDOW_SAMPLES,
            "hop_samples": HOP_SAMPLES,
        },
    }


def _rest(plan: Plan, material: Material, model: bytes, judged: Judged) -> Card:
    return {
        "intended_use": "Software is exercised with it, from samples to alarms. Not clinical use.",
        "limits": [
            "Simulated patients, and few recorded ones: no figure here holds for people at large.",
            "Noise has no word: a window that cannot be read must not be asked about.",
            "An interval of fewer than ten patients is not told: it is given as 0 to 1.",
            "Alarms of cinc2015 are not told apart by patient: two may be of one person.",
        ],
        "data": _data(plan, material),
        "metrics": [metric for name, part in judged for metric in _metrics(name, part, model)],
        "recipe": [
            "five convolutions, normalised, their mean over time, one linear layer",
            "each label weighs the same",
            f"{plan.epochs} epochs in float: the teacher",
            "the teacher on whole numbers, calibrated by windows it has learned from: the student",
        ],
        "made": _made(plan, material),
    }


def _data(plan: Plan, material: Material) -> list[Card]:
    patients = {"train": plan.patients + plan.scripts, "choose": 2 * plan.choosing}
    simulated = [
        {
            "name": "simulated patients",
            "sha256": sha256,
            "role": role,
            "licence": "Apache-2.0",
            "patients": patients[role],
        }
        for role, sha256 in material.simulated.items()
    ]
    recorded = []
    for collection in LEARNED_FROM:
        for role in sorted({one.role for one in material.used}):
            those = [
                one.sha256
                for one in material.used
                if one.role == role and one.name.startswith(f"{collection}/")
            ]
            if those:
                recorded.append(
                    {
                        "name": f"{collection}, {len(those)} records of the half to learn from",
                        "sha256": digest(those),
                        "role": role,
                        "licence": "ODC-BY-1.0",
                        "patients": len(those),
                    }
                )
    return simulated + recorded


def _made(plan: Plan, material: Material) -> Card:
    def span(first: int, patients: int, scripts: int) -> Card:
        return {"first_patient": first, "patients": patients, "scripts": scripts}

    counts = np.bincount(material.training.labels, minlength=len(LABELS))
    return {
        "by": "python -m edgeward.model.train",
        "first_training_patient": plan.seed,
        "simulated": {
            "train": span(plan.seed, plan.patients, plan.scripts),
            "choose": span(plan.seed + CHOOSING_OFFSET, plan.choosing, plan.choosing),
            "judge": span(plan.seed + JUDGING_OFFSET, plan.judging, -(-plan.judging // 3)),
        },
        "training_windows": dict(zip(map(str, LABELS), counts.tolist(), strict=True)),
        "recordings": [asdict(one) for one in material.used],
        "versions": {name: importlib.metadata.version(name) for name in _VERSIONS},
        "again": "the same bytes on the same machine with these versions; elsewhere the last bits"
        " of the weights may differ",
    }


def _metrics(group: str, part: Examples, model: bytes) -> list[Card]:
    """Accuracy, and the sensitivity of each label that there is."""
    scores = score(part, run(model, part.windows), _DRAWS_SEED)
    metrics = [_metric("accuracy", None, group, scores.accuracy, part)]
    for number, label in enumerate(LABELS):
        those = part.where(part.labels == number)
        if len(those):
            metrics.append(_metric("sensitivity", label, group, scores.by_label[label], those))
    return metrics


def _metric(name: str, label: str | None, group: str, figure: Figure, part: Examples) -> Card:
    patients = len(np.unique(part.patients))
    enough = patients >= PATIENTS_LEAST
    return {
        "name": name,
        "label": label,
        "subgroup": f"held-out {group}",
        "value": round(figure.value, 6),
        "low": round(figure.low, 6) if enough else 0.0,
        "high": round(figure.high, 6) if enough else 1.0,
        "confidence": CONFIDENCE,
        "patients": patients,
        "windows": len(part),
    }


def _against(models: Made, judged: Judged) -> list[Card]:
    """How far the answers moved, group by group."""
    found = []
    for group, part in judged:
        told = compare(run(models.teacher, part.windows), run(models.student, part.windows))
        found.append(
            {
                "subgroup": f"held-out {group}",
                "windows": told.windows,
                "agreeing": told.agreeing,
                "max_difference": round(told.max_difference, 6),
            }
        )
    return found
