"""The class of each beat of one lead, by a model that sees its row (`signal.detect.beats`).

Rules:
1. A model says the class of a beat when the next beat is known, or `WAIT_S` after it without one:
   so much later than the beat itself is told. Which sample that is depends on the signal alone.
2. A beat without a row, and one for which the model fails or answers no numbers, has no label: that
   is no answer, never N.
3. Without a model the label is the verdict of the rules, at once: N, V, or none as long as they
   have learned nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edgeward.errors import ModelError
from edgeward.model.card import ModelCard
from edgeward.model.engine import InferenceEngine
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.reference import load_shipped
from edgeward.signal.detect.beats.context import BeatContext, BeatRow
from edgeward.signal.detect.beats.row import FEATURES
from edgeward.signal.findings import Beat, BeatClass
from edgeward.signal.ring import Mask, Samples

MODEL_FILE = "model/beat_reference.onnx"
CARD_FILE = "model/beat_reference.json"


class BeatLabel(StrEnum):
    """The classes of the AAMI."""

    FUSION = "F"
    NORMAL = "N"
    UNKNOWN = "Q"
    SUPRAVENTRICULAR = "S"
    VENTRICULAR = "V"


_BY_RULE = {BeatClass.NORMAL: BeatLabel.NORMAL, BeatClass.VENTRICULAR: BeatLabel.VENTRICULAR}


@dataclass(frozen=True, slots=True)
class LabelledBeat:
    """A beat and its class."""

    beat: Beat
    at: int
    """The sample with which the class became known."""
    label: BeatLabel | None
    """None by rule 2."""
    probability: float | None = None
    """That the model gave to the label; None by rule and without one."""
    fault: str = ""
    """What is wrong with the model, where it failed at this beat."""


class BeatLabeller:
    """Labels the beats of one lead, in mV."""

    __slots__ = ("_context", "_labels", "_model")

    def __init__(self, rate_hz: int, model: InferenceEngine | None = None) -> None:
        """Expect sample 0.

        Raises:
            ModelError: the model takes other rows, or answers other labels.
        """
        self._model = model
        self._context = BeatContext(rate_hz) if model is not None else None
        self._labels = () if model is None else beat_labels(model.card)

    @property
    def lag_samples(self) -> int:
        """After a beat, until its class is known at the latest; 0 means with the beat itself."""
        return 0 if self._context is None else self._context.wait_samples

    def push(self, samples: Samples, valid: Mask, beats: Sequence[Beat]) -> list[LabelledBeat]:
        """The next samples, the beats that they made known, and those whose class is known now."""
        if self._context is None:
            return [LabelledBeat(one, one.at, _BY_RULE.get(one.kind)) for one in beats]
        return [self._label(one) for one in self._context.push(samples, valid, beats)]

    def leave(self) -> list[LabelledBeat]:
        """No sample will come any more: the beats that still wait, without a label."""
        left = [] if self._context is None else self._context.leave()
        return [LabelledBeat(one.beat, one.at, None) for one in left]

    def _label(self, one: BeatRow) -> LabelledBeat:
        """Rule 2."""
        if one.row is None or self._model is None:
            return LabelledBeat(one.beat, one.at, None)
        try:
            answer = self._model.probabilities(one.row)
        except ModelError as error:
            return LabelledBeat(one.beat, one.at, None, fault=str(error))
        if not all(0.0 <= value <= 1.0 for value in answer):  # false for what is no number
            fault = f"model {self._model.card.name}: its answer is no probability"
            return LabelledBeat(one.beat, one.at, None, fault=fault)
        highest = max(answer)
        return LabelledBeat(one.beat, one.at, self._labels[answer.index(highest)], highest)


def load_beat_model() -> OnnxEngine:
    """The shipped model, checked against the digest on its card. Not for clinical use.

    Raises:
        ModelError: a file is missing or was changed, or the model cannot be loaded.
    """
    return load_shipped(MODEL_FILE, CARD_FILE)


def beat_labels(card: ModelCard) -> tuple[BeatLabel, ...]:
    """What a model of beats answers, in its order.

    Raises:
        ModelError: it takes other rows, or answers other labels.
    """
    faults = list(_faults(card))
    if faults:
        raise ModelError(faults)
    return tuple(BeatLabel(one) for one in card.labels)


def _faults(card: ModelCard) -> Iterator[str]:
    if card.input.window_samples != len(FEATURES):
        found = card.input.window_samples
        yield f"model {card.name}: found rows of {found} numbers; accepted: {len(FEATURES)}"
    for one in card.labels:
        if one not in tuple(BeatLabel):
            yield f"model {card.name}: found label {one!r}; accepted: {', '.join(BeatLabel)}"
