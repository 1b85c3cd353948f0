"""Checks of disturbance, by how well beats repeat themselves.

Each complex of the last seconds is laid over the others. What differs from those most like it is
disturbance; half its power, against the eighth of the square of the complex's height, is the ratio
of signal to noise (the definition of the noise stress test, within the band looked at). A rhythm of
more than one kind of beat does not count as disturbance, since each kind has others like it.

Rules:
1. Noise is where complexes stand out, differ, and leave no quiet moment between them. Beats of many
   kinds differ too, but what lies between them is quiet.
2. Where nothing stands out, nothing is said: fibrillation, flutter, fast tachycardia and
   standstill have no complexes to compare, and must never be taken for noise. Noise that was told
   is taken back as soon as the last seconds look like that, even if it may be worse noise.
3. What no heart does is noise even there: a tremor of muscles in what never repeats, and waves far
   too high.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.block_filter import BlockFilter, butterworth_band
from edgeward.signal.quality_check import Step, Values

_WORK_HZ = 125
"""Samples are averaged down to this rate, or to less than twice as many."""
_SHIFTS = 2
"""Samples by which a complex may be found beside its place."""
_MISSING_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class NoisePlan:
    """What is looked for in a kind of signal."""

    window_s: int
    band_hz: tuple[float, float]
    """In which signal and disturbance are compared."""
    complex_hz: tuple[float, float]
    """In which complexes stand out."""
    smooth_s: float
    """Over which their strength is averaged."""
    apart_s: float
    """The shortest time between two."""
    half_s: float
    """What is laid over each other: so much before and after."""
    raised_db: float
    """Below this ratio there is noise ..."""
    cleared_db: float
    """... until it is above this one."""
    busy_share: float
    """There is none when a tenth of the time moves less than this share of the height."""
    plain_share: float
    """Complexes stand out when half of the time is weaker than this share of them ..."""
    plain_share_left: float
    """... and, while noise is told, until it is not weaker than this one."""
    tremor_share: float
    """Of the height: more in the band of muscles is noise, where complexes differ."""
    tremor_least: float
    """In the channel's unit: less is never noise."""
    height_most: float
    """In the channel's unit: more is no heart."""


ECG_NOISE = NoisePlan(
    window_s=8,
    band_hz=(1.0, 30.0),
    complex_hz=(8.0, 20.0),
    smooth_s=0.08,
    apart_s=0.25,
    half_s=0.2,
    raised_db=10.5,
    cleared_db=12.0,
    busy_share=0.12,
    plain_share=0.34,
    plain_share_left=0.40,
    tremor_share=0.035,
    tremor_least=0.04,
    height_most=15.0,
)
_TREMOR_HZ = (20.0, 38.0)  # below the mains
_TREMOR_QUANTILE = 0.35  # between complexes
_BUSY_QUANTILE = 0.1
_FOUND_SHARE = 0.4
_TINY = 1e-12
_LIKE_SHARE = 0.15
_COMPLEXES_MIN = 4
_RECENT_S = 3
_RECENT_MIN = 2
"""Complexes in the last seconds; with fewer, none stand out there."""
_CLEARED_S = 4
_HIDDEN_S = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured in one window."""

    height: float
    """Of the complexes, or of all there is without any; peak to peak."""
    tremor: float
    ratio_db: float | None = None
    """Signal to noise; None without enough complexes."""
    busy: float = 0.0
    """How much a tenth of the time moves less than, as a share of the height."""
    plain: float = 1.0
    """How strong half of the time is beside the complexes, at most."""
    plain_now: float = 1.0
    """The same, of the last seconds."""


class Noise:
    """Judges once a second, over a window of some seconds."""

    def __init__(self, plan: NoisePlan, rate_hz: int, step_samples: int, steps: int) -> None:
        """Take steps of so many samples; so many of them are a second."""
        self._plan = plan
        self._merge = merge_of(rate_hz)
        self._rate = rate_hz / self._merge
        self._count = step_samples // self._merge
        self._steps_of_second = steps
        filters = [plan.band_hz, plan.complex_hz, _TREMOR_HZ]
        self._filters = [
            BlockFilter(butterworth_band(2, low, high, self._rate), 1, self._count)
            for low, high in filters
        ]
        kept = self._count * steps * plan.window_s
        self._waves = np.zeros((2, kept))
        self._tremors = np.zeros(steps * plan.window_s)
        self._missing = np.full(steps * plan.window_s, step_samples)
        self._offset: float | None = None
        self._done = 0
        self._noisy = False
        self._right = self._hidden = 0  # seconds in a row
        self.figures: Figures | None = None
        """Of the last window; None when too much of it is missing."""

    def judge(self, step: Step) -> bool | None:
        """Once a second, whether there is noise."""
        if self._offset is None:
            if step.missing:
                return None
            self._offset = float(step.samples[0])
        self._take(step, self._offset)
        self._done += 1
        if self._done % self._steps_of_second:
            return None
        missing_s = float(self._missing.sum()) / (self._rate * self._merge)
        self.figures = None if missing_s > _MISSING_SECONDS_MAX else self._measure()
        if self.figures is None:
            return None
        self._noisy = self._still(self.figures) if self._noisy else self._begins(self.figures)
        return self._noisy

    def _take(self, step: Step, offset: float) -> None:
        """Filter a step, and keep what comes out."""
        column = (step.samples - offset).reshape(self._count, self._merge).mean(axis=1)[:, None]
        band, fine, tremor = (one.push(column)[:, 0] for one in self._filters)
        self._waves[:, : -self._count] = self._waves[:, self._count :]
        self._waves[0, -self._count :] = band
        self._waves[1, -self._count :] = np.abs(fine)
        self._tremors[:-1] = self._tremors[1:]
        self._tremors[-1] = np.sqrt(np.mean(tremor * tremor))
        self._missing[:-1] = self._missing[1:]
        self._missing[-1] = step.missing

    def _impossible(self, found: Figures) -> bool:
        """Rule 3."""
        plan = self._plan
        differs = found.ratio_db is not None and found.ratio_db < plan.raised_db
        much = found.tremor > max(plan.tremor_least, plan.tremor_share * found.height)
        return (differs and much) or found.height > plan.height_most

    def _begins(self, found: Figures) -> bool:
        """Rule 1."""
        plan = self._plan
        self._right = self._hidden = 0
        if self._impossible(found):
            return True
        stands_out = found.plain < plan.plain_share and found.plain_now < plan.plain_share_left
        differs = found.ratio_db is not None and found.ratio_db < plan.raised_db
        return stands_out and differs and found.busy > plan.busy_share

    def _still(self, found: Figures) -> bool:
        """Whether what was noise still is; rule 2."""
        if self._impossible(found):
            self._right = self._hidden = 0
            return True
        hidden = max(found.plain, found.plain_now) >= self._plan.plain_share_left
        right = found.ratio_db is None or found.ratio_db > self._plan.cleared_db
        self._hidden = self._hidden + 1 if hidden else 0
        self._right = self._right + 1 if right else 0
        return self._hidden < _HIDDEN_S and self._right < _CLEARED_S

    def _measure(self) -> Figures:
        """The figures of the window."""
        plan, rate = self._plan, self._rate
        smooth = max(1, round(plan.smooth_s * rate))
        strength = np.convolve(self._waves[1], np.full(smooth, 1 / smooth), "same")
        half = round(plan.half_s * rate) + _SHIFTS
        places = _complexes(strength, plan, rate)
        inner = places[(places >= half) & (places < len(strength) - half)]
        tremor = float(np.quantile(self._tremors, _TREMOR_QUANTILE))
        if len(inner) < _COMPLEXES_MIN:
            return Figures(float(np.ptp(self._waves[0])), tremor)
        height, ratio_db = _repeats(self._waves[0], inner, half)
        moves = np.ptp(self._waves[0].reshape(-1, self._count), axis=1)
        busy = float(np.quantile(moves, _BUSY_QUANTILE)) / max(height, _TINY)
        plain = _plain(strength, places, 0, _COMPLEXES_MIN)
        recent = len(strength) - round(_RECENT_S * rate)
        return Figures(
            height, tremor, ratio_db, busy, plain, _plain(strength, places, recent, _RECENT_MIN)
        )


def _plain(strength: Values, places: NDArray[np.intp], first: int, least: int) -> float:
    """How strong half of the time from `first` on is beside the complexes in it."""
    places = places[places >= first]
    if len(places) < least:
        return 1.0
    return float(np.median(strength[first:]) / max(float(np.median(strength[places])), _TINY))


def merge_of(rate_hz: int) -> int:
    """How many samples are averaged into one."""
    return max(1, rate_hz // _WORK_HZ)


def _complexes(strength: Values, plan: NoisePlan, rate: float) -> NDArray[np.intp]:
    """Where complexes are: peaks of strength, the strongest first choice, never too close."""
    second = round(rate)
    tops = [strength[at : at + second].max() for at in range(0, len(strength) - second + 1, second)]
    least = _FOUND_SHARE * float(np.median(tops))
    inner = strength[1:-1]
    peaks = (inner >= strength[:-2]) & (inner > strength[2:]) & (inner > least)
    places = np.flatnonzero(peaks) + 1
    apart = round(plan.apart_s * rate)
    free = np.ones(len(strength), np.bool_)
    kept = []
    for place in places[np.argsort(-strength[places], kind="stable")]:
        if free[place]:
            kept.append(place)
            free[max(0, place - apart + 1) : place + apart] = False
    return np.sort(np.array(kept, np.intp))


def _repeats(wave: Values, places: NDArray[np.intp], half: int) -> tuple[float, float]:
    """The height of the complexes, and the ratio of signal to noise in decibels."""
    around = np.arange(-half + _SHIFTS, half - _SHIFTS + 1)
    own = wave[places[:, None] + around]
    power = (own * own).sum(axis=1)
    apart = np.full((len(places), len(places)), np.inf)
    for shift in range(-_SHIFTS, _SHIFTS + 1):
        other = wave[places[:, None] + around + shift]
        squares = power[:, None] + (other * other).sum(axis=1)[None] - 2 * own @ other.T
        np.minimum(apart, squares, out=apart)
    np.fill_diagonal(apart, np.inf)
    apart.sort(axis=1)
    like = apart[:, int(_LIKE_SHARE * (len(places) - 2))]
    noise = max(float(np.median(like)) / len(around) / 2, _TINY)
    height = float(np.median(np.ptp(own, axis=1)))
    return height, float(10 * np.log10(max(height * height / 8, _TINY) / noise))
