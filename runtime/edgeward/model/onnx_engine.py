"""An ONNX model on ONNX Runtime: what a device runs unless its card says otherwise."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeward.model.engine import CheckedEngine, Probabilities
from edgeward.model.onnx_runtime import onnxruntime, session_options
from edgeward.signal.windows import Samples

TENSOR = "tensor(float)"


class OnnxEngine(CheckedEngine):
    """One float32 tensor in, one out. Both stay bound to one buffer each, which saves 2 us a call.

    The buffers are why an engine belongs to one thread.
    """

    __slots__ = ("_answer", "_binding", "_input", "_outputs", "_session")

    def _load(self, model: bytes) -> None:
        self._session = onnxruntime.InferenceSession(
            model, sess_options=session_options(), providers=["CPUExecutionProvider"]
        )
        self._input = _only(self._session.get_inputs(), "takes")
        self._outputs = [_only(self._session.get_outputs(), "answers")]
        answer = np.zeros_like(self._many(self._row[None]))
        (self._answer,) = answer  # its one row
        self._binding = self._session.io_binding()
        shape = (1, len(self._row))
        self._binding.bind_input(self._input, "cpu", 0, np.float32, shape, self._row.ctypes.data)
        self._binding.bind_output(
            self._outputs[0], "cpu", 0, np.float32, answer.shape, self._answer.ctypes.data
        )

    def _one(self) -> Sequence[float]:
        self._session.run_with_iobinding(self._binding)
        values: list[float] = self._answer.tolist()
        return values

    def _many(self, windows: Samples) -> Probabilities:
        (answers,) = self._session.run(self._outputs, {self._input: np.ascontiguousarray(windows)})
        result: Probabilities = answers
        return result


def _only(tensors: Sequence[Any], does: str) -> str:
    """The name of the one tensor there is."""
    if len(tensors) != 1 or tensors[0].type != TENSOR:
        found = ", ".join(f"{tensor.name} {tensor.type}" for tensor in tensors) or "nothing"
        raise ValueError(f"it {does} {found}; one {TENSOR} is needed")
    name: str = tensors[0].name
    return name
