"""Whole numbers of eight bits after training, in a setting that depends on no processor.

Rules:
1. Activations are unsigned, weights signed and per channel, and of seven bits only: the products of
   full eight-bit weights saturate on processors without a newer instruction, and the same file then
   gives other diagnoses there. `lint` finds it in files of others.
2. Ranges come from calibration windows, which are recordings of the kind that the device sees, with
   their artefacts. Fewer than `CALIBRATION_LEAST` saturate on the next movement of the patient.
3. What comes before the network (filters, scaling) stays in float: it is another graph, joined
   afterwards. A logarithm or a mean in eight bits costs more than the whole network.
4. The scores of the labels are whole numbers too, and so is what makes probabilities of them: the
   answers depend on no processor either.
5. Dynamic quantisation is not offered for networks of convolutions: it is slower than float there,
   and one patient's answer would depend on whose windows are in the same call.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import onnx

from edgeward.errors import ModelError
from edgeward.model.compress.graphs import minimised, write
from edgeward.model.compress.pooling import pooled
from edgeward.model.compress.shares import LAST, exact_shares
from edgeward.signal.windows import Samples

CALIBRATION_LEAST: Final = 256
SEVEN_BITS: Final = (-64, 64)
"""Two products of such a weight and an activation fit into sixteen bits."""
_AT_ONCE: Final = 32
"""Calibration windows in one call."""


class _Windows:
    """Hands calibration windows over, a few at a time."""

    def __init__(self, name: str, windows: Samples) -> None:
        self._parts: Iterator[Samples] = iter(
            np.array_split(windows, max(1, len(windows) // _AT_ONCE))
        )
        self._name = name

    def get_next(self) -> dict[str, Samples] | None:
        """The next call of the network; None after the last."""
        part = next(self._parts, None)
        return None if part is None else {self._name: part}


def quantised(network: onnx.ModelProto, calibration: Samples) -> onnx.ModelProto:
    """The same network on whole numbers, as short as it can be.

    Raises:
        ModelError: there are too few calibration windows, they are no numbers, or the network
            cannot be quantised.
    """
    from onnxruntime import quantization  # after `graphs`, which has told it to report nothing

    _check(calibration)
    with TemporaryDirectory() as folder:
        given, prepared, small = (
            Path(folder) / f"{n}.onnx" for n in ("given", "prepared", "small")
        )
        given.write_bytes(write(network))  # handed over as an object, it would be changed
        try:
            quantization.quant_pre_process(given, prepared, skip_symbolic_shape=True)
            ready = pooled(onnx.load(prepared))
            for number, node in enumerate(ready.graph.node):
                node.name = f"{node.op_type} {number}"  # what to leave out is named
            prepared.write_bytes(write(ready))
            quantization.quantize_static(
                prepared,
                small,
                _Windows(network.graph.input[0].name, calibration),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=[one.name for one in ready.graph.node if one.op_type == LAST],
                per_channel=True,
                reduce_range=True,
                calibrate_method=quantization.CalibrationMethod.MinMax,
            )
        except Exception as error:  # the quantiser raises what it meets, of any type
            raise ModelError(f"the network cannot be quantised: {error}") from error
        return minimised(exact_shares(onnx.load(small)))


def _check(calibration: Samples) -> None:
    faults: list[str] = []
    if len(calibration) < CALIBRATION_LEAST:
        least = f"at least {CALIBRATION_LEAST}, with their artefacts"
        faults.append(f"found {len(calibration)} calibration windows; accepted: {least}")
    if not np.isfinite(calibration).all():
        bad = int((~np.isfinite(calibration).all(axis=1)).sum())
        faults.append(f"found {bad} calibration windows that are no numbers; accepted: none")
    if faults:
        raise ModelError(faults)


@dataclass(frozen=True, slots=True)
class Risk:
    """Why a quantised model may answer otherwise elsewhere."""

    tensor: str
    text: str


def lint(model: onnx.ModelProto) -> list[Risk]:
    """What in a quantised file depends on the processor, or on the other windows of a call."""
    graph = model.graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    risks: list[Risk] = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            risks += _of_weights(node.input[0], constants[node.input[0]])
        elif node.op_type == "QuantizeLinear" and len(node.input) > 2:
            risks += _of_activations(node.output[0], constants.get(node.input[2]))
        elif node.op_type in ("ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"):
            text = f"{node.op_type} takes its scale from all windows of a call"
            risks.append(Risk(node.output[0], text))
    return risks


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
