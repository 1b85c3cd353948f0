"""A quantised graph reckoned with numpy alone: what an engine must answer to the bit, without one.

Numbers with a scale stay whole until they are rounded to the next scale, as an engine does it that
fuses a layer with the conversions around it: whole sums, one product in float for each of them, and
one rounding to the nearest, the even one of two. Nothing of the engine is used, and whatever is not
known here is refused rather than guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgeward.model.engine import Probabilities
from edgeward.signal.windows import Samples

Array = NDArray[Any]
SINGLE = np.float32


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers, each so many steps above its zero; or sums of products of such."""

    steps: Array
    scale: Array
    """One, or one for each channel."""
    count: int = 1
    """Through which a mean still has to be divided."""

    def rounded(self, scale: Array, zero: Array) -> Array:
        """In steps of another scale: the product and the one rounding."""
        factor = SINGLE(self.scale) / (SINGLE(scale) * SINGLE(self.count))
        by = factor.reshape(-1, *[1] * (self.steps.ndim - 2)) if factor.ndim else factor
        return _as(np.rint(self.steps.astype(SINGLE) * by), zero)


def _as(numbers: Array, zero: Array) -> Array:
    kind = np.iinfo(zero.dtype)
    return np.clip(numbers + SINGLE(zero), kind.min, kind.max).astype(zero.dtype)


def reckoned(model: bytes, windows: Samples) -> Probabilities:
    """What a quantised graph answers, window by window."""
    graph = onnx.load_model_from_string(model).graph
    known: dict[str, Any] = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    known[graph.input[0].name] = windows
    for node in graph.node:
        given = [known[name] for name in node.input]
        values = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        known[node.output[0]] = OPERATORS[node.op_type](given, values)
    answers: Probabilities = known[graph.output[0].name]
    return answers


def _quantise(given: list[Any], _: Mapping[str, Any]) -> Array:
    numbers, scale, zero = given
    if isinstance(numbers, Whole):
        return numbers.rounded(scale, zero)
    return _as(np.rint(numbers / SINGLE(scale)), zero)


def _turn_back(given: list[Any], _: Mapping[str, Any]) -> Whole:
    numbers, scale, *zero = given
    above = numbers.astype(np.int64)
    if zero:
        axes = [1] * (above.ndim - 1) if zero[0].ndim else []
        above = above - zero[0].astype(np.int64).reshape(-1, *axes)
    return Whole(above, scale)


def _layer(sums: Array, taken: Whole, weights: Whole, biases: Whole) -> Whole:
    scale = np.asarray(SINGLE(taken.scale) * SINGLE(weights.scale))
    np.testing.assert_allclose(biases.scale, scale, rtol=1e-6, err_msg="a bias of another scale")
    return Whole(sums + biases.steps.reshape(-1, *[1] * (sums.ndim - 2)), scale)


def _convolve(given: list[Any], values: Mapping[str, Any]) -> Whole:
    taken, weights, biases = given
    assert (values["group"], values["dilations"]) == (1, [1]), values
    (left, right), (stride,) = values["pads"], values["strides"]
    padded = np.pad(taken.steps, ((0, 0), (0, 0), (left, right)))
    size = weights.steps.shape[2]
    seen = sliding_window_view(padded, size, axis=2)[:, :, ::stride].astype(np.float64)
    sums = np.einsum("nctk,ock->not", seen, weights.steps.astype(np.float64), optimize=True)
    return _layer(sums.astype(np.int64), taken, weights, biases)  # exact: far below 2 to the 53rd


def _multiply(given: list[Any], values: Mapping[str, Any]) -> Whole:
    taken, weights, biases = given
    assert (values["transA"], values["transB"], values["alpha"], values["beta"]) == (0, 1, 1, 1)
    return _layer(taken.steps @ weights.steps.T, taken, weights, biases)


def _average(given: list[Any], _: Mapping[str, Any]) -> Whole:
    (taken,) = given
    axes = tuple(range(2, taken.steps.ndim))
    count = int(np.prod([taken.steps.shape[axis] for axis in axes]))
    return Whole(taken.steps.sum(axes, keepdims=True), taken.scale, count)


def _shaped(how: Callable[[Array, Array], Array]) -> Callable[[list[Any], Mapping[str, Any]], Any]:
    """The same numbers in another shape, whole ones or others."""

    def shaped(given: list[Any], _: Mapping[str, Any]) -> Any:
        numbers, shape = given
        if isinstance(numbers, Whole):
            return replace(numbers, steps=how(numbers.steps, shape))
        return how(numbers, shape)

    return shaped


def _reshape(numbers: Array, shape: Array) -> Array:
    return numbers.reshape([len(numbers), *shape[1:].tolist()])


def _over(given: list[Any]) -> tuple[int, ...]:
    return tuple(given[1].tolist())


KINDS = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.INT32: np.int32}
OPERATORS: dict[str, Callable[[list[Any], Mapping[str, Any]], Any]] = {
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _turn_back,
    "Conv": _convolve,
    "Gemm": _multiply,
    "GlobalAveragePool": _average,
    "Reshape": _shaped(_reshape),
    "Unsqueeze": _shaped(lambda numbers, axes: np.expand_dims(numbers, tuple(axes.tolist()))),
    "Squeeze": _shaped(lambda numbers, axes: np.squeeze(numbers, tuple(axes.tolist()))),
    "Cast": lambda given, values: given[0].astype(KINDS[values["to"]]),
    "ReduceMax": lambda given, _: given[0].max(_over(given), keepdims=True),
    "ReduceSum": lambda given, _: given[0].sum(_over(given), keepdims=True, dtype=given[0].dtype),
    "Sub": lambda given, _: given[0] - given[1],
    "Gather": lambda given, values: np.take(given[0], given[1], axis=values["axis"]),
    "Div": lambda given, _: given[0] / given[1],
}
