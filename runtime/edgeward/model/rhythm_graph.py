"""The reference model as one ONNX graph: raw millivolts in, one probability for each rhythm out.

The features are fixed; only the last layer is learned:

1. remove the mean, pass 6 to 18 Hz (where the QRS complex is), rectify, average over 40 ms:
   an envelope with a bump for each beat, and its mean level;
2. divide by that level, so that the gain of the lead does not matter, and take the shares of its
   power at 0.1 to 6.0 Hz: the beat rate and its harmonics;
3. a linear layer (standardisation folded in) and softmax.

Needs the extra `train`; a device never imports this.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WINDOW_SAMPLES = 1250
RATE_HZ = 250
POOL_SAMPLES = 10
FILTER_TAPS = 31
FREQUENCIES = 60
FREQUENCY_STEP_HZ = 0.1
OPSET = 17
IR_VERSION = 8
FEATURES = FREQUENCIES + 2

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearLayer:
    """The learned part: `features @ weights + bias` are the logits."""

    weights: Array
    bias: Array


def band_pass_taps(low_hz: float = 6.0, high_hz: float = 18.0) -> Array:
    """A windowed-sinc band-pass filter without any gain at 0 Hz."""
    at = np.arange(FILTER_TAPS) - (FILTER_TAPS - 1) / 2
    low, high = 2 * low_hz / RATE_HZ, 2 * high_hz / RATE_HZ
    taps = (high * np.sinc(high * at) - low * np.sinc(low * at)) * np.hamming(FILTER_TAPS)
    taps -= taps.mean()
    result: Array = taps / np.abs(taps).sum()
    return result


def spectrum_matrices() -> tuple[Array, Array]:
    """Cosines and sines, under a Hann window, that turn the envelope into its spectrum."""
    points = WINDOW_SAMPLES // POOL_SAMPLES
    time_s = np.arange(points) * POOL_SAMPLES / RATE_HZ
    frequency_hz = FREQUENCY_STEP_HZ * np.arange(1, FREQUENCIES + 1)
    angle = 2 * np.pi * np.outer(time_s, frequency_hz)
    taper = np.hanning(points)[:, None]
    return np.cos(angle) * taper, np.sin(angle) * taper


def build(layer: LinearLayer | None, name: str) -> bytes:
    """The model as ONNX bytes; without a layer, the features alone, to learn one from."""
    constants = dict(_constants())
    nodes = _feature_nodes()
    output, width = "features", FEATURES
    if layer is not None:
        constants |= {"weights": layer.weights, "bias": layer.bias}
        nodes += [
            helper.make_node("Gemm", ["features", "weights", "bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ]
        output, width = "probabilities", len(layer.bias)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("ecg_mv", TensorProto.FLOAT, ["batch", WINDOW_SAMPLES])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])],
        [_tensor(key, value) for key, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        producer_name="edgeward.model.train",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _tensor(name: str, value: Array) -> onnx.TensorProto:
    kind = np.int64 if value.dtype == np.int64 else np.float32
    return numpy_helper.from_array(np.ascontiguousarray(value, dtype=kind), name)


def _constants() -> list[tuple[str, Array]]:
    cosines, sines = spectrum_matrices()
    return [
        ("taps", band_pass_taps().reshape(1, 1, -1)),
        ("channel", np.array([1], dtype=np.int64)),
        ("cosines", cosines),
        ("sines", sines),
        ("level_floor", np.array([1e-4])),
        ("one", np.array([1.0])),
    ]


def _feature_nodes() -> list[onnx.NodeProto]:
    """Steps 1 and 2 of the module's rules."""
    half = FILTER_TAPS // 2
    node = helper.make_node
    return [
        node("ReduceMean", ["ecg_mv"], ["mean"], axes=[1]),
        node("Sub", ["ecg_mv", "mean"], ["centred"]),
        node("Unsqueeze", ["centred", "channel"], ["one_channel"]),
        node("Conv", ["one_channel", "taps"], ["filtered"], pads=[half, half]),
        node("Abs", ["filtered"], ["rectified"]),
        node(
            "AveragePool",
            ["rectified"],
            ["pooled"],
            kernel_shape=[POOL_SAMPLES],
            strides=[POOL_SAMPLES],
        ),
        node("Squeeze", ["pooled", "channel"], ["envelope"]),
        node("ReduceMean", ["envelope"], ["mean_level"], axes=[1]),
        node("Add", ["mean_level", "level_floor"], ["level"]),
        node("Div", ["envelope", "level"], ["relative"]),
        node("Sub", ["relative", "one"], ["modulation"]),
        node("MatMul", ["modulation", "cosines"], ["real"]),
        node("MatMul", ["modulation", "sines"], ["imaginary"]),
        node("Mul", ["real", "real"], ["real_power"]),
        node("Mul", ["imaginary", "imaginary"], ["imaginary_power"]),
        node("Add", ["real_power", "imaginary_power"], ["power"]),
        node("ReduceSum", ["power", "channel"], ["power_sum"]),
        node("Add", ["power_sum", "one"], ["total"]),
        node("Div", ["power", "total"], ["share"]),
        node("Sqrt", ["share"], ["amplitude"]),
        node("Log", ["level"], ["log_level"]),
        node("Log", ["total"], ["log_total"]),
        node("Concat", ["amplitude", "log_level", "log_total"], ["features"], axis=1),
    ]
