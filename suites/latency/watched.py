"""Windows sent at a pace, watched for what the host does meanwhile, and replaced where it disturbs.

ADR 0003 says which delays are set aside, and why none of that looks at a result.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from edgeward_harness.measure.judge import Sample
from edgeward_harness.rig.cores import foreign_work
from edgeward_harness.rig.disturbed import (
    SET_ASIDE_SHARE_MAX,
    STALL_NS_MIN,
    Criterion,
    Disturbed,
    Usage,
    find_disturbed,
)
from edgeward_harness.rig.stall import FOREIGN_STALL_NS, Stalls, allowances_ms, stall_probe
from edgeward_harness.target import DeviceSession

from .sensor import Crossing

PACE_NS = 10_000_000
"""From window to window; a device at rest between windows is the harder case for caches."""
FRAME_NS = 5 * PACE_NS
"""So long after it was sent can a stall disturb a window; the same for every device and result."""
FOREIGN_SHARE_MAX = 0.05
"""Of the host, used by others beside our own load, before what they do may be an excuse."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """Crossings that count, and what the host did meanwhile."""

    crossings: Sequence[Crossing]
    """Every one of the drive, those set aside and their replacements included."""
    stalls: Stalls
    criterion: Criterion
    disturbed: Disturbed
    foreign_share: float
    """Of what the host could do during the drive, used by processes that are not of this run."""
    load: Any = None
    """What went on beside the device, as it tells of itself."""

    def observed(self, *, shortest_ns: int = 0) -> Sample:
        """The delays seen from outside, with what noise may have added to each."""
        values = [crossing.observed_ms for crossing in self.crossings]
        return self.sample_of(values, self.allowances(shortest_ns))

    def observed_under_own_load(self) -> Sample:
        """The same for a drive beside our own load: only what it cannot cause is an excuse.

        That are long stalls; and any, where others worked on the host beside our load.
        """
        crowded = self.foreign_share > FOREIGN_SHARE_MAX
        sample = self.observed(shortest_ns=0 if crowded else FOREIGN_STALL_NS)
        told = f"others used {self.foreign_share:.0%} of the host" if crowded else ""
        return replace(sample, remark="; ".join(filter(None, (sample.remark, told))))

    def allowances(self, shortest_ns: int = 0) -> list[float]:
        """What noise may have added to each, by stalls of at least this length."""
        spans = [crossing.scheduled for crossing in self.crossings]
        return allowances_ms(self.stalls, spans, shortest_ns=shortest_ns)

    def sample_of(self, values: Sequence[float], allowances: Sequence[float]) -> Sample:
        """Values as they are judged, without those of the windows set aside."""
        pairs = list(zip(values, allowances, strict=True))
        aside = self.disturbed.set_aside
        kept = [pair for place, pair in enumerate(pairs) if place not in aside]
        return Sample(
            values=[value for value, _ in kept],
            allowances=[spare for _, spare in kept],
            aside=[pairs[place] for place in sorted(aside)],
            remark=self._remark(),
        )

    def _remark(self) -> str:
        if not self.disturbed.too_many:
            return str(self.criterion) if self.disturbed.windows else ""
        return (
            f"none set aside: {len(self.disturbed.windows)} were {self.criterion}, more than"
            f" {SET_ASIDE_SHARE_MAX:.0%} of {self.disturbed.planned}"
        )

    def noise(self) -> dict[str, Any]:
        """What the host did meanwhile and which windows it disturbed, as kept in evidence."""
        allowances = self.allowances()
        return {
            **self.stalls.to_json(),
            "foreign_share": self.foreign_share,
            "criterion": {
                "stall_ns": self.criterion.stall_ns,
                "frame_ns": self.criterion.frame_ns,
                "stalls_of_the_host": [list(pair) for pair in self.disturbed.stalls],
            },
            "disturbed": [
                {
                    "window": self.crossings[place].expected["index"],
                    "sent_ns": self.crossings[place].sent_ns,
                    "received_ns": self.crossings[place].received_ns,
                    "allowance_ms": allowances[place],
                    "set_aside": place in self.disturbed.set_aside,
                }
                for place in sorted(self.disturbed.windows)
            ],
        }


@dataclass(frozen=True, slots=True)
class Pacing:
    """How windows are sent."""

    take: Callable[[], Crossing]
    """Send the next one and wait for its result."""
    device: DeviceSession
    usage: Usage
    """Read at every window."""
    windows: int
    limit_ms: float
    """The smallest limit that any delay is held against."""
    progress: Progress
    pace_ns: int = PACE_NS
    load: AbstractContextManager[Any] | None = None
    """What goes on beside the device meanwhile."""


def watch(pacing: Pacing) -> Watched:
    """Send so many windows, and as many more as the host disturbed, unless they are too many."""
    limit_ns = int(pacing.limit_ms * 1e6)
    criterion = Criterion(max(limit_ns, STALL_NS_MIN, FOREIGN_STALL_NS), FRAME_NS)
    stalls, crossings = Stalls(), list[Crossing]()
    disturbed = Disturbed(frozenset(), (), pacing.windows)
    with pacing.load or nullcontext() as load, foreign_work() as foreign:
        while len(crossings) < pacing.windows + disturbed.missing:
            _send_until(pacing, crossings, pacing.windows + disturbed.missing, stalls)
            sent_ns = [crossing.sent_ns for crossing in crossings]
            disturbed = find_disturbed(sent_ns, pacing.windows, stalls, pacing.usage, criterion)
    return Watched(crossings, stalls, criterion, disturbed, foreign.share, load)


def _send_until(pacing: Pacing, crossings: list[Crossing], until: int, stalls: Stalls) -> None:
    """Send paced windows until there are that many, and see what the host does meanwhile."""
    with stall_probe(stalls):
        start_ns = time.monotonic_ns() - len(crossings) * pacing.pace_ns
        for number in range(len(crossings), until):
            pacing.device.pump_until(start_ns + number * pacing.pace_ns)
            crossings.append(pacing.take())
            pacing.progress(len(crossings), until)
        pacing.device.pump_until(crossings[-1].sent_ns + FRAME_NS)
        pacing.usage.read()
