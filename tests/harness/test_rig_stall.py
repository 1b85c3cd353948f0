"""The stall probe sees real stalls, and attributes them to the spans they fall in."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.rig.load import cpu_load
from edgeward_harness.rig.stall import Stalls, _fill, allowances_ms, stall_probe

intervals = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 60)).map(lambda p: (p[0], p[0] + p[1])),
    max_size=12,
)


def stalls_of(pairs: list[tuple[int, int]]) -> Stalls:
    seen = Stalls()
    report = {"start_ns": 0, "end_ns": 500, "stalls": [list(pair) for pair in pairs]}
    _fill(seen, [report])
    return seen


@given(intervals, st.integers(0, 450), st.integers(0, 120))
def test_the_stalled_part_of_a_span_equals_counting_every_nanosecond(
    pairs: list[tuple[int, int]], start: int, length: int
) -> None:
    stalled = {instant for low, high in pairs for instant in range(low, high)}
    expected = len(stalled & set(range(start, start + length)))
    assert stalls_of(pairs).within(start, start + length) == expected


def test_a_device_that_is_the_load_gets_no_allowance() -> None:
    seen = stalls_of([(0, 400)])
    assert allowances_ms(seen, [(0, 400)], device_cpu_share=0.9) == [0.0]
    assert allowances_ms(seen, [(0, 400)], device_cpu_share=0.1) == [400 / 1e6]


@pytest.mark.slow
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
def test_load_keeps_every_core_busy_and_is_gone_afterwards() -> None:
    import psutil

    before = set(psutil.Process().children(recursive=True))
    with cpu_load() as burners:
        time.sleep(0.5)
        added = set(psutil.Process().children(recursive=True)) - before
        assert len(added) == burners == len(os.sched_getaffinity(0))
        assert all(sum(one.cpu_times()[:2]) > 0.02 for one in added)
    assert set(psutil.Process().children(recursive=True)) <= before
