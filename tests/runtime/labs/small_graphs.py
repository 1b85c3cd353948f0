"""Small convolutional networks as ONNX graphs, made without torch."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgeward.signal.windows import Samples

SAMPLES, CHANNELS, LABELS = 120, 8, 3


def convolutional(seed: int = 1, *, named: bool = True) -> onnx.ModelProto:
    """Windows -> two convolutions -> a mean over time -> scores -> probabilities."""
    draw = np.random.default_rng(seed).normal

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(draw(scale=0.3, size=shape).astype(np.float32), name)

    def number(name: str, *values: int) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, np.int64), name)

    kinds: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Unsqueeze", ["x", "one"], "wide", {}),
        ("Conv", ["wide", "first", "first_bias"], "a", {"pads": [3, 3], "strides": [2]}),
        ("Relu", ["a"], "b", {}),
        ("Conv", ["b", "second", "second_bias"], "c", {"pads": [2, 2]}),
        ("Relu", ["c"], "d", {}),
        ("ReduceMean", ["d", "time"], "mean", {"keepdims": 1}),
        ("Flatten", ["mean"], "flat", {}),
        ("Gemm", ["flat", "last", "last_bias"], "scores", {"transB": 1}),
        ("Softmax", ["scores"], "p", {"axis": 1}),
    ]
    nodes = [
        helper.make_node(
            kind, takes, [gives], name=f"{kind} to {gives}" if named else "", **settings
        )
        for kind, takes, gives, settings in kinds
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", SAMPLES])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", LABELS])],
        [
            number("one", 1),
            number("time", -1),
            weights("first", CHANNELS, 1, 7),
            weights("first_bias", CHANNELS),
            weights("second", CHANNELS, CHANNELS, 5),
            weights("second_bias", CHANNELS),
            weights("last", LABELS, CHANNELS),
            weights("last_bias", LABELS),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def waves(count: int, seed: int = 2) -> Samples:
    """Windows that move as a signal does, some of them with large steps."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(scale=0.2, size=(count, SAMPLES))
    steps[::7, SAMPLES // 2] += 3.0
    return np.cumsum(steps, axis=1).astype(np.float32)
