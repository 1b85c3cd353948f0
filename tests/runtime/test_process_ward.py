"""A ward judges each patient as a stream of its own would be, whatever the others send."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock
from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.engine import Probabilities
from edgeward.process.decision import Decider, Outcome
from edgeward.process.threshold_bank import LimitState, ThresholdBank
from edgeward.process.ward import Drop, Frame, Ward, WardAlarm, WardPlan, WardResult
from edgeward.signal.windows import Samples, Window, Windower

PLAN = WardPlan(5, 10, 20, 10, 10, 1_000_000_000)
CARD = ModelCard("m", "1", "ab" * 32, ("low", "high"), ModelInput("ecg", "mV", 10, 20, 10))


class Engine:
    """Answers by the mean of a window; raises, or answers NaN, on windows that reach a limit."""

    card, batch_max = CARD, 3

    def __init__(self) -> None:
        self.calls: list[int] = []

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        if samples.max() >= 100:
            raise ModelError("bad window")
        share = float("nan") if samples.max() >= 50 else float(samples.mean() > 0)
        return (1 - share, share)

    def probabilities_many(self, windows: Samples) -> Probabilities:
        self.calls.append(len(windows))
        return np.array([self.probabilities(window) for window in windows], dtype=np.float32)


class Bench:
    """A ward, its clock, and what it told."""

    def __init__(self) -> None:
        self.engine, self.clock = Engine(), SimulatedClock()
        self.alarms: list[WardAlarm] = []
        self.results: list[WardResult] = []
        high = np.full(5, 40, dtype=np.float32)
        limits = ThresholdBank(-high, high, np.full(5, 2))
        self.ward = Ward(
            self.engine,
            self.clock,
            PLAN,
            limits,
            band=None,
            alarm=self.alarms.append,
            result=self.results.append,
        )

    def send(self, row: int, samples: Samples) -> None:
        self.ward.take(Frame(np.array([row]), samples[None]))

    def second(self, blocks: Samples) -> None:
        self.ward.take(Frame(np.arange(5), blocks))
        self.ward.work()
        self.clock.advance(1_000_000_000)

    def conserved(self) -> None:
        for row, tally in enumerate(self.ward.tallies):
            told = sum(result.row == row for result in self.results)
            assert tally.complete == tally.decided + sum(tally.dropped.values()) + tally.pending
            assert told == tally.complete - tally.pending
            assert tally.pending <= PLAN.backlog_max


def of(bench: Bench, row: int) -> list[tuple[int, str | None]]:
    return [(one.window_index, one.decision.label) for one in bench.results if one.row == row]


def signals(seconds: int) -> Samples:
    drawn = np.random.default_rng(1).normal(size=(5, 10 * seconds)) * 3
    return drawn.astype(np.float32)


@pytest.mark.parametrize("spoiled", [float("nan"), 60.0, 200.0])
def test_windows_are_judged_as_by_a_stream_of_their_own(spoiled: float) -> None:
    bench, samples = Bench(), signals(12)
    samples[2, 40:] = spoiled
    for at in range(0, 120, 10):
        bench.second(samples[:, at : at + 10])
    for row in range(5):
        expected: list[tuple[int, str | None]] = []
        decider = Decider(Engine(), SimulatedClock())

        def judge(
            window: Window,
            decider: Decider = decider,
            expected: list[tuple[int, str | None]] = expected,
        ) -> None:
            label = decider.decide(window.samples, window.valid_samples).label
            expected.append((window.index, label))

        Windower(20, 10).push(0, samples[row, PLAN.first_sample(row) :], None, judge)
        assert of(bench, row) == expected
        assert (None in [label for _, label in expected]) == (row == 2)
    assert max(bench.engine.calls) == 3
    assert {alarm.row for alarm in bench.alarms} == {2}
    bench.conserved()


def test_a_patient_that_floods_loses_its_own_windows_only() -> None:
    calm, flooded, samples = Bench(), Bench(), signals(12)
    for at in range(0, 120, 10):
        calm.second(samples[:, at : at + 10])
        for _ in range(7):
            flooded.send(2, np.ones(10, dtype=np.float32))
        flooded.conserved()
        flooded.second(samples[:, at : at + 10])
    assert flooded.ward.tallies[2].dropped[Drop.TOO_FAST] > 10
    for row in (0, 1, 3, 4):
        assert of(flooded, row) == of(calm, row) != []


@pytest.mark.parametrize(
    "frame",
    [
        Frame(np.array([1, 9]), np.zeros((2, 10), dtype=np.float32)),
        Frame(np.array([1, 1]), np.zeros((2, 10), dtype=np.float32)),
        Frame(np.array([1]), np.zeros((1, 11), dtype=np.float32)),
        Frame(np.array([1]), np.zeros((1, 0), dtype=np.float32)),
        Frame(np.array([1]), np.zeros((2, 5), dtype=np.float32)),
        Frame(np.array([1]), np.zeros((1, 5), dtype=np.float32), np.ones((1, 4), dtype=np.bool_)),
    ],
)
def test_a_wrong_frame_is_a_technical_alarm_of_the_patients_it_names(frame: Frame) -> None:
    bench = Bench()
    bench.ward.take(frame)
    assert bench.alarms == [WardAlarm(1, 0, LimitState.TECHNICAL)]
    assert bench.ward.wrong_frames == 1


def test_alarms_are_told_before_a_frame_is_taken_and_between_micro_batches() -> None:
    bench = Bench()
    for _ in range(3):
        bench.ward.take(Frame(np.arange(5), np.zeros((5, 10), dtype=np.float32)))
    seen: list[int] = []

    def more() -> None:
        if not seen:
            bench.send(0, np.full(2, 45, dtype=np.float32))
        seen.append(len(bench.results))

    bench.ward.work(more)
    assert bench.alarms == [WardAlarm(0, 31, LimitState.HIGH)]
    assert seen[0] <= 3 < seen[-1]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 10), st.booleans()), max_size=60))
def test_no_window_is_lost_from_the_count(steps: list[tuple[int, int, bool]]) -> None:
    bench = Bench()
    for row, count, works in steps:
        bench.send(row, np.full(count, row * 30, dtype=np.float32))
        bench.conserved()
        if works:
            bench.ward.work(bench.conserved)
            bench.clock.advance(300_000_000)
        bench.conserved()
    bench.ward.work()
    assert all(
        one.decision.outcome is Outcome.ANSWER
        for one in bench.results
        if one.row < 2 and one.dropped is None
    )
