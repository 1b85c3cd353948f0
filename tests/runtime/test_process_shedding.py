"""What the upper rungs of the ladder leave out, in every mode, and that no alarm rests on it."""

import numpy as np
import pytest
from processor_lab import HOP, WINDOW, Bench

from edgeward.process.backlog import StreamClass
from edgeward.process.ladder import Rung
from edgeward.process.mode import Mode, Pace
from edgeward.process.rules import Actions, EventKind, RuleEvent, RuleSet, parse_rules
from edgeward.process.technical import Condition
from edgeward.process.watching import Watching
from edgeward.signal.windows import Windower

RULES = parse_rules(
    {
        "high": {
            "kind": "threshold", "signal": "x", "unit": "mV", "side": "above", "low": 1.0,
            "high": 2.0, "persistence_samples": 2, "clear_samples": 1, "on_invalid": "reset",
            "cannot_judge_samples": 10, "action": "pin",
        },
    }
)  # fmt: skip


def bench_with(mode: Mode) -> tuple[Bench, list[RuleEvent]]:
    """A stream that alarms rest on and one that none does, both with a rule."""
    bench, acted = Bench(Pace(mode)), list[RuleEvent]()
    for name, stream_class in (("alarm", StreamClass.CLINICAL), ("past", StreamClass.TREND)):
        rules = RuleSet(RULES, signal="x", unit="mV", rate_hz=250, actions=["pin"])
        watching = Watching(rules, Actions({"pin": acted.append}))
        bench.processor.open(name, Windower(WINDOW, HOP), stream_class, watching)
    return bench, acted


def outcomes(bench: Bench, name: str) -> list[str | None]:
    bench.processor.work()
    return [one.decision.reason for one in bench.results if one.stream == name]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("rung", "rules_asked"), [(Rung.SHED, 2), (Rung.ALARMS_ONLY, 1)])
def test_what_no_alarm_rests_on_is_left_out_in_every_mode(
    mode: Mode, rung: Rung, rules_asked: int
) -> None:
    bench, acted = bench_with(mode)
    bench.processor.advise("thermal", rung)
    for name in ("past", "alarm"):
        bench.offer(0, np.full(WINDOW, 3.0), name)
    assert len(acted) == rules_asked
    assert outcomes(bench, "alarm") == [None]
    (left_out,) = outcomes(bench, "past")
    assert left_out is not None
    assert left_out.startswith("left out: shed")
    assert [event.stream for event in bench.told if event.condition is Condition.SHED] == ["past"]
    assert bench.engine.asked == 1


@pytest.mark.parametrize("mode", [mode for mode in Mode if not mode.works_at_once])
def test_an_emergency_gives_up_what_waits_and_says_so(mode: Mode) -> None:
    bench, _ = bench_with(mode)
    bench.offer(0, np.zeros(WINDOW), "past")
    bench.offer(0, np.zeros(WINDOW), "alarm")
    assert not bench.results
    bench.processor.advise("thermal", Rung.ALARMS_ONLY)
    assert [one.stream for one in bench.results] == ["past"]
    assert bench.processor.backlog.waits("alarm")
    degraded = [event.text for event in bench.told if event.condition is Condition.DEGRADED]
    assert degraded == ["emergency: everything but what an alarm rests on is left out"]
    assert outcomes(bench, "alarm") == [None]
    assert bench.processor.backlog.conserved()


@pytest.mark.parametrize("mode", Mode)
def test_after_an_emergency_everything_is_taken_up_again(mode: Mode) -> None:
    bench, acted = bench_with(mode)
    bench.processor.advise("thermal", Rung.ALARMS_ONLY)
    bench.offer(0, np.zeros(WINDOW), "past")
    for _ in range(5):
        bench.clock.advance(11_000_000_000)
        bench.processor.advise("thermal", Rung.FULL)
    bench.offer(WINDOW, np.full(WINDOW, 3.0), "past")
    assert [(one.kind, one.raised) for one in acted] == [
        (EventKind.CANNOT_JUDGE, True),  # of the samples that it was not asked about
        (EventKind.CANNOT_JUDGE, False),
        (EventKind.CONDITION, True),
    ]
    reasons = outcomes(bench, "past")
    assert reasons[-1] is None
    assert bench.conditions(Condition.SHED) == [True, False]
    assert bench.conditions(Condition.DEGRADED)[-1] is False
