"""The processor: what comes out does not depend on when the work is done, and nothing is lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeward.adapters.clock import SimulatedClock
from edgeward.errors import LimitError, ModelError, StreamError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.reference import load_reference_model
from edgeward.process.backlog import StreamClass
from edgeward.process.decision import Decider, Decision, Outcome
from edgeward.process.ladder import Rung
from edgeward.process.mode import PACE, Mode, Pace
from edgeward.process.processor import Hooks, Processor
from edgeward.process.rules import Actions, RuleEvent, RuleSet, parse_rules
from edgeward.process.stream import Block, ResultEvent
from edgeward.process.technical import Condition, TechnicalEvent
from edgeward.process.watching import RuleReport, Watching
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Samples, Windower

MS = 1_000_000
WINDOW, HOP = 20, 5
CARD = ModelCard("m", "1", "ab" * 32, ("low", "high"), ModelInput("x", "mV", 250, WINDOW, HOP))


class Engine:
    """Answers by the mean of the window, takes its time, and fails where it is told to."""

    card = CARD
    batch_max = 1

    def __init__(self, clock: SimulatedClock, takes_ns: int = 0) -> None:
        self.clock, self.takes_ns = clock, takes_ns
        self.asked = 0
        self.fails_on: set[int] = set()

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        self.clock.advance(self.takes_ns)
        self.asked += 1
        if self.asked in self.fails_on:
            raise ModelError("no")
        high = float(1 / (1 + np.exp(-samples.mean())))
        return (1 - high, high)

    def probabilities_many(self, windows: Samples) -> Samples:
        return np.array([self.probabilities(row) for row in windows], dtype=np.float32)


@dataclass
class Bench:
    """A processor with all it told."""

    pace: Pace = PACE
    limits: Limits = DEFAULT
    takes_ns: int = 0
    results: list[ResultEvent] = field(default_factory=list)
    told: list[TechnicalEvent] = field(default_factory=list)
    found: list[RuleReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SimulatedClock()
        self.engine = Engine(self.clock, self.takes_ns)
        self.decider = Decider(self.engine, self.clock)
        hooks = Hooks(
            decide=lambda samples, valid: self.decide(samples, valid),
            decline=self.decider.decline,
            publish=lambda event: self.publish(event),
            report=self.report,
        )
        self.processor = Processor(self.clock, hooks, self.limits, self.pace)

    def report(self, event: TechnicalEvent | RuleReport) -> None:
        if isinstance(event, RuleReport):
            self.found.append(event)
        else:
            self.told.append(event)

    def decide(self, samples: Samples, valid: int) -> Decision:
        return self.decider.decide(samples, valid)

    def publish(self, event: ResultEvent) -> None:
        self.results.append(event)

    def open(self, name: str = "a", stream_class: StreamClass = StreamClass.CLINICAL) -> None:
        self.processor.open(name, Windower(WINDOW, HOP), stream_class)

    def offer(self, first: int, samples: NDArray[Any], name: str = "a") -> None:
        block = Block(first, samples.astype(np.float32), None, self.clock.monotonic_ns())
        self.processor.offer(name, block)
        assert self.processor.backlog.conserved()
        assert self.processor.counts.conserved()

    def conditions(self, condition: Condition) -> list[bool]:
        return [event.raised for event in self.told if event.condition is condition]


def clinical(results: list[ResultEvent]) -> list[tuple[object, ...]]:
    """What a patient's record would say, in order of streams and windows: no times in it."""
    return sorted(
        (one.stream, one.window_index, one.first, one.last, one.valid_samples,
         one.decision.outcome, one.decision.label, str(one.decision.probabilities),
         one.decision.reason, one.decision.model_sha256)
        for one in results
    )  # fmt: skip


@st.composite
def scripts(draw: st.DrawFn) -> list[tuple[str, int, Samples]]:
    """Blocks of three streams, with gaps and invalid samples, in any interleaving."""
    seed = draw(st.integers(0, 2**32))
    random = np.random.default_rng(seed)
    at = {"a": 0, "b": 0, "c": 0}
    script = []
    for _ in range(draw(st.integers(1, 40))):
        name = draw(st.sampled_from(["a", "b", "c"]))
        gap = draw(st.sampled_from([0, 0, 0, 1, 7, 50]))
        samples = random.normal(0, 3, draw(st.sampled_from([0, 1, 4, 5, 23, 60])))
        if draw(st.integers(0, 5)) == 0 and len(samples):
            samples[random.integers(len(samples))] = np.nan
        script.append((name, at[name] + gap, samples.astype(np.float32)))
        at[name] += gap + len(samples)
    return script


def play(bench: Bench, script: list[tuple[str, int, Samples]], seed: int) -> Bench:
    """Offer all blocks; call `work` as an owner of this mode would, at odd moments too."""
    random = np.random.default_rng(seed)
    for name in ("a", "b", "c"):
        bench.open(name, StreamClass.TREND if name == "c" else StreamClass.CLINICAL)
    for name, first, samples in script:
        bench.clock.advance(int(random.integers(0, 3 * MS)))
        bench.offer(first, samples, name)
        due_ns = bench.processor.due_ns()
        if due_ns is not None and (bench.clock.monotonic_ns() >= due_ns or random.random() < 0.1):
            bench.processor.work()
    bench.processor.work()
    return bench


@settings(deadline=None, max_examples=150)
@given(script=scripts(), seed=st.integers(0, 2**32), room=st.sampled_from([90, 200, 10_000]))
def test_the_same_blocks_give_the_same_results_in_every_mode(
    script: list[tuple[str, int, Samples]], seed: int, room: int
) -> None:
    expected = clinical(play(Bench(), script, seed).results)
    for mode in Mode:
        bench = play(Bench(Pace(mode=mode, backlog_samples_max=10_000)), script, seed)
        assert clinical(bench.results) == expected, mode
        assert bench.processor.counts.declined == 0
    batch = play(Bench(Pace(mode=Mode.BATCH, backlog_samples_max=room)), script, seed)
    clinical_streams = [one for one in clinical(batch.results) if one[0] != "c"]
    assert clinical_streams == [one for one in expected if one[0] != "c"]
    assert all(result.late is None for result in batch.results)


@settings(deadline=None, max_examples=60)
@given(script=scripts(), seed=st.integers(0, 2**32), mode=st.sampled_from([*Mode]))
def test_under_overload_every_window_still_has_its_result_in_order(
    script: list[tuple[str, int, Samples]], seed: int, mode: Mode
) -> None:
    pace = Pace(mode=mode, backlog_samples_max=70, stale_ns=4 * MS, slack_ns=2 * MS)
    bench = play(Bench(pace, takes_ns=3 * MS), script, seed)
    relaxed = play(Bench(), script, seed)
    assert [one[:5] for one in clinical(bench.results)] == [
        one[:5] for one in clinical(relaxed.results)
    ]
    for name in ("a", "b", "c"):
        order = [one.window_index for one in bench.results if one.stream == name]
        assert order == sorted(order)
    counts = bench.processor.counts
    assert counts.conserved()
    assert counts.windows == len(bench.results)
    assert bench.processor.backlog.conserved()
    declined = [one for one in bench.results if one.decision.reason and (
        "overload" in one.decision.reason or "left out" in one.decision.reason)]  # fmt: skip
    assert len(declined) == counts.declined


RULES = parse_rules(
    {
        "high": {
            "kind": "threshold", "signal": "x", "unit": "mV", "side": "above", "low": 1.0,
            "high": 2.0, "persistence_samples": 2, "clear_samples": 1, "on_invalid": "reset",
            "cannot_judge_samples": 10, "action": "pin",
        },
    }
)  # fmt: skip


def watched(bench: Bench, act: Callable[[RuleEvent], None]) -> None:
    rules = RuleSet(RULES, signal="x", unit="mV", rate_hz=250, actions=["pin"])
    watching = Watching(rules, Actions({"pin": act}))
    bench.processor.open("a", Windower(WINDOW, HOP), watching=watching)


@settings(deadline=None, max_examples=60)
@given(script=scripts(), seed=st.integers(0, 2**32))
def test_rules_find_the_same_in_every_mode_and_act_before_any_window_is_judged(
    script: list[tuple[str, int, Samples]], seed: int
) -> None:
    told = []
    random = np.random.default_rng(seed)
    for mode in Mode:
        bench, acted = Bench(Pace(mode)), list[RuleEvent]()
        watched(bench, acted.append)
        for name, first, samples in script:
            if name == "a":
                bench.clock.advance(int(random.integers(0, 3 * MS)))
                bench.offer(first, samples)
                assert len(acted) == len(bench.found)  # at once, whatever waits
        bench.processor.work()
        told.append([(one.stream, one.event) for one in bench.found])
        assert acted == [one.event for one in bench.found]
    assert told[1:] == told[:1] * 3


def test_an_event_wakes_the_event_driven_processor() -> None:
    bench = Bench(Pace(Mode.EVENT_DRIVEN))
    watched(bench, lambda _: None)
    bench.offer(0, np.zeros(30))
    assert not bench.results
    bench.offer(30, np.full(5, 3.0))
    assert len(bench.results) == 4
    assert bench.found[0].event.sample_index == 31
    assert bench.processor.due_ns() is None


def test_an_action_that_fails_is_said_and_nothing_else_stops() -> None:
    bench = Bench()
    fails = [True]

    def act(_: RuleEvent) -> None:
        if fails.pop():
            raise OSError("the pin is gone")

    fails.insert(0, False)
    watched(bench, act)
    bench.offer(0, np.full(25, 3.0))
    bench.offer(25, np.zeros(25))
    assert [one.event.raised for one in bench.found] == [True, False]
    assert bench.conditions(Condition.RULE_FAULT) == [True, False]
    assert len(bench.results) == 7


def test_a_real_model_answers_bit_by_bit_the_same_in_every_mode() -> None:
    engine = load_reference_model()
    patient = SimulatedPatient(5)
    ecg = np.concatenate([patient.ecg("sinus", 12), patient.ecg("asystole", 12)])
    told = []
    for mode in Mode:
        bench = Bench(Pace(mode))
        bench.decider.use(engine)
        bench.processor.open("a", Windower(1250, 250))
        for first in range(0, len(ecg), 40):
            bench.offer(first, ecg[first : first + 40])
        bench.processor.work()
        told.append(clinical(bench.results))
    assert len(told[0]) == 20
    assert {one[6] for one in told[0]} >= {"sinus", "asystole"}
    assert told[1:] == told[:1] * 3


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
