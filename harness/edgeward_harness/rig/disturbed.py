"""Which windows of a drive the host disturbed, told from the noise alone (ADR 0003).

Rules:
1. A stall counts as the host's when it is long enough to matter and the device can not have made
   it: over the readings that enclose it the device used little of the processor. What was not
   observed is not excused.
2. A window is disturbed when such a stall touches the frame that begins as it is sent. The frame
   has one length for all windows, so how late a result was has no say in it.
3. After a stall that disturbed windows the next ones stay in, whatever happens to them: a device
   that recovers badly is not set aside together with its reason.
4. More disturbed windows than a small share: none is set aside, and all are judged as they are.
"""

import bisect
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.stall import Interval, Stalls
from edgeward_harness.target import Scheduled

DEVICE_SHARE_MAX: Final = 0.25
"""Of a stall, in processor time of the device. One that keeps a core from others uses all of it; a
quarter leaves room for its work on the windows next to the stall."""
SET_ASIDE_SHARE_MAX: Final = 0.05
"""Of the windows planned. A host that disturbs more is no place to judge, nor is what is left of
the drive the drive that was planned."""
FOLLOWERS: Final = 10
"""Windows sent after a stall that stay in: a tenth of a second in which a device recovers."""
STALL_NS_MIN: Final = 40_000_000
"""Of shorter stalls it cannot be told whether a process that the device started made them."""
_TICKS_NS: Final = 20_000_000
"""Two clock ticks: by so much may the count of a process tree be wrong without any use."""


class Observable(Protocol):
    """A device whose processor time can be observed from outside."""

    def scheduled(self) -> Scheduled:
        """What the scheduler did with the threads of its main process; cheap and exact."""
        ...

    def cpu_seconds(self) -> float:
        """What all its processes used, ended ones too; slower, and in clock ticks."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A count of processor time, taken between two instants."""

    begin_ns: int
    end_ns: int
    used_ns: int


@dataclass(slots=True)
class Usage:
    """The processor time of a device in the course of a drive."""

    own: list[Reading] = field(default_factory=list)
    """Of its main process; taken beside every window."""
    others: list[Reading] = field(default_factory=list)
    """Of all that its process started, ended threads and processes included; taken now and then."""

    def read(self, device: Observable) -> Scheduled:
        """Take a reading of the main process."""
        begin_ns = time.monotonic_ns()
        seen = device.scheduled()
        self.own.append(Reading(begin_ns, time.monotonic_ns(), seen.ran_ns))
        return seen

    def read_others(self, device: Observable) -> None:
        """Take a reading of the rest; a device that has ended is told by its next answer."""
        begin_ns = time.monotonic_ns()
        with suppress(HarnessError):
            used_ns = int(device.cpu_seconds() * 1e9) - device.scheduled().ran_ns
            self.others.append(Reading(begin_ns, time.monotonic_ns(), used_ns))

    def most_ns(self, stall: Interval) -> int | None:
        """The most the device can have used during a stall; None when it was not observed."""
        own, others = _between(self.own, stall), _between(self.others, stall)
        if own is None or others is None:
            return None
        return max(0, own) + max(0, others - _TICKS_NS)


def _between(readings: Sequence[Reading], stall: Interval) -> int | None:
    """What was used between the closest readings around a stall; None when it has none."""
    first = bisect.bisect_right(readings, stall[0], key=lambda reading: reading.end_ns) - 1
    last = bisect.bisect_left(readings, stall[1], key=lambda reading: reading.begin_ns)
    if first < 0 or last == len(readings):
        return None
    return readings[last].used_ns - readings[first].used_ns


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
    hosts = tuple(_of_the_host(stalls, usage, criterion.stall_ns))
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
    for low, high in stalls.at_least(shortest_ns):
        used_ns = usage.most_ns((low, high))
        if used_ns is not None and used_ns <= DEVICE_SHARE_MAX * (high - low):
            yield low, high
