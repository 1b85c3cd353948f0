"""One channel from its blocks to what is told of it, with instants instead of sample numbers.

Rules:
1. The last sample of a block was taken at `acquired_ns`; an instant of a finding is counted back
   from there by the channel's rate. So it is right to a block's jitter, however long the channel
   runs and however its clock drifts.
2. A channel from which nothing comes for two seconds, and the time of a block more, is silent: a
   defect like any other (STALE), that ends with the next block. Its numbers are gone meanwhile.
3. Findings are told in the order of their samples; what is found in one sample, in the order of
   the detectors.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeward.limits import Limits
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import (
    Beat,
    DefectChange,
    Detector,
    Finding,
    Reading,
    Reason,
    SignChange,
    Vital,
)
from edgeward.signal.quality.clock_drift import ClockDrift
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.sample_clock import NS_PER_SECOND, SampleClock
from edgeward.signal.vitals.gate import Gate
from edgeward.signal.vitals.intake import Intake

SILENT_NS = 2 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in one channel, with the instants it is about."""

    channel: str
    signal: Signal
    finding: Finding
    at_ns: int
    """When the sample was taken with which it became known."""
    since_ns: int
    """When that began what it is about; equal to `at_ns` for a reading."""


class ChannelVitals:
    """Intake, detectors and gate of one channel."""

    __slots__ = (
        "_detectors",
        "_drift",
        "_gate",
        "_intake",
        "_silent_ns",
        "_vitals",
        "block_ns",
        "last_ns",
        "silent",
    )

    def __init__(self, channel: Channel, detectors: Sequence[Detector], limits: Limits) -> None:
        """Expect sample 0 and its first block."""
        self._intake = Intake(channel, limits)
        self._detectors = tuple(detectors)
        self._gate = Gate(intermittent=channel.acceptance.intermittent)
        self._drift = self._new_drift()
        self.last_ns: int | None = None
        """When its last sample was taken; None before the first."""
        self.block_ns = 0
        """How long its last block was."""
        self.silent = False
        """Whether nothing comes any more (rule 2)."""
        self._silent_ns = 0
        self._vitals: dict[Vital, None] = {}  # in the order in which they were first told

    @property
    def channel(self) -> Channel:
        """What it is."""
        return self._intake.channel

    @property
    def blinded(self) -> bool:
        """Whether it cannot be read now."""
        return self._gate.blinded_by is not None

    @property
    def defects(self) -> tuple[Reason, ...]:
        """What is wrong with it now, the oldest first."""
        return tuple(self._gate.defects)

    @property
    def next_sample(self) -> int:
        """The index expected next."""
        return self._intake.next_sample

    def push(self, first: int, samples: Samples, mask: Mask | None, acquired_ns: int) -> list[Told]:
        """Take a block whose last sample was taken at this instant; tell what it makes known.

        Raises:
            StreamError: the block does not fit; nothing of it is taken.
            LimitError: the block, or the gap before it, is too long.
        """
        pieces = self._intake.take(first, samples, mask)
        over = self._end_of_silence(first + len(samples) - 1, acquired_ns)
        found: list[Finding] = []
        for values, valid in pieces:
            of_each = [one.push(values, valid) for one in self._detectors]
            found += sorted((one for told in of_each for one in told), key=lambda one: one.at)
        found += self._drift.push(self._intake.next_sample - 1, acquired_ns)
        self.last_ns = acquired_ns
        self.block_ns = self._duration_ns(len(samples))
        return over + self._told(found, acquired_ns)

    def advance(self, now_ns: int) -> list[Told]:
        """Rule 2: what follows from nothing having come until now."""
        if self.last_ns is None:  # it is due from the moment it is first asked about
            self.last_ns = now_ns
        if self.silent or now_ns - self.last_ns <= SILENT_NS + self.block_ns:
            return []
        return self.leave(now_ns)

    def leave(self, now_ns: int) -> list[Told]:
        """Rule 2, at once: nothing more will come."""
        self.silent, self._silent_ns = True, now_ns
        at = self._intake.next_sample - 1
        defect = DefectChange(Reason.STALE, present=True, since=at, at=at)
        passed = list(self._gate.pass_on([defect]))
        told = {one.vital for one in passed if isinstance(one, Reading)}
        gone = [Reading(one, None, at, Reason.STALE) for one in self._vitals if one not in told]
        return [
            Told(
                self.channel.name,
                self.channel.signal,
                one,
                now_ns,
                now_ns if self.last_ns is None else self.last_ns,
            )
            for one in (*passed, *gone)
        ]

    def _end_of_silence(self, newest: int, acquired_ns: int) -> list[Told]:
        """Known with the block that came, and never told as older than the silence itself.

        Samples that were lost meanwhile, or a block that was long under way, lie before it. A
        number that is good again keeps its own moment.
        """
        if not self.silent:
            return []
        self.silent = False
        self._drift = self._new_drift()  # whoever was away may have stopped counting, too
        at, at_ns = self._intake.next_sample, max(acquired_ns, self._silent_ns)
        over = DefectChange(Reason.STALE, present=False, since=at, at=at)
        return [
            self._at(one, acquired_ns - self._duration_ns(newest - one.at))
            if isinstance(one, Reading)
            else self._at(one, at_ns)
            for one in self._gate.pass_on([over])
        ]

    def _new_drift(self) -> ClockDrift:
        return ClockDrift(SampleClock(self.channel.rate_hz))

    def _told(self, found: Iterable[Finding], acquired_ns: int) -> list[Told]:
        """Rule 1."""
        newest = self._intake.next_sample - 1
        told = []
        for one in self._gate.pass_on(found):
            told.append(self._at(one, acquired_ns - self._duration_ns(newest - one.at)))
            if isinstance(one, Reading):
                self._vitals[one.vital] = None
        return told

    def _at(self, one: Finding, at_ns: int) -> Told:
        since_ns = at_ns - self._duration_ns(one.at - _begin(one))
        return Told(self.channel.name, self.channel.signal, one, at_ns, since_ns)

    def _duration_ns(self, samples: int) -> int:
        return samples * NS_PER_SECOND // self.channel.rate_hz


def _begin(finding: Finding) -> int:
    """The sample with which that began what a finding is about."""
    if isinstance(finding, SignChange | DefectChange):
        return finding.since
    return finding.sample if isinstance(finding, Beat) else finding.at
