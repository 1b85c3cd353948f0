"""The network that the peers were measured with: four convolutions, mean over time, one layer.

1-16-32-64-64 channels, kernels of 7, 5, 5 and 3 samples, every convolution halves the time: 26
thousand weights, 5.5 MFLOP at 1000 samples. The weights are drawn from a fixed seed: it is there to
take time, and what it answers means nothing.
"""

import logging
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.random import default_rng
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgeward.canonical import sha256_hex
from edgeward.model.card import ModelCard, ModelInput
from edgeward.signal.patient import SimulatedPatient

LABELS = ("n", "s", "v", "f", "q")
CHANNELS = (1, 16, 32, 64, 64)
KERNELS = (7, 5, 5, 3)
CALIBRATION_WINDOWS = 64


def weights() -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weight and bias of each convolution, and of the last layer."""
    draw = default_rng(1)
    layers = []
    for (before, after), kernel in zip(pairwise(CHANNELS), KERNELS, strict=True):
        spread = (2 / (before * kernel)) ** 0.5
        weight = draw.normal(0, spread, (after, before, kernel))
        layers.append((weight, draw.normal(0, 0.01, after)))
    shape = (CHANNELS[-1], len(LABELS))
    layers.append((draw.normal(0, 0.1, shape), draw.normal(0, 0.01, len(LABELS))))
    return [(one.astype(np.float32), bias.astype(np.float32)) for one, bias in layers]


@cache
def cnn_onnx(window: int, *, int8: bool = False) -> bytes:
    """The network for windows of this length, in floats or in 8 bits."""
    nodes, constants = [], []
    nodes.append(helper.make_node("Unsqueeze", ["ecg", "channel"], ["x0"]))
    constants.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "channel"))
    *convolutions, (last, last_bias) = weights()
    for number, ((weight, bias), kernel) in enumerate(zip(convolutions, KERNELS, strict=True)):
        constants.append(numpy_helper.from_array(weight, f"w{number}"))
        constants.append(numpy_helper.from_array(bias, f"b{number}"))
        inputs = [f"x{number}", f"w{number}", f"b{number}"]
        pads = [kernel // 2, kernel // 2]
        nodes.append(helper.make_node("Conv", inputs, [f"c{number}"], strides=[2], pads=pads))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"x{number + 1}"]))
    nodes.append(helper.make_node("ReduceMean", ["x4"], ["mean"], axes=[2], keepdims=0))
    constants.append(numpy_helper.from_array(last, "w4"))
    constants.append(numpy_helper.from_array(last_bias, "b4"))
    nodes.append(helper.make_node("Gemm", ["mean", "w4", "b4"], ["logits"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    taken = helper.make_tensor_value_info("ecg", TensorProto.FLOAT, ["batch", window])
    given = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 5])
    graph = helper.make_graph(nodes, "cnn", [taken], [given], constants)
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    plain = bytes(model.SerializeToString(deterministic=True))
    return _quantised(plain, window) if int8 else plain


def cnn_card(model: bytes, window: int, hop: int) -> ModelCard:
    """The card of such a model."""
    taken = ModelInput("ecg", "mV", 250, window, hop)
    return ModelCard("cnn", "1", sha256_hex(model), LABELS, taken)


def _quantised(model: bytes, window: int) -> bytes:
    """The same network in 8 bits, calibrated on simulated ECG."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Windows(CalibrationDataReader):  # type: ignore[misc] # no stubs are published
        """Windows of one simulated patient."""

        def __init__(self) -> None:
            seconds = CALIBRATION_WINDOWS * window / 250
            ecg = SimulatedPatient(1).ecg("sinus", seconds).reshape(-1, 1, window)
            self._rows: Iterator[NDArray[np.float32]] = iter(ecg)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            row = next(self._rows, None)
            return None if row is None else {"ecg": row}

    logging.getLogger().setLevel(logging.ERROR)  # it recommends preparations that change nothing
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        before.write_bytes(model)
        quantize_static(before, after, Windows(), quant_format=QuantFormat.QDQ, per_channel=True)
        return after.read_bytes()


def cnn_torch(window: int) -> Any:  # noqa: ANN401 - torch is only there where it is measured
    """The same network as a torch module, as a first version would run it."""
    from torch import from_numpy, nn

    parts: list[Any] = []
    *convolutions, (last, last_bias) = weights()
    for (weight, bias), kernel in zip(convolutions, KERNELS, strict=True):
        after, before, _ = weight.shape
        layer = nn.Conv1d(before, after, kernel, stride=2, padding=kernel // 2)
        layer.weight.data, layer.bias.data = from_numpy(weight), from_numpy(bias)
        parts += [layer, nn.ReLU()]
    linear = nn.Linear(CHANNELS[-1], len(LABELS))
    linear.weight.data, linear.bias.data = from_numpy(last.T.copy()), from_numpy(last_bias)
    network = nn.Sequential(*parts, nn.AdaptiveAvgPool1d(1), nn.Flatten(), linear)
    assert window > 0
    return network.eval()
