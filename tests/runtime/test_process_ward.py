"""A ward judges each patient as a stream of its own would be, whatever the others send."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock
from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.engine import Probabilities
from edgeward.process.decision import Decider, Outcome
from edgeward.process.technical import Condition, TechnicalEvent
from edgeward.process.threshold_bank import LimitState, ThresholdBank
from edgeward.process.ward import Drop, Ward, WardAlarm, WardPlan, WardResult
from edgeward.process.ward_frames import INDEX_MAX, Frame
from edgeward.signal.block_filter import BlockFilter, Sections, butterworth_band
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

    def __init__(self, band: Sections | None = None) -> None:
        self.engine, self.clock = Engine(), SimulatedClock()
        self.alarms: list[WardAlarm] = []
        self.technical: list[TechnicalEvent] = []
        self.sent = np.zeros(5, dtype=np.int64)
        self.results: list[WardResult] = []
        high = np.full(5, 40, dtype=np.float32)
        limits = ThresholdBank(-high, high, np.full(5, 2))
        self.ward = Ward(
            self.engine,
            self.clock,
            PLAN,
            limits,
            band=None if band is None else BlockFilter(band, 5),
            alarm=self.alarms.append,
            technical=self.technical.append,
            result=self.results.append,
        )

    def take(self, rows: list[int], blocks: Samples) -> None:
        """The next samples of some patients."""
        self.ward.take(Frame(np.array(rows), self.sent[rows], blocks))
        self.sent[rows] += blocks.shape[1]

    def send(self, row: int, samples: Samples, first: int | None = None) -> None:
        if first is not None:
            self.sent[row] = first
        self.take([row], samples[None])

    def refusals(self) -> list[tuple[str | None, bool]]:
        assert {event.condition for event in self.technical} <= {Condition.REFUSED}
        return [(event.stream, event.raised) for event in self.technical]

    def second(self, blocks: Samples) -> None:
        self.take([0, 1, 2, 3, 4], blocks)
        self.ward.work()
        self.clock.advance(1_000_000_000)

    def conserved(self) -> None:
        for row, tally in enumerate(self.ward.tallies):
            told = sum(result.windows for result in self.results if result.row == row)
            assert tally.complete == tally.decided + sum(tally.dropped.values()) + tally.pending
            assert told == tally.complete - tally.pending
            assert tally.pending <= PLAN.backlog_max


def of(bench: Bench, row: int) -> list[tuple[int, str | None]]:
    return sorted(
        (one.window_index + number, one.decision.label)
        for one in bench.results
        if one.row == row
        for number in range(one.windows)
    )


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


AT = np.array([0])


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (Frame(np.array([1, 9]), np.zeros(2, np.int64), np.zeros((2, 9), np.float32)), "0 to 4"),
        (Frame(np.array([1, 1]), np.zeros(2, np.int64), np.zeros((2, 9), np.float32)), "each once"),
        (Frame(np.array([1]), AT, np.zeros((1, 11), np.float32)), "1 to 10"),
        (Frame(np.array([1]), AT, np.zeros((1, 0), np.float32)), "1 to 10"),
        (Frame(np.array([1]), AT, np.zeros((2, 5), np.float32)), "1 to 10"),
        (Frame(np.array([1]), AT, np.zeros(5, np.float32)), "1 to 10"),
        (Frame(np.array([1]), AT, np.zeros((1, 5))), "float32"),  # type: ignore[arg-type]
        (Frame(np.array([1]), AT, np.zeros((1, 5), np.float32), np.ones((1, 4), np.bool_)), "bool"),
        (Frame(np.array([1]), np.array([0, 1]), np.zeros((1, 5), np.float32)), "one index"),
        (Frame(np.array([1]), np.array([-1]), np.zeros((1, 5), np.float32)), "indices -1 to -1"),
        (
            Frame(np.array([1]), np.array([INDEX_MAX + 1]), np.zeros((1, 5), np.float32)),
            f"0 to {INDEX_MAX}",
        ),
    ],
)
def test_a_wrong_frame_is_told_of_when_it_comes_and_when_a_right_one_does(
    frame: Frame, why: str
) -> None:
    bench = Bench()
    for _ in range(2):
        bench.ward.take(frame)
    assert bench.refusals() == [("1", True)]
    assert why in bench.technical[0].text
    assert "accepted: " in bench.technical[0].text
    assert bench.ward.wrong_frames == 2
    assert bench.ward.tallies[1].refused_blocks == 2
    bench.send(0, np.zeros(5, dtype=np.float32))
    assert len(bench.technical) == 1
    for _ in range(2):
        bench.send(1, np.zeros(5, dtype=np.float32))
    assert bench.refusals() == [("1", True), ("1", False)]
    assert bench.alarms == []


def test_all_faults_of_a_frame_are_told_at_once_and_one_that_names_nobody_of_nobody() -> None:
    bench = Bench()
    rows = np.array([1, 9, 9])
    bench.ward.take(Frame(rows, np.array([0, -1, 0]), np.zeros((2, 5), np.float32)))
    assert bench.technical[0].text.count("accepted: ") == 4
    floats = np.array([1.0])
    bench.ward.take(Frame(floats, AT, np.zeros((1, 5), np.float32)))
    assert bench.ward.wrong_frames == 2
    assert len(bench.technical) == 1


def test_alarms_are_told_before_a_frame_is_taken_and_between_micro_batches() -> None:
    bench = Bench()
    for _ in range(3):
        bench.take([0, 1, 2, 3, 4], np.zeros((5, 10), dtype=np.float32))
    seen: list[int] = []

    def more() -> None:
        if not seen:
            bench.send(0, np.full(2, 45, dtype=np.float32))
        seen.append(len(bench.results))

    bench.ward.work(more)
    assert bench.alarms == [WardAlarm(0, 31, LimitState.HIGH)]
    assert seen[0] <= 3 < seen[-1]


def test_work_begins_no_batch_at_the_time_it_is_given_and_what_is_left_stays_due() -> None:
    bench = Bench()
    for _ in range(3):
        bench.take([0, 1, 2, 3, 4], np.zeros((5, 10), dtype=np.float32))
    due = sum(tally.pending for tally in bench.ward.tallies)
    now_ns = bench.clock.monotonic_ns()
    assert bench.ward.work(until_ns=now_ns) == due > 3
    assert not bench.results
    assert bench.ward.work(lambda: bench.clock.advance(1), until_ns=now_ns + 1) == due - 3
    bench.conserved()
    assert bench.ward.work() == 0
    assert len(bench.results) == due


@pytest.mark.parametrize("band", [None, butterworth_band(1, 0.5, 4, 10)])
@pytest.mark.parametrize("lost", [1, 2, 3, 10, 25, 51, 400])
def test_lost_samples_are_a_gap_at_their_place(lost: int, band: Sections | None) -> None:
    """Limits and windows say the same as if samples that are no numbers had come."""
    lossy, filled, samples = Bench(band), Bench(band), signals(60)
    samples[2, [31, 32]] = 90.0
    samples[2, 33 : 33 + lost] = np.nan
    samples[2, [500, 501, 502]] = -90.0
    for at in range(0, 600, 10):
        block = samples[:, at : at + 10]
        filled.second(block)
        came = ~np.isnan(block[2])
        lossy.take([0, 1, 3, 4], block[[0, 1, 3, 4]])
        for place in np.flatnonzero(came).tolist():
            lossy.send(2, block[2, place : place + 1], at + place)
        lossy.ward.work()
        lossy.clock.advance(1_000_000_000)
        lossy.conserved()
    assert of(lossy, 2) == of(filled, 2)
    assert [alarm for alarm in lossy.alarms if alarm.row == 2] == filled.alarms != []
    assert all(of(lossy, row) == of(filled, row) for row in (0, 1, 3, 4))
    assert lossy.technical == []
    assert (LimitState.TECHNICAL in {alarm.state for alarm in lossy.alarms}) == (lost > 1)


def test_a_gap_of_any_length_costs_one_result_and_later_indices_are_right() -> None:
    bench = Bench()
    bench.send(1, np.zeros(5, dtype=np.float32))
    bench.send(1, np.full(10, 45, dtype=np.float32), INDEX_MAX - 10)
    bench.conserved()
    (gap,) = bench.results
    assert gap.dropped is Drop.GAP
    assert gap.window_index == 0
    phase = PLAN.first_sample(1)
    assert gap.windows == (INDEX_MAX - 10 - 20 - phase) // 10 + 1
    assert bench.alarms == [
        WardAlarm(1, 6, LimitState.TECHNICAL),
        WardAlarm(1, INDEX_MAX - 10, LimitState.HIGH),
    ]
    bench.send(1, np.zeros(10, dtype=np.float32))
    bench.ward.work()
    assert [one.decision.outcome for one in bench.results] == [Outcome.NO_ANSWER] * len(
        bench.results
    )
    assert bench.alarms[2:] == [WardAlarm(1, INDEX_MAX, LimitState.NORMAL)]


@pytest.mark.parametrize("first", [0, 19, 29])
def test_samples_offered_again_are_refused_of_that_patient_only(first: int) -> None:
    bench, told = Bench(), []
    for _ in range(3):
        bench.take([1, 2, 3], np.zeros((3, 10), dtype=np.float32))
    bench.sent[2] = first
    bench.take([1, 2, 3], np.full((3, 10), 45, dtype=np.float32))
    assert [alarm.row for alarm in bench.alarms] == [1, 3]
    assert f"sample {first} was offered where 30 is the next one" in bench.technical[0].text
    assert bench.refusals() == [("2", True)]
    assert bench.ward.wrong_frames == 0
    bench.send(2, np.zeros(10, dtype=np.float32), 30)
    assert bench.refusals() == [("2", True), ("2", False)]
    bench.ward.work()
    told = [one.first for one in bench.results if one.row == 2]
    assert told == list(range(PLAN.first_sample(2), 21, 10))
    bench.conserved()


steps = st.tuples(
    st.integers(0, 4),
    st.sampled_from([0, 0, 0, 0, 1, 15, 70, 10**12, -1, -30]),
    st.integers(1, 10),
    st.booleans(),
)


@given(st.lists(steps, max_size=60))
def test_no_window_is_lost_from_the_count(steps: list[tuple[int, int, int, bool]]) -> None:
    bench = Bench()
    for row, jump, count, works in steps:
        expected = int(bench.ward.next_samples[row])
        first = max(0, expected + jump)
        bench.send(row, np.full(count, row * 30, dtype=np.float32), first)
        taken = first >= expected
        assert bench.ward.next_samples[row] == (first + count if taken else expected)
        bench.conserved()
        if works:
            bench.ward.work(bench.conserved)
            bench.clock.advance(300_000_000)
        bench.conserved()
    bench.ward.work()
    for row in range(5):
        said = [raised for stream, raised in bench.refusals() if stream == str(row)]
        assert said == [number % 2 == 0 for number in range(len(said))]
        states = [alarm.state for alarm in bench.alarms if alarm.row == row]
        assert all(one is not other for one, other in pairwise([LimitState.NORMAL, *states]))
