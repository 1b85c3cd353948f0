"""Checks of disturbance, by how well beats repeat themselves.

Rules:
1. Noise is where complexes stand out, differ, and leave no quiet moment between them. Beats of many
   kinds differ too, but what lies between them is quiet.
2. Where nothing stands out, nothing is said: fibrillation, flutter, fast tachycardia and
   standstill have no complexes to compare, and must never be taken for noise. Noise that was told
   is taken back as soon as the last seconds look like that, even if it may be worse noise: at the
   first second of them while the window still holds what was there before the noise. A rhythm that
   has just changed differs from that as much as noise does.
3. A pulse wave far lower than it was is weak. That may be a heart that has stopped: it is no noise.
4. What no heart does is noise even there: a tremor of muscles in what never repeats, and waves far
   too high.
5. Where the patient's usual complexes stand out, and far more lies beside them than ever did
   (`usual`), the signal is disturbed. It can still be read, and nothing is hidden by that; but what
   is found in it may be made up, and somebody should see to the electrodes.
"""

from collections import deque

import numpy as np

from edgeward.signal.block_filter import BlockFilter, butterworth_band
from edgeward.signal.quality.check import Step
from edgeward.signal.quality.repeats import Figures, NoisePlan, measure
from edgeward.signal.quality.usual import Usual

_WORK_HZ = 125
"""Samples are averaged down to this rate, or to less than twice as many."""
_MISSING_SECONDS_MAX = 1.0


_ANY = float("inf")

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
    disturbed_db=20.0,
)
PPG_NOISE = NoisePlan(
    window_s=8,
    band_hz=(0.7, 8.0),
    complex_hz=(2.0, 8.0),
    smooth_s=0.15,
    apart_s=0.3,
    half_s=0.2,
    raised_db=8.0,
    cleared_db=10.0,
    busy_share=0.0,
    plain_share=_ANY,
    plain_share_left=_ANY,
    tremor_share=_ANY,
    tremor_least=_ANY,
    height_most=_ANY,
    small_share=0.5,
)
_TREMOR_HZ = (20.0, 38.0)  # below the mains
_CLEARED_S = 4
_HIDDEN_S = 2
_REMEMBERED_S = 60


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
        self._lasted_s = 0
        self._heights: deque[float] = deque(maxlen=_REMEMBERED_S)  # of what repeated well
        self._usual = Usual(self._rate, plan.half_s) if plan.disturbed_db > 0 else None
        self.disturbed: bool | None = None
        """Rule 5, when it has just been judged."""
        self.small: bool | None = None
        """Rule 3, when it has just been judged."""
        self.figures: Figures | None = None
        """Of the last window; None when too much of it is missing."""

    def judge(self, step: Step) -> bool | None:
        """Once a second, whether there is noise."""
        self.small = self.disturbed = None
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
        self.small = self._small(self.figures)
        self._look_beside(self.figures)
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

    def _look_beside(self, found: Figures) -> None:
        """Rule 5."""
        usual, plan = self._usual, self._plan
        if usual is None:
            return
        usual.look(self._waves[0], found.places)
        if not self._noisy:  # that says more
            self.disturbed = usual.disturbed(plan.disturbed_db) and self._stands_out(found)
        if found.ratio_db is not None and found.ratio_db > plan.cleared_db:
            usual.learn(self._waves[0], found.places, found.height, plan.cleared_db)

    def _measure(self) -> Figures:
        wave, fine = self._waves[0], self._waves[1]
        return measure(self._plan, self._rate, wave, fine, self._tremors)

    def _small(self, found: Figures) -> bool:
        """Rule 3."""
        if found.ratio_db is None:
            return False
        if found.ratio_db > self._plan.cleared_db:
            self._heights.append(found.height)
            return False
        if not self._heights:
            return False
        return found.height < self._plan.small_share * float(np.median(self._heights))

    def _impossible(self, found: Figures) -> bool:
        """Rule 4."""
        plan = self._plan
        differs = found.ratio_db is not None and found.ratio_db < plan.raised_db
        much = found.tremor > max(plan.tremor_least, plan.tremor_share * found.height)
        return (differs and much) or found.height > plan.height_most

    def _stands_out(self, found: Figures) -> bool:
        """Rule 2."""
        plan = self._plan
        return found.plain < plan.plain_share and found.plain_now < plan.plain_share_left

    def _begins(self, found: Figures) -> bool:
        """Rule 1."""
        plan = self._plan
        self._right = self._hidden = self._lasted_s = 0
        if self._impossible(found):
            return True
        differs = found.ratio_db is not None and found.ratio_db < plan.raised_db
        moves = found.busy > plan.busy_share and not self.small
        return differs and moves and self._stands_out(found)

    def _still(self, found: Figures) -> bool:
        """Whether what was noise still is; rule 2."""
        self._lasted_s += 1
        if self._impossible(found):
            self._right = self._hidden = 0
            return True
        hidden = max(found.plain, found.plain_now) >= self._plan.plain_share_left
        right = found.ratio_db is None or found.ratio_db > self._plan.cleared_db or self.small
        self._hidden = self._hidden + 1 if hidden else 0
        self._right = self._right + 1 if right else 0
        enough = 1 if self._lasted_s < self._plan.window_s else _HIDDEN_S
        return self._hidden < enough and self._right < _CLEARED_S


class Disturbed:
    """Whether what the check of noise has just seen is disturbed; to be judged after that one."""

    def __init__(self, noise: Noise) -> None:
        """Ask this one."""
        self._noise = noise

    def judge(self, step: Step) -> bool | None:
        """Once a second, like noise."""
        del step  # it has been judged with the noise
        return self._noise.disturbed


class Small:
    """Whether what the check of noise has just seen is weak; to be judged after that one."""

    def __init__(self, noise: Noise) -> None:
        """Ask this one."""
        self._noise = noise

    def judge(self, step: Step) -> bool | None:
        """Once a second, like noise."""
        del step  # it has been judged with the noise
        return self._noise.small


def merge_of(rate_hz: int) -> int:
    """How many samples are averaged into one."""
    return max(1, rate_hz // _WORK_HZ)
