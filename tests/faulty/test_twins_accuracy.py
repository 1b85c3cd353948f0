"""Every seeded defect of a model, or of its evaluation, turns the case red that is for it."""

import hashlib
import json
import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgeward.canonical import sha256_hex
from edgeward.signal.patient import Rhythm, SimulatedPatient
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS, emulates_x86
from edgeward_harness.rig.elsewhere import missing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow

SEED = int.from_bytes(hashlib.sha256(b"7:patients of the accuracy suite").digest()[:6], "big")
"""Of the first patient in a run with the seed that `judge` takes."""


@pytest.mark.parametrize(
    ("unit", "cases", "broken", "seen_by"),
    [
        ("other_weights", "test_released", "REQ-ACC-001", "windows_answered_otherwise"),
        ("float_as_int8", "test_released", "REQ-ACC-001", "windows_answered_otherwise"),
        ("another_scale", "test_released", "REQ-ACC-001", "windows_answered_otherwise"),
        ("raw_whole_numbers", "test_released", "REQ-ACC-001", "windows_answered_otherwise"),
        (
            "one_label_collapsed", "test_each_label", "REQ-ACC-003",
            "loss_of_ventricular_tachycardia",
        ),
        ("small_complexes_worse", "test_each_subgroup", "REQ-ACC-004", "loss_with_complexes_small"),
        ("calls_late", "test_alarms_alike", "REQ-ACC-005", "calls_as_the_float_model_makes_them"),
        ("too_sure", "test_calibration", "REQ-ACC-006", "calibration_error"),
        ("guesses_at_anything", "test_no_answer", "REQ-ACC-007", "labels_made_up"),
        ("guesses_at_anything", "test_no_signal", "REQ-ACC-007", "labels_made_up"),
        ("remembers", "test_repeatable", "REQ-ACC-008", "answers_that_change"),
        ("drops_what_is_hard", "test_nothing_dropped", "REQ-ACC-009", "dropped"),
        ("beats_other_weights", "test_beats_released", "REQ-ACC-040", "beats_told_otherwise"),
        ("beats_off_by_one", "test_beats_released", "REQ-ACC-040", "beats_told_otherwise"),
        ("beats_without_s", "test_beats_retained", "REQ-ACC-041", "loss_of_S"),
        ("beats_never_silent", "test_beats_unanswered", "REQ-ACC-042", "answers_made_up"),
        ("beats_in_nothing", "test_beats_unanswered", "REQ-ACC-042", "beats_where_nothing_came"),
    ],
)  # fmt: skip
def test_a_defect_of_the_model_is_found(
    tmp_path: Path, unit: str, cases: str, broken: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases, suite="accuracy")
    assert assessment.requirements[broken].standing is Standing.FAILED, output
    assert status == 1
    assert seen_by in failed_measurements(tmp_path), output


# The evaluation itself


def _card(path: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return card


def _bench(folder: Path, change: Callable[[dict[str, Any]], None], **models: str) -> Path:
    """The sound device, with the card of its reference changed and other models named."""
    for role in (Role.RELEASED, Role.REFERENCE):
        path = SHIPPED_MODELS[role]
        shutil.copy(path, folder / f"{role.value}.onnx")
        shutil.copy(path.with_suffix(".json"), folder / f"{role.value}.json")
    card = _card(SHIPPED_MODELS[Role.REFERENCE])
    change(card)
    (folder / "reference.json").write_text(json.dumps(card))
    named = {"released": "released.onnx", "reference": "reference.onnx", **models}
    lines = [f'{role} = "{name}"' for role, name in named.items()]
    python, listed = json.dumps(sys.executable), "\n".join(lines)
    bench = folder / "bench.toml"
    bench.write_text(
        f'[unit.evaluated]\ndriver = "process"\ncommand = [{python}, "-P", "-m",'
        f' "edgeward.device"]\n[unit.evaluated.models]\n{listed}\n'
    )
    return bench


def _as_it_is(_: dict[str, Any]) -> None:
    pass


def _leaks(role: str) -> Callable[[dict[str, Any]], None]:
    def leak(card: dict[str, Any]) -> None:
        card["made"]["recordings"] = [{"name": f"simulated {SEED + 3}", "role": role}]

    return leak


def _forgets_its_patients(card: dict[str, Any]) -> None:
    card["made"] = {}


def test_the_sound_evaluation_holds(tmp_path: Path) -> None:
    bench = _bench(tmp_path, _as_it_is)
    cases = "test_fair or test_retention"
    _, assessment, output = judge(tmp_path, "evaluated", cases, suite="accuracy", bench=bench)
    for name in ("REQ-ACC-002", "REQ-ACC-010"):
        assert assessment.requirements[name].standing is Standing.VERIFIED, output


@pytest.mark.parametrize("role", ["train", "calibrate"])
def test_patients_who_taught_or_calibrated_the_model_refuse_everything(
    tmp_path: Path, role: str
) -> None:
    bench = _bench(tmp_path, _leaks(role))
    cases = "test_fair or test_each_label"
    _, assessment, output = judge(tmp_path, "evaluated", cases, suite="accuracy", bench=bench)
    for name in ("REQ-ACC-003", "REQ-ACC-010"):
        assert assessment.requirements[name].standing is Standing.FAILED, output
    assert "patients_who_taught_the_model" in failed_measurements(tmp_path)
    assert "The evaluation is refused" in output


def test_a_model_that_is_its_own_reference_has_retained_nothing(tmp_path: Path) -> None:
    bench = _bench(tmp_path, _as_it_is, reference="released.onnx")
    _, assessment, output = judge(tmp_path, "evaluated", "test_fair", suite="accuracy", bench=bench)
    assert assessment.requirements["REQ-ACC-010"].standing is Standing.FAILED, output
    assert failed_measurements(tmp_path) == {"reference"}


def test_a_model_that_does_not_say_whom_it_learned_from_is_believed_nothing(
    tmp_path: Path,
) -> None:
    bench = _bench(tmp_path, _forgets_its_patients)
    _, assessment, output = judge(tmp_path, "evaluated", "test_fair", suite="accuracy", bench=bench)
    assert assessment.requirements["REQ-ACC-010"].standing is Standing.FAILED, output
    assert failed_measurements(tmp_path) == {"cards_without_patients"}


# Changes


def _worse(folder: Path, name: str) -> str:
    """A forerunner that calls many normal windows something else."""
    model = onnx.load(SHIPPED_MODELS[Role.REFERENCE])
    card = _card(SHIPPED_MODELS[Role.REFERENCE])
    bias = next(one for one in model.graph.initializer
                if numpy_helper.to_array(one).shape == (len(card["labels"]),))  # fmt: skip
    values = numpy_helper.to_array(bias).copy()
    values[card["labels"].index("sinus")] -= np.float32(12)
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    data = model.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(data)
    (folder / f"{name}.json").write_text(json.dumps({**card, "sha256": sha256_hex(data)}))
    return f"{name}.onnx"


def test_a_change_that_is_a_gain_may_be_made(tmp_path: Path) -> None:
    last = _worse(tmp_path, "last")
    bench = _bench(tmp_path, _as_it_is, last=last, original=last)
    _, assessment, output = judge(
        tmp_path, "evaluated", "test_change", suite="accuracy", bench=bench
    )
    assert assessment.requirements["REQ-ACC-011"].standing is Standing.VERIFIED, output


def test_a_change_that_is_none_is_recorded_and_not_made(tmp_path: Path) -> None:
    bench = _bench(tmp_path, _as_it_is, last="reference.onnx", original="reference.onnx")
    _, assessment, output = judge(
        tmp_path, "evaluated", "test_change", suite="accuracy", bench=bench
    )
    assert assessment.requirements["REQ-ACC-011"].standing is Standing.FAILED, output
    assert "change" in failed_measurements(tmp_path)


# Other processors


def _usual(folder: Path) -> None:
    """The shipped network as tools quantise it by themselves: with weights of eight bits."""
    from onnxruntime import quantization

    float_model = SHIPPED_MODELS[Role.REFERENCE]
    ecg = [SimulatedPatient(n, 250).ecg(one.value, 100) for n, one in enumerate(Rhythm)]
    parts = iter(one.astype(np.float32).reshape(-1, 1250) for one in ecg)

    class Windows(quantization.CalibrationDataReader):  # type: ignore[misc] # no stubs
        def get_next(self) -> dict[str, Any] | None:
            part = next(parts, None)
            return None if part is None else {"window": part}

    path = folder / "usual.onnx"
    logging.getLogger().setLevel(logging.ERROR)  # it recommends preparations that change nothing
    quantization.quantize_static(float_model, path, Windows(), per_channel=True)
    card = {**_card(SHIPPED_MODELS[Role.RELEASED]), "sha256": sha256_hex(path.read_bytes())}
    path.with_suffix(".json").write_text(json.dumps({**card, "arithmetic": "int8"}))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bench whose sound device runs such a model."""
    folder = tmp_path_factory.mktemp("usual")
    _usual(folder)
    device = Path(__file__).parent / "devices/device_accuracy.py"
    command = json.dumps([sys.executable, str(device), "released_file"])
    (folder / "bench.toml").write_text(
        f'[unit.saturating]\ndriver = "process"\ncommand = {command}\n'
        f'environment = {{ RELEASED_FILE = "{folder}/usual.onnx" }}\n'
        f'[unit.saturating.models]\nreleased = "usual.onnx"\n'
        f'reference = "{SHIPPED_MODELS[Role.REFERENCE]}"\n'
    )
    return folder


@pytest.mark.skipif(not emulates_x86(), reason=missing("Haswell"))
@pytest.mark.parametrize("seed", [7, 8])
def test_a_model_that_saturates_on_some_processors_is_found(
    tmp_path: Path, usual: Path, seed: int
) -> None:
    """Both against the device and against the bench, which has windows that no device takes."""
    bench = usual / "bench.toml"
    cases = "test_released or test_processors"
    _, assessment, output = judge(
        tmp_path, "saturating", cases, suite="accuracy", bench=bench, seed=seed
    )
    assert assessment.requirements["REQ-ACC-012"].standing is Standing.FAILED, output
    assert assessment.requirements["REQ-ACC-001"].standing is Standing.VERIFIED, output
    failed = failed_measurements(tmp_path)
    assert {name.rpartition("_")[2] for name in failed} == {"device", "bench"}, output


@pytest.mark.skipif(not emulates_x86(), reason=missing("Haswell"))
def test_the_shipped_model_answers_alike_on_every_processor(tmp_path: Path) -> None:
    """Without this the case might be red for everybody."""
    _, assessment, output = judge(tmp_path, "reference", "test_processors", suite="accuracy")
    assert assessment.requirements["REQ-ACC-012"].standing is Standing.VERIFIED, output
