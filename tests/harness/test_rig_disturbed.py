"""Windows are set aside for the noise around them: never for a result, never for a device's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.errors import HarnessError
from edgeward_harness.measure.judge import Sample, Verdict, judge_maximum
from edgeward_harness.rig.disturbed import (
    FOLLOWERS,
    Criterion,
    Disturbed,
    Reading,
    Usage,
    find_disturbed,
)
from edgeward_harness.rig.stall import Stalls
from edgeward_harness.target import Scheduled

MS = 1_000_000
CRITERION = Criterion(stall_ns=50 * MS, frame_ns=20 * MS)
PLANNED = 400
SENT_NS = [number * 10 * MS for number in range(PLANNED)]


def stalls_of(*pairs_ms: tuple[int, int]) -> Stalls:
    seen = Stalls()
    intervals = [[low * MS, high * MS] for low, high in pairs_ms]
    seen.add([{"start_ns": 0, "end_ns": 4000 * MS, "stalls": intervals}])
    return seen


def usage_of(own_ms: int = 0, others_ms: int = 0) -> Usage:
    """A device that used so much in every 10 ms, and so much in every 100 ms by other processes."""
    own = [Reading(t * MS, t * MS, t // 10 * own_ms * MS) for t in range(0, 4001, 10)]
    others = [Reading(t * MS, t * MS, t // 100 * others_ms * MS) for t in range(0, 4001, 100)]
    return Usage(own, others)


def find(stalls: Stalls, usage: Usage | None = None) -> Disturbed:
    return find_disturbed(SENT_NS, PLANNED, stalls, usage or usage_of(), CRITERION)


def test_a_long_stall_disturbs_the_windows_whose_frames_it_touches() -> None:
    found = find(stalls_of((1005, 1065)))
    assert found.windows == set(range(99, 107))
    assert found.set_aside == found.windows
    assert found.missing == len(found.windows)


def test_frame_and_stall_are_open_at_their_ends() -> None:
    assert find(stalls_of((1000, 1060))).windows == set(range(99, 106))


def test_a_short_stall_disturbs_nothing_and_a_row_of_them_is_no_long_one() -> None:
    row = [(start, start + 20) for start in range(1000, 1100, 15)]
    assert not find(stalls_of(*row)).windows
    assert find(stalls_of((1000, 1049))).missing == 0


@pytest.mark.parametrize(
    ("usage", "excused"),
    [
        (usage_of(own_ms=1), True),
        (usage_of(own_ms=10), False),  # it burned its core all the time
        (usage_of(others_ms=30), True),  # within the quarter, as its ticks are counted
        (usage_of(others_ms=100), False),  # what it started burned a core
        (Usage(), False),  # it was not observed
        (Usage(usage_of().own, []), False),
        (Usage([], usage_of().others), False),
    ],
)
def test_a_stall_that_the_device_can_have_made_excuses_nothing(
    usage: Usage, excused: bool
) -> None:  # fmt: skip
    assert bool(find(stalls_of((1000, 1100)), usage).windows) is excused


def test_a_stall_beyond_the_last_reading_was_not_observed() -> None:
    usage = usage_of()
    usage.own = [reading for reading in usage.own if reading.begin_ns < 1090 * MS]
    assert not find(stalls_of((1000, 1100)), usage).windows


def test_the_windows_after_a_disturbed_one_stay_in() -> None:
    """A device that recovers badly is not set aside by a second stall right behind the first."""
    found = find(stalls_of((1000, 1060), (1070, 1140), (1500, 1560)))
    after_first = 106
    assert found.windows.isdisjoint(range(after_first, after_first + FOLLOWERS))
    assert set(range(149, 156)) <= found.windows


def test_of_too_many_none_is_set_aside() -> None:
    found = find(stalls_of((1000, 1300)))
    assert len(found.windows) > PLANNED // 20
    assert (found.too_many, found.missing, found.set_aside) == (True, 0, frozenset())


def test_what_other_processes_used_is_told_apart_from_the_own() -> None:
    class Device:
        alive = True

        def scheduled(self) -> Scheduled:
            return Scheduled(30 * MS, 0, lowered=False)

        def cpu_seconds(self) -> float:
            if not self.alive:
                raise HarnessError("gone")
            return 0.1

    device, usage = Device(), Usage()
    assert usage.read(device).ran_ns == 30 * MS
    usage.read_others(device)
    device.alive = False
    usage.read_others(device)
    assert [reading.used_ns for reading in usage.own] == [30 * MS]
    assert [reading.used_ns for reading in usage.others] == [70 * MS]


@given(
    st.lists(st.tuples(st.integers(0, 3900), st.integers(1, 200)), max_size=6),
    st.lists(st.floats(0, 400), min_size=PLANNED, max_size=PLANNED),
    st.integers(0, PLANNED - 1),
    st.floats(0, 1000),
)
def test_a_slower_device_never_passes_where_a_faster_one_fails(
    pairs: list[tuple[int, int]], values: list[float], place: int, more: float
) -> None:
    """From the noise to the verdict, with allowances as long as the stalls."""
    stalls = stalls_of(*((low, low + length) for low, length in pairs))
    aside = find(stalls).set_aside

    def judged(delays: list[float]) -> Verdict:
        spare = [max((length for _, length in pairs), default=0)] * PLANNED
        sample = Sample(
            values=[one for number, one in enumerate(delays) if number not in aside],
            allowances=[one for number, one in enumerate(spare) if number not in aside],
            aside=[(delays[number], spare[number]) for number in sorted(aside)],
        )
        return judge_maximum(sample, 350.0).verdict

    slower = [value + more if number == place else value for number, value in enumerate(values)]
    if judged(values) is not Verdict.PASSED:
        assert judged(slower) is not Verdict.PASSED
    if judged(values) is Verdict.FAILED:
        assert judged(slower) is Verdict.FAILED
