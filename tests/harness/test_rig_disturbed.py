"""Windows are set aside for the noise around them: never for a result, never for a device's own."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

MS = 1_000_000
CRITERION = Criterion(stall_ns=50 * MS, frame_ns=20 * MS)
PLANNED = 400
SENT_NS = [number * 10 * MS for number in range(PLANNED)]


def stalls_of(*pairs_ms: tuple[int, int]) -> Stalls:
    seen = Stalls()
    intervals = [[low * MS, high * MS] for low, high in pairs_ms]
    seen.add([{"cpu": 1, "start_ns": 0, "end_ns": 4000 * MS, "stalls": intervals}])
    return seen


def usage_of(core_ms: int = 0, other_core_ms: int = 0) -> Usage:
    """A host whose cores work so much in every 10 ms; the probe that stands still is of core 1."""
    return Usage(
        [
            Reading(t, t, {0: t // 10 * other_core_ms, 1: t // 10 * core_ms})
            for t in range(0, 4001 * MS, 10 * MS)
        ]
    )


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
        (usage_of(core_ms=1), True),
        (usage_of(core_ms=3), True),  # within a quarter and a tick
        (usage_of(core_ms=4), False),
        (usage_of(core_ms=10), False),  # somebody used the core all the time
        (usage_of(other_core_ms=10), True),  # another core is no reason why this one stood still
        (Usage(), False),  # it was not observed
        (Usage([Reading(0, 0, {}), Reading(4000 * MS, 4000 * MS, {})]), False),
    ],
)
def test_a_stall_that_somebody_can_have_made_excuses_nothing(usage: Usage, excused: bool) -> None:
    assert bool(find(stalls_of((1000, 1100)), usage).windows) is excused


def test_a_stall_beyond_the_last_reading_was_not_observed() -> None:
    usage = usage_of()
    usage.readings = [one for one in usage.readings if one.begin_ns < 1090 * MS]
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


def test_one_core_that_works_does_not_take_the_stall_of_another_away() -> None:
    seen = Stalls()
    for core in (0, 1):
        report = {"cpu": core, "start_ns": 0, "end_ns": 4000 * MS}
        seen.add([{**report, "stalls": [[(1000 + core) * MS, (1070 + core) * MS]]}])
    found = find(seen, usage_of(core_ms=10))
    assert found.stalls == ((1000 * MS, 1070 * MS),)


def test_readings_are_of_this_host_and_only_rise() -> None:
    usage = Usage()
    usage.read()
    while not usage.readings[-1].busy_ns[0] > usage.readings[0].busy_ns[0]:
        usage.read()
    for before, after in pairwise(usage.readings):
        assert before.end_ns <= after.begin_ns <= after.end_ns
        assert all(after.busy_ns[core] >= used for core, used in before.busy_ns.items())


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
