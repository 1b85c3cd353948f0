"""The reference model is the one on its card, and can be made again."""

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
    assert card["labels"] == ["asystole", "bradycardia", "sinus", "tachycardia"]
    assert card["input"]["window_samples"] == 1250
    assert "simulated patients only. Not for clinical use" in card["notice"]
    assert card["accuracy"]["kind"] == "simulated"
    assert card["accuracy"]["accuracy"] > 0.98
    assert len(package_file(MODEL_FILE)) < 200_000


@pytest.mark.parametrize("rhythm", Rhythm)
def test_it_knows_rhythms_of_patients_it_has_never_seen(engine: OnnxEngine, rhythm: Rhythm) -> None:
    right = 0
    for seed in range(100):
        values = engine.probabilities(SimulatedPatient(seed).ecg(rhythm, 5))
        assert sum(values) == pytest.approx(1, abs=1e-5)
        right += engine.card.labels[int(np.argmax(values))] == rhythm
    assert right >= 97


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
    with pytest.raises(ModelError, match="answers 4 values for 2 labels"):
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


@pytest.mark.slow
def test_the_model_can_be_made_again(
    engine: OnnxEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = pytest.importorskip("edgeward.model.train", reason="the extra `train` is missing")
    assert train.main(["--out", str(tmp_path)]) == 0
    assert "simulated accuracy" in capsys.readouterr().out
    card = parse_card((tmp_path / "rhythm_reference.json").read_bytes())
    made = OnnxEngine((tmp_path / "rhythm_reference.onnx").read_bytes(), card)
    for seed in range(50):
        for rhythm in Rhythm:
            window = SimulatedPatient(seed).ecg(rhythm, 5)
            expected, found = engine.probabilities(window), made.probabilities(window)
            assert np.allclose(expected, found, rtol=0, atol=1e-4)
            assert np.argmax(expected) == np.argmax(found)


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
