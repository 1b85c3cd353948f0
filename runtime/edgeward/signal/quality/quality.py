"""Signal quality: whether what a channel delivers can be believed, and what is wrong if not.

Rules:
1. Samples come in the canonical unit of their signal (`Channel.to_canonical`).
2. A defect is told when it begins and when it ends, a bounded time behind the signal.
3. A rhythm that kills is never called a defect. Fibrillation, flutter, tachycardia and standstill
   look disturbed or small; they are neither noise nor an electrode that is off.
4. While nothing can be said, nothing changes: a defect stays until the signal is seen without it.
"""

import numpy as np

from edgeward.signal.channel import Channel
from edgeward.signal.findings import Finding, Reason
from edgeward.signal.quality.check import Step, Values
from edgeward.signal.quality.watches import SLOWEST_S, Watches, step_samples
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.steps import Steps

__all__ = ["SLOWEST_S", "Quality", "quality_of"]

_WORST_DB, _BEST_DB = 4.0, 20.0
"""The signal-to-noise ratios of an index of 0 and of 1."""


class Quality:
    """The detector of everything that can be wrong with one channel."""

    def __init__(self, channel: Channel) -> None:
        """Begin with nothing wrong, and nothing known."""
        self._axes = channel.acceptance.axes
        self._steps = Steps(step_samples(channel.rate_hz), self._axes)
        self._last: Values = np.zeros(() if self._axes == 1 else (self._axes,))
        self._watches = Watches(channel)

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples; the defects that begin or end with them."""
        numbers = np.isfinite(samples)
        sound = valid & (numbers if self._axes == 1 else numbers.all(axis=1))
        found: list[Finding] = []
        for first, values, good in self._steps.push(samples, sound):
            step = self._filled(first, values, good)
            changes = [watch.take(step) for watch in self._watches.all]
            found += [change for change in changes if change is not None]
        return found

    @property
    def defects(self) -> frozenset[Reason]:
        """What is wrong now."""
        return frozenset(watch.defect for watch in self._watches.all if watch.present)

    @property
    def ratio_db(self) -> float | None:
        """Signal to noise in the last seconds; None when it cannot be told."""
        noise = self._watches.noise
        return None if noise is None or noise.figures is None else noise.figures.ratio_db

    @property
    def index(self) -> float:
        """How good the signal is, from 0 to 1, for a display: new each second."""
        if self.defects - {Reason.NOISE, Reason.DISTURBED, Reason.CLIPPING}:
            return 0.0
        share = 1.0
        if self.ratio_db is not None:
            share = (self.ratio_db - _WORST_DB) / (_BEST_DB - _WORST_DB)
        return min(max(share, 0.0), 0.5 if self.defects else 1.0)

    def _filled(self, first: int, values: Samples, good: Mask) -> Step:
        """The step, with the last value before it where something is missing."""
        samples = values.astype(np.float64)
        missing = len(good) - int(np.count_nonzero(good))
        if missing:
            known = np.maximum.accumulate(np.where(good, np.arange(1, len(good) + 1), 0))
            samples = np.concatenate([self._last[None], samples])[known]
        self._last = samples[-1].copy()
        return Step(first, samples, good, missing)


def quality_of(channel: Channel) -> Quality:
    """The detector for this channel's kind of signal."""
    return Quality(channel)
