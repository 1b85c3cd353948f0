"""The processor in its modes: what is told, what is declined, and what goes on after a fault."""

from collections.abc import Iterator

import numpy as np
import pytest
from processor_lab import HOP, MS, Bench

from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.process.backlog import StreamClass
from edgeward.process.decision import Decision, Outcome
from edgeward.process.ladder import Rung
from edgeward.process.mode import Mode, Pace
from edgeward.process.stream import ResultEvent
from edgeward.process.technical import Condition
from edgeward.signal.windows import Samples


def blocks(count: int, size: int = HOP) -> Iterator[tuple[int, Samples]]:
    for number in range(count):
        yield number * size, np.full(size, 1.0, dtype=np.float32)


def test_real_time_decides_before_offer_returns() -> None:
    bench = Bench()
    bench.open()
    for first, samples in blocks(4):
        bench.offer(first, samples)
    assert [one.window_index for one in bench.results] == [0]
    assert bench.processor.due_ns() is None


def test_streaming_waits_for_work_and_event_driven_for_its_slack() -> None:
    streaming, lazy = Bench(Pace(Mode.STREAMING)), Bench(Pace(Mode.EVENT_DRIVEN, slack_ns=7))
    for bench in (streaming, lazy):
        bench.clock.advance(100)
        bench.open()
        bench.offer(0, np.ones(30))
        assert not bench.results
    assert streaming.processor.due_ns() == 100
    assert lazy.processor.due_ns() == 107
    assert (streaming.processor.work(), lazy.processor.work()) == (1, 1)
    assert len(streaming.results) == len(lazy.results) == 3
    assert streaming.processor.due_ns() is None


def test_a_budget_of_time_ends_the_work_and_leaves_the_rest() -> None:
    bench = Bench(Pace(Mode.STREAMING), takes_ns=MS)
    bench.open()
    for first, samples in blocks(12):
        bench.offer(first, samples)
    assert bench.processor.work(until_ns=2 * MS) == 5  # three fill the first window
    assert bench.processor.work() == 7


def test_windows_too_old_to_help_are_told_without_the_model_and_newer_ones_go_first() -> None:
    bench = Bench(Pace(Mode.STREAMING, stale_ns=10 * MS, slack_ns=MS))
    bench.open()
    for first, samples in blocks(8):
        bench.offer(first, samples)
    bench.clock.advance(11 * MS)
    bench.offer(40, np.ones(5))
    bench.processor.work()
    reasons = [one.decision.reason for one in bench.results]
    assert len(reasons) == 6
    assert all(reason and reason.startswith("overload: waited for 11 ms") for reason in reasons[:5])
    assert bench.results[5].decision.outcome is Outcome.ANSWER
    assert bench.engine.asked == 1
    assert bench.conditions(Condition.OVERLOAD) == [True, False]


def test_the_ladder_sheds_what_no_alarm_rests_on_and_says_so() -> None:
    bench = Bench(Pace(Mode.STREAMING))
    bench.open("a")
    bench.open("t", StreamClass.TREND)
    bench.processor.advise("thermal", Rung.SHED)
    bench.offer(0, np.ones(25), "t")
    bench.offer(0, np.ones(25), "a")
    bench.processor.work()
    by_stream = {one.stream: one.decision for one in bench.results}
    assert by_stream["a"].outcome is Outcome.ANSWER
    assert by_stream["t"].reason == "left out: shed"
    assert bench.conditions(Condition.SHED) == [True]
    assert bench.conditions(Condition.DEGRADED) == [True]


def test_a_model_that_fails_is_said_once_and_the_next_window_is_judged() -> None:
    bench = Bench()
    bench.open()
    bench.engine.fails_on = {2, 3}
    for first, samples in blocks(9):
        bench.offer(first, samples)
    outcomes = [one.decision.outcome for one in bench.results]
    assert [outcome is Outcome.ANSWER for outcome in outcomes] == [True, False, False, True, True,
                                                                   True]  # fmt: skip
    assert bench.conditions(Condition.MODEL_FAULT) == [True, False]
    assert bench.decider.model_faults == 2


def test_whatever_raises_on_the_path_costs_one_answer_and_not_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.open()
    broken = {1}

    def decide(samples: Samples, valid: int) -> Decision:
        if len(bench.results) in broken:
            raise ZeroDivisionError("preprocessing")
        return Bench.decide(bench, samples, valid)

    monkeypatch.setattr(bench, "decide", decide)
    for first, samples in blocks(7):
        bench.offer(first, samples)
    assert [one.decision.outcome for one in bench.results] == [
        Outcome.ANSWER, Outcome.NO_ANSWER, Outcome.ANSWER, Outcome.ANSWER,
    ]  # fmt: skip
    assert "ZeroDivisionError: preprocessing" in str(bench.results[1].decision.reason)
    assert bench.conditions(Condition.PATH_FAULT) == [True, False]


def test_a_result_that_cannot_be_told_is_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.open()

    def publish(event: ResultEvent) -> None:
        if event.window_index == 1:
            raise OSError("the display is gone")
        Bench.publish(bench, event)

    monkeypatch.setattr(bench, "publish", publish)
    for first, samples in blocks(7):
        bench.offer(first, samples)
    assert [one.window_index for one in bench.results] == [0, 2, 3]
    assert (bench.processor.counts.told, bench.processor.counts.untold) == (3, 1)
    assert bench.processor.counts.conserved()
    assert bench.conditions(Condition.TELLING_FAULT) == [True, False]


def test_a_late_result_is_a_condition_until_one_is_in_time() -> None:
    bench = Bench()
    bench.open()
    bench.processor.lateness.set_budget_ms(5)
    for number, takes_ms in enumerate([0, 0, 0, 1, 6, 7, 1]):
        bench.engine.takes_ns = takes_ms * MS
        bench.offer(number * HOP, np.ones(HOP))
    assert [one.late for one in bench.results] == [False, True, True, False]
    assert bench.conditions(Condition.LATE) == [True, False]
    assert bench.processor.times.to_dict()["sample_to_decision"]["max_ns"] == 7 * MS


def test_what_does_not_fit_is_refused_when_it_is_offered_in_every_mode() -> None:
    for mode in Mode:
        bench = Bench(Pace(mode), limits=Limits(streams_max=1, block_samples_max=50))
        bench.open()
        bench.offer(0, np.ones(10))
        with pytest.raises(StreamError, match="sample 9 was offered where 10 is the next one"):
            bench.offer(9, np.ones(5))
        with pytest.raises(LimitError, match="block_samples_max = 50"):
            bench.offer(10, np.ones(51))
        with pytest.raises(LimitError, match="streams_max = 1"):
            bench.open("b")
        with pytest.raises(StreamError, match="'b' is not open; open: a"):
            bench.offer(0, np.ones(1), "b")
        with pytest.raises(StreamError, match="open already"):
            bench.open("a")
        assert bench.processor.close("a").next_sample == 10


def test_a_stream_that_is_closed_is_worked_off_first_and_its_conditions_end() -> None:
    bench = Bench(Pace(Mode.STREAMING))
    bench.open()
    bench.engine.fails_on = {1}
    bench.offer(0, np.ones(20))
    assert bench.processor.close("a").windows == 1
    assert len(bench.results) == 1
    assert bench.conditions(Condition.MODEL_FAULT) == [True, False]
    assert not bench.processor.conditions.any
