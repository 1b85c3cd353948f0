"""The work of a host is counted for every core, and told apart from that of this run."""

import os
import subprocess
import sys
import time

from edgeward_harness.rig.cores import TICK_NS, Foreign, busy_ns, foreign_work

TOLD = b"""cpu  30 0 30 300 0 0 0 0 0 0
cpu0 10 1 10 100 7 2 3 500 10 1
cpu12 20 0 20 200 0 0 0 0 0 0
intr 99 0 0
cpu_of_no_core 1 2 3
"""
BURNED_NS = 300_000_000
BURN = (
    f"import time; e = time.process_time() + {BURNED_NS / 1e9}\nwhile time.process_time() < e: pass"
)


def test_a_core_is_busy_with_everything_but_idling_and_what_was_stolen() -> None:
    assert busy_ns(TOLD) == {0: (10 + 1 + 10 + 2 + 3) * TICK_NS, 12: 40 * TICK_NS}


def test_what_the_kernel_does_not_tell_is_nothing() -> None:
    assert busy_ns(b"") == {}


class Work:
    """All work of the host while something is measured."""

    def __init__(self) -> None:
        self.start_ns, self.before_ns = time.monotonic_ns(), sum(busy_ns().values())

    def others_ns(self, foreign: Foreign) -> float:
        """What was found to be of others."""
        return foreign.share * len(os.sched_getaffinity(0)) * (time.monotonic_ns() - self.start_ns)

    def all_ns(self) -> int:
        return sum(busy_ns().values()) - self.before_ns


def test_our_own_work_and_that_of_our_children_is_not_foreign() -> None:
    work = Work()
    with foreign_work() as foreign:
        subprocess.run([sys.executable, "-I", "-S", "-c", BURN], check=True)
        end_s = time.process_time() + BURNED_NS / 1e9
        while time.process_time() < end_s:
            pass
    assert work.others_ns(foreign) < work.all_ns() - 1.5 * BURNED_NS


def test_work_of_a_process_that_left_us_is_foreign() -> None:
    """It is nobody's child here, as its shell is gone; it holds the pipe to its end."""
    command = ["sh", "-c", f"setsid '{sys.executable}' -I -S -c \"$0\" & ", BURN]
    work = Work()
    with foreign_work() as foreign:
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
    assert work.others_ns(foreign) > BURNED_NS / 2
