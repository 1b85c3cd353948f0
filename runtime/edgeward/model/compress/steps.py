"""Operators that processors round each in their own way, taken apart into steps of one answer.

An engine runs a sum or a product of quantised numbers as one operator. In it some processors round
in float, with or without a fused multiplication, and others in fixed point, so that here and there
a number is off by one: one in a hundred thousand of all pairs that can go in. A function as the
hyperbolic tangent is made of powers, whose last bits are each processor's own.

Rules:
1. One step in float has one answer by IEEE 754: a number turned back, one sum, one product, one
   rounding. Nothing is added or multiplied twice in a step, and nothing in an order.
2. A sum is named so that no engine takes it, its inputs and its rounding for one operator.
3. A product gets its smaller factor in steps of its own, for the same reason.
4. A function of one quantised number is a table of 256, reckoned beforehand.
"""

from collections import Counter
from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

FUNCTIONS: Final = frozenset(
    {
        "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Log", "Mish",
        "Reciprocal", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Swish", "Tanh",
    }
)  # fmt: skip
"""Of one number each, and nothing else."""
SUM: Final = "Sum"
"""Of any number of things: what engines do not take for a sum of two."""
WHOLE_AFTER: Final = frozenset({"PRelu", SUM})
"""Steps that tools do not know: what comes after would be in float where it needs whole numbers."""
_EVERY: Final = np.arange(256, dtype=np.int64)


def summed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, before it is quantised, with sums that stay steps of their own (rule 2)."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for node in changed.graph.node:
        if node.op_type == "Add":
            node.op_type = SUM
    return changed


def stepped(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same quantised graph with functions as tables and products in steps (rules 3 and 4)."""
    editing = _Editing(model)
    for node in editing.model.graph.node:
        if node.output[0] in editing.given:
            continue
        if node.op_type in FUNCTIONS:
            editing.look_up(node)
        elif node.op_type == "Mul":
            editing.multiply(node)
        else:
            editing.nodes.append(node)
    return editing.done()


class _Editing:
    """A quantised graph while its nodes are replaced one by one."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        graph = self.model.graph
        self.nodes: list[onnx.NodeProto] = []
        self.given: set[str] = set()
        """What tables give already, and their roundings need not."""
        self.opsets = list(model.opset_import)
        self.constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self.makers = {name: node for node in graph.node for name in node.output}
        self.takers = {name: node for node in graph.node for name in node.input}
        self.uses = Counter(name for node in graph.node for name in node.input)
        self.uses.update(one.name for one in graph.output)
        self.sizes = _sizes(model)

    def look_up(self, node: onnx.NodeProto) -> None:
        """A table in its place, where one quantised number goes in and one comes out."""
        turned, whole = self._turned(node.input[0]), self._rounded(node.output[0])
        if turned is None or whole is None:
            self.nodes.append(node)
            return
        table = self._constant(f"{node.output[0]} table", self._table(node, turned, whole))
        place = f"{node.output[0]} place"
        self.nodes += [
            helper.make_node("Cast", [turned.input[0]], [place], to=onnx.TensorProto.INT32),
            helper.make_node("Gather", [table, place], list(whole.output), axis=0),
        ]
        self.given.update(whole.output)

    def multiply(self, node: onnx.NodeProto) -> None:
        """Its smaller factor in steps, where both are turned back from whole numbers."""
        factors = [one for one in map(self._turned, node.input) if one is not None]
        if len(factors) == len(node.input):
            at = min((1, 0), key=lambda place: self.sizes.get(node.input[place], 0))
            node.input[at] = self._in_steps(factors[at], f"{node.output[0]} factor")
        self.nodes.append(node)

    def done(self) -> onnx.ModelProto:
        """The graph without what nobody takes any more."""
        graph = self.model.graph
        needed = {one.name for one in graph.output}
        kept: list[onnx.NodeProto] = []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                kept.append(node)
                needed |= set(node.input)
        graph.ClearField("node")
        graph.node.extend(reversed(kept))
        constants = [one for one in graph.initializer if one.name in needed]
        graph.ClearField("initializer")
        graph.initializer.extend(constants)
        return self.model

    def _turned(self, name: str) -> onnx.NodeProto | None:
        """What turns back the whole numbers that this is of, if it does with one scale."""
        return self._plain(self.makers.get(name), "DequantizeLinear")

    def _rounded(self, name: str) -> onnx.NodeProto | None:
        """What rounds this to whole numbers, if nothing else takes it."""
        return self._plain(self.takers[name], "QuantizeLinear") if self.uses[name] == 1 else None

    def _plain(self, node: onnx.NodeProto | None, kind: str) -> onnx.NodeProto | None:
        """A conversion with one scale and an unsigned zero, if it is one."""
        if node is None or node.op_type != kind:
            return None
        found = [self.constants[one] for one in node.input[1:] if one in self.constants]
        if [one.size for one in found] != [1, 1] or found[1].dtype != np.uint8:
            return None
        return node

    def _numbers(self, node: onnx.NodeProto) -> tuple[np.float32, int]:
        """The scale and the zero of a conversion."""
        scale, zero = (self.constants[one] for one in node.input[1:3])
        return np.float32(scale.item()), int(zero.item())

    def _table(
        self, node: onnx.NodeProto, turned: onnx.NodeProto, whole: onnx.NodeProto
    ) -> np.ndarray[Any, Any]:
        """The whole number that follows from each one of 256."""
        scale, zero = self._numbers(turned)
        inputs = (_EVERY - zero).astype(np.float32) * scale
        answers = _answers(node, inputs, self.opsets)
        scale, zero = self._numbers(whole)
        return np.asarray(np.clip(np.rint(answers / scale) + zero, 0, 255), np.uint8)

    def _in_steps(self, turned: onnx.NodeProto, name: str) -> str:
        """The numbers that it turns back, each step by itself."""
        scale, zero = self._numbers(turned)
        source = self.constants.get(turned.input[0])
        if source is not None:
            return self._constant(name, (source.astype(np.float32) - np.float32(zero)) * scale)
        cast, moved = f"{name} cast", f"{name} moved"
        self.nodes.append(
            helper.make_node("Cast", [turned.input[0]], [cast], to=onnx.TensorProto.FLOAT)
        )
        if zero:
            by = self._constant(f"{name} zero", np.array(zero, np.float32))
            self.nodes.append(helper.make_node("Sub", [cast, by], [moved]))
            cast = moved
        by = self._constant(f"{name} scale", np.array(scale, np.float32))
        self.nodes.append(helper.make_node("Mul", [cast, by], [name]))
        return name

    def _constant(self, name: str, values: np.ndarray[Any, Any]) -> str:
        self.model.graph.initializer.append(numpy_helper.from_array(values, name))
        return name


def _answers(
    node: onnx.NodeProto, inputs: np.ndarray[Any, Any], opsets: list[onnx.OperatorSetIdProto]
) -> np.ndarray[Any, Any]:
    """What a function answers, by the reference of its standard."""
    one = onnx.NodeProto()
    one.CopyFrom(node)
    one.input[0], one.output[0] = "x", "y"
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [256]) for name in "xy"]
    graph = helper.make_graph([one], "function", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=opsets)
    with np.errstate(all="ignore"):  # a logarithm of nothing becomes the least whole number
        (answers,) = ReferenceEvaluator(model).run(None, {"x": inputs})
    return np.nan_to_num(np.asarray(answers, np.float64), posinf=np.inf, neginf=-np.inf)


def _sizes(model: onnx.ModelProto) -> Mapping[str, int]:
    """How many numbers of a window each tensor has, as far as that is known."""
    known = shape_inference.infer_shapes(model).graph
    return {
        one.name: prod(axis.dim_value or 1 for axis in one.type.tensor_type.shape.dim)
        for one in (*known.value_info, *known.input, *known.output)
    }
