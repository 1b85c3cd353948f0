"""When a block is worked off changes nothing of what comes out, and overload loses no window."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from processor_lab import HOP, MS, WINDOW, Bench

from edgeward.model.reference import load_reference_model
from edgeward.process.backlog import StreamClass
from edgeward.process.mode import Mode, Pace
from edgeward.process.rules import Actions, RuleEvent, RuleSet, parse_rules
from edgeward.process.stream import ResultEvent
from edgeward.process.technical import Condition
from edgeward.process.watching import Watching
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Samples, Windower


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
