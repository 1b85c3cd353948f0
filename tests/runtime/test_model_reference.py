"""The reference model is the one on its card, and as right as the card says."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgeward.model.reference as reference
from edgeward.adapters.host import package_file
from edgeward.errors import ModelError
from edgeward.model.card import parse_card
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.reference import CARD_FILE, MODEL_FILE, load_reference_model
from edgeward.signal.patient import Rhythm, SimulatedPatient


@pytest.fixture(scope="module")
def engine() -> OnnxEngine:
    return load_reference_model()


def test_the_card_is_that_of_the_model() -> None:
    card = json.loads(package_file(CARD_FILE))
    assert card["sha256"] == hashlib.sha256(package_file(MODEL_FILE)).hexdigest()
    assert card["labels"] == [
        "asystole", "bradycardia", "sinus", "tachycardia", "ventricular_fibrillation",
        "ventricular_tachycardia",
    ]  # fmt: skip
    assert list(card["labels_mean"]) == card["labels"]
    assert card["input"]["window_samples"] == 1250
    assert card["notice"].startswith("Not for clinical use")
    assert len(package_file(MODEL_FILE)) < 60_000


def test_the_card_says_how_right_the_model_is_for_whom() -> None:
    card = json.loads(package_file(CARD_FILE))
    accuracy = {one["subgroup"]: one["value"] for one in card["metrics"] if one["label"] is None}
    assert accuracy["held-out simulated patients"] >= 0.995
    assert {"held-out vfdb", "held-out cinc2015", "held-out mitdb"} < set(accuracy)
    for one in card["metrics"]:
        assert one["low"] <= one["value"] <= one["high"]
        assert one["patients"] >= 10 or (one["low"], one["high"]) == (0, 1)


def test_every_recording_that_the_model_rests_on_is_named() -> None:
    used = json.loads(package_file(CARD_FILE))["made"]["recordings"]
    names = [one["name"] for one in used]
    assert len(set(names)) == len(names)
    assert len({one["sha256"] for one in used}) == len(used)
    assert {name.partition("/")[0] for name in names} == {"vfdb", "cinc2015"}
    assert {"vfdb/418", "vfdb/422", "vfdb/426"} < set(names)
    assert not {"vfdb/420", "vfdb/424", "vfdb/428"} & set(names)


def test_the_float_model_that_it_is_the_smaller_form_of_lies_with_the_suite() -> None:
    folder = Path(__file__).parents[2] / "suites" / "accuracy" / "models"
    teacher = json.loads((folder / "rhythm_teacher.json").read_bytes())
    model = (folder / "rhythm_teacher.onnx").read_bytes()
    small = json.loads(package_file(CARD_FILE))
    assert small["reference"] == {"name": teacher["name"], "sha256": teacher["sha256"]}
    assert small["made"] == teacher["made"]
    large = OnnxEngine(model, parse_card(json.dumps(teacher).encode()))
    engine = load_reference_model()
    assert large.card.labels == engine.card.labels
    ecg = [SimulatedPatient(seed).ecg(rhythm, 5) for seed in range(10) for rhythm in Rhythm]
    apart = [
        np.abs(np.subtract(engine.probabilities(one), large.probabilities(one))).max()
        for one in ecg
    ]
    assert max(apart) < 0.3
    assert np.mean(apart) < 0.01


def test_nothing_in_it_depends_on_the_processor() -> None:
    pytest.importorskip("onnx", reason="onnx is missing")
    from edgeward.model.compress.graphs import read
    from edgeward.model.compress.operators import executed
    from edgeward.model.compress.risks import lint

    model = package_file(MODEL_FILE)
    assert lint(read(model)) == []
    assert executed(model).exact


@pytest.mark.parametrize("rhythm", Rhythm)
def test_it_knows_rhythms_of_patients_it_has_never_seen(engine: OnnxEngine, rhythm: Rhythm) -> None:
    right = 0
    for seed in range(100):
        values = engine.probabilities(SimulatedPatient(seed).ecg(rhythm, 5))
        assert sum(values) == pytest.approx(1, abs=1e-5)
        right += engine.card.labels[int(np.argmax(values))] == rhythm
    assert right >= 99


def test_changed_bytes_are_refused(engine: OnnxEngine) -> None:
    model = bytearray(package_file(MODEL_FILE))
    model[-1] ^= 1
    with pytest.raises(ModelError, match=r"its bytes have SHA-256 \w+, its card says"):
        OnnxEngine(bytes(model), engine.card)


def test_bytes_that_are_no_model_are_refused(engine: OnnxEngine) -> None:
    junk = b"junk"
    card = replace(engine.card, sha256=hashlib.sha256(junk).hexdigest())
    with pytest.raises(ModelError, match="cannot be loaded"):
        OnnxEngine(junk, card)


def test_a_model_that_answers_something_else_than_its_card_is_refused(engine: OnnxEngine) -> None:
    with pytest.raises(ModelError, match="answers 6 values for 2 labels"):
        OnnxEngine(package_file(MODEL_FILE), replace(engine.card, labels=("a", "b")))


def test_a_window_of_another_length_is_an_error_of_ours(engine: OnnxEngine) -> None:
    with pytest.raises(ModelError, match="rhythm-reference failed"):
        engine.probabilities(np.zeros(7, dtype=np.float32))


def test_a_missing_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "MODEL_FILE", "model/nothing.onnx")
    with pytest.raises(ModelError, match="cannot be read"):
        load_reference_model()


def broken_cards() -> list[Any]:
    card = json.loads(package_file(CARD_FILE))
    return [
        b"{",
        b"[]",
        json.dumps({**card, "name": 5}).encode(),
        json.dumps({key: value for key, value in card.items() if key != "input"}).encode(),
        json.dumps({**card, "input": {**card["input"], "rate_hz": True}}).encode(),
        json.dumps({**card, "input": {**card["input"], "hop_samples": 0}}).encode(),
        json.dumps({**card, "format": "tflite"}).encode(),
        json.dumps({**card, "format": ["onnx"]}).encode(),
    ]


@pytest.mark.parametrize("card", broken_cards())
def test_a_broken_card_is_refused(card: bytes) -> None:
    with pytest.raises(ModelError, match="the model card cannot be read"):
        parse_card(card)


def test_a_device_tells_nobody_that_it_runs_a_model(tmp_path: Path) -> None:
    """No identifier, no database and no thread of the engine's maker."""
    code = (
        "import os, numpy; before = os.listdir('/proc/self/task');"
        "from edgeward.model.reference import load_reference_model;"
        "load_reference_model(); print(os.listdir('/proc/self/task') == before)"
    )
    told = {"ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED", "CI"}
    environment = {name: text for name, text in os.environ.items() if name not in told}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"]
    assert list(tmp_path.iterdir()) == []
