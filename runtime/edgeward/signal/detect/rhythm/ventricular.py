"""Ventricular fibrillation and flutter, from the waveform itself.

A beating heart rests between its beats: most of the time an ECG hardly moves, and its fast part
comes in short bursts, one to each QRS complex. In fibrillation and flutter it never rests. Two
numbers say so, both free of any amplitude and of any fitted template:

- *quiet*: the share of samples that move less than a tenth as fast as the fastest of a second;
- *spread*: the share of samples in which the part at 13 to 16.5 Hz, where QRS complexes live, is
  above its own mean (Jekova's second count): about a fifth with beats, about a half without.

Rules:
1. `continuity = spread - quiet`, over `WINDOW_S`, each `STEP_S`. The sign begins when its mean
   over the last `JUDGED` windows reaches `begins`, and ends when it falls below `ends`. In a heart
   that rested before, a change tells as much: there it begins as well, and does not end, while
   none of the last `TURNED` windows rested and their mean reaches `turns`.
2. What is faster than any heart (hum, muscle, white noise) or smaller than `least_height` is not
   judged by continuity: it is never fibrillation. Standstill is what `rhythm` tells.
3. Up to a quarter of the steps of a window may be invalid, not the last one. Otherwise it cannot be
   decided, and that is told: never that there is no fibrillation.
4. From onset to call: 3.3 to 6.1 s in 4,500 that were simulated, with which `turns` was chosen.
   `since` is the onset as estimated: the middle of the first window in a row that was continuous,
   or of the first that did not rest any more.
5. A ventricular tachycardia so fast that its beats flow into each other is told as this.

The two numbers and the limits were chosen among many with all the recordings of vfdb and mitdb at
hand in view: only other recordings can prove them.
"""

from collections import deque
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.block_filter import BlockFilter, butterworth_band
from edgeward.signal.findings import Finding, Sign, SignChange
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.steps import Steps

STEP_S = 0.5
WINDOW_S = 4.0
JUDGED = 4
TURNED = 5
_BEFORE, _BEFORE_LEAST = 24, 8
"""Windows in which a heart rested ..."""
_BETWEEN = 4
"""... and those that hold some of both."""
_STEPS = round(WINDOW_S / STEP_S)
_SOUND_MIN = _STEPS * 3 // 4
_RATES_HZ = (125, 1000)
_THINNED_HZ = 125
_BAND_HZ = (1.0, 25.0)
_COMPLEX_HZ = (13.0, 16.5)
_QUIET_SPEED = 0.1
_FAST_SHARE_MAX = 0.12
"""Of the power, in the band of the complexes: white noise has 0.2, fibrillation less than 0.06."""
_NOT = -1.0
_INVALID_MAX = 0.2
"""Of a step."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VentricularLimits:
    """When the sign begins and ends."""

    begins: float = 0.14
    ends: float = 0.08
    turns: float = 0.1
    rested: float = -0.5
    """The median of a heart that rests between its beats; of sharp complexes it is -1 (rule 2)."""
    least_height: float = 0.08
    """In the unit of the channel (mV): median of the heights, peak to peak, of each second."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Half a second, filtered."""

    sound: bool
    wave: Values
    fast: Values


class VentricularDetector:
    """The sign VENTRICULAR_FIBRILLATION in one ECG lead."""

    __slots__ = (
        "_band",
        "_complex",
        "_factor",
        "_held",
        "_limits",
        "_offset",
        "_rate_hz",
        "_recent",
        "_run_from",
        "_sign",
        "_steps",
        "_window",
        "continuity",
        "step_samples",
    )

    def __init__(self, rate_hz: int, limits: VentricularLimits | None = None) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is out of range.
        """
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            raise ValueError(
                f"rate_hz: found {rate_hz!r}; accepted: {_RATES_HZ[0]} to {_RATES_HZ[1]}"
            )
        self._rate_hz = rate_hz
        self._limits = limits or VentricularLimits()
        self._factor = rate_hz // _THINNED_HZ
        thinned_hz = rate_hz / self._factor
        self.step_samples = self._factor * round(STEP_S * thinned_hz)
        """How far what is told may lie behind the samples, besides the window."""
        self._steps = Steps(self.step_samples)
        self._band = BlockFilter(butterworth_band(2, *_BAND_HZ, thinned_hz))
        self._complex = BlockFilter(butterworth_band(1, *_COMPLEX_HZ, thinned_hz))
        self._offset: float | None = None
        self._held = 0.0
        self._window: deque[_Step] = deque(maxlen=_STEPS)
        self._recent: deque[float] = deque(maxlen=_BEFORE + _BETWEEN + TURNED)
        self._run_from: int | None = None
        self._sign: bool | None = None
        self.continuity: float | None = None
        """Rule 1, as of the last step; None where it cannot be told."""

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, and tell what they make known."""
        found: list[Finding] = []
        sound = valid & np.isfinite(samples)
        for first, step, mask in self._steps.push(samples, sound):
            at = first + len(step) - 1
            self._window.append(self._filter(step, mask))
            state = self._judge(at)
            if state is not self._sign:
                self._sign = state
                found.append(self._change(at))
        return found

    def _filter(self, step: Samples, mask: Mask) -> _Step:
        values = self._without_holes(step.astype(np.float64), mask)
        thinned = values.reshape(-1, self._factor).mean(axis=1)
        wave = self._band.push(thinned[:, None])
        fast = self._complex.push(wave)
        sound = np.count_nonzero(mask) >= (1 - _INVALID_MAX) * len(mask)
        return _Step(bool(sound), wave[:, 0], fast[:, 0])

    def _without_holes(self, values: Values, mask: Mask) -> Values:
        """Each invalid sample as the valid one before it, so that no edge rings; from 0 on."""
        if self._offset is None:
            if not mask.any():
                return np.zeros(len(values))
            self._offset = float(values[int(np.argmax(mask))])
        last = np.maximum.accumulate(np.where(mask, np.arange(len(values)), -1))
        held = np.where(last >= 0, values[last] - self._offset, self._held)
        self._held = float(held[-1])
        return held

    def _judge(self, at: int) -> bool | None:
        """Rules 1 to 3."""
        self.continuity = self._continuity()
        if self.continuity is None:
            self._recent.clear()
            self._run_from = None
            return None
        self._recent.append(self.continuity)
        if self.continuity < self._limits.begins:
            self._run_from = None
        elif self._run_from is None:
            self._run_from = at
        if len(self._recent) < JUDGED:
            return None
        recent = list(self._recent)
        mean = fmean(recent[-JUDGED:])
        if mean >= (self._limits.ends if self._sign else self._limits.begins):
            return True
        turned = self._turned(recent[: -_BETWEEN - TURNED], recent[-TURNED:])
        if turned and self._run_from is None:
            self._run_from = at - (TURNED - 1) * self.step_samples
        return turned

    def _turned(self, before: list[float], now: list[float]) -> bool:
        """Rule 1: a heart that rested does not rest any more."""
        rested = len(before) >= _BEFORE_LEAST and median(before) <= self._limits.rested
        return rested and min(now) > 0 and fmean(now) >= self._limits.turns

    def _continuity(self) -> float | None:
        sound = [step for step in self._window if step.sound]
        if len(sound) < _SOUND_MIN or not self._window[-1].sound or len(self._window) < _STEPS:
            return None
        seconds = [
            np.concatenate([a.wave, b.wave]) for a, b in zip(sound[::2], sound[1::2], strict=False)
        ]
        heights = [float(np.ptp(second)) for second in seconds]
        if median(heights) < self._limits.least_height:
            return _NOT
        wave = np.concatenate([step.wave for step in sound])
        fast = np.abs(np.concatenate([step.fast for step in sound]))
        if float(fast @ fast) > _FAST_SHARE_MAX * float(wave @ wave):
            return _NOT
        speed = [np.abs(np.diff(second)) for second in seconds]
        fastest = median([float(one.max()) for one in speed])
        quiet = float(np.mean(np.concatenate(speed) < _QUIET_SPEED * fastest))
        spread = float(np.mean(fast >= fast.mean()))
        return spread - quiet

    def _change(self, at: int) -> SignChange:
        if not self._sign:
            return SignChange(Sign.VENTRICULAR_FIBRILLATION, self._sign, at, at)
        begun = self._run_from if self._run_from is not None else at
        since = max(0, begun - round(WINDOW_S / 2 * self._rate_hz))
        text = f"no rest between waves for {(at - since) / self._rate_hz:.1f} s"
        return SignChange(Sign.VENTRICULAR_FIBRILLATION, self._sign, since, at, text)
