"""Graphs become short without answering otherwise, and whole numbers run as whole numbers."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_graphs import LABELS, SAMPLES, convolutional, waves

from edgeward.errors import ModelError
from edgeward.model.compress.fidelity import compare
from edgeward.model.compress.front import Front, joined
from edgeward.model.compress.graphs import minimised, read, run, write
from edgeward.model.compress.operators import executed
from edgeward.model.compress.pooling import pooled
from edgeward.model.compress.quantise import CALIBRATION_LEAST, quantised
from edgeward.model.compress.risks import lint
from edgeward.model.compress.shares import LABELS_MAX, ONE, exact_shares, table
from edgeward.model.onnx_runtime import onnxruntime, session_options


@pytest.fixture(scope="module")
def whole() -> onnx.ModelProto:
    return quantised(convolutional(), waves(CALIBRATION_LEAST))


def test_a_minimised_graph_answers_the_same_bits_in_fewer_bytes() -> None:
    model = convolutional()
    model.doc_string = "long " * 100
    entry = model.metadata_props.add()
    entry.key, entry.value = "trace", "long " * 100
    twice = numpy_helper.from_array(np.array([1], np.int64), "another one")
    model.graph.initializer.append(twice)
    model.graph.node[0].input[1] = "another one"
    small = minimised(model)
    onnx.checker.check_model(small)
    assert len(write(small)) < len(write(model)) - 1000
    assert not any(node.name for node in small.graph.node)
    np.testing.assert_array_equal(run(write(model), waves(9)), run(write(small), waves(9)))
    assert model.doc_string, "the model that was given was changed"


def test_a_constant_that_occurs_twice_is_kept_once() -> None:
    model = convolutional()
    model.graph.node[3].input[2] = "copy"
    first = next(one for one in model.graph.initializer if one.name == "first_bias")
    copy = onnx.TensorProto()
    copy.CopyFrom(first)
    copy.name = "copy"
    model.graph.initializer.append(copy)
    small = minimised(model)
    assert len(small.graph.initializer) == len(model.graph.initializer) - 2  # nobody uses the other
    np.testing.assert_array_equal(run(write(model), waves(5)), run(write(small), waves(5)))


def test_a_bias_needs_no_zero_and_its_layer_runs_on_whole_numbers_without(
    whole: onnx.ModelProto,
) -> None:
    constants = {one.name: one for one in whole.graph.initializer}
    turns = [
        node for node in whole.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constants
    ]  # fmt: skip
    biases = [one for one in turns if constants[one.input[0]].data_type == TensorProto.INT32]
    assert len(biases) >= 3
    assert {len(one.input) for one in biases} == {2}
    assert {len(one.input) for one in turns if one not in biases} == {3}
    told = onnx.ModelProto()
    told.CopyFrom(whole)
    for node in told.graph.node:
        if len(node.input) == 2 and node.op_type == "DequantizeLinear":
            count = constants[node.input[1]].dims
            zeros = numpy_helper.from_array(np.zeros(count, np.int32), f"{node.input[0]} zero")
            told.graph.initializer.append(zeros)
            node.input.append(zeros.name)
    assert executed(write(told)) == executed(write(whole))
    assert np.array_equal(run(write(told), waves(64)), run(write(whole), waves(64)))
    assert len(write(minimised(told))) == len(write(whole)) < len(write(told))


def test_a_graph_with_a_branch_keeps_its_names() -> None:
    model = convolutional()
    inside = helper.make_graph(
        [helper.make_node("Identity", ["scores"], ["inner"])], "then", [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, ["n", LABELS])],
    )  # fmt: skip
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    branch = helper.make_node("If", ["yes"], ["chosen"], then_branch=inside, else_branch=inside)
    model.graph.node.insert(8, branch)
    model.graph.node[9].input[0] = "chosen"
    np.testing.assert_array_equal(
        run(write(model), waves(3)), run(write(minimised(model)), waves(3))
    )


def test_a_mean_over_time_becomes_a_pooling_and_one_over_channels_does_not() -> None:
    model = convolutional()
    kinds = [node.op_type for node in pooled(model).graph.node]
    assert "GlobalAveragePool" in kinds
    assert "ReduceMean" not in kinds
    answers = run(write(pooled(model)), waves(9))
    np.testing.assert_allclose(answers, run(write(model), waves(9)), atol=1e-6)
    time = next(one for one in model.graph.initializer if one.name == "time")
    time.CopyFrom(numpy_helper.from_array(np.array([1], np.int64), "time"))
    assert "ReduceMean" in [node.op_type for node in pooled(model).graph.node]


def test_a_mean_that_drops_its_axis_becomes_one_too() -> None:
    model = convolutional()
    mean, flatten = model.graph.node[5], model.graph.node[6]
    mean.attribute[0].i = 0
    flatten.CopyFrom(helper.make_node("Identity", ["mean"], ["flat"]))
    answers = run(write(pooled(model)), waves(9))
    np.testing.assert_allclose(answers, run(write(model), waves(9)), atol=1e-6)
    small = write(quantised(model, waves(CALIBRATION_LEAST)))
    assert executed(small).exact


def test_only_a_graph_without_float_is_exact(whole: onnx.ModelProto) -> None:
    assert executed(write(whole)).exact
    assert not executed(write(convolutional())).exact
    assert not executed(write(joined(Front(100, (0.5, 40.0)), whole, SAMPLES))).exact
    shared = convolutional()
    shared.graph.node[4].CopyFrom(helper.make_node("Softmax", ["c"], ["d"], axis=1))
    assert not executed(write(quantised(shared, waves(CALIBRATION_LEAST)))).exact


@pytest.mark.parametrize("named", [True, False])
def test_every_layer_runs_on_whole_numbers(*, named: bool) -> None:
    small = write(quantised(convolutional(named=named), waves(CALIBRATION_LEAST)))
    found = executed(small)
    assert found.of(frozenset({"QLinearConv"})) == 2
    assert found.of(frozenset({"QGemm"})) == 1
    assert found.of(frozenset({"QLinearGlobalAveragePool"})) == 1
    assert found.in_float == 0
    floating = executed(write(convolutional()))
    assert (floating.whole, floating.in_float) == (0, 3)
    assert floating.to_dict()["in_float"] == 3


def test_quantising_is_repeatable_small_and_near(whole: onnx.ModelProto) -> None:
    model = convolutional()
    assert write(whole) == write(quantised(model, waves(CALIBRATION_LEAST)))
    assert write(model) == write(convolutional()), "the model that was given was changed"
    fresh = waves(400, seed=5)
    near = compare(run(write(model), fresh), run(write(whole), fresh))
    assert near.agreeing >= 0.97 * near.windows
    assert near.max_difference < 0.2
    assert not near.not_a_number


@pytest.mark.parametrize("rows", [1, 3, 64, 400])
def test_an_answer_does_not_depend_on_its_neighbours(whole: onnx.ModelProto, rows: int) -> None:
    fresh = waves(400, seed=6)
    np.testing.assert_array_equal(run(write(whole), fresh, rows), run(write(whole), fresh, 64))


def test_an_answer_does_not_depend_on_the_number_of_threads(whole: onnx.ModelProto) -> None:
    options = session_options()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(
        write(whole), sess_options=options, providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"x": waves(64, seed=7)})
    np.testing.assert_array_equal(found, run(write(whole), waves(64, seed=7)))


def test_our_own_setting_has_no_risk_and_the_usual_one_has(whole: onnx.ModelProto) -> None:
    assert lint(whole) == []
    weights = [one for one in whole.graph.initializer if one.data_type == TensorProto.INT8]
    widest = max(weights, key=lambda one: len(one.raw_data))
    values = numpy_helper.to_array(widest).copy()
    values.flat[0] = 100
    widest.CopyFrom(numpy_helper.from_array(values, widest.name))
    (risk,) = lint(whole)
    assert "to 100: products saturate" in risk.text


def test_signed_activations_and_scales_of_a_call_are_risks() -> None:
    graph = helper.make_graph(
        [
            helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            helper.make_node("DynamicQuantizeLinear", ["x"], ["d", "s", "z"]),
        ],
        "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])], [],
        [
            numpy_helper.from_array(np.array(0.1, np.float32), "scale"),
            numpy_helper.from_array(np.array(0, np.int8), "zero"),
        ],
    )  # fmt: skip
    risks = lint(helper.make_model(graph))
    assert [one.tensor for one in risks] == ["q", "d"]
    assert "int8" in risks[0].text
    assert "all windows of a call" in risks[1].text


def whole_scores(whole: onnx.ModelProto, windows: Any) -> tuple[Any, float]:
    """The scores of a quantised network before they become probabilities, and their scale."""
    model = onnx.ModelProto()
    model.CopyFrom(whole)
    makers = {name: node for node in model.graph.node for name in node.output}
    scores = next(node for node in model.graph.node if node.op_type == "Cast").input[0]
    scale = next(
        one for one in model.graph.initializer if one.name == makers[scores].input[1]
    )  # of the node that quantises them
    model.graph.output.insert(0, helper.make_tensor_value_info(scores, TensorProto.UINT8, None))
    del model.graph.output[1:]
    return run(write(model), windows), float(numpy_helper.to_array(scale))


def test_probabilities_are_divisions_of_whole_numbers_and_nearly_a_softmax(
    whole: onnx.ModelProto,
) -> None:
    scores, scale = whole_scores(whole, waves(100, seed=8))
    answers = run(write(whole), waves(100, seed=8))
    below = scores.astype(np.int64).max(1, keepdims=True) - scores
    powers = table(scale)[below].astype(np.int64)
    expected = powers.astype(np.float32) / powers.sum(1, keepdims=True).astype(np.float32)
    np.testing.assert_array_equal(answers, expected)
    exponents = np.exp(-scale * below.astype(np.float64))
    np.testing.assert_allclose(answers, exponents / exponents.sum(1, keepdims=True), atol=3e-6)
    assert len(np.unique(scores)) > 20


def test_only_what_can_be_added_exactly_is_made_exact() -> None:
    with pytest.raises(
        ModelError, match="the network ends with Softmax; accepted: Softmax of whole"
    ):
        exact_shares(convolutional())
    old = convolutional()
    old.opset_import[0].version = 17
    with pytest.raises(ModelError, match="found operator set 17; accepted: 18 and later"):
        exact_shares(old)
    assert 1 << np.finfo(np.float32).nmant + 1 >= LABELS_MAX * ONE


def broken_windows() -> Any:
    windows = waves(CALIBRATION_LEAST - 1)
    windows[3, 0] = np.nan
    return windows


def test_poor_calibration_is_refused_with_every_fault() -> None:
    with pytest.raises(ModelError) as refused:
        quantised(convolutional(), broken_windows())
    assert "found 255 calibration windows; accepted: at least 256" in str(refused.value)
    assert "found 1 calibration windows that are no numbers" in str(refused.value)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ModelError, match="no valid ONNX model"):
        read(b"nothing")
    assert read(write(convolutional())) == convolutional()


def filtered(front: Front, windows: Any) -> Any:
    """The same with numpy, in double precision."""
    taps = front.weights().astype(float)
    passed = np.stack([np.convolve(one.astype(float), taps, "same") for one in windows])
    centred = passed - passed.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True))


def test_a_front_in_the_graph_is_the_filter_and_stays_in_float(whole: onnx.ModelProto) -> None:
    front = Front(100, (0.5, 40.0))
    model = joined(front, whole, SAMPLES)
    expected = run(write(whole), filtered(front, waves(50)).astype(np.float32))
    np.testing.assert_allclose(run(write(model), waves(50)), expected, atol=0.02)
    bare = joined(Front(100, None, scaled=False), whole, SAMPLES)
    np.testing.assert_array_equal(run(write(bare), waves(9)), run(write(whole), waves(9)))
    flat = run(write(model), np.zeros((1, SAMPLES), np.float32))
    assert np.isfinite(flat).all()


def test_the_band_passes_what_it_should() -> None:
    taps = Front(100, (5.0, 15.0)).weights().astype(float)
    at = np.arange(len(taps))
    gain = {hz: abs(np.sum(taps * np.exp(-2j * np.pi * hz / 100 * at))) for hz in (0.5, 9, 10, 40)}
    assert gain[0.5] < 0.02
    assert gain[40] < 0.02
    assert gain[9] == pytest.approx(1, abs=0.02)
    assert gain[10] == pytest.approx(1, abs=0.02)


def test_a_band_that_cannot_be_is_refused() -> None:
    with pytest.raises(ModelError) as refused:
        Front(100, (5.0, 60.0), taps=10)
    assert "found band_hz (5.0, 60.0); accepted: 0 < low < high < 50" in str(refused.value)
    assert "found 10 taps; accepted: an odd number" in str(refused.value)


def test_fidelity_counts_what_is_no_number_and_hides_nothing() -> None:
    reference = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    other = np.array([[0.8, 0.2], [np.nan, 0.8], [0.4, 0.6]], np.float32)
    found = compare(reference, other)
    assert (found.windows, found.agreeing, found.not_a_number) == (3, 1, 1)
    assert found.max_difference == pytest.approx(0.2)
    assert compare(reference, reference).noise_db == float("inf")
    with pytest.raises(ValueError, match=r"\(3, 2\)"):
        compare(reference, other[:2])
    with pytest.raises(ValueError, match="no number"):
        compare(other, reference)
