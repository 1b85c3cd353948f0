"""Noise on the host, observed beside the device: when, and for how long, could nothing run?

One probe process a core sleeps in steps of a millisecond and notes late wake-ups, and the kernel
tells how long the device itself was ready but not let run. Together they bound the delay that
others on the host may have added, and are kept as evidence. Time in which the device ran is never
excused, nor waiting that it brought upon itself by lowering its priority.
"""

import bisect
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from edgeward_harness.errors import HarnessError
from edgeward_harness.target import DeviceSession, Scheduled
from edgeward_harness.target.procfs import thread_run_delay_ns

_SCRIPT = Path(__file__).with_name("_stall_probe.py")
_REPORT_S = 60
"""A probe that a host keeps from running longer than this has nothing to say."""
FOREIGN_STALL_NS = 25_000_000
"""One busy process a core, of our own making, delays a task that wakes by a few scheduler slices of
some milliseconds; a stall this long is somebody else's."""


Interval = tuple[int, int]
"""From and to, in nanoseconds of the monotonic clock."""


class CoreStall(NamedTuple):
    """One late wake-up on one core."""

    start_ns: int
    end_ns: int
    core: int


@dataclass(slots=True)
class Stalls:
    """What the probes of all cores saw, as merged intervals of harness monotonic time."""

    intervals: list[Interval] = field(default_factory=list)
    watched_ns: int = 0
    cores: int = 0
    single: list[CoreStall] = field(default_factory=list)
    """Each by itself, by its beginning."""

    def add(self, reports: Sequence[dict[str, Any]]) -> None:
        """Take in what the probes of all cores saw in one watch."""
        self.cores = max(self.cores, len(reports))
        watches = (report["end_ns"] - report["start_ns"] for report in reports)
        self.watched_ns += max(watches, default=0)
        self.single.extend(
            CoreStall(low, high, report["cpu"])
            for report in reports
            for low, high in report["stalls"]
        )
        self.single.sort()
        self.intervals = merged([(low, high) for low, high, _ in self.single])

    def at_least(self, shortest_ns: int) -> list[Interval]:
        """Merged intervals of those stalls only that are each this long by themselves.

        Short ones that follow or overlap each other are no long one: a busy core makes a row of
        them, and nobody was kept from running for the length of the row.
        """
        if not shortest_ns:
            return self.intervals
        return merged([(low, high) for low, high, _ in self.single if high - low >= shortest_ns])

    @property
    def share(self) -> float:
        """The stalled share of the time watched."""
        return self.share_at_least(0)

    def share_at_least(self, shortest_ns: int) -> float:
        """The share of those stalls that are each this long by themselves."""
        stalled = sum(high - low for low, high in self.at_least(shortest_ns))
        return stalled / self.watched_ns if self.watched_ns else 0.0

    @property
    def longest_ns(self) -> int:
        """The longest stall."""
        return max((high - low for low, high in self.intervals), default=0)

    def to_json(self) -> dict[str, Any]:
        """The form kept as evidence."""
        return {
            "cores": self.cores,
            "watched_ns": self.watched_ns,
            "share": self.share,
            "longest_ns": self.longest_ns,
            "intervals": [list(pair) for pair in self.intervals],
        }


@contextmanager
def stall_probe(seen: Stalls | None = None) -> Iterator[Stalls]:
    """Watch every core of this host while the block runs; the result is filled in at its end.

    What was seen in an earlier watch can be gone on with.

    Raises:
        HarnessError: a probe could not be started or ended without a report.
    """
    seen = Stalls() if seen is None else seen
    probes: list[subprocess.Popen[bytes]] = []
    try:
        for cpu in sorted(os.sched_getaffinity(0)):
            probes.append(_start(cpu))
        yield seen
        seen.add([_finish(probe) for probe in probes])
    finally:
        for probe in probes:
            probe.kill()
            probe.communicate()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which an answer was due, and what the scheduler did with the device."""

    start_ns: int
    end_ns: int
    ran_ns: int = 0
    """How long the device ran in it."""
    waited_ns: int = 0
    """How long it was ready to run and was not let; nothing if it lowered its own priority."""
    we_waited_ns: int = 0
    """How long the verifier, which reads the answer, was ready to run and was not let."""


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """The union of intervals that are sorted by their beginning."""
    union: list[Interval] = []
    for low, high in intervals:
        if union and low <= union[-1][1]:
            union[-1] = (union[-1][0], max(high, union[-1][1]))
        else:
            union.append((low, high))
    return union


def within(intervals: Sequence[Interval], start_ns: int, end_ns: int) -> int:
    """How much of a span lies in these disjoint, sorted intervals."""
    place = bisect.bisect_right(intervals, start_ns, key=lambda interval: interval[1])
    total = 0
    while place < len(intervals) and intervals[place][0] < end_ns:
        low, high = intervals[place]
        total += min(high, end_ns) - max(low, start_ns)
        place += 1
    return total


class Clocked(NamedTuple):
    """What the scheduler has counted for a device, and for the thread that asks it."""

    device: Scheduled
    we_waited_ns: int


def clocked(device: DeviceSession) -> Clocked:
    """Read it now."""
    return Clocked(device.scheduled(), our_wait_ns())


def span_of(start_ns: int, end_ns: int, before: Clocked, after: Clocked) -> Span:
    """A span from what the scheduler had counted at its two ends."""
    first, last = before.device, after.device
    waited_ns = 0 if first.lowered or last.lowered else last.waited_ns - first.waited_ns
    return Span(
        start_ns,
        end_ns,
        ran_ns=max(0, last.ran_ns - first.ran_ns),
        waited_ns=max(0, waited_ns),
        we_waited_ns=max(0, after.we_waited_ns - before.we_waited_ns),
    )


def our_wait_ns() -> int:
    """How long the thread that asks was ready to run and was not let, so far."""
    return thread_run_delay_ns(threading.get_native_id())


def span_of_start(device: DeviceSession, end_ns: int, we_waited_before_ns: int) -> Span:
    """The span from the start of a device, which had used nothing before, until now."""
    after = Clocked(device.scheduled(), our_wait_ns())
    before = Clocked(Scheduled(0, 0, after.device.lowered), we_waited_before_ns)
    return span_of(device.started_ns, end_ns, before, after)


def allowances_ms(stalls: Stalls, spans: Sequence[Span], *, shortest_ns: int = 0) -> list[float]:
    """Milliseconds that noise on the host may have added to each span.

    As much as the probes were late in it, or the device was kept waiting and then we were, who read
    its answer; but never time in which the device ran: that is its own, however busy it made the
    host.
    """
    stalled = stalls.at_least(shortest_ns)
    return [_allowance_ns(stalled, span, shortest_ns) / 1e6 for span in spans]


def _allowance_ns(stalled: Sequence[Interval], span: Span, shortest_ns: int) -> int:
    probed_ns = within(stalled, span.start_ns, span.end_ns)
    waited_ns = span.waited_ns + span.we_waited_ns
    if waited_ns < shortest_ns:
        waited_ns = 0
    idle_ns = max(0, span.end_ns - span.start_ns - span.ran_ns)
    return min(max(probed_ns, waited_ns), idle_ns)


def _start(cpu: int) -> "subprocess.Popen[bytes]":
    probe = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SCRIPT), str(cpu)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # a keyboard interrupt is for the run, which then ends its probes
    )
    if probe.stdout is None or probe.stdout.readline() != b"ready\n":
        probe.kill()
        probe.communicate()
        raise HarnessError(f"the stall probe of core {cpu} did not start")
    return probe


def _finish(probe: "subprocess.Popen[bytes]") -> dict[str, Any]:
    try:
        output, _ = probe.communicate(timeout=_REPORT_S)
        report: dict[str, Any] = json.loads(output)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise HarnessError(f"a stall probe ended without a report: {error}") from error
    return report
