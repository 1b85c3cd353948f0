"""The inference engine: one window in, one probability for each label out."""

from typing import Protocol

import numpy as np
import onnxruntime

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.card import ModelCard
from edgeward.signal.windows import Samples


class InferenceEngine(Protocol):
    """What the processor needs of a model. It is called from one thread."""

    @property
    def card(self) -> ModelCard:
        """What the model takes, what it answers and which bytes it is."""
        ...

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """One probability for each label of the card, for one window of samples.

        Raises:
            ModelError: the model failed.
        """
        ...


class OnnxEngine:
    """An ONNX model on one thread: no pool, no spinning, so that a result costs what it costs."""

    __slots__ = ("_card", "_input", "_session")

    def __init__(self, model: bytes, card: ModelCard) -> None:
        """Load the model and run it once, so that the first real window is not the slow one.

        Raises:
            ModelError: the bytes are not those of the card, or the model does not do what it says.
        """
        found = sha256_hex(model)
        if found != card.sha256:
            raise ModelError(
                f"model {card.name}: its bytes have SHA-256 {found}, its card says {card.sha256}"
            )
        try:
            self._session = onnxruntime.InferenceSession(
                model, sess_options=_options(), providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
        except Exception as error:  # the engine raises types of its own, and bare RuntimeError
            raise ModelError(f"model {card.name} cannot be loaded: {error}") from error
        self._card = card
        first = self.probabilities(np.zeros(card.input.window_samples, dtype=np.float32))
        if len(first) != len(card.labels):
            raise ModelError(
                f"model {card.name} answers {len(first)} values for {len(card.labels)} labels"
            )

    @property
    def card(self) -> ModelCard:
        """What the model takes, what it answers and which bytes it is."""
        return self._card

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """One probability for each label of the card, for one window of samples.

        Raises:
            ModelError: the engine failed, for instance on a window of another length.
        """
        try:
            (answer,) = self._session.run(None, {self._input: samples.reshape(1, -1)})
            return tuple(answer[0].tolist())
        except Exception as error:  # the engine raises types of its own, and bare RuntimeError
            raise ModelError(f"model {self._card.name} failed: {error}") from error


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only: they are raised anyway
    return options
