"""The inference engine: one window in, one probability for each label out.

A backend only computes: `onnx_engine`, `torch_engine`, `litert_engine`. What holds for each of them
is here, once:

1. Only bytes with the digest on the card are loaded. They are run at once, so that the first real
   window is not the slow one, and refused unless they answer one number for each label.
2. A window is one row of float32, as long as the card says; anything else is a `ModelError`, and
   the next window is judged as if nothing had happened. Whether an answer is finite is for the
   caller to see: a `Decider` takes no other one.
3. An answer depends on its own window only. Rows of a micro-batch that differ from the same windows
   alone are found at load (dynamic quantisation does that); such a model, and one that takes one
   window at a time, runs them one by one.
4. One thread, which is the caller's: no pool, no spinning, so that a result costs what it costs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.card import ModelCard
from edgeward.model.nearness import FLOAT
from edgeward.signal.windows import Samples

Probabilities = NDArray[np.float32]
"""One row for each window, one column for each label."""

BATCH_MAX = 16
"""Windows in one call: more of them gain nothing on a processor, and an alarm waits behind them."""

ROWS_AGREE = FLOAT.difference_max
"""How far a probability may move when other windows are judged in the same call: rounding, which a
backend does in another order."""


class InferenceEngine(Protocol):
    """What the processor needs of a model. It is called from one thread."""

    @property
    def card(self) -> ModelCard:
        """What the model takes, what it answers and which bytes it is."""
        ...

    @property
    def batch_max(self) -> int:
        """The most windows one call of `probabilities_many` takes."""
        ...

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """One probability for each label of the card, for one window of samples.

        Raises:
            ModelError: the model failed.
        """
        ...

    def probabilities_many(self, windows: Samples) -> Probabilities:
        """One row of probabilities for each row of samples; each as if it were asked for alone.

        Raises:
            ModelError: the model failed, and no row is answered.
        """
        ...


class CheckedEngine(ABC):
    """The rules of this module around a backend that loads bytes and computes."""

    __slots__ = ("_batches", "_card", "_row", "_slot")

    batch_max: ClassVar[int] = BATCH_MAX

    def __init__(self, model: bytes, card: ModelCard) -> None:
        """Load the model, run it, and find out whether it can judge several windows at once.

        Raises:
            ModelError: the bytes are not those of the card, or the model does not do what it says.
        """
        found = sha256_hex(model)
        if found != card.sha256:
            raise ModelError(
                f"model {card.name}: its bytes have SHA-256 {found}, its card says {card.sha256}"
            )
        self._card = card
        self._row: Samples = np.zeros(card.input.window_samples, dtype=np.float32)
        self._slot = self._row.data
        try:
            self._load(model)
        except ModelError:
            raise
        except Exception as error:  # each backend raises types of its own, and bare RuntimeError
            raise ModelError(f"model {card.name} cannot be loaded: {error}") from error
        first = self.probabilities(self._row)
        if len(first) != len(card.labels):
            raise ModelError(
                f"model {card.name} answers {len(first)} values for {len(card.labels)} labels"
            )
        self._batches = self._can_batch()

    @abstractmethod
    def _load(self, model: bytes) -> None:
        """Make these bytes ready to run; whatever is raised becomes a `ModelError`."""

    @abstractmethod
    def _one(self) -> Sequence[float]:
        """Judge the window in `_row`."""

    @abstractmethod
    def _many(self, windows: Samples) -> Probabilities:
        """Judge several windows in one call; raise when the model takes one at a time."""

    @property
    def card(self) -> ModelCard:
        """What the model takes, what it answers and which bytes it is."""
        return self._card

    @property
    def batches(self) -> bool:
        """Whether several windows really are one call of the model, and not one call each."""
        return self._batches

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """One probability for each label of the card, for one window of samples.

        Raises:
            ModelError: the window has another length or type, or the backend failed.
        """
        try:
            self._slot[:] = samples.data  # a view takes no other length, type or byte order
            return tuple(self._one())
        except Exception as error:  # each backend raises types of its own, and bare RuntimeError
            raise self._failed(error) from error

    def probabilities_many(self, windows: Samples) -> Probabilities:
        """One row of probabilities for each row of samples; each as if it were asked for alone.

        Raises:
            ModelError: too many windows, windows of another length or type, or the backend failed.
        """
        try:
            self._check_windows(windows)
            if not self._batches or len(windows) < 2:
                return self._one_by_one(windows)
            answers = self._many(windows)
            if answers.shape != (len(windows), len(self._card.labels)):
                raise ValueError(f"{len(windows)} windows were answered by {answers.shape} values")
            return answers
        except ModelError:
            raise
        except Exception as error:  # each backend raises types of its own, and bare RuntimeError
            raise self._failed(error) from error

    def _one_by_one(self, windows: Samples) -> Probabilities:
        answers = np.empty((len(windows), len(self._card.labels)), dtype=np.float32)
        for number, window in enumerate(windows):
            answers[number] = self.probabilities(window)
        return answers

    def _check_windows(self, windows: Samples) -> None:
        if windows.shape[1:] != self._row.shape or windows.ndim != 2:
            raise ValueError(f"windows of shape {windows.shape}; takes (n, {len(self._row)})")
        if len(windows) > self.batch_max:
            raise ValueError(f"{len(windows)} windows in one call; takes {self.batch_max}")
        if windows.dtype != np.float32:
            raise TypeError(f"windows of {windows.dtype}; takes float32")

    def _can_batch(self) -> bool:
        """Rule 3, tried on windows of different sizes: what one scales by, another must not see."""
        windows = probe_windows(len(self._row), self.batch_max)
        alone = self._one_by_one(windows)
        try:
            together = self._many(windows)
        except Exception:  # one window at a time: that is how it will be asked
            return False
        same_shape = together.shape == alone.shape
        return same_shape and np.allclose(together, alone, rtol=0, atol=ROWS_AGREE, equal_nan=True)

    def _failed(self, error: Exception) -> ModelError:
        return ModelError(f"model {self._card.name} failed: {error}")


def missing_extra(card: ModelCard, extra: str, error: ImportError) -> ModelError:
    """The refusal of a model whose backend is not installed."""
    return ModelError(
        f"model {card.name} cannot be loaded: {error}; its format {card.format.value} needs the "
        f"extra {extra}: pip install 'edgeward[{extra}]'"
    )


def probe_windows(window_samples: int, count: int) -> Samples:
    """Windows to try a model with: waves of different rates, each twice the size of the last.

    They are the same ones each time, mean nothing clinically, and stay between -5 and 5.
    """
    turns = np.linspace(0, 2 * np.pi, window_samples)
    rates = np.arange(1, count + 1)[:, None]
    sizes = 5.0 * 2.0 ** -(np.arange(count) % 8)[:, None]
    waves: Samples = (sizes * np.sin(rates * turns)).astype(np.float32)
    return waves
