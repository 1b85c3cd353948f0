"""Whole numbers of eight bits after training, in a setting that depends on no processor.

Rules:
1. Activations are unsigned, weights signed and per channel, and of seven bits only: the products of
   full eight-bit weights saturate on processors without a newer instruction, and the same file then
   gives other diagnoses there. `risks` finds it in files of others.
2. Ranges come from calibration windows, which are recordings of the kind that the device sees, with
   their artefacts. Fewer than `CALIBRATION_LEAST` saturate on the next movement of the patient.
3. What comes before the network (filters, scaling) stays in float: it is another graph, joined
   afterwards. A logarithm or a mean in eight bits costs more than the whole network.
4. The scores of the labels are whole numbers too, and so is what makes probabilities of them.
   Sums, products and functions are taken apart into steps of one answer each (`steps`): the
   answers depend on no processor either.
5. Dynamic quantisation is not offered for networks of convolutions: it is slower than float there,
   and one patient's answer would depend on whose windows are in the same call.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import onnx

from edgeward.errors import ModelError
from edgeward.model.compress.graphs import minimised, write
from edgeward.model.compress.pooling import pooled
from edgeward.model.compress.shares import LAST, exact_shares
from edgeward.model.compress.steps import FUNCTIONS, WHOLE_AFTER, stepped, summed
from edgeward.signal.windows import Samples

CALIBRATION_LEAST: Final = 256
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
            ready = summed(pooled(onnx.load(prepared)))
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
                op_types_to_quantize=_kinds(),
                nodes_to_exclude=[one.name for one in ready.graph.node if one.op_type == LAST],
                per_channel=True,
                reduce_range=True,
                calibrate_method=quantization.CalibrationMethod.MinMax,
            )
        except Exception as error:  # the quantiser raises what it meets, of any type
            raise ModelError(f"the network cannot be quantised: {error}") from error
        return minimised(exact_shares(stepped(onnx.load(small))))


def _kinds() -> list[str]:
    """The operators around which numbers are whole: those that tools know, and `steps` of ours."""
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    return sorted({*QDQRegistry, *QLinearOpsRegistry, *FUNCTIONS, *WHOLE_AFTER})


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
