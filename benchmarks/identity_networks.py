"""The networks whose bits are compared: plain, with sums, and with channels each for itself.

Rules:
1. Between them they have each kind of layer that networks of one lead are made of: convolutions
   (also of each channel alone, and of one sample), sums, products with a gate, branches that are
   joined, the largest and the mean of neighbours, means over time.
2. Weights are drawn from a fixed seed, as those of `reference_cnn`: what they answer means nothing,
   but every window must be answered with the same bits everywhere.
"""

from typing import Any

import numpy as np
import onnx
from numpy.random import Generator, default_rng
from onnx import TensorProto, helper, numpy_helper
from onnx.version_converter import convert_version
from reference_cnn import LABELS, cnn_onnx

from edgeward.model.compress.graphs import IR_VERSION, OPSET, read


class _Graph:
    """Nodes and weights, as they are added."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._draw: Generator = default_rng(seed)

    def node(self, kind: str, *takes: str, **settings: Any) -> str:  # noqa: ANN401 - of any kind
        """The name of what one more node gives."""
        name = f"{kind} {len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, takes, [name], **settings))
        return name

    def constant(self, values: np.ndarray[Any, Any]) -> str:
        """The name of one more constant."""
        name = f"constant {len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def weights(self, *shape: int, spread: float) -> str:
        """Drawn ones."""
        return self.constant(self._draw.normal(0, spread, shape).astype(np.float32))

    def conv(self, x: str, shape: tuple[int, int, int], stride: int = 1, group: int = 1) -> str:
        """A convolution of so many channels after and before, and samples."""
        after, before, kernel = shape
        spread = (2 / (before // group * kernel)) ** 0.5
        return self.node(
            "Conv", x, self.weights(after, before // group, kernel, spread=spread),
            self.weights(after, spread=0.01),
            strides=[stride], pads=[kernel // 2, kernel // 2], group=group,
        )  # fmt: skip

    def shares(self, x: str, channels: int) -> None:
        """The end: a mean over time, a layer, and probabilities."""
        time = self.constant(np.array([2], np.int64))
        mean = self.node("ReduceMean", x, time, keepdims=0)
        last = self.weights(channels, len(LABELS), spread=0.3)
        scores = self.node("Gemm", mean, last, self.weights(len(LABELS), spread=0.01))
        self.nodes.append(helper.make_node("Softmax", [scores], ["shares"], axis=1))

    def model(self, window: int) -> onnx.ModelProto:
        """All of it."""
        taken = helper.make_tensor_value_info("ecg", TensorProto.FLOAT, ["batch", window])
        given = helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["batch", len(LABELS)])
        graph = helper.make_graph(self.nodes, "net", [taken], [given], self.constants)
        sets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def plain(window: int) -> onnx.ModelProto:
    """Convolutions one after the other."""
    return convert_version(read(cnn_onnx(window)), OPSET)


def residual(window: int) -> onnx.ModelProto:
    """Each pair of convolutions is added to what went into it."""
    net = _Graph(2)
    x = net.node("Unsqueeze", "ecg", net.constant(np.array([1], np.int64)))
    x = net.node("Relu", net.conv(x, (16, 1, 7), stride=2))
    x = net.node("MaxPool", x, kernel_shape=[3], strides=[2], pads=[1, 1])
    before = 16
    for after, stride in ((16, 1), (32, 2), (32, 1), (64, 2)):
        inner = net.node("Relu", net.conv(x, (after, before, 5), stride))
        inner = net.conv(inner, (after, after, 5))
        short = x if stride == 1 else net.conv(x, (after, before, 1), stride)
        x = net.node("Relu", net.node("Add", inner, short))
        before = after
    net.shares(x, before)
    return net.model(window)


def depthwise(window: int) -> onnx.ModelProto:
    """Each channel for itself, then one sample of all; gated channels, and two branches."""
    net = _Graph(3)
    x = net.node("Unsqueeze", "ecg", net.constant(np.array([1], np.int64)))
    x = net.node("Relu", net.conv(x, (16, 1, 7), stride=2))
    before = 16
    for after in (32, 48):
        own = net.node("Relu", net.conv(x, (before, before, 5), 2, group=before))
        own = net.node("LeakyRelu", net.conv(own, (after, before, 1)), alpha=0.1)
        gated = net.node("Mul", own, _gate(net, own, after))
        pooled = net.node("AveragePool", x, kernel_shape=[2], strides=[2])
        largest = net.node("MaxPool", x, kernel_shape=[2], strides=[2])
        x = net.node("Concat", gated, pooled, largest, axis=1)
        x = net.node("Relu", net.conv(x, (after, after + 2 * before, 1)))
        before = after
    net.shares(x, before)
    return net.model(window)


def _gate(net: _Graph, x: str, channels: int) -> str:
    """How much of each channel passes, from their means."""
    mean = net.node("GlobalAveragePool", x)
    few = net.node("Relu", net.conv(mean, (channels // 4, channels, 1)))
    return net.node("Sigmoid", net.conv(few, (channels, channels // 4, 1)))


NETWORKS = {"plain": plain, "residual": residual, "depthwise": depthwise}
