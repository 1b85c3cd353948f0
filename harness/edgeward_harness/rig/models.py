"""The models that the bench knows of: what was released, what it was made from, what it replaces.

They are run here, by the bench, so that what a device answers is held against what it should. A
model is a `.onnx` file with its card beside it: `.json` of the same name, or `card.json`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, parse_card
from edgeward.model.nearness import FLOAT
from edgeward.model.onnx_runtime import onnxruntime, session_options
from edgeward.model.package import wire
from edgeward_harness.errors import InputError
from edgeward_harness.rig.recordings.wfdb_folder import person

AT_ONCE: Final = 256
"""Windows in one call."""
IN_FLOAT: Final = frozenset(
    {"Conv", "FusedConv", "FusedGemm", "FusedMatMul", "Gemm", "GRU", "LSTM", "MatMul"}
)
"""Layers with weights, executed in float."""
IN_WHOLE_NUMBERS: Final = frozenset(
    {"ConvInteger", "MatMulInteger", "QGemm", "QLinearConv", "QLinearMatMul"}
)
FLOAT_DIFFERENCE_MAX: Final = FLOAT.difference_max
"""How far apart two answers of a model in float may be, whatever computes them."""
JUDGED: Final = ("judge", "test")
"""Roles of patients from whom nothing was learned."""
_MODEL_GRAPH, _GRAPH_NODE, _NODE_OPERATOR = 7, 1, 4
"""Numbers of fields in onnx.proto."""

Windows = NDArray[np.float32]
Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class BenchModel:
    """One model at the bench, with all that its card says."""

    path: Path
    data: bytes
    card: ModelCard
    said: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return sha256_hex(self.data)

    @property
    def arithmetic(self) -> str:
        """What its card says that it computes in; empty where it does not say."""
        return str(self.said.get("arithmetic", ""))

    def probabilities(self, windows: Windows) -> Probabilities:
        """What it answers, one row for each window."""
        rows = [self._session.run(None, {self._input: part})[0] for part in _parts(windows)]
        answers: Probabilities = np.concatenate(rows).astype(np.float32, copy=False)
        return answers

    def layers(self) -> Counter[str]:
        """How often each operator is executed, counted in the graph that the engine makes of it."""
        options = session_options()
        options.log_severity_level = 4
        with TemporaryDirectory() as folder:
            path = Path(folder) / "executed.onnx"
            options.optimized_model_filepath = str(path)
            self._open(options)
            graph = next(wire.messages(memoryview(path.read_bytes()), _MODEL_GRAPH))
            nodes = wire.messages(graph, _GRAPH_NODE)
            return Counter(wire.text(node, _NODE_OPERATOR) for node in nodes)

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 - onnxruntime has no types
        return self._open(session_options())

    @property
    def _input(self) -> str:
        return str(self._session.get_inputs()[0].name)

    def _open(self, options: Any) -> Any:  # noqa: ANN401 - onnxruntime has no types
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(self.data, sess_options=options, providers=providers)


def open_model(path: Path) -> BenchModel:
    """Read a model and its card; the card must be that of these bytes.

    Raises:
        InputError: one of them cannot be read, or they do not belong together.
    """
    card_path = path.with_suffix(".json")
    card_path = card_path if card_path.is_file() else path.with_name("card.json")
    try:
        data, text = path.read_bytes(), card_path.read_bytes()
        card, said = parse_card(text), json.loads(text)
    except (OSError, ModelError) as error:
        raise InputError(str(path), [str(error)]) from error
    found = sha256_hex(data)
    if found != card.sha256:
        raise InputError(
            str(path), [f"its bytes have SHA-256 {found}, {card_path.name} says {card.sha256}"]
        )
    return BenchModel(path, data, card, said)


def taught_by(model: BenchModel) -> set[str]:
    """The patients from whom a model was made, as its card names them under `made`.

    `recordings` lists them by name; `simulated` has, by role, the first seed and how many follow.
    Those that are said to have judged it only did not teach it. Who has two recordings is known by
    either of them.

    Raises:
        InputError: the card says it in another form.
    """
    try:
        return set(_taught_by(model.said.get("made", {})))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        accepted = "recordings as a list of name and role, simulated by role with first_patient"
        fault = f"its card: made: {error!r}; accepted: {accepted} and patients"
        raise InputError(str(model.path), [fault]) from error


def _taught_by(made: Mapping[str, Any]) -> Iterator[str]:
    for one in made.get("recordings", ()):
        if one.get("role") not in JUDGED:
            yield from (str(one["name"]), person(str(one["name"])))
    for role, one in made.get("simulated", {}).items():
        first, count = int(one["first_patient"]), max(int(one["patients"]), one.get("scripts", 0))
        if role not in JUDGED:
            yield from (f"simulated {seed}" for seed in range(first, first + count))


def _parts(windows: Windows) -> list[Windows]:
    return [windows[first : first + AT_ONCE] for first in range(0, len(windows), AT_ONCE)]
