"""What comes before a network, in its graph: one artefact and one digest, from signal to answer.

A band-pass of fixed taps and a scaling by the window's own spread. Both stay in float when the
network goes to whole numbers. A recursive filter is not offered: run over one window it depends on
where the window begins.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgeward.errors import ModelError
from edgeward.model.compress.graphs import IR_VERSION, OPSET, minimised, run, write
from edgeward.signal.windows import Samples

RAW: Final = "raw"
READY: Final = "ready"
_OUT: Final = "seen"
_LEAST_SPREAD: Final = 1e-6
"""Below it a window is flat, and becomes zeros instead of magnified noise."""


@dataclass(frozen=True, slots=True)
class Front:
    """A band-pass and a scaling; a part that is None is left out."""

    rate_hz: int
    band_hz: tuple[float, float] | None
    taps: int = 101
    scaled: bool = True

    def __post_init__(self) -> None:
        """Refuse a band that cannot be.

        Raises:
            ModelError: the band does not lie between 0 and half the rate, or the taps are not odd.
        """
        faults: list[str] = []
        half = self.rate_hz / 2
        if self.band_hz is not None and not 0 < self.band_hz[0] < self.band_hz[1] < half:
            faults.append(f"found band_hz {self.band_hz}; accepted: 0 < low < high < {half:g}")
        if self.taps < 3 or self.taps % 2 == 0:
            faults.append(f"found {self.taps} taps; accepted: an odd number from 3 on")
        if faults:
            raise ModelError(faults)

    def weights(self) -> NDArray[np.float32]:
        """The taps of the band-pass, symmetric: no delay depends on the frequency."""
        assert self.band_hz is not None
        at = np.arange(self.taps) - self.taps // 2
        low, high = (2 * edge / self.rate_hz for edge in self.band_hz)
        ideal = high * np.sinc(high * at) - low * np.sinc(low * at)
        taps = ideal * np.hamming(self.taps)
        middle = np.sqrt(self.band_hz[0] * self.band_hz[1])
        gain = abs(np.sum(taps * np.exp(-2j * np.pi * middle / self.rate_hz * at)))
        return np.asarray(taps / gain, np.float32)


def joined(front: Front, network: onnx.ModelProto, samples: int) -> onnx.ModelProto:
    """One graph from the raw window to what the network answers."""
    nodes, constants = _nodes(front, network.graph.input[0].name)
    graph = onnx.GraphProto()
    graph.CopyFrom(network.graph)
    del graph.input[:], graph.node[:]
    graph.name = "model"
    rows = network.graph.input[0].type.tensor_type.shape.dim[0].dim_param or "windows"
    graph.input.append(helper.make_tensor_value_info(RAW, TensorProto.FLOAT, [rows, samples]))
    graph.node.extend([*nodes, *network.graph.node])
    graph.initializer.extend(constants)
    model = onnx.ModelProto()
    model.CopyFrom(network)
    model.graph.CopyFrom(graph)
    onnx.checker.check_model(model)
    return minimised(model)


def passed(front: Front, windows: Samples) -> Samples:
    """Windows as the network sees them."""
    alone = helper.make_graph(
        [helper.make_node("Identity", [READY], [_OUT])],
        "front",
        [helper.make_tensor_value_info(READY, TensorProto.FLOAT, ["windows", windows.shape[1]])],
        [helper.make_tensor_value_info(_OUT, TensorProto.FLOAT, ["windows", windows.shape[1]])],
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(alone, opset_imports=[opset], ir_version=IR_VERSION)
    return run(write(joined(front, model, windows.shape[1])), windows)


def _nodes(front: Front, to: str) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, value: Any) -> str:  # noqa: ANN401 - an array of any type
        constants.append(numpy_helper.from_array(np.asarray(value), f"front {name}"))
        return f"front {name}"

    def node(kind: str, inputs: list[str], name: str, **settings: Any) -> str:  # noqa: ANN401
        nodes.append(helper.make_node(kind, inputs, [f"front {name}"], **settings))
        return f"front {name}"

    now = RAW
    if front.band_hz is not None:
        channel = constant("channel", np.array([1], np.int64))
        half = front.taps // 2
        wide = node("Unsqueeze", [now, channel], "wide")
        taps = constant("taps", front.weights()[None, None])
        passed = node("Conv", [wide, taps], "passed", pads=[half, half])
        now = node("Squeeze", [passed, channel], "narrow")
    if front.scaled:
        time = constant("time", np.array([1], np.int64))
        centred = node("Sub", [now, node("ReduceMean", [now, time], "mean")], "centred")
        power = node("ReduceMean", [node("Mul", [centred, centred], "square"), time], "power")
        spread = node("Sqrt", [power], "spread")
        least = constant("least", np.float32(_LEAST_SPREAD))
        now = node("Div", [centred, node("Max", [spread, least], "at least")], "scaled")
    nodes.append(helper.make_node("Identity", [now], [to]))
    return nodes, constants
