"""Every recipe carried out: the models, and what was spent on making them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import torch
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from recipes_networks import SAMPLES, student, teacher
from recipes_task import RATE_HZ

from edgeward.model.compress.compression import CALIBRATION, EXAMPLES
from edgeward.model.compress.distil import Distilling, distilled
from edgeward.model.compress.examples import Parts
from edgeward.model.compress.export import exported
from edgeward.model.compress.graphs import write
from edgeward.model.compress.learning import Progress, Teaching, of_labels, taught
from edgeward.model.compress.quantise import quantised
from edgeward.model.compress.recipe import (
    Aware,
    Kitchen,
    Narrow,
    Recipe,
    digest_of_network,
    once,
)
from edgeward.model.package.archive import pack
from edgeward.model.package.build import unsigned_package
from edgeward.model.package.layout import SIGNATURE
from edgeward.model.package.signature import sign
from edgeward.ports import Store
from edgeward.signal.windows import Samples

TEACHER: Final = Teaching(epochs=10)
GIVEN: Final = "as given"
_EVEN: Final = Distilling(even=10.0)
_ROUNDED: Final = Aware(Teaching(epochs=5, rate=1e-3), _EVEN)
_HALF: Final = Narrow(0.5, Teaching(epochs=5))
_LONG: Final = Teaching(epochs=10)
RECIPES: Final = (
    Recipe(GIVEN),
    Recipe("narrow", (_HALF,)),
    Recipe("narrow, aware", (_HALF, Aware())),
    Recipe("progressive", (_HALF, Narrow(0.45, _LONG))),
    Recipe("progressive, class-aware", (_HALF, Narrow(0.45, _LONG, _EVEN))),
    Recipe("progressive, class-aware, aware", (_HALF, Narrow(0.45, _LONG, _EVEN), _ROUNDED)),
)
"""Each step learns from the network as it was given. Numbers were chosen on the choosing part."""
STUDENT: Final = (8, 12, 16, 20, 24, 28)
STUDENTS: Final = {"student": Distilling(), "student, class-aware": _EVEN}
_STUDIES: Final = Teaching(epochs=32)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """One network, as it would be shipped."""

    plain: bytes
    whole: bytes
    export_s: float
    """Of the processor."""
    quantise_s: float


def given_network(parts: Parts, kept: Store, progress: Progress) -> torch.nn.Module:
    """The network that everything is made of, taught or taken from where it is kept."""
    network = teacher()

    def teach() -> torch.nn.Module:
        loss = of_labels(parts.training)
        return taught(network, parts.training, parts.choosing, loss, TEACHER, progress)

    origin = ["teacher", digest_of_network(network), str(TEACHER), *parts.digests[:2]]
    return once(network, teach, origin, kept, progress)


def networks(
    given: torch.nn.Module, parts: Parts, kept: Store, progress: Progress
) -> dict[str, torch.nn.Module]:
    """What comes of each recipe, by its name."""
    kitchen = Kitchen(given, parts, kept, progress)
    found: dict[str, torch.nn.Module] = {}
    for recipe in RECIPES:
        progress(f"recipe: {recipe.name}")
        found[recipe.name] = kitchen.cook(recipe)
    for name, how in STUDENTS.items():
        progress(f"recipe: {name}")
        found[name] = drawn_student(given, parts, how, kept, progress)
    return found


def drawn_student(
    given: torch.nn.Module, parts: Parts, how: Distilling, kept: Store, progress: Progress
) -> torch.nn.Module:
    """The one drawn by hand, who learns from the network that was given."""
    shape = student(STUDENT)

    def teach() -> torch.nn.Module:
        training, choosing = parts.training, parts.choosing
        return distilled([shape], given, training, choosing, how, _STUDIES, progress)

    origin = [digest_of_network(given), *parts.digests[:2], list(STUDENT), str(how), str(_STUDIES)]
    return once(shape, teach, origin, kept, progress)


def made(network: torch.nn.Module, parts: Parts) -> Made:
    """In float and in whole numbers."""
    graph, export_s = _timed(lambda: exported(network, parts.choosing.windows[:EXAMPLES]))
    small, quantise_s = _timed(lambda: quantised(graph, calibration(parts)))
    return Made(write(graph), write(small), export_s, quantise_s)


def calibration(parts: Parts) -> Samples:
    """The windows that every quantiser takes its ranges from."""
    windows: Samples = parts.training.windows[:: max(1, len(parts.training) // CALIBRATION)]
    return windows


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


def package(model: bytes, parts: Parts) -> tuple[bytes, bytes]:
    """A package of a model, signed by a key that is forgotten, and the public half of that."""
    key = ec.generate_private_key(ec.SECP256R1())
    judging = parts.judging
    taken = {
        "signal": "ecg", "unit": "mV", "rate_hz": RATE_HZ, "window_samples": SAMPLES,
        "hop_samples": RATE_HZ,
    }  # fmt: skip
    data = {
        "name": "simulated patients", "sha256": parts.training.sha256, "role": "train",
        "licence": "Apache-2.0", "patients": len(np.unique(parts.training.patients)),
    }  # fmt: skip
    metric = {
        "name": "sensitivity", "label": None, "subgroup": None, "value": 0.0, "low": 0.0,
        "high": 1.0, "confidence": 0.95, "patients": len(np.unique(judging.patients)),
    }  # fmt: skip
    card = {
        "name": "bench", "version": "1", "intended_use": "Is measured. Not for clinical use.",
        "limits": ["Simulated patients only."], "labels": list(judging.names), "input": taken,
        "data": [data], "metrics": [metric], "recipe": ["see the benchmark"], "evidence": [],
    }  # fmt: skip
    files = dict(unsigned_package(model, card, judging.windows[:64], "Simulated patients.\n"))
    files[SIGNATURE] = sign("bench", files, key)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pack(files), public
