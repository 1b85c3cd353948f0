"""A device that is silent or whose clock jumps is told once, and once when that is over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.errors import GatewayError
from edgeward.gateway.liveness import DRIFT_PPM, LATE_NS, SETTLED_NS, Liveness, Trouble, Turn

S = 1_000_000_000


class Ward:
    """Devices, and what was told of them."""

    def __init__(self, **options: int) -> None:
        self.turns: list[Turn] = []
        self.liveness = Liveness(self.turns.append, **options)

    def told(self) -> list[tuple[str, Trouble, bool]]:
        turns = [(turn.device, turn.trouble, turn.begins) for turn in self.turns]
        self.turns.clear()
        return turns


def test_a_device_that_never_reports_is_told_within_the_time() -> None:
    ward = Ward()
    ward.liveness.register("a", 5 * S)
    ward.liveness.advance(5 * S + LATE_NS - 1)
    assert ward.told() == []
    ward.liveness.advance(5 * S + LATE_NS)
    assert ward.told() == [("a", Trouble.NEVER_REPORTED, True)]
    for later in range(100):
        ward.liveness.advance((40 + later) * S)
    assert ward.told() == []
    ward.liveness.heard("a", 200 * S)
    assert ward.told() == [("a", Trouble.NEVER_REPORTED, False)]


def test_a_device_that_stops_is_late_once_and_recovers_once() -> None:
    ward = Ward()
    ward.liveness.register("a", 0)
    for second in range(0, 100, 29):
        ward.liveness.heard("a", second * S)
        ward.liveness.advance(second * S)
    assert ward.told() == []
    ward.liveness.advance(87 * S + LATE_NS)
    assert ward.told() == [("a", Trouble.LATE, True)]
    assert ward.liveness.active() == (("a", Trouble.LATE, 117 * S),)
    ward.liveness.heard("a", 300 * S)
    ward.liveness.heard("a", 301 * S)
    assert ward.told() == [("a", Trouble.LATE, False)]
    assert ward.liveness.active() == ()


def test_silence_is_told_even_when_nobody_advanced_in_time() -> None:
    ward = Ward()
    ward.liveness.register("a", 0)
    ward.liveness.heard("a", S)
    ward.liveness.heard("a", 100 * S)
    assert ward.told() == [("a", Trouble.LATE, True), ("a", Trouble.LATE, False)]


@pytest.mark.parametrize("step_s", [-3600, -2, 2, 3600, 86_400 * 365])
def test_a_jump_of_its_clock_neither_hides_nor_makes_up_silence(step_s: int) -> None:
    ward = Ward()
    ward.liveness.register("a", 0)
    ward.liveness.heard("a", S, 1000 * S)
    ward.liveness.heard("a", 2 * S, (1001 + step_s) * S)
    ward.liveness.heard("a", 3 * S, (1002 + step_s) * S)
    assert ward.told() == [("a", Trouble.CLOCK_JUMPED, True)]
    ward.liveness.advance(3 * S + LATE_NS - 1)
    assert ward.told() == []
    ward.liveness.advance(3 * S + LATE_NS)
    assert ward.told() == [("a", Trouble.LATE, True)]


def test_a_clock_that_came_back_or_stays_is_over() -> None:
    ward = Ward()
    ward.liveness.register("a", 0)
    ward.liveness.heard("a", 0, 0)
    ward.liveness.heard("a", 1 * S, 1 * S - 9 * S)  # one delayed report
    ward.liveness.heard("a", 2 * S, 2 * S)
    both = [("a", Trouble.CLOCK_JUMPED, True), ("a", Trouble.CLOCK_JUMPED, False)]
    assert ward.told() == both
    for second in range(3, 3 + SETTLED_NS // S + 1):
        ward.liveness.heard("a", second * S, (second + 3600) * S)
    assert ward.told() == both
    ward.liveness.heard("a", 50 * S, (50 + 3600) * S)
    assert ward.told() == []


def test_a_clock_that_drifts_as_allowed_is_no_jump_and_one_that_creeps_is() -> None:
    ward = Ward()
    clocks_ppm = {"good": DRIFT_PPM, "slow": -DRIFT_PPM, "fast": 10_000}
    for name in clocks_ppm:
        ward.liveness.register(name, 0)
    for now_ns in range(0, 3600 * S, 20 * S):
        for name, ppm in clocks_ppm.items():
            ward.liveness.heard(name, now_ns, now_ns + now_ns * ppm // 1_000_000)
    assert {device for device, _, _ in ward.told()} == {"fast"}


def test_time_that_goes_back_changes_nothing() -> None:
    ward = Ward()
    ward.liveness.register("a", 100 * S)
    ward.liveness.heard("a", 110 * S)
    ward.liveness.advance(0)
    ward.liveness.heard("a", 5 * S)
    ward.liveness.advance(139 * S)
    assert ward.told() == []
    ward.liveness.advance(140 * S)
    assert ward.told() == [("a", Trouble.LATE, True)]


def test_what_is_forgotten_is_over_and_can_begin_again() -> None:
    ward = Ward()
    for _ in range(50):
        ward.liveness.register("a", 0)
        ward.liveness.forget("a", 0)
    ward.liveness.register("a", 0)
    ward.liveness.advance(LATE_NS)
    ward.liveness.forget("a", LATE_NS)
    assert ward.told() == [
        ("a", Trouble.NEVER_REPORTED, True),
        ("a", Trouble.NEVER_REPORTED, False),
    ]
    assert ward.liveness.due_ns() is None
    assert len(ward.liveness) == 0


def test_one_entry_waits_for_each_device_however_much_it_reports() -> None:
    ward = Ward()
    for name in "abc":
        ward.liveness.register(name, 0)
    for second in range(1000):
        for name in "abc":
            ward.liveness.heard(name, second * S)
        ward.liveness.advance(second * S)
    assert len(ward.liveness._due) == 3
    assert ward.told() == []


def test_what_is_refused_says_why() -> None:
    ward = Ward(devices_max=1)
    ward.liveness.register("bedside-1", 0)
    with pytest.raises(GatewayError) as refused:
        ward.liveness.register("bedside-1", 0)
    assert refused.value.faults == (
        "device: 'bedside-1' is registered; accepted: a name of its own",
        "1 devices; accepted: up to 1",
    )
    with pytest.raises(GatewayError, match="empty name"):
        ward.liveness.register("", 0)
    for unknown in (ward.liveness.heard, ward.liveness.forget):
        with pytest.raises(GatewayError, match="'x' is not registered; accepted: bedside-1"):
            unknown("x", 0)
    with pytest.raises(ValueError, match="accepted: above 0"):
        Liveness(ward.turns.append, late_ns=0)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 20), st.integers(-99, 99)),
        max_size=60,
    )
)
def test_late_is_exactly_who_was_silent_for_so_long(
    steps: list[tuple[str | None, int, int]],
) -> None:
    ward = Ward()
    now_ns, heard = 0, {"a": 0, "b": 0}
    for device in heard:
        ward.liveness.register(device, 0)
    for name, passed_s, device_s in steps:
        now_ns += passed_s * S
        if name is None:
            ward.liveness.advance(now_ns)
        else:
            ward.liveness.heard(name, now_ns, device_s * S)
            heard[name] = now_ns
        silent = {one for one, at_ns in heard.items() if now_ns - at_ns >= LATE_NS}
        found = {one for one, trouble, _ in ward.liveness.active() if trouble != "clock_jumped"}
        assert found == silent
    for device in ("a", "b"):
        turns = [turn.begins for turn in ward.turns if turn.device == device]
        by_trouble = [
            [turn.begins for turn in ward.turns if (turn.device, turn.trouble) == (device, trouble)]
            for trouble in Trouble
        ]
        for begins in by_trouble:
            assert begins == [place % 2 == 0 for place in range(len(begins))]
        assert len(turns) == sum(map(len, by_trouble))
