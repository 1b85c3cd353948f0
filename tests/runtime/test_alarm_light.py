"""The light of alarms: colour, rhythm and share, counted from what the outputs were told."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from alarm_states import SECOND_NS, alarm, state
from hypothesis import given
from hypothesis import strategies as st

from edgeward.alarm.annunciation.light import Colour, Lamp, light, next_change_ns
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError

HIGH = state([alarm(Priority.HIGH, 1)])
MEDIUM = state([alarm(Priority.MEDIUM, 2)])
LOW = state([alarm(Priority.LOW, 3)])
STEP_NS = 10_000_000


class Board:
    """Outputs that remember what they were told, and can be broken."""

    def __init__(self) -> None:
        self.on = dict.fromkeys(Colour, False)
        self.told: list[tuple[Colour, bool]] = []
        self.broken: set[Colour] = set()

    def pins(self) -> dict[Colour, Callable[[bool], None]]:
        return {colour: self._pin(colour) for colour in Colour}

    def _pin(self, colour: Colour) -> Callable[[bool], None]:
        def switch(on: bool) -> None:
            if colour in self.broken:
                raise OSError("no such line")
            self.on[colour] = on
            self.told.append((colour, on))

        return switch

    @property
    def lit(self) -> list[Colour]:
        return [colour for colour, on in self.on.items() if on]


@pytest.mark.parametrize(
    ("priority", "colour", "hz"),
    [(Priority.HIGH, Colour.RED, (1.4, 2.8)), (Priority.MEDIUM, Colour.YELLOW, (0.4, 0.8))],
)
def test_rhythm_and_share_lie_in_the_ranges(
    priority: Priority, colour: Colour, hz: tuple[float, float]
) -> None:
    seen = [light(priority, 7, 7 + k * STEP_NS) for k in range(6000)]  # a minute
    assert set(seen) == {colour, None}
    begins = sum(a is None and b is colour for a, b in pairwise(seen))
    assert hz[0] <= begins / 60 <= hz[1]
    assert 0.2 <= sum(each is colour for each in seen) / len(seen) <= 0.6


def test_low_is_constant_and_nothing_is_dark() -> None:
    assert {light(Priority.LOW, 0, k * STEP_NS) for k in range(1000)} == {Colour.CYAN}
    assert light(None, 0, 5) is None
    assert next_change_ns(Priority.LOW, 0, 5) is None
    assert next_change_ns(None, 0, 5) is None


@given(
    st.sampled_from([Priority.HIGH, Priority.MEDIUM]),
    st.integers(0, 10**12),
    st.integers(0, 10**11),
)
def test_it_changes_exactly_when_it_says(priority: Priority, since: int, later: int) -> None:
    now = since + later
    change = next_change_ns(priority, since, now)
    assert change is not None
    assert change > now
    assert light(priority, since, change - 1) is light(priority, since, now)
    assert light(priority, since, change) is not light(priority, since, now)


@pytest.mark.parametrize(
    ("given_state", "colour"),
    [(HIGH, Colour.RED), (MEDIUM, Colour.YELLOW), (LOW, Colour.CYAN)],
)
def test_the_lamp_is_lit_before_show_returns_at_any_instant(
    given_state: SignalState, colour: Colour
) -> None:
    for now_ns in (0, 1, 123_456_789, 987_654_321_000):
        board = Board()
        lamp = Lamp(board.pins())
        lamp.show(state(), now_ns)
        assert board.lit == []
        lamp.show(given_state, now_ns)
        assert board.lit == [colour]


def test_a_second_alarm_of_the_same_priority_does_not_disturb_the_rhythm() -> None:
    board = Board()
    lamp = Lamp(board.pins())
    more = state([alarm(Priority.HIGH, 9), alarm(Priority.HIGH, 1)])
    seen = []
    for k in range(200):
        lamp.show(more if 33 < k < 77 else HIGH, k * STEP_NS)
        seen.append(bool(board.lit))
    assert seen == [k % 50 < 25 for k in range(200)]


def test_the_new_colour_is_on_before_the_old_one_is_off() -> None:
    board = Board()
    lamp = Lamp(board.pins())
    lamp.show(MEDIUM, 0)
    board.told.clear()
    lamp.show(HIGH, STEP_NS)
    assert board.told == [(Colour.RED, True), (Colour.YELLOW, False)]
    lamp.show(HIGH, 2 * STEP_NS)
    assert len(board.told) == 2  # nothing is written that is so already


def test_it_says_when_to_be_shown_the_state_again() -> None:
    lamp = Lamp(Board().pins())
    lamp.show(HIGH, SECOND_NS)
    assert lamp.due_ns == SECOND_NS + 250_000_000
    lamp.show(LOW, SECOND_NS)
    assert lamp.due_ns is None


def test_a_broken_output_is_told_and_tried_again_and_keeps_none_from_being_lit() -> None:
    board = Board()
    lamp = Lamp(board.pins())
    lamp.show(MEDIUM, 0)
    board.broken = {Colour.YELLOW}
    with pytest.raises(AlarmError, match="output for yellow: OSError: no such line"):
        lamp.show(HIGH, STEP_NS)
    assert board.lit == [Colour.RED, Colour.YELLOW]
    board.broken = set()
    lamp.show(HIGH, STEP_NS)
    assert board.lit == [Colour.RED]


def test_a_lamp_needs_an_output_for_each_colour() -> None:
    pins = Board().pins()
    del pins[Colour.RED], pins[Colour.CYAN]
    with pytest.raises(AlarmError) as refused:
        Lamp(pins)
    assert [text.split(";")[0] for text in refused.value.faults] == [
        "no output for red", "no output for cyan",
    ]  # fmt: skip
