"""From one window to one decision: an answer, or no answer and why. Never a guess.

Rules, in this order:
1. Every sample of the window must be valid; one that is not makes the whole window unanswerable.
2. A model that raises, or answers anything but finite numbers, has not answered; this is counted.
3. Otherwise the label with the highest probability is the answer.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeward.errors import ModelError
from edgeward.model.engine import InferenceEngine
from edgeward.ports import Clock
from edgeward.signal.windows import Samples


class Outcome(StrEnum):
    """Whether a window could be judged."""

    ANSWER = "answer"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one window, by which model, and when."""

    outcome: Outcome
    label: str | None
    """Set for an answer only."""
    probabilities: dict[str, float] | None
    """Set for an answer only."""
    reason: str | None
    """Set for no answer only."""
    model_sha256: str
    decided_ns: int
    elapsed_ns: int

    def to_dict(self) -> dict[str, Any]:
        """The fields the protocol gives an outcome, without its times."""
        if self.outcome is Outcome.ANSWER:
            said = {"label": self.label, "probabilities": self.probabilities}
        else:
            said = {"reason": self.reason}
        return {"outcome": self.outcome.value, **said, "model_sha256": self.model_sha256}


class Decider:
    """Applies the rules with one engine and counts what the model did wrong."""

    __slots__ = ("_clock", "_engine", "model_faults")

    def __init__(self, engine: InferenceEngine, clock: Clock) -> None:
        """Decide with this engine; take the time from this clock."""
        self._engine = engine
        self._clock = clock
        self.model_faults = 0

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        """Judge one window. Never raises: what goes wrong is a reason."""
        started_ns = self._clock.monotonic_ns()
        probabilities, reason = self._judge(samples, valid_samples)
        answered = probabilities is not None
        decided_ns = self._clock.monotonic_ns()
        return Decision(
            outcome=Outcome.ANSWER if answered else Outcome.NO_ANSWER,
            label=max(probabilities, key=probabilities.__getitem__) if probabilities else None,
            probabilities=probabilities,
            reason=reason,
            model_sha256=self._engine.card.sha256,
            decided_ns=decided_ns,
            elapsed_ns=decided_ns - started_ns,
        )

    def _judge(
        self, samples: Samples, valid_samples: int
    ) -> tuple[dict[str, float] | None, str | None]:
        """The probabilities of an answer, or the reason why there is none."""
        if valid_samples < len(samples):  # rule 1
            return None, (
                f"{len(samples) - valid_samples} of {len(samples)} samples are invalid; all must be"
                " valid"
            )
        try:
            values = self._engine.probabilities(samples)
        except ModelError as error:  # rule 2
            self.model_faults += 1
            return None, str(error)[:200]
        except Exception as error:  # rule 2: whatever a model does, the next window is judged
            self.model_faults += 1
            return None, f"the model failed: {type(error).__name__}"
        labels = self._engine.card.labels
        if len(values) != len(labels) or not all(map(math.isfinite, values)):  # rule 2
            self.model_faults += 1
            return None, "the model did not answer with one finite number for each label"
        return dict(zip(labels, values, strict=True)), None  # rule 3
