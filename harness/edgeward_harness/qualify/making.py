"""Benches made for one defect each: the device is sound, and what is known of its models is not."""

import json
import logging
import shutil
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import tomli_w

from edgeward.canonical import sha256_hex
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS

Card = dict[str, Any]


class OutOfReachError(Exception):
    """What is needed to make it is not here; the message names it."""


PATIENTS_OF_SEED_7: Final = "7:patients of the accuracy suite"
"""What the first simulated patient of a run with the seed 7 follows from."""


def card_of(role: Role) -> Card:
    """The card that ships beside a model."""
    card: Card = json.loads(SHIPPED_MODELS[role].with_suffix(".json").read_bytes())
    return card


def bench_of(
    folder: Path,
    change: Callable[[Card], None],
    models: Mapping[str, str] | None = None,
    command: tuple[str, ...] = ("-P", "-m", "edgeward.device"),
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The sound device, with the card of its reference changed and other models named."""
    for role in (Role.RELEASED, Role.REFERENCE):
        path = SHIPPED_MODELS[role]
        shutil.copy(path, folder / f"{role.value}.onnx")
        shutil.copy(path.with_suffix(".json"), folder / f"{role.value}.json")
    card = card_of(Role.REFERENCE)
    change(card)
    (folder / "reference.json").write_text(json.dumps(card), encoding="utf-8")
    named = {"released": "released.onnx", "reference": "reference.onnx", **(models or {})}
    unit: dict[str, Any] = {"driver": "process", "command": [sys.executable, *command]}
    unit |= {"environment": dict(environment or {}), "models": named}
    path = folder / "bench.toml"
    path.write_text(tomli_w.dumps({"unit": {"made": unit}}), encoding="utf-8")
    return path


def as_it_is(_: Card) -> None:
    """Nothing is wrong with the card."""


def _leaks(role: str) -> Callable[[Path, Path], Path]:
    def leak(card: Card) -> None:
        seed = int.from_bytes(sha256(PATIENTS_OF_SEED_7.encode()).digest()[:6], "big")
        card["made"]["recordings"] = [{"name": f"simulated {seed + 3}", "role": role}]

    return lambda _, folder: bench_of(folder, leak)


def _forgets_its_patients(_: Path, folder: Path) -> Path:
    def forget(card: Card) -> None:
        card["made"] = {}

    return bench_of(folder, forget)


def _own_reference(_: Path, folder: Path) -> Path:
    return bench_of(folder, as_it_is, {"reference": "released.onnx"})


def _change_of_nothing(_: Path, folder: Path) -> Path:
    before = {"last": "reference.onnx", "original": "reference.onnx"}
    return bench_of(folder, as_it_is, before)


def _saturates(seeded: Path, folder: Path) -> Path:
    """The shipped network as tools quantise it by themselves: with weights of eight bits."""
    try:
        from onnxruntime import quantization
    except ImportError as fault:
        raise OutOfReachError(f"the package onnx is not installed here ({fault})") from None
    path = folder / "usual.onnx"
    logging.getLogger().setLevel(logging.ERROR)  # it recommends preparations that change nothing
    reader = _windows(quantization.CalibrationDataReader)
    quantization.quantize_static(SHIPPED_MODELS[Role.REFERENCE], path, reader, per_channel=True)
    card = {**card_of(Role.RELEASED), "sha256": sha256_hex(path.read_bytes()), "arithmetic": "int8"}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    device = str(seeded / "device_accuracy.py"), "released_file"
    return bench_of(folder, as_it_is, {"released": "usual.onnx"}, device,
                    {"RELEASED_FILE": str(path)})  # fmt: skip


def _windows(kind: type) -> Any:  # noqa: ANN401 - a reader of windows, of a library without types
    """What the ranges of a network are found with: a patient of each rhythm."""
    import numpy as np

    from edgeward.signal.patient import Rhythm, SimulatedPatient

    ecg = [SimulatedPatient(n, 250).ecg(one.value, 100) for n, one in enumerate(Rhythm)]
    parts = iter(one.astype(np.float32).reshape(-1, 1250) for one in ecg)

    class Windows(kind):  # type: ignore[misc] # no stubs
        def get_next(self) -> dict[str, Any] | None:
            part = next(parts, None)
            return None if part is None else {"window": part}

    return Windows()


MAKERS: Final[Mapping[str, Callable[[Path, Path], Path]]] = {
    "taught_by_patients": _leaks("train"),
    "calibrated_by_patients": _leaks("calibrate"),
    "forgets_its_patients": _forgets_its_patients,
    "own_reference": _own_reference,
    "change_of_nothing": _change_of_nothing,
    "saturates": _saturates,
}
"""By name, what lays out the bench of a defect that no device has."""
