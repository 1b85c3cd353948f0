"""The stall probe's own process: sleeps in short steps on one core, notes late wake-ups.

Started by `edgeward_harness.rig.stall`; standard library only, so that it starts at once. Ends when
its standard input does, and then prints what it saw as one line of JSON.
"""

import json
import os
import select
import sys
import time

PERIOD_NS = 1_000_000
LATE_NS = 300_000
STALLS_MAX = 200_000


def watch(cpu: int) -> dict[str, object]:
    """Sleep on one core until standard input ends; return late wake-ups as [due, woken]."""
    os.sched_setaffinity(0, {cpu})
    stalls: list[tuple[int, int]] = []
    wakes = 0
    start_ns = due_ns = time.monotonic_ns()
    while not select.select([sys.stdin], [], [], 0)[0]:
        due_ns += PERIOD_NS
        time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        woken_ns = time.monotonic_ns()
        wakes += 1
        if woken_ns - due_ns > LATE_NS:
            if len(stalls) < STALLS_MAX:
                stalls.append((due_ns, woken_ns))
            due_ns = woken_ns
    return {
        "cpu": cpu,
        "start_ns": start_ns,
        "end_ns": time.monotonic_ns(),
        "wakes": wakes,
        "period_ns": PERIOD_NS,
        "late_ns": LATE_NS,
        "stalls": stalls,
    }


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    json.dump(watch(int(sys.argv[1])), sys.stdout)
