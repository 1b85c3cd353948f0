"""Simulated patients: ECG in millivolts with known truth, reproducible from one integer.

A beat is a sum of five Gaussians (P, Q, R, S, T) placed around its R wave; beats follow each other
with respiratory and slow random variability; respiration wander, mains hum and white noise lie on
top. It is a model for exercising software. It is no patient, and no claim about patients may rest
on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from edgeward.signal.windows import Samples


class Rhythm(StrEnum):
    """What a stretch of simulated ECG shows, by its rate."""

    ASYSTOLE = "asystole"
    BRADYCARDIA = "bradycardia"
    SINUS = "sinus"
    TACHYCARDIA = "tachycardia"


RATE_RANGE_BPM = {
    Rhythm.BRADYCARDIA: (28.0, 57.0),
    Rhythm.SINUS: (60.0, 100.0),
    Rhythm.TACHYCARDIA: (104.0, 190.0),
}
"""The rates drawn for each rhythm. Rates between the ranges belong to no rhythm: a few seconds of
ECG with natural variability cannot tell them apart."""

RATE_BPM_MIN, RATE_BPM_MAX = 10.0, 300.0

# wave: centre in seconds from the R wave, height in mV, width (one standard deviation) in seconds,
# and whether the centre moves with the square root of the beat interval, as QT and PR do
_WAVES = (
    ("P", -0.17, 0.13, 0.022, True),
    ("Q", -0.028, -0.12, 0.009, False),
    ("R", 0.0, 1.10, 0.011, False),
    ("S", 0.030, -0.22, 0.011, False),
    ("T", 0.29, 0.28, 0.050, True),
)
_REACH_S = 0.60  # a beat is drawn this far to both sides of its R wave


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one rhythm: samples `first .. last`."""

    rhythm: Rhythm
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Recording:
    """Simulated ECG and the truth about it."""

    samples_mv: Samples
    rate_hz: int
    beats: tuple[int, ...]
    """Sample indices of the R waves."""
    spans: tuple[Span, ...]

    def label(self, first: int, last: int) -> Rhythm | None:
        """The rhythm of the samples `first .. last`, or None when more than one is in them."""
        for span in self.spans:
            if span.first <= first and last <= span.last:
                return span.rhythm
        return None


class SimulatedPatient:
    """One person: the shape of the waves, breathing, variability and noise are theirs alone."""

    def __init__(self, seed: int, rate_hz: int = 250) -> None:
        """Draw the person that belongs to this seed, sampled at this rate.

        Raises:
            ValueError: the rate is too low to show a QRS complex.
        """
        if rate_hz < 50:
            raise ValueError(f"{rate_hz} Hz cannot show a QRS complex; use 50 Hz or more")
        self._seed = seed
        self._rate_hz = rate_hz
        draw = default_rng([seed, 0])
        self._gain = float(draw.uniform(0.5, 1.6))
        self._heights = draw.uniform(0.7, 1.3, len(_WAVES))
        self._widths = draw.uniform(0.85, 1.25, len(_WAVES))
        self._breath_hz = float(draw.uniform(0.18, 0.35))
        self._breath_share = float(draw.uniform(0.0, 0.03))
        self._jitter_share = float(draw.uniform(0.005, 0.02))
        self._wander_mv = float(draw.uniform(0.02, 0.20))
        self._hum_mv = float(draw.uniform(0.0, 0.03))
        self._noise_mv = float(draw.uniform(0.004, 0.05))

    def ecg(
        self,
        rhythm: Rhythm | str,
        seconds: float,
        *,
        rate_bpm: float | None = None,
        episode: int = 0,
    ) -> Samples:
        """One rhythm in millivolts; another `episode` is another stretch of the same person."""
        return self.record([(rhythm, seconds)], rate_bpm=rate_bpm, episode=episode).samples_mv

    def record(
        self,
        plan: Sequence[tuple[Rhythm | str, float]],
        *,
        rate_bpm: float | None = None,
        episode: int = 0,
    ) -> Recording:
        """Rhythms for so many seconds each, one after the other, with their truth.

        A rate not given is drawn from the rhythm's range. The same arguments give the same
        recording.

        Raises:
            ValueError: a rhythm is unknown, a length is not positive, or the rate is out of range.
        """
        if rate_bpm is not None and not RATE_BPM_MIN <= rate_bpm <= RATE_BPM_MAX:
            raise ValueError(
                f"{rate_bpm} beats a minute is not between {RATE_BPM_MIN} and {RATE_BPM_MAX}"
            )
        draw = default_rng([self._seed, 1, episode])
        spans: list[Span] = []
        beats_s: list[float] = []
        for name, seconds in plan:
            first = spans[-1].last + 1 if spans else 0
            count = round(seconds * self._rate_hz)
            if count < 1:
                raise ValueError(f"{seconds} s of {name} holds no sample")
            span = Span(Rhythm(name), first, first + count - 1)
            spans.append(span)
            beats_s += self._beat_times_s(span, rate_bpm, draw)
        total = spans[-1].last + 1 if spans else 0
        signal = self._noise(total, draw)
        self._draw_beats(signal, beats_s)
        return Recording(
            samples_mv=signal.astype(np.float32),
            rate_hz=self._rate_hz,
            beats=tuple(round(at * self._rate_hz) for at in beats_s),
            spans=tuple(spans),
        )

    def _beat_times_s(self, span: Span, rate_bpm: float | None, draw: Generator) -> list[float]:
        """The instants of the R waves inside a span."""
        if span.rhythm is Rhythm.ASYSTOLE:
            return []
        mean_s = 60.0 / (rate_bpm or draw.uniform(*RATE_RANGE_BPM[span.rhythm]))
        end_s = span.last / self._rate_hz
        at_s = span.first / self._rate_hz + mean_s * draw.uniform(0.0, 1.0)
        drift = 0.0
        times: list[float] = []
        while at_s <= end_s:
            times.append(at_s)
            drift = 0.8 * drift + 0.6 * float(draw.normal())  # slow, of unit variance
            breath = self._breath_share * np.sin(2 * np.pi * self._breath_hz * at_s)
            at_s += mean_s * float(np.clip(1 + breath + self._jitter_share * drift, 0.8, 1.2))
        return times

    def _draw_beats(self, signal: NDArray[np.float64], beats_s: Sequence[float]) -> None:
        """Add every beat's five waves around its R wave."""
        reach = round(_REACH_S * self._rate_hz)
        for number, at_s in enumerate(beats_s):
            interval_s = beats_s[number + 1] - at_s if number + 1 < len(beats_s) else 60.0 / 75.0
            centre = round(at_s * self._rate_hz)
            low, high = max(0, centre - reach), min(len(signal), centre + reach + 1)
            time_s = np.arange(low, high) / self._rate_hz - at_s
            signal[low:high] += self._beat_mv(time_s, interval_s)

    def _beat_mv(self, time_s: NDArray[np.float64], interval_s: float) -> NDArray[np.float64]:
        """One beat at times relative to its R wave."""
        stretch = float(np.clip(np.sqrt(interval_s / 0.8), 0.55, 1.15))
        beat = np.zeros_like(time_s)
        for wave, height, width in zip(_WAVES, self._heights, self._widths, strict=True):
            _, centre_s, height_mv, width_s, moves = wave
            from_centre = time_s - centre_s * (stretch if moves else 1.0)
            beat += height * height_mv * np.exp(-0.5 * (from_centre / (width * width_s)) ** 2)
        return self._gain * beat

    def _noise(self, count: int, draw: Generator) -> NDArray[np.float64]:
        """Wander, mains hum and white noise: all there is in asystole, never exactly flat."""
        time_s = np.arange(count) / self._rate_hz
        phases = draw.uniform(0, 2 * np.pi, 3)
        wander = np.sin(2 * np.pi * self._breath_hz * time_s + phases[0])
        wander += 0.5 * np.sin(2 * np.pi * 0.07 * time_s + phases[1])
        hum = np.sin(2 * np.pi * 50.0 * time_s + phases[2])
        white: NDArray[np.float64] = draw.normal(0.0, self._noise_mv, count)
        white += self._wander_mv * wander + self._hum_mv * hum
        return white
