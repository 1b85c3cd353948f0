"""The stall probe sees real stalls, and attributes them to the spans they fall in."""

import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.rig.load import cpu_load
from edgeward_harness.rig.stall import (
    Clocked,
    Span,
    Stalls,
    allowances_ms,
    span_of,
    stall_probe,
    within,
)
from edgeward_harness.target import Scheduled

intervals = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 60)).map(lambda p: (p[0], p[0] + p[1])),
    max_size=12,
)


def stalls_of(pairs: list[tuple[int, int]]) -> Stalls:
    seen = Stalls()
    report = {"cpu": 0, "start_ns": 0, "end_ns": 500, "stalls": [list(pair) for pair in pairs]}
    seen.add([report])
    return seen


@given(intervals, st.integers(0, 450), st.integers(0, 120))
def test_the_stalled_part_of_a_span_equals_counting_every_nanosecond(
    pairs: list[tuple[int, int]], start: int, length: int
) -> None:
    stalled = {instant for low, high in pairs for instant in range(low, high)}
    expected = len(stalled & set(range(start, start + length)))
    assert within(stalls_of(pairs).intervals, start, start + length) == expected


def test_time_in_which_the_device_ran_is_never_excused() -> None:
    """A device that burns its core makes the probe late, and shall not profit from it."""
    seen = stalls_of([(0, 400)])
    assert allowances_ms(seen, [Span(0, 400)]) == [400 / 1e6]
    assert allowances_ms(seen, [Span(0, 400, ran_ns=390)]) == [10 / 1e6]
    assert allowances_ms(seen, [Span(0, 400, ran_ns=800)]) == [0.0]


def test_waiting_for_a_core_is_excused_unless_the_device_chose_to_wait() -> None:
    before = Clocked(Scheduled(10, 100, lowered=False), 7)
    after = Clocked(Scheduled(20, 400, lowered=False), 7)
    assert allowances_ms(stalls_of([]), [span_of(0, 350, before, after)]) == [300 / 1e6]
    chosen = Clocked(Scheduled(20, 400, lowered=True), 7)
    assert allowances_ms(stalls_of([]), [span_of(0, 350, before, chosen)]) == [0.0]


def test_what_the_reader_waited_comes_on_top_of_what_the_device_did() -> None:
    before = Clocked(Scheduled(10, 100, lowered=False), 7)
    after = Clocked(Scheduled(20, 160, lowered=False), 37)
    span = span_of(0, 350, before, after)
    assert allowances_ms(stalls_of([]), [span]) == [90 / 1e6]
    assert allowances_ms(stalls_of([]), [span], shortest_ns=91) == [0.0]
    assert allowances_ms(stalls_of([]), [Span(0, 80, 10, 60, 30)]) == [70 / 1e6]


def test_beside_our_own_load_only_long_stalls_are_an_excuse() -> None:
    seen = stalls_of([(0, 20), (100, 200)])
    assert allowances_ms(seen, [Span(0, 300)], shortest_ns=50) == [100 / 1e6]
    assert allowances_ms(seen, [Span(0, 300, waited_ns=40)], shortest_ns=500) == [0.0]


@pytest.mark.slow
@pytest.mark.alone
def test_the_probe_sees_a_core_that_is_taken_away() -> None:
    """A process of the highest ordinary priority spins on the probe's core; the probe is late."""
    core = min(os.sched_getaffinity(0))
    rise = "os.nice(-20)" if os.geteuid() == 0 else "pass"
    spin = f"import os\nos.sched_setaffinity(0, {{{core}}})\n{rise}\n"
    with stall_probe() as seen:
        burner = subprocess.Popen([sys.executable, "-I", "-S", "-c", spin + "while True: pass"])
        time.sleep(1.0)
        burner.kill()
        burner.wait()
    assert seen.cores == len(os.sched_getaffinity(0))
    assert seen.longest_ns > 1_000_000
    assert 0 < seen.share <= 1
    assert seen.to_json()["intervals"]


@pytest.mark.slow
@pytest.mark.alone
def test_load_keeps_every_core_busy_and_is_gone_afterwards() -> None:
    import psutil

    before = set(psutil.Process().children(recursive=True))
    with cpu_load() as burners:
        time.sleep(0.5)
        added = set(psutil.Process().children(recursive=True)) - before
        assert len(added) == burners == len(os.sched_getaffinity(0))
        assert all(sum(one.cpu_times()[:2]) > 0.02 for one in added)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_run_killed_at_once_leaves_no_load_behind() -> None:
    """The parent dies before a burner can have asked who it is."""
    code = """
import os, signal
from edgeward_harness.rig.load import cpu_load
with cpu_load():
    os.kill(os.getpid(), signal.SIGKILL)
"""
    # Every burner inherits the pipe: it ends when the last of them has.
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as run:
        try:
            run.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            _kill_orphans_of(run.pid)
            raise
    assert run.returncode == -signal.SIGKILL


def _kill_orphans_of(parent: int) -> None:
    """End the burners that were told of this parent, and no other process."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        if f"os.getppid() == {parent}:" in " ".join(process.info["cmdline"] or ()):
            process.kill()
