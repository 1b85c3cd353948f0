"""What a user says of a model that is to be made small, and the package that comes of it."""

import tomllib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.compress.alike import alike, promises_of
from edgeward.model.compress.compression import Result
from edgeward.model.compress.examples import Examples, Parts
from edgeward.model.compress.front import Front
from edgeward.model.compress.scores import CONFIDENCE, Figure
from edgeward.model.package.build import unsigned_package
from edgeward.model.package.fields import Fields
from edgeward.model.package.layout import CARD, MODEL, Files

GOLDEN_WINDOWS: Final = 64


@dataclass(frozen=True, slots=True)
class Task:
    """The words on the card."""

    name: str
    version: str
    intended_use: str
    limits: tuple[str, ...]
    notice: str
    signal: str
    unit: str
    rate_hz: int
    hop_samples: int
    data_name: str
    licence: str


def load_task(path: Path) -> Task:
    """What stands in a TOML file.

    Raises:
        ModelError: all that is wrong with it.
    """
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    faults: list[str] = []
    fields = Fields(value, path.name, faults)
    taken, data = fields.object("input"), fields.object("data")
    task = Task(
        name=fields.text("name"),
        version=fields.text("version"),
        intended_use=fields.text("intended_use"),
        limits=fields.texts("limits"),
        notice=fields.text("notice"),
        signal=taken.text("signal"),
        unit=taken.text("unit"),
        rate_hz=taken.count("rate_hz"),
        hop_samples=taken.count("hop_samples"),
        data_name=data.text("name"),
        licence=data.text("licence"),
    )
    if faults:
        raise ModelError(faults)
    return task


def package_of(
    task: Task, result: Result, reference: Result, parts: Parts, front: Front | None
) -> Files:
    """The package of one model, but for signature and evidence: `verify` makes that.

    Raises:
        PackageError: a device would not accept it.
        ModelError: its answers depend on how many windows or threads there are.
    """
    may = promises_of(whole=result.whole, exact=result.measured.operators.exact)
    found = alike(result.model, parts.judging.windows, may)
    windows = parts.judging.windows[:: max(1, len(parts.judging) // GOLDEN_WINDOWS)]
    return unsigned_package(
        result.model,
        {
            **_card(task, result, parts, front),
            "answers_alike": found.to_dict(),
            **({} if result is reference else _against(task, result, reference)),
        },
        windows[:GOLDEN_WINDOWS],
        task.notice + "\n",
        tolerance=found.promise.difference_max,
    )


def _against(task: Task, result: Result, reference: Result) -> dict[str, Any]:
    """How far its answers are from those of the float model, window by window."""
    fidelity = result.measured.fidelity
    return {
        "reference": {"name": task.name, "sha256": sha256_hex(reference.model)},
        "against_reference": [
            {
                "subgroup": "judged patients",
                "windows": fidelity.windows,
                "agreeing": fidelity.agreeing,
                "max_difference": round(fidelity.max_difference, 6),
            }
        ],
    }


def _card(task: Task, result: Result, parts: Parts, front: Front | None) -> dict[str, Any]:
    recipe = [str(step) for step in result.recipe.to_list()]
    if front is not None:
        recipe.insert(0, f"in the graph before the network: {front}")
    if result.whole:
        recipe.append("whole numbers: activations of 8 bits, weights of 7 bits a channel")
    return {
        "name": task.name,
        "version": task.version,
        "intended_use": task.intended_use,
        "limits": list(task.limits),
        "labels": list(parts.judging.names),
        "input": {
            "signal": task.signal,
            "unit": task.unit,
            "rate_hz": task.rate_hz,
            "window_samples": int(parts.judging.windows.shape[1]),
            "hop_samples": task.hop_samples,
        },
        "data": [
            {
                "name": task.data_name,
                "sha256": part.sha256,
                "role": role,
                "licence": task.licence,
                "patients": len(np.unique(part.patients)),
            }
            for role, part in _roles(parts)
        ],
        "metrics": _metrics(result, parts),
        "recipe": recipe or ["as given"],
        "evidence": [],
        "arithmetic": "int8" if result.whole else "float32",
        "made": {
            "by": "edgeward compress",
            "recordings": [
                {"name": str(patient), "role": role}
                for role, part in _roles(parts)
                for patient in np.unique(part.patients)
            ],
        },
    }


def reference_of(task: Task, result: Result, parts: Parts, front: Front | None) -> Files:
    """The float model that others were made from, with a card, for whoever compares them."""
    files = package_of(task, result, result, parts, front)
    return {name: files[name] for name in (MODEL, CARD)}


def judged_bytes(parts: Parts) -> bytes:
    """The examples that no model has seen, as a file that a bench can be given."""
    judging, file = parts.judging, BytesIO()
    arrays: dict[str, Any] = {
        "windows": judging.windows,
        "labels": judging.labels,
        "patients": judging.patients,
        "names": np.array(judging.names),
        **judging.groups,
    }
    np.savez(file, **arrays)
    return file.getvalue()


def _roles(parts: Parts) -> tuple[tuple[str, Examples], ...]:
    return (
        ("train, and calibration", parts.training),
        ("choosing", parts.choosing),
        ("test", parts.judging),
    )


def _metrics(result: Result, parts: Parts) -> list[dict[str, Any]]:
    judging, measured = parts.judging, result.measured
    everybody = len(np.unique(judging.patients))
    metrics = []
    for what, scores in (("", measured.scores), (" kept of the float model", measured.retained)):
        metrics.append(_metric(f"accuracy{what}", None, scores.accuracy, everybody))
        for number, (label, figure) in enumerate(scores.by_label.items()):
            patients = len(np.unique(judging.patients[judging.labels == number]))
            metrics.append(_metric(f"sensitivity{what}", label, figure, patients))
    return metrics


def _metric(name: str, label: str | None, figure: Figure, patients: int) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "subgroup": None,
        **figure.to_dict(),
        "confidence": CONFIDENCE,
        "patients": patients,
    }
