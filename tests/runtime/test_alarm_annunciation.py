"""Showing a state to all: one that fails stops none, and nothing waits. The self-test at start."""

import json
from dataclasses import replace

import numpy as np
import pytest
from alarm_states import SECOND_NS, alarm, at, mark, state

from edgeward.alarm.annunciation.callback import Callback, Newest
from edgeward.alarm.annunciation.light import Colour
from edgeward.alarm.annunciation.patterns import Sound
from edgeward.alarm.annunciation.port import Annunciators
from edgeward.alarm.annunciation.self_test import (
    DURATION_NS,
    LIGHT_NS,
    PARTS,
    Outcome,
    Part,
    SelfTest,
    sounds,
)
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Inactivation, Priority

HIGH = state([alarm(Priority.HIGH, 1)])


class Seen:
    """An annunciator that can be broken."""

    def __init__(self) -> None:
        self.states: list[tuple[SignalState, int]] = []
        self.broken = False

    def show(self, given: SignalState, now_ns: int) -> None:
        if self.broken:
            raise OSError("cable out" + "!" * 300)
        self.states.append((given, now_ns))


def test_one_that_fails_stops_none_and_is_told_once() -> None:
    first, broken, last = Seen(), Seen(), Seen()
    every = Annunciators({"lamp": first, "display": broken, "call": last})
    broken.broken = True
    (began,) = every.show(HIGH, 1)
    assert (began.annunciator, began.present, began.at_ns) == ("display", True, 1)
    assert began.text.startswith("OSError: cable out!")
    assert len(began.text) == 200
    assert every.show(HIGH, 2) == ()
    assert list(every.failing) == ["display"]
    broken.broken = False
    (ended,) = every.show(HIGH, 3)
    assert (ended.annunciator, ended.present, ended.text) == ("display", False, "")
    assert every.failing == {}
    assert [now for _, now in first.states] == [now for _, now in last.states] == [1, 2, 3]
    assert broken.states == [(HIGH, 3)]


def test_an_integrators_function_is_called_when_something_changed() -> None:
    called: list[int] = []
    callback = Callback(lambda given, now_ns: called.append(now_ns))
    marked = state([alarm()], [mark(Inactivation.AUDIO_PAUSED, remaining_s=60)])
    counted = replace(marked, inactive=(replace(marked.inactive[0], remaining_ns=5),))
    for now_ns, given in enumerate([HIGH, at(HIGH, 7), marked, counted, HIGH]):
        callback.show(given, now_ns)
    assert called == [0, 2, 4]


def test_an_integrators_function_that_raises_is_called_again() -> None:
    called: list[int] = []

    def call(given: SignalState, now_ns: int) -> None:
        called.append(now_ns)
        if len(called) == 1:
            raise OSError("line down")

    callback = Callback(call)
    with pytest.raises(OSError, match="line down"):
        callback.show(HIGH, 0)
    callback.show(HIGH, 1)
    callback.show(HIGH, 2)
    assert called == [0, 1]


def test_a_slow_reader_gets_the_newest_state_and_holds_nobody_up() -> None:
    place = Newest()
    assert place.take() is None
    for now_ns in range(1000):
        place.show(HIGH, now_ns)
    assert place.take() == (HIGH, 999)
    assert place.take() is None
    place.show(HIGH, 1000)
    assert place.take() == (HIGH, 1000)


def run(test: SelfTest, until_ns: int, alarm_at_ns: int | None = None) -> list[Colour | None]:
    lights = []
    for now_ns in range(test.started_ns, test.started_ns + until_ns, 100_000_000):
        up = alarm_at_ns is not None and now_ns >= alarm_at_ns
        if not test.proceed(HIGH if up else state(), now_ns):
            break
        lights.append(test.light(now_ns))
    return lights


def test_the_self_test_gives_every_light_and_every_sound() -> None:
    test = SelfTest(5 * SECOND_NS)
    lights = run(test, DURATION_NS)
    assert [lights.count(colour) for colour in Colour] == [10, 10, 10]
    assert lights[30:] == [None] * (len(lights) - 30)
    heard = sounds(16_000)
    assert len(heard) == DURATION_NS * 16_000 // SECOND_NS
    after = heard[len(Colour) * LIGHT_NS * 16_000 // SECOND_NS :].reshape(5, -1)
    assert (np.abs(after).max(axis=1) > 0.8).all()
    assert not heard[: len(heard) - after.size].any()
    assert (np.abs(after[:, -16:]) < 0.1).all()  # none is cut off hard


def test_only_what_was_observed_passes() -> None:
    test = SelfTest(0)
    run(test, DURATION_NS)
    assert not test.proceed(state(), DURATION_NS)
    everything: dict[Part, bool] = dict.fromkeys(PARTS, True)
    assert test.result(everything).passed
    none = test.result({})
    assert not none.passed
    assert {outcome for _, outcome in none.outcomes} == {Outcome.UNOBSERVED}
    one = test.result({**everything, Sound.LOW: False})
    assert json.loads(json.dumps(one.to_dict())) == {
        "passed": False,
        "interrupted": False,
        "parts": {part.value: "failed" if part is Sound.LOW else "passed" for part in PARTS},
    }


def test_an_alarm_ends_the_self_test_and_what_was_not_given_cannot_pass() -> None:
    test = SelfTest(0)
    lights = run(test, DURATION_NS, alarm_at_ns=2 * SECOND_NS)
    assert len(lights) == 20
    assert test.light(2 * SECOND_NS + 1) is None
    assert not test.proceed(state(), 3 * SECOND_NS)  # it does not begin again
    result = test.result(dict.fromkeys(PARTS, True))
    assert result.interrupted
    assert not result.passed
    assert [part for part, outcome in result.outcomes if outcome is Outcome.PASSED] == [Colour.RED]


def test_an_alarm_after_its_end_does_not_interrupt_it() -> None:
    test = SelfTest(0)
    run(test, DURATION_NS)
    test.proceed(state(), DURATION_NS)
    test.proceed(HIGH, DURATION_NS + 1)
    assert test.result(dict.fromkeys(PARTS, True)).passed
