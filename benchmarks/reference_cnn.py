"""A convolutional network of the usual size for ECG windows, with fixed random weights.

Four blocks 1-16-32-64-64 of convolution, rectifier and pooling, a global mean and one linear layer:
it costs what such a model costs, and means nothing.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from edgeward.canonical import sha256_hex
from edgeward.model.card import ModelCard, ModelInput

_CHANNELS = (1, 16, 32, 64, 64)
_KERNEL = 5
LABELS = ("a", "b", "c", "d", "e")


def cnn_onnx(window: int = 1000) -> bytes:
    """The model for windows of so many samples: n x window in, n x labels out, as probabilities."""
    draw = np.random.default_rng(0)
    weights: list[Any] = []

    def weight(name: str, *shape: int) -> str:
        scale = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.1
        values = (draw.normal(size=shape) * scale).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    weights.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"))
    nodes = [helper.make_node("Unsqueeze", ["x", "axis"], ["p0"])]
    for at, (taken, made) in enumerate(pairwise(_CHANNELS)):
        inputs = [f"p{at}", weight(f"w{at}", made, taken, _KERNEL), weight(f"b{at}", made)]
        pads = [_KERNEL // 2] * 2
        nodes.append(helper.make_node("Conv", inputs, [f"c{at}"], pads=pads))
        nodes.append(helper.make_node("Relu", [f"c{at}"], [f"r{at}"]))
        pool: dict[str, Any] = {"kernel_shape": [2], "strides": [2]}
        nodes.append(helper.make_node("MaxPool", [f"r{at}"], [f"p{at + 1}"], **pool))
    nodes.append(helper.make_node("GlobalAveragePool", ["p4"], ["g"]))
    nodes.append(helper.make_node("Flatten", ["g"], ["f"]))
    linear = ["f", weight("w", len(LABELS), _CHANNELS[-1]), weight("b", len(LABELS))]
    nodes.append(helper.make_node("Gemm", linear, ["l"], transB=1))
    nodes.append(helper.make_node("Softmax", ["l"], ["y"]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", window])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", len(LABELS)])
    graph = helper.make_graph(nodes, "cnn", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


def cnn_card(model: bytes, window: int, hop: int) -> ModelCard:
    """The card of such a model."""
    taken = ModelInput("ecg", "mV", 250, window, hop)
    return ModelCard("cnn", "1", sha256_hex(model), LABELS, taken)
