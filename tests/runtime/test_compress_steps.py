"""Sums, products and functions have one answer each, of every pair of numbers that can go in."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from branched_graphs import FUNCTIONS, branched, every_pair, numbers, pairs
from onnx import helper, numpy_helper
from small_graphs import convolutional, waves

from edgeward.model.compress.fidelity import compare
from edgeward.model.compress.graphs import run, write
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import CALIBRATION_LEAST, quantised
from edgeward.model.compress.risks import lint
from edgeward.model.compress.steps import stepped, summed

SOME = 6
ONE_OPERATOR = {"Add": "QLinearAdd", "Mul": "QLinearMul", "Sigmoid": "QLinearSigmoid"}


@pytest.fixture(scope="module")
def whole() -> onnx.ModelProto:
    return quantised(branched(), waves(CALIBRATION_LEAST))


def test_a_network_with_every_kind_of_branch_is_exact_and_near(whole: onnx.ModelProto) -> None:
    found = executed(write(whole))
    assert found.exact, found.counts
    assert lint(whole) == []
    assert found.in_float == 0
    assert not found.of(frozenset({*ONE_OPERATOR.values(), *FUNCTIONS}))
    fresh = waves(400, seed=5)
    near = compare(run(write(branched()), fresh), run(write(whole), fresh))
    assert near.agreeing >= 0.97 * near.windows
    assert near.max_difference < 0.2


@pytest.mark.parametrize("rows", [1, 16])
def test_its_answers_do_not_depend_on_their_neighbours(whole: onnx.ModelProto, rows: int) -> None:
    fresh = waves(130, seed=6)
    np.testing.assert_array_equal(run(write(whole), fresh, rows), run(write(whole), fresh, 64))


def in_steps(model: onnx.ModelProto) -> onnx.ModelProto:
    return stepped(summed(model))


def tanh(values: Any) -> Any:
    return np.tanh(values.astype(np.float64))


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def hard_swish(values: Any) -> Any:
    return values * np.clip(values.astype(np.float64) / 6 + 0.5, 0, 1)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("Add", np.add),
        ("Mul", np.multiply),
        ("PRelu", lambda value, slope: np.where(value < 0, value * slope, value)),
        ("Tanh", tanh),
        ("Sigmoid", sigmoid),
        ("HardSwish", hard_swish),
    ],
)
def test_each_is_what_the_rule_says_for_every_pair(kind: str, rule: Callable[..., Any]) -> None:
    """With numpy, one step of 32 bits after the other."""
    given = every_pair()
    found = run(write(in_steps(pairs((kind,), SOME))), given, len(given))
    for of in range(SOME):
        scales, zeros = numbers(of)
        turned = [
            (given[:, at].astype(np.float32) - np.float32(zeros[at])) * scales[at] for at in (0, 1)
        ]
        answers = rule(turned[0]) if kind in FUNCTIONS else rule(*turned)
        expected = np.clip(np.rint(answers / scales[2]) + zeros[2], 0, 255)
        np.testing.assert_array_equal(found[:, of], expected.astype(np.uint8))


@pytest.mark.parametrize("kind", ["Add", "Mul", "Sigmoid"])
def test_one_operator_for_it_is_a_risk_and_not_exact(kind: str) -> None:
    model = pairs((kind,), 1)
    (risk,) = lint(model)
    assert kind in risk.text
    found = executed(write(model))
    assert found.of(frozenset({ONE_OPERATOR[kind]})) == 1
    assert not found.exact
    assert lint(in_steps(model)) == []
    assert executed(write(in_steps(model))).exact


@pytest.mark.parametrize("kind", ["Relu", "PRelu"])
def test_a_pooling_after_a_sum_is_of_whole_numbers(kind: str) -> None:
    """A mean of some neighbours in float would be a sum in an order."""
    model = branched()
    slope = numpy_helper.from_array(np.full((8, 1), 0.2, np.float32), "slope")
    model.graph.initializer.append(slope)
    after = next(one for one in model.graph.node if one.output[0] == "r2")
    after.op_type = kind
    after.input.extend(["slope"] if kind == "PRelu" else [])
    pool = next(one for one in model.graph.node if one.op_type == "AveragePool")
    pool.input[0] = "r2"
    found = executed(write(quantised(model, waves(CALIBRATION_LEAST))))
    assert found.exact, found.counts
    assert found.of(frozenset({"QLinearAveragePool"})) == 1


def test_a_mean_in_float_is_a_risk() -> None:
    (mean, shares) = lint(convolutional())
    assert "ReduceMean adds in an order of its own" in mean.text
    assert "Softmax is made of powers" in shares.text


def test_what_cannot_be_taken_apart_stays_and_is_not_exact() -> None:
    """A function whose answer is not rounded is no table."""
    model = pairs(("Sigmoid",), 1)
    at = next(place for place, one in enumerate(model.graph.node) if one.op_type == "Sigmoid")
    model.graph.node[at + 1].input[0] = "twice"
    double = helper.make_node("Add", ["Sigmoid0f", "Sigmoid0f"], ["twice"])
    model.graph.node.insert(at + 1, double)
    kept = in_steps(model)
    assert "Sigmoid" in [node.op_type for node in kept.graph.node]
    assert not executed(write(kept)).exact
    assert [one.tensor for one in lint(kept)] == ["Sigmoid0f"]


def test_the_graph_that_was_given_stays() -> None:
    model = pairs(("Add", "Mul", "Tanh"), 1)
    before = write(model)
    in_steps(model)
    assert write(model) == before
