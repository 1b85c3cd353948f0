"""Which windows of a drive the host disturbed, told from the noise alone (ADR 0003).

Rules:
1. A stall counts as the host's when it is long enough to matter and nothing that runs on the host
   made it: over the readings that enclose it the core that stood still was hardly used, by anybody.
   Whoever uses it may belong to the device. What was not observed is not excused.
2. A window is disturbed when such a stall touches the frame that begins as it is sent. The frame
   has one length for all windows, so how late a result was has no say in it.
3. After a stall that disturbed windows the next ones stay in, whatever happens to them: a device
   that recovers badly is not set aside together with its reason.
4. More disturbed windows than a small share: none is set aside, and all are judged as they are.
"""

import bisect
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edgeward_harness.rig.cores import TICK_NS, busy_ns
from edgeward_harness.rig.stall import CoreStall, Interval, Stalls, merged

USED_SHARE_MAX: Final = 0.25
"""Of a stall, in processor time of its core. Who keeps a core from others uses all of it; a quarter
leaves room for the work on the windows next to the stall."""
SET_ASIDE_SHARE_MAX: Final = 0.05
"""Of the windows planned. A host that disturbs more is no place to judge, nor is what is left of
the drive the drive that was planned."""
FOLLOWERS: Final = 10
"""Windows sent after a stall that stay in: a tenth of a second in which a device recovers."""
STALL_NS_MIN: Final = 40_000_000
"""Of shorter stalls clock ticks cannot tell whether somebody used the core."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How long each core has worked, taken between two instants."""

    begin_ns: int
    end_ns: int
    busy_ns: Mapping[int, int]


@dataclass(slots=True)
class Usage:
    """How the cores of the host were used in the course of a drive."""

    readings: list[Reading] = field(default_factory=list)

    def read(self) -> None:
        """Take a reading; cheap enough for one beside every window."""
        begin_ns = time.monotonic_ns()
        busy = busy_ns()
        self.readings.append(Reading(begin_ns, time.monotonic_ns(), busy))

    def used_ns(self, stall: CoreStall) -> int | None:
        """How long its core worked between the readings around a stall; None: not observed."""
        first = bisect.bisect_right(self.readings, stall.start_ns, key=lambda one: one.end_ns) - 1
        last = bisect.bisect_left(self.readings, stall.end_ns, key=lambda one: one.begin_ns)
        if first < 0 or last == len(self.readings):
            return None
        before = self.readings[first].busy_ns.get(stall.core)
        after = self.readings[last].busy_ns.get(stall.core)
        return None if before is None or after is None else after - before


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a window counts as disturbed."""

    stall_ns: int
    """The shortest stall that matters."""
    frame_ns: int
    """How long after it was sent a window can be disturbed."""

    def __str__(self) -> str:
        """For a note beside a measurement."""
        return (
            f"sent in or up to {self.frame_ns / 1e6:g} ms before a stall of the host of"
            f" {self.stall_ns / 1e6:g} ms or more"
        )


@dataclass(frozen=True, slots=True)
class Disturbed:
    """The windows of a drive that the host disturbed."""

    windows: frozenset[int]
    """Their places in the drive."""
    stalls: tuple[Interval, ...]
    """The stalls that were the host's."""
    planned: int

    @property
    def too_many(self) -> bool:
        """Whether none can be set aside because too many would have to be."""
        return len(self.windows) > SET_ASIDE_SHARE_MAX * self.planned

    @property
    def missing(self) -> int:
        """How many windows a complete drive has beyond those planned."""
        return 0 if self.too_many else len(self.windows)

    @property
    def set_aside(self) -> frozenset[int]:
        """The windows that do not count, each replaced by one more at the end."""
        return frozenset() if self.too_many else self.windows


def find_disturbed(
    sent_ns: Sequence[int], planned: int, stalls: Stalls, usage: Usage, criterion: Criterion
) -> Disturbed:
    """Tell the disturbed windows from when they were sent; their results are not looked at."""
    hosts = tuple(merged(list(_of_the_host(stalls, usage, criterion.stall_ns))))
    windows: set[int] = set()
    stay_until = 0
    for low, high in hosts:
        first = bisect.bisect_right(sent_ns, low - criterion.frame_ns)
        behind = bisect.bisect_left(sent_ns, high)
        touched = range(max(first, stay_until), behind)
        if touched:
            windows.update(touched)
            stay_until = behind + FOLLOWERS
    return Disturbed(frozenset(windows), hosts, planned)


def _of_the_host(stalls: Stalls, usage: Usage, shortest_ns: int) -> Iterator[Interval]:
    for stall in stalls.single:
        length_ns = stall.end_ns - stall.start_ns
        if length_ns < shortest_ns:
            continue
        used_ns = usage.used_ns(stall)
        if used_ns is not None and used_ns <= USED_SHARE_MAX * length_ns + TICK_NS:
            yield stall.start_ns, stall.end_ns
