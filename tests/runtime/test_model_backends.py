"""What each backend refuses or does on its own; what they share is in the engine contract."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_network import (
    WINDOW,
    exported_bytes,
    litert_bytes,
    made_of,
    onnx_bytes,
    onnx_model,
    torchscript_bytes,
)

from edgeward.adapters.host import package_file
from edgeward.errors import ModelError
from edgeward.model.card import ModelFormat, parse_card
from edgeward.model.engine import BATCH_MAX, probe_windows
from edgeward.model.load import load_engine
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.reference import CARD_FILE, MODEL_FILE, load_reference_model
from edgeward.signal.patient import Rhythm, SimulatedPatient

WINDOWS = probe_windows(WINDOW, BATCH_MAX)


def changed(*first: tuple[str, list[str], list[str], dict[str, Any]], model: Any = None) -> bytes:
    """The small ONNX network with other nodes before its own."""
    onnx = pytest.importorskip("onnx", reason="onnx is missing")
    model = onnx_model() if model is None else model
    nodes = [onnx.helper.make_node(kind, a, b, **more) for kind, a, b, more in first]
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    return bytes(model.SerializeToString())


def test_the_reference_model_answers_each_patient_as_if_it_were_the_only_one() -> None:
    engine = load_reference_model()
    assert engine.batches
    ecg = [SimulatedPatient(seed).ecg(rhythm, 5) for seed in range(50) for rhythm in Rhythm]
    for first in range(0, len(ecg), BATCH_MAX):
        windows = np.stack(ecg[first : first + BATCH_MAX])
        alone = np.array([engine.probabilities(window) for window in windows])
        assert np.allclose(engine.probabilities_many(windows), alone, rtol=0, atol=1e-6)


def mixing() -> bytes:
    """A graph that scales each window by the largest value of all, as dynamic quantisation does."""
    model = onnx_model()
    model.graph.node[0].input[0] = "scaled"
    most = ("ReduceMax", ["x"], ["most"], {"keepdims": 0})
    return changed(most, ("Div", ["x", "most"], ["scaled"], {}), model=model)


def alone_only() -> bytes:
    """A graph for exactly one window."""
    return bytes(onnx_model(batch=1).SerializeToString())


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (mixing, ModelFormat.ONNX),
        (alone_only, ModelFormat.ONNX),
        (litert_bytes, ModelFormat.LITERT),
        pytest.param(lambda: exported_bytes(1), ModelFormat.TORCH, marks=pytest.mark.slow),
    ],
)
def test_windows_that_must_not_meet_are_run_one_by_one(build: Any, kind: ModelFormat) -> None:
    engine = made_of(build(), kind).load()
    windows = WINDOWS + np.float32(6)  # above 0: what they are divided by
    alone = [engine.probabilities(window) for window in windows]
    assert not engine.batches
    assert [tuple(row) for row in engine.probabilities_many(windows).tolist()] == alone


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (onnx_bytes, ModelFormat.ONNX),
        pytest.param(torchscript_bytes, ModelFormat.TORCH, marks=pytest.mark.slow),
        pytest.param(exported_bytes, ModelFormat.TORCH, marks=pytest.mark.slow),
    ],
)
def test_windows_that_may_meet_are_one_call(build: Any, kind: ModelFormat) -> None:
    assert made_of(build(), kind).load().batches


def fickle() -> bytes:
    """A graph that answers a value for each of the first three samples that is above -1."""
    onnx = pytest.importorskip("onnx", reason="onnx is missing")
    model = onnx_model()
    constants = {"from": [0], "to": [3], "axis": [1], "flat": [3], "floor": [-1.0]}
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.array(value, "i8" if name != "floor" else "f4"), name)
        for name, value in constants.items()
    )
    model.graph.node[-1].output[0] = "all"
    model.graph.node.append(onnx.helper.make_node("Compress", ["all", "kept"], ["p"], axis=1))
    return changed(
        ("Slice", ["x", "from", "to", "axis"], ["head"], {}),
        ("Greater", ["head", "floor"], ["above"], {}),
        ("Reshape", ["above", "flat"], ["kept"], {}),
        model=model,
    )


def test_an_answer_of_another_length_is_an_error_and_the_next_window_is_judged() -> None:
    engine = made_of(fickle()).load()
    good, short = np.zeros(WINDOW, np.float32), np.full(WINDOW, -2, np.float32)
    short[0] = 0
    before = engine.probabilities(good)
    for _ in range(2):
        with pytest.raises(ModelError, match="model net failed"):
            engine.probabilities(short)
        assert engine.probabilities(good) == before


def test_an_onnx_model_with_two_inputs_or_of_doubles_is_refused() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is missing")
    two = onnx_model()
    two.graph.input.append(onnx.helper.make_tensor_value_info("y", onnx.TensorProto.INT64, [1]))
    with pytest.raises(ModelError, match=r"it takes x tensor\(float\), y tensor\(int64\); one"):
        made_of(two.SerializeToString()).load()
    double = onnx_model(kind="DOUBLE")
    double.graph.node[0].input[0] = "single"
    cast = ("Cast", ["x"], ["single"], {"to": onnx.TensorProto.FLOAT})
    with pytest.raises(ModelError, match=r"it takes x tensor\(double\); one tensor\(float\)"):
        made_of(changed(cast, model=double)).load()


def test_a_litert_model_of_two_rows_is_refused() -> None:
    with pytest.raises(ModelError, match=r"it takes .*\(2, 50\).*; one row of 50 float32"):
        made_of(litert_bytes(rows=2), ModelFormat.LITERT).load()


@pytest.mark.slow
def test_torch_computes_on_one_thread() -> None:
    torch = pytest.importorskip("torch", reason="the extra `torch` is missing")
    torch.set_num_threads(2)
    made_of(torchscript_bytes(), ModelFormat.TORCH).load()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("kind", "package"), [(ModelFormat.TORCH, "torch"), (ModelFormat.LITERT, "ai_edge_litert")]
)
def test_a_backend_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: ModelFormat, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # how Python says: not to be found
    monkeypatch.delitem(sys.modules, f"{package}.interpreter", raising=False)
    wanted = rf"its format {kind} needs the extra {kind}: pip install 'edgeward\[{kind}\]'"
    with pytest.raises(ModelError, match=wanted):
        made_of(b"model", kind).load()


def test_a_model_is_loaded_from_its_file(tmp_path: Path) -> None:
    card = parse_card(package_file(CARD_FILE))
    path = tmp_path / "model"
    path.write_bytes(package_file(MODEL_FILE))
    assert isinstance(load_engine(path, card), OnnxEngine)
    with pytest.raises(ModelError, match=r"model rhythm-reference cannot be read: .*nothing"):
        load_engine(tmp_path / "nothing", card)


@pytest.mark.parametrize("kind", ModelFormat)
def test_a_card_names_the_format_of_its_model(kind: ModelFormat) -> None:
    card = json.loads(package_file(CARD_FILE))
    assert parse_card(json.dumps(card).encode()).format is ModelFormat.ONNX
    assert parse_card(json.dumps({**card, "format": kind}).encode()).format is kind


def test_a_model_in_another_format_than_its_card_says_is_refused() -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra `litert` is missing")
    with pytest.raises(ModelError, match="model net cannot be loaded"):
        made_of(onnx_bytes(), ModelFormat.LITERT).load()
