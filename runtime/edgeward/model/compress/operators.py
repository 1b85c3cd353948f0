"""Which operators of a model really run on whole numbers: counted in the graph that is executed.

A file that says int8 may run in float all the same: an engine fuses only what its rules match and
computes the rest on numbers it has turned back into float. So what counts is the graph after the
engine's own optimisation, with the options that the device uses.

Not all that is whole is alike everywhere: of some operators each processor has a version of its
own, which rounds otherwise. Which those are was read, and measured with every pair of numbers that
can go in: `docs/adr/0013`.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx

from edgeward.model.onnx_runtime import onnxruntime, session_options

WHOLE = frozenset(
    {
        "ConvInteger", "MatMulInteger", "QAttention", "QGemm", "QLinearAdd", "QLinearAveragePool",
        "QLinearConcat", "QLinearConv", "QLinearGlobalAveragePool", "QLinearLeakyRelu",
        "QLinearMatMul", "QLinearMul", "QLinearReduceMean", "QLinearSigmoid", "QLinearSoftmax",
        "QLinearWhere",
    }
)  # fmt: skip
"""On whole numbers."""
ALIKE = frozenset(
    {
        "QGemm", "QLinearAveragePool", "QLinearConcat", "QLinearConv", "QLinearGlobalAveragePool",
        "QLinearLeakyRelu", "QLinearMatMul",
    }
)  # fmt: skip
"""Those of them that round by one rule on every processor."""
HEAVY = frozenset(
    {"Conv", "FusedConv", "FusedGemm", "FusedMatMul", "Gemm", "GRU", "LSTM", "MatMul"}
)
"""Those in float that cost: each of them is a layer that is not int8."""
MOVES = frozenset(
    {
        "Cast", "Concat", "Flatten", "Gather", "Identity", "MaxPool", "NhwcMaxPool", "Pad",
        "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
    }
)  # fmt: skip
"""That only move numbers, or choose among them."""
STEPS = frozenset(
    {
        "Clip", "DequantizeLinear", "Div", "Max", "Min", "Mul", "PRelu", "QuantizeLinear",
        "ReduceMax", "Relu", "Sub", "Sum",
    }
)  # fmt: skip
"""One step for each number in float, of which IEEE 754 knows one answer only."""
TOTALS = frozenset({"ReduceSum"})
"""With which `shares` adds whole numbers; a network has it nowhere else."""
TURNS = frozenset({"DequantizeLinear", "QuantizeLinear", "DynamicQuantizeLinear"})
AT_RUN_TIME = frozenset({"ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"})
"""Scales that depend on what else is in the call: one patient's answer moves with another's."""


@dataclass(frozen=True, slots=True)
class Operators:
    """How often each operator is executed, by kind."""

    counts: dict[str, int]

    def of(self, kinds: frozenset[str]) -> int:
        """How many there are of these."""
        return sum(count for kind, count in self.counts.items() if kind in kinds)

    @property
    def whole(self) -> int:
        """Layers on whole numbers."""
        return self.of(WHOLE)

    @property
    def in_float(self) -> int:
        """Layers that cost and run in float."""
        return self.of(HEAVY)

    @property
    def exact(self) -> bool:
        """Whether each number has one answer only, so that every processor gives the same bits."""
        known = ALIKE | MOVES | STEPS | TOTALS
        return set(self.counts) <= known and all(self.counts.get(one, 0) <= 1 for one in TOTALS)

    def to_dict(self) -> dict[str, Any]:
        """For a report."""
        return {
            "on_whole_numbers": self.whole,
            "in_float": self.in_float,
            "exact": self.exact,
            "conversions": self.of(TURNS),
            "executed": dict(sorted(self.counts.items())),
        }


def executed(model: bytes) -> Operators:
    """The operators of a model, as the engine of the device executes them here."""
    options = session_options()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "optimised.onnx"
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 4  # that the file is for this processor only, is its purpose
        onnxruntime.InferenceSession(
            model, sess_options=options, providers=["CPUExecutionProvider"]
        )
        graph = onnx.load(path).graph
    return Operators(dict(Counter(node.op_type for node in graph.node)))
