"""A LiteRT (TensorFlow Lite) model. Needs the extra `litert`.

Such a model has one size of input, so a micro-batch is one call for each window; that costs
nothing, its interpreter is no faster with several.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from edgeward.model.engine import CheckedEngine, Probabilities, missing_extra
from edgeward.signal.windows import Samples


class LiteRtEngine(CheckedEngine):
    """A LiteRT flatbuffer on one thread."""

    __slots__ = ("_given", "_interpreter", "_taken", "_window")

    def _load(self, model: bytes) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise missing_extra(self._card, "litert", error) from error
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._window = self._row[None]
        self._taken = _only(self._interpreter.get_input_details(), "takes", len(self._row))
        labels = len(self._card.labels)
        self._given = _only(self._interpreter.get_output_details(), "answers", labels)

    def _one(self) -> Sequence[float]:
        self._interpreter.set_tensor(self._taken, self._window)
        self._interpreter.invoke()
        (values,) = self._interpreter.get_tensor(self._given).tolist()
        row: list[float] = values
        return row

    def _many(self, windows: Samples) -> Probabilities:
        raise NotImplementedError("a LiteRT model takes one window at a time")


def _only(tensors: Sequence[Mapping[str, Any]], does: str, values: int) -> int:
    """The number of the one tensor there is: one row of that many float32 values."""
    found = [(tuple(tensor["shape"].tolist()), tensor["dtype"].__name__) for tensor in tensors]
    if found != [((1, values), "float32")]:
        raise ValueError(f"it {does} {found}; one row of {values} float32 values is needed")
    index: int = tensors[0]["index"]
    return index
