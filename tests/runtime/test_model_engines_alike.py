"""One promise for every engine (`edgeward.model.nearness`), held by the models that ship.

Both models in whole numbers and both in float, on windows that are drawn from one number; and each
way to hold an engine to it is shown to refuse a model that is another one by a little.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from other_formats import as_litert, as_torch
from whole_numbers import reckoned

from edgeward.adapters.host import package_file
from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.card import ModelFormat, parse_card
from edgeward.model.compress.alike import ROWS, THREADS, alike, promises_of, ways
from edgeward.model.compress.graphs import run
from edgeward.model.engine import Probabilities
from edgeward.model.load import load_engine
from edgeward.model.nearness import FLOAT, JOINED, PROMISES, WHOLE, Promise, breaches
from edgeward.model.onnx_runtime import onnxruntime, session_options
from edgeward.signal.patient import Rhythm, SimulatedPatient
from edgeward.signal.windows import Samples

ROOT = Path(__file__).parents[2]
TEACHERS = ROOT / "suites" / "accuracy" / "models"
SEED = 20_261_122
NAMES = ("rhythm", "beat")
BEAT_ROW = 46


@cache
def drawn(name: str, patients: int = 5, seed: int = SEED) -> Samples:
    """Windows of patients, as they are and high enough to saturate, and noise of all heights."""
    draw = np.random.default_rng(seed)
    if name == "beat":
        heights = draw.choice([0.01, 0.3, 1.0, 3.0], (20 * patients, 1))
        return (heights * draw.standard_normal((20 * patients, BEAT_ROW))).astype(np.float32)
    who = draw.integers(1 << 31, size=patients)
    ecg = np.stack([SimulatedPatient(int(one)).ecg(rhythm, 5) for one in who for rhythm in Rhythm])
    heights = draw.choice([0.01, 0.3, 2.0, 9.0], (len(ecg), 1))
    noise = heights * draw.standard_normal(ecg.shape)
    return np.concatenate([ecg, 5 * ecg, noise]).astype(np.float32)


def whole(name: str) -> bytes:
    return package_file(f"model/{name}_reference.onnx")


def teacher(name: str) -> bytes:
    return (TEACHERS / f"{name}_teacher.onnx").read_bytes()


@cache
def by_hand(name: str) -> Probabilities:
    """What the model in whole numbers must answer, without an engine."""
    return reckoned(whole(name), drawn(name))


@cache
def floats(name: str) -> Probabilities:
    """What the model in float answers on ONNX Runtime."""
    return run(teacher(name), drawn(name))


def answered(name: str, data: bytes, kind: ModelFormat) -> Probabilities:
    """By the engine that a device would take, window by window and several at once."""
    card = parse_card((TEACHERS / f"{name}_teacher.json").read_bytes())
    engine = load_engine(data, replace(card, sha256=sha256_hex(data), format=kind))
    windows, most = drawn(name), engine.batch_max
    alone = np.array([engine.probabilities(one) for one in windows], dtype=np.float32)
    parts = [windows[at : at + most] for at in range(0, len(windows), most)]
    together = np.concatenate([engine.probabilities_many(part) for part in parts])
    assert breaches(FLOAT, alone, together) == []
    return alone


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("model", "promise"), [(whole, WHOLE), (teacher, FLOAT)])
def test_an_answer_depends_on_no_number_of_windows_or_threads(
    name: str, model: Callable[[str], bytes], promise: Promise
) -> None:
    (_, due), *others = ways(model(name), drawn(name))
    assert len(others) == len(ROWS) * len(THREADS) - 1
    for way, found in others:
        assert breaches(promise, due, found) == [], way


@pytest.mark.parametrize("name", NAMES)
def test_whole_numbers_are_those_that_follow_without_an_engine(name: str) -> None:
    assert breaches(WHOLE, by_hand(name), run(whole(name), drawn(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_litert_answers_what_onnx_runtime_does(name: str) -> None:
    found, due = answered(name, as_litert(teacher(name)), ModelFormat.LITERT), floats(name)
    assert breaches(FLOAT, due, found) == []
    assert np.array_equal(found.argmax(axis=1), due.argmax(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_torch_answers_what_onnx_runtime_does(name: str) -> None:
    found, due = answered(name, as_torch(teacher(name)), ModelFormat.TORCH), floats(name)
    assert breaches(FLOAT, due, found) == []
    assert np.array_equal(found.argmax(axis=1), due.argmax(axis=1))


def changed(model: bytes, which: int, change: Callable[[Any], Any]) -> bytes:
    """The model with another one of its arrays of weights, counted from the first or the last."""
    graph = onnx.load_model_from_string(model)
    arrays = {one.name: one for one in graph.graph.initializer}
    in_order = [
        arrays[name]
        for node in graph.graph.node
        for name in node.input
        if name in arrays and len(arrays[name].dims) > 1
    ]
    tensor = in_order[which]
    values = onnx.numpy_helper.to_array(tensor)
    tensor.CopyFrom(onnx.numpy_helper.from_array(change(values.copy()), tensor.name))
    return bytes(graph.SerializeToString())


def scaled(model: bytes) -> bytes:
    """The model with a first scale that is a thousandth too large: what it makes of its input."""
    graph = onnx.load_model_from_string(model)
    first = next(one for one in graph.graph.node if one.op_type == "QuantizeLinear")
    tensor = next(one for one in graph.graph.initializer if one.name == first.input[1])
    values = onnx.numpy_helper.to_array(tensor) * np.float32(1.001)
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.asarray(values, np.float32), tensor.name))
    return bytes(graph.SerializeToString())


def one_weight(values: Any) -> Any:
    """The largest weight, by a thirtieth of itself: two steps of it in whole numbers."""
    at = np.unravel_index(np.abs(values).argmax(), values.shape)
    by = 2 if values.dtype == np.int8 else np.abs(values[at]) / 30
    values[at] -= np.sign(values[at]) * by
    return values


def other_order(values: Any) -> Any:
    """The labels turned round by one."""
    return np.roll(values, 1, axis=0)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a model, in whole numbers and in float."""

    which: int
    change: Callable[[Any], Any]

    def of(self, model: bytes) -> bytes:
        return changed(model, self.which, self.change)


WRONG = {"one weight": Wrong(0, one_weight), "order of labels": Wrong(-1, other_order)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "wrong", [*(one.of for one in WRONG.values()), scaled], ids=[*WRONG, "a scale"]
)
def test_another_model_in_whole_numbers_is_found(
    name: str, wrong: Callable[[bytes], bytes]
) -> None:
    (fault,) = breaches(WHOLE, by_hand(name), run(wrong(whole(name)), drawn(name)))
    assert "accepted: the same bits" in fault


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (as_litert, ModelFormat.LITERT),
        pytest.param(as_torch, ModelFormat.TORCH, marks=pytest.mark.slow),
    ],
)
def test_another_model_in_float_is_found_on_each_engine(
    name: str, wrong: str, made: Callable[[bytes], bytes], kind: ModelFormat
) -> None:
    found = answered(name, made(WRONG[wrong].of(teacher(name))), kind)
    (fault,) = breaches(FLOAT, floats(name), found)
    assert "accepted: up to 1e-05" in fault


def test_whole_numbers_that_are_reckoned_in_float_are_another_model() -> None:
    """An engine without its optimisations does that, and every so many windows show it."""
    options = session_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    windows = drawn("rhythm")
    session = onnxruntime.InferenceSession(whole("rhythm"), options)
    (found,) = session.run(None, {session.get_inputs()[0].name: windows})
    (fault,) = breaches(WHOLE, run(whole("rhythm"), windows), found)
    assert f"of {len(windows)} windows answered otherwise" in fault


def dynamic() -> bytes:
    """A network that scales each window by the largest of all of them."""
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            node("ReduceMax", ["x"], ["most"], keepdims=0),
            node("Div", ["x", "most"], ["scaled"]),
            node("Softmax", ["scaled"], ["p"], axis=1),
        ],
        "dynamic",
        [value("x", onnx.TensorProto.FLOAT, ["n", 5])],
        [value("p", onnx.TensorProto.FLOAT, ["n", 5])],
    )
    opset = onnx.helper.make_opsetid("", 17)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return bytes(model.SerializeToString())


def test_a_model_of_anybody_gets_the_narrowest_promise_that_it_keeps_and_some_get_none() -> None:
    kept = alike(whole("beat"), drawn("beat"), promises_of(whole=True, exact=True))
    assert (kept.promise, kept.max_difference, kept.windows) == (WHOLE, 0.0, 100)
    assert kept.to_dict()["tolerance"] == 0.0
    assert alike(teacher("beat"), drawn("beat"), promises_of(whole=False, exact=False)) != kept
    assert promises_of(whole=True, exact=False) == (JOINED,)
    windows = np.random.default_rng(SEED).uniform(1, 9, (70, 5)).astype(np.float32)
    with pytest.raises(ModelError, match="otherwise with 7 windows in a call, threads: 1: found"):
        alike(dynamic(), windows, promises_of(whole=False, exact=False))


def told(promise: Promise, *found: list[float]) -> list[str]:
    """Against two rows that are quite certain."""
    due = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)
    return breaches(promise, due, np.array(found, np.float32))


def test_a_promise_says_what_was_found_and_what_would_be_accepted() -> None:
    assert told(FLOAT, [9e-6, 1], [1, 0]) == []
    assert told(FLOAT, [0, 1], [1, 2e-5]) == [
        "found a probability 2e-05 off; accepted: up to 1e-05"
    ]
    assert told(WHOLE, [0, 1], [1, 0]) == []
    (bits,) = told(WHOLE, [0, 1], [np.nextafter(np.float32(1), np.float32(0)), 0])
    assert (
        bits
        == "found 1 of 2 windows answered otherwise, by up to 5.96e-08; accepted: the same bits"
    )
    assert told(WHOLE, [-0.0, 1], [1, 0]), "other bits, though equal"
    assert told(FLOAT, [np.nan, 1], [1, 0]) == [
        "found a probability inf off; accepted: up to 1e-05"
    ]
    assert told(FLOAT, [np.inf, 1], [1, 0]) == told(FLOAT, [np.nan, 1], [1, 0])
    assert told(FLOAT, [0, 1]) == ["found answers of shape (1, 2); accepted: (2, 2)"]


def test_the_record_of_the_decision_quotes_the_promises() -> None:
    text = (ROOT / "docs/adr/0013-whole-numbers-alike-everywhere.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [
        (
            one.name, one.of, one.over,
            f"{one.difference_max:g}" if one.difference_max else "0, the same bits",
        )
        for one in PROMISES
    ]  # fmt: skip
