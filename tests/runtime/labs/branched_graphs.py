"""A small network with every kind of branch, and one graph of all pairs of numbers, as ONNX."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from small_graphs import LABELS, SAMPLES

WIDE = 8
SETS = 24
"""Of scales and zeros."""
FUNCTIONS = ("Sigmoid", "Tanh", "HardSwish")
SHAPES = {
    "w0": (WIDE, 1, 7), "w1": (WIDE, 1, 5), "w2": (WIDE, WIDE, 1), "w3": (WIDE, WIDE, 1),
    "b0": (WIDE,), "b1": (WIDE,), "b2": (WIDE,), "b3": (WIDE,),
    "last": (LABELS, 2 * WIDE), "bias": (LABELS,),
}  # fmt: skip
HALF = {"kernel_shape": [2], "strides": [2]}
NODES: list[tuple[str, list[str], str, dict[str, Any]]] = [
    ("Unsqueeze", ["x", "one"], "wide", {}),
    ("Conv", ["wide", "w0", "b0"], "c0", {"pads": [3, 3], "strides": [2]}),
    ("Relu", ["c0"], "r0", {}),
    ("Conv", ["r0", "w1", "b1"], "c1", {"pads": [2, 2], "group": WIDE}),
    ("Tanh", ["c1"], "t1", {}),
    ("Conv", ["t1", "w2", "b2"], "c2", {}),
    ("Add", ["c2", "r0"], "sum", {}),
    ("Relu", ["sum"], "r2", {}),
    ("GlobalAveragePool", ["r2"], "mean", {}),
    ("Conv", ["mean", "w3", "b3"], "c3", {}),
    ("Sigmoid", ["c3"], "gate", {}),
    ("Mul", ["gate", "c2"], "gated", {}),
    ("Mul", ["gated", "less"], "small", {}),
    ("MaxPool", ["r2"], "largest", HALF),
    ("AveragePool", ["small"], "average", HALF),
    ("Concat", ["largest", "average"], "joined", {"axis": 1}),
    ("LeakyRelu", ["joined"], "leaky", {"alpha": 0.1}),
    ("GlobalAveragePool", ["leaky"], "end", {}),
    ("Flatten", ["end"], "flat", {}),
    ("Gemm", ["flat", "last", "bias"], "scores", {"transB": 1}),
    ("Softmax", ["scores"], "p", {"axis": 1}),
]


def branched(seed: int = 4) -> onnx.ModelProto:
    """Sums, a gate, a function, branches that are joined, channels each for itself, poolings."""
    draw = np.random.default_rng(seed).normal
    values = {name: draw(scale=0.3, size=shape) for name, shape in SHAPES.items()}
    values["less"] = np.array([0.7])
    constants = [
        numpy_helper.from_array(one.astype(np.float32), name) for name, one in values.items()
    ]
    return _model(
        [helper.make_node(kind, takes, [gives], **how) for kind, takes, gives, how in NODES],
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", SAMPLES]),
        helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", LABELS]),
        constants,
    )


def numbers(of: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Scale and zero of both inputs and of the answer, in one set."""
    draw = np.random.default_rng([3, of])
    scales = draw.uniform(0.01, 0.1, 3)
    scales[2] = (scales[0] + scales[1]) * draw.uniform(0.5, 1)
    return scales.astype(np.float32), draw.integers(0, 256, 3).astype(np.uint8)


def pairs(kinds: tuple[str, ...], sets: int = SETS) -> onnx.ModelProto:
    """Quantised pairs in, `(n, 2)`; what becomes of each by these operators, a column each."""
    constants: list[onnx.TensorProto] = []
    for of in range(sets):
        scales, zeros = numbers(of)
        for name, scale, zero in zip("aby", scales, zeros, strict=True):
            constants.append(numpy_helper.from_array(np.asarray(scale), f"{name}s{of}"))
            constants.append(numpy_helper.from_array(np.asarray(zero), f"{name}z{of}"))
    constants += [
        numpy_helper.from_array(np.array(at, np.int64), name) for at, name in enumerate("ab")
    ]
    nodes = [helper.make_node("Gather", ["x", at], [f"x{at}"], axis=1) for at in "ab"]
    each = [(kind, of) for of in range(sets) for kind in kinds]
    for kind, of in each:
        nodes += _of_one(kind, of)
    columns = [f"{kind}{of}" for kind, of in each]
    nodes.append(helper.make_node("Concat", columns, ["y"], axis=1))
    return _model(
        nodes,
        helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 2]),
        helper.make_tensor_value_info("y", TensorProto.UINT8, ["n", len(columns)]),
        constants,
    )


def _of_one(kind: str, of: int) -> list[onnx.NodeProto]:
    """An operator between numbers that are turned back and rounded with one set."""
    own, takes = f"{kind}{of}", "a" if kind in FUNCTIONS else "ab"
    turned = [
        helper.make_node("DequantizeLinear", [f"x{at}", f"{at}s{of}", f"{at}z{of}"], [own + at])
        for at in takes
    ]
    return [
        *turned,
        helper.make_node(kind, [own + at for at in takes], [f"{own}f"]),
        helper.make_node("QuantizeLinear", [f"{own}f", f"ys{of}", f"yz{of}"], [f"{own}q"]),
        helper.make_node("Unsqueeze", [f"{own}q", "one"], [own]),
    ]


def _model(
    nodes: list[onnx.NodeProto], taken: Any, given: Any, constants: list[onnx.TensorProto]
) -> onnx.ModelProto:
    one = numpy_helper.from_array(np.array([1], np.int64), "one")
    graph = helper.make_graph(nodes, "graph", [taken], [given], [*constants, one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def every_pair() -> Any:
    """All 65,536 of them."""
    first, second = np.meshgrid(np.arange(256), np.arange(256))
    return np.stack([first.ravel(), second.ravel()], axis=1).astype(np.uint8)
