"""How well complexes repeat: figures about one window of a signal.

Each complex of the window is laid over the others. What differs from those most like it is
disturbance; half its power, against the eighth of the square of the complex's height, is the ratio
of signal to noise (the definition of the noise stress test, within the band looked at). A rhythm of
more than one kind of beat does not count as disturbance, since each kind has others like it.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.quality.check import Values
from edgeward.signal.quality.usual import SHIFTS as _SHIFTS

_TREMOR_QUANTILE = 0.35  # between complexes
_BUSY_QUANTILE = 0.1
_FOUND_SHARE = 0.4
_LIKE_SHARE = 0.15
_COMPLEXES_MIN = 4
_RECENT_S = 3
_RECENT_MIN = 2
"""Complexes in the last seconds; with fewer, none stand out there."""
_TINY = 1e-12
_ANY = float("inf")


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
    disturbed_db: float = -_ANY
    """Below this ratio, beside the usual complexes, the signal is disturbed."""
    small_share: float = 0.0
    """What is lower than this share of what it was, when it repeated well, is weak and no noise."""


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
    places: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp), compare=False)
    """Where the complexes are."""


def measure(plan: NoisePlan, rate: float, wave: Values, fine: Values, tremors: Values) -> Figures:
    """The figures of a window: in its band, where complexes stand out, and of tremor by step."""
    smooth = max(1, round(plan.smooth_s * rate))
    strength = np.convolve(fine, np.full(smooth, 1 / smooth), "same")
    half = round(plan.half_s * rate) + _SHIFTS
    places = _complexes(strength, plan, rate)
    inner = places[(places >= half) & (places < len(strength) - half)]
    tremor = float(np.quantile(tremors, _TREMOR_QUANTILE))
    if len(inner) < _COMPLEXES_MIN:
        return Figures(float(np.ptp(wave)), tremor)
    height, ratio_db = _repeats(wave, inner, half)
    moves = np.ptp(wave.reshape(len(tremors), -1), axis=1)
    recent = len(strength) - round(_RECENT_S * rate)
    return Figures(
        height,
        tremor,
        ratio_db,
        busy=float(np.quantile(moves, _BUSY_QUANTILE)) / max(height, _TINY),
        plain=_plain(strength, places, 0, _COMPLEXES_MIN),
        plain_now=_plain(strength, places, recent, _RECENT_MIN),
        places=inner,
    )


def _plain(strength: Values, places: NDArray[np.intp], first: int, least: int) -> float:
    """How strong half of the time from `first` on is beside the complexes in it."""
    places = places[places >= first]
    if len(places) < least:
        return 1.0
    return float(np.median(strength[first:]) / max(float(np.median(strength[places])), _TINY))


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
