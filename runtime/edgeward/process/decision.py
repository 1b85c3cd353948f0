"""From one window to one decision: an answer, or no answer and why. Never a guess.

Rules, in this order:
1. Every sample of the window must be valid; one that is not makes the whole window unanswerable.
   So does what cannot be a patient's signal, where that is certain (`signal.unreadable`).
2. A model that raises, or answers anything but finite numbers, has not answered; this is counted.
3. Otherwise the label with the highest probability is the answer.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from edgeward.errors import ModelError
from edgeward.model.engine import InferenceEngine
from edgeward.ports import Clock
from edgeward.signal.unreadable import Unreadable, unreadable_in
from edgeward.signal.windows import Samples


class Outcome(StrEnum):
    """Whether a window could be judged."""

    ANSWER = "answer"
    NO_ANSWER = "no_answer"


_ANSWER = Outcome.ANSWER  # looking a member up in its enum takes as long as making a decision


class Decision(NamedTuple):
    """What was decided about one window, by which model, and when."""

    outcome: Outcome
    label: str | None
    """Set for an answer only."""
    scores: Sequence[float] | None
    """The probability of each of `labels`; set for an answer only."""
    reason: str | None
    """Set for no answer only."""
    model_sha256: str
    decided_ns: int
    elapsed_ns: int
    labels: Sequence[str] = ()
    fault: bool = False
    """Whether there is no answer because the model failed."""

    @property
    def probabilities(self) -> dict[str, float] | None:
        """The probability of each label, for an answer; put together only where it is told."""
        if self.scores is None:
            return None
        return dict(zip(self.labels, self.scores, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The fields the protocol gives an outcome, without its times."""
        if self.outcome is Outcome.ANSWER:
            said = {"label": self.label, "probabilities": self.probabilities}
        else:
            said = {"reason": self.reason}
        return {"outcome": self.outcome.value, **said, "model_sha256": self.model_sha256}


class Decider:
    """Applies the rules with one engine and counts what the model did wrong."""

    __slots__ = ("_labels", "_now_ns", "_probabilities", "_sha256", "_unreadable", "model_faults")

    def __init__(self, engine: InferenceEngine, clock: Clock) -> None:
        """Decide with this engine; take the time from this clock."""
        self._now_ns = clock.monotonic_ns
        self.model_faults = 0
        self.use(engine)

    def use(self, engine: InferenceEngine) -> None:
        """Decide with this engine from now on."""
        self._probabilities = engine.probabilities
        self._labels = engine.card.labels
        self._sha256 = engine.card.sha256
        taken = engine.card.input
        self._unreadable: Unreadable | None = unreadable_in(
            taken.signal, taken.unit, taken.rate_hz, taken.window_samples
        )

    def unreadable(self, samples: Samples) -> str | None:
        """Why nobody could judge this window of valid samples; None where nothing is against it."""
        return None if self._unreadable is None else self._unreadable(samples)

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        """Judge one window. Never raises: what goes wrong is a reason."""
        started_ns = self._now_ns()
        if valid_samples < len(samples):  # rule 1
            reason = (
                f"{len(samples) - valid_samples} of {len(samples)} samples are invalid; all must be"
                " valid"
            )
            return self._no_answer(reason, started_ns)
        if self._unreadable is not None and (why := self._unreadable(samples)):  # rule 1
            return self._no_answer(why, started_ns)
        try:
            values = self._probabilities(samples)
        except ModelError as error:  # rule 2
            return self._fault(str(error)[:200], started_ns)
        except Exception as error:  # rule 2: whatever a model does, the next window is judged
            return self._fault(f"the model failed: {type(error).__name__}", started_ns)
        # A sum less itself is 0 only where the sum is finite, and so is each number in it.
        total, labels = sum(values), self._labels
        if len(values) != len(labels) or total - total != 0.0:  # rule 2
            return self._fault(
                "the model did not answer with one finite number for each label", started_ns
            )
        label = labels[values.index(max(values))]
        decided_ns = self._now_ns()
        took_ns = decided_ns - started_ns
        sha256 = self._sha256
        return Decision(_ANSWER, label, values, None, sha256, decided_ns, took_ns, labels)

    def decline(self, reason: str) -> Decision:
        """No answer, without asking the model."""
        return self._no_answer(reason, self._now_ns())

    def _fault(self, reason: str, started_ns: int) -> Decision:
        self.model_faults += 1
        return self._no_answer(reason, started_ns)._replace(fault=True)

    def _no_answer(self, reason: str, started_ns: int) -> Decision:
        now_ns = self._now_ns()
        return Decision(
            Outcome.NO_ANSWER, None, None, reason, self._sha256, now_ns, now_ns - started_ns
        )
