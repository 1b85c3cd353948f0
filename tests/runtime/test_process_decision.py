"""A window gets an answer, or no answer and why; whatever the model does."""

import numpy as np
import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.engine import Probabilities
from edgeward.process.decision import Decider, Decision, Outcome
from edgeward.process.lateness import Lateness
from edgeward.signal.windows import Samples

CARD = ModelCard("m", "1", "ab" * 32, ("bad", "good"), ModelInput("ecg", "mV", 250, 4, 2))


class Engine:
    """A model that answers, or raises, what it was given, and takes its time."""

    card = CARD
    batch_max = 1

    def __init__(self, answer: tuple[float, ...] | Exception, clock: SimulatedClock) -> None:
        self.answer = answer
        self.clock = clock
        self.asked = 0

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        self.asked += 1
        self.clock.advance(1500)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def probabilities_many(self, windows: Samples) -> Probabilities:
        return np.array([self.probabilities(window) for window in windows], dtype=np.float32)


def decided(
    answer: tuple[float, ...] | Exception, valid_samples: int = 4
) -> tuple[Decision, Decider, Engine]:
    clock = SimulatedClock(start_monotonic_ns=10)
    engine = Engine(answer, clock)
    decider = Decider(engine, clock)
    return decider.decide(np.zeros(4, dtype=np.float32), valid_samples), decider, engine


def test_the_most_probable_label_is_the_answer() -> None:
    decision, decider, _ = decided((0.25, 0.75))
    assert decision.to_dict() == {
        "outcome": "answer",
        "label": "good",
        "probabilities": {"bad": 0.25, "good": 0.75},
        "model_sha256": "ab" * 32,
    }
    assert (decision.decided_ns, decision.elapsed_ns) == (1510, 1500)
    assert decider.model_faults == 0


@pytest.mark.parametrize("valid_samples", [0, 3])
def test_one_invalid_sample_is_no_answer_and_the_model_is_not_asked(valid_samples: int) -> None:
    decision, decider, engine = decided((0.25, 0.75), valid_samples)
    assert decision.to_dict() == {
        "outcome": "no_answer",
        "reason": f"{4 - valid_samples} of 4 samples are invalid; all must be valid",
        "model_sha256": "ab" * 32,
    }
    assert engine.asked == 0
    assert decider.model_faults == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ModelError("model m failed: " + "x" * 500), "model m failed"),
        (MemoryError(), "the model failed: MemoryError"),
        ((float("nan"), 0.5), "one finite number for each label"),
        ((0.5, float("inf")), "one finite number for each label"),
        ((1.0,), "one finite number for each label"),
        ((), "one finite number for each label"),
    ],
)
def test_a_model_that_fails_is_no_answer_and_counted(
    answer: tuple[float, ...] | Exception, reason: str
) -> None:
    decision, decider, _ = decided(answer)
    assert decision.outcome is Outcome.NO_ANSWER
    assert decision.reason is not None
    assert reason in decision.reason
    assert len(decision.reason) <= 200
    assert decision.label is None
    assert decider.model_faults == 1


def test_late_is_beyond_the_budget_and_unknown_without_one() -> None:
    lateness = Lateness()
    assert lateness.judge(0, 10**12) is None
    lateness.set_budget_ms(50.5)
    assert lateness.judge(100, 100 + 50_500_000) is False
    assert lateness.judge(100, 101 + 50_500_000) is True
    assert lateness.judge(100, 0) is False
    assert lateness.late_results == 1
    lateness.set_budget_ms(None)
    assert lateness.judge(0, 10**12) is None
    assert lateness.late_results == 1
