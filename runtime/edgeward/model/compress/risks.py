"""What in a quantised file of anybody depends on the processor, or on the other windows of a call.

A list of what is known: `operators` says of a model whether there is nothing else.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx

from edgeward.model.compress.operators import AT_RUN_TIME
from edgeward.model.compress.steps import FUNCTIONS

SEVEN_BITS: Final = (-64, 64)
"""Two products of such a weight and an activation fit into sixteen bits."""
_PAIRS: Final = frozenset({"Add", "Mul", "QLinearAdd", "QLinearMul"})
_POWERS: Final = frozenset({"QLinearSigmoid", "QLinearSoftmax", "Softmax"})
_TURN: Final = "DequantizeLinear"


@dataclass(frozen=True, slots=True)
class Risk:
    """Why a quantised model may answer otherwise elsewhere."""

    tensor: str
    text: str


def lint(model: onnx.ModelProto) -> list[Risk]:
    """Every risk that is known, in the order of the graph."""
    graph = model.graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    turned = {node.output[0] for node in graph.node if node.op_type == _TURN}
    risks: list[Risk] = []
    for node in graph.node:
        if node.op_type == _TURN and node.input[0] in constants:
            risks += _of_weights(node.input[0], constants[node.input[0]])
        elif node.op_type == "QuantizeLinear" and len(node.input) > 2:
            risks += _of_activations(node.output[0], constants.get(node.input[2]))
        else:
            risks += [Risk(node.output[0], text) for text in _of_rounding(node, turned)]
    return risks


def _of_rounding(node: onnx.NodeProto, turned: set[str]) -> list[str]:
    """Of an operator that each processor, or each call, computes in its own way."""
    kind = node.op_type
    if kind in AT_RUN_TIME:
        return [f"{kind} takes its scale from all windows of a call"]
    if kind == "ReduceMean":
        return [f"{kind} adds in an order of its own; accepted: GlobalAveragePool"]
    if kind in _PAIRS and (kind.startswith("QLinear") or set(node.input) <= turned):
        return [f"{kind} of two quantised numbers is rounded in several ways; accepted: in steps"]
    if kind in FUNCTIONS | _POWERS:
        return [f"{kind} is made of powers in float; accepted: a table"]
    return []


def _of_weights(name: str, values: np.ndarray[Any, Any]) -> list[Risk]:
    least, most = SEVEN_BITS
    if values.dtype != np.int8 or values.ndim < 2:
        return []
    if least <= values.min() and values.max() <= most:
        return []
    text = (
        f"weights from {values.min()} to {values.max()}: products saturate on processors without"
        f" VNNI; accepted: {least} to {most} (reduce_range)"
    )
    return [Risk(name, text)]


def _of_activations(name: str, zero: np.ndarray[Any, Any] | None) -> list[Risk]:
    if zero is None or zero.dtype == np.uint8:
        return []
    return [
        Risk(name, f"activations of {zero.dtype}: not fused on every processor; accepted: uint8")
    ]
