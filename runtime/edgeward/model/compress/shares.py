"""Probabilities from whole scores by whole numbers: none of it depends on the processor.

A softmax in float takes powers and adds them, and processors do both in their own way: the last
bits differ. Here the scores are whole, 0 to 255, so each power is one of 256 that can be reckoned
beforehand, as a whole number; their sum is whole too, and one division of two whole numbers that a
float holds exactly has one answer by the rule of IEEE 754.
"""

from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgeward.errors import ModelError

ONE: Final = 1 << 20
"""What the power of the highest score is; sixteen of them fit a float exactly."""
LABELS_MAX: Final = 16
LAST: Final = "Softmax"
OPSET_LEAST: Final = 18
"""Before, axes were no input."""


def exact_shares(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its last softmax in whole numbers; it must take dequantised scores.

    Raises:
        ModelError: the graph does not end so, is of an older operator set, or has more labels than
            can be added exactly.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    opset = next((one.version for one in model.opset_import if not one.domain), 0)
    if opset < OPSET_LEAST:
        raise ModelError(f"found operator set {opset}; accepted: {OPSET_LEAST} and later")
    makers = {name: node for node in graph.node for name in node.output}
    last = makers.get(graph.output[0].name)
    turn = makers.get(last.input[0]) if last is not None and last.op_type == LAST else None
    if last is None or turn is None or turn.op_type != "DequantizeLinear":
        found = "nothing" if last is None else last.op_type
        raise ModelError(f"the network ends with {found}; accepted: {LAST} of whole scores")
    labels = graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    if not 1 < labels <= LABELS_MAX:
        raise ModelError(f"found {labels} labels; accepted: 2 to {LABELS_MAX}")
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    scale = float(constants[turn.input[1]])
    nodes, added = _nodes(turn.input[0], scale, last.output[0])
    kept = [node for node in graph.node if node is not last and node is not turn]
    graph.ClearField("node")
    graph.node.extend([*kept, *nodes])
    graph.initializer.extend(added)
    return changed


def table(scale: float) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """The power for each distance of a score from the highest one."""
    powers = ONE * np.exp(-scale * np.arange(256, dtype=np.float64))
    return np.asarray(np.rint(powers), np.int32)


def _nodes(
    scores: str, scale: float, output: str
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    constants = [
        numpy_helper.from_array(table(scale), "shares powers"),
        numpy_helper.from_array(np.array([1], np.int64), "shares labels"),
    ]
    nodes: list[onnx.NodeProto] = []

    def node(kind: str, inputs: list[str], name: str, **settings: Any) -> str:  # noqa: ANN401
        nodes.append(helper.make_node(kind, inputs, [name], **settings))
        return name

    whole = node("Cast", [scores], "shares scores", to=onnx.TensorProto.INT32)
    highest = node("ReduceMax", [whole, "shares labels"], "shares highest", keepdims=1)
    below = node("Sub", [highest, whole], "shares below")
    powers = node("Gather", ["shares powers", below], "shares of each", axis=0)
    total = node("ReduceSum", [powers, "shares labels"], "shares total", keepdims=1)
    each = node("Cast", [powers], "shares each float", to=onnx.TensorProto.FLOAT)
    every = node("Cast", [total], "shares total float", to=onnx.TensorProto.FLOAT)
    node("Div", [each, every], output)
    return nodes, constants
