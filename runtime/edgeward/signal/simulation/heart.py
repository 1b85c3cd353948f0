"""The beats of a script: when, of which kind, how high and with how much pulse.

The rate is added up over time, and a beat comes with each whole turn: a rate may change at any
instant, and no beat is lost or doubled by it. Premature beats come before their turn, so that the
pause after them follows by itself.
"""

from collections.abc import Iterator
from enum import IntEnum

import numpy as np
from numpy.random import Generator

from edgeward.signal.simulation.body_steps import Breathing
from edgeward.signal.simulation.breath import BREATH, breath_parts, breath_wave, turns_of
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    AtrialFibrillation,
    BeatingStep,
    Ectopy,
    HeartStep,
    Paced,
    Pause,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.lane import F64, Marks, Rolling, parts, placed
from edgeward.signal.simulation.script import Script

BEAT = np.dtype([("time_s", "f8"), ("code", "i1"), ("rr_s", "f8"), ("gain", "f8"), ("pulse", "f8")])
"""What the heart does at an instant: kind, seconds since the beat before, height in the ECG as a
factor, share of a full stroke."""


class Code(IntEnum):
    """The kinds of what shows in an ECG."""

    NORMAL = 0
    NO_P = 1
    """A normal complex without a P wave."""
    VENTRICULAR = 2
    PACED = 3
    P_ONLY = 4
    SPIKE_ONLY = 5


BEATS = (Code.NORMAL, Code.NO_P, Code.VENTRICULAR, Code.PACED)
"""The kinds that are beats: a ventricle moves."""
PULSE_MIN = 0.15
"""Less of a stroke than this makes no pulse."""
_RSA, _SLOW, _SLOW_HZ = 0.06, 0.02, 0.095  # shares of the rate; slow variability


def heart_parts(script: Script, seed: int) -> Iterator[tuple[float, Marks]]:
    """Until when beats are known, and those that are new, to the end of the script."""
    heart = _Heart(script, seed)
    for number, (step, start_s, end_s) in enumerate(placed(script.heart)):
        for part, (low_s, high_s) in enumerate(parts(start_s, end_s)):
            chance = draw(seed, Purpose.HEART, number, part)
            marks = heart.part(step, (start_s, end_s), (low_s, high_s), chance)
            yield high_s, marks


class _Heart:
    """Where the heart stands between two parts of a script."""

    def __init__(self, script: Script, seed: int) -> None:
        breath = script.breath or (Breathing(1.0),)
        self._breaths = Rolling(breath_parts(breath, seed), BREATH)
        self._phase_rad = float(draw(seed, Purpose.HEART).uniform(0, 2 * np.pi))
        self._last_s: float | None = None
        self._turn = 0.5  # since the last turn; below 0 after a beat before its turn
        self._rate_bpm = 60.0
        self._count = 0  # beats of this step

    def part(
        self,
        step: HeartStep,
        whole: tuple[float, float],
        span: tuple[float, float],
        chance: Generator,
    ) -> Marks:
        """What happens in a part of a step."""
        match step:
            case VentricularFibrillation() | VentricularFlutter():
                return np.zeros(0, BEAT)
            case Asystole():
                return _without_beats(step, whole[0], span)
            case Pause():
                return self._pause(step, span[1])
        if span[0] == whole[0]:
            self._enter(step, span[0])
        return self._beating(step, whole, span, chance)

    def _enter(self, step: BeatingStep, start_s: float) -> None:
        """Take up the phase: of the beats before, or anew."""
        self._count = 0
        interval_s = 60.0 / step.rate_bpm
        since_s = np.inf if self._last_s is None else start_s - self._last_s
        if isinstance(step, VentricularTachycardia):
            self._turn = min(since_s / interval_s, 1.0)
        elif since_s > 2.0 * interval_s:
            self._turn = 0.7

    def _beating(
        self,
        step: BeatingStep,
        whole: tuple[float, float],
        span: tuple[float, float],
        chance: Generator,
    ) -> Marks:
        grid_s = np.linspace(*span, max(2, round((span[1] - span[0]) * 10)))
        rate_hz = self._rates_hz(step, whole, grid_s)
        turns = turns_of(grid_s, rate_hz)
        slots, early = self._slots(step, int(turns[-1] * 2.3) + 8, chance)
        due = np.maximum(slots - early - self._turn, 0.0)
        count = int(np.searchsorted(due, turns[-1]))
        marks = np.zeros(count, BEAT)
        marks["time_s"] = np.interp(due[:count], turns, grid_s)
        marks["code"] = _codes(step, self._count, count)
        if isinstance(step, VentricularTachycardia) and step.beats is not None:
            marks = marks[: max(0, step.beats - self._count)]
        self._turn += turns[-1] - (slots[count - 1] if count else 0.0)
        self._count += count
        self._rate_bpm = 60.0 * float(rate_hz[-1])
        return self._completed(marks, step)

    def _rates_hz(self, step: BeatingStep, whole: tuple[float, float], grid_s: F64) -> F64:
        """The rate at each point of the grid: what the step asks for, and variability."""
        if not isinstance(step, Sinus):
            return np.full(len(grid_s), step.rate_bpm / 60.0)
        to_bpm = step.rate_bpm if step.to_bpm is None else step.to_bpm
        share = (grid_s - whole[0]) / (whole[1] - whole[0])
        rate: F64 = (step.rate_bpm + share * (to_bpm - step.rate_bpm)) / 60.0
        breaths = self._breaths.window(grid_s[0] - 40.0, grid_s[-1] + 1.0)
        wave = breath_wave(breaths, grid_s) - 0.5
        slow = np.sin(2 * np.pi * _SLOW_HZ * grid_s + self._phase_rad)
        return rate * (1.0 + step.variability * (_RSA * wave + _SLOW * slow))

    def _slots(self, step: BeatingStep, count: int, chance: Generator) -> tuple[F64, F64]:
        """The turns at which beats are due, and how much of a turn each comes early."""
        slots = np.arange(1.0, count + 1.0)
        early = np.zeros(count)
        if isinstance(step, AtrialFibrillation):
            intervals = 1.0 + step.irregularity * chance.normal(size=count)
            slots = np.cumsum(np.clip(intervals, 0.45, 1.9))
        elif isinstance(step, Ectopy):
            own = np.array(_prematurity(step))
            early = own[(self._count + np.arange(count)) % len(own)]
        elif isinstance(step, VentricularTachycardia):
            early = np.clip(0.01 * chance.normal(size=count), -0.03, 0.03)
            early[0] = 0.0
        return slots, early

    def _pause(self, step: Pause, end_s: float) -> Marks:
        """The one beat that ends the pause."""
        start_s = end_s - step.seconds
        recent = self._last_s is not None and start_s - self._last_s < step.seconds
        at_s = self._last_s + step.seconds if recent and self._last_s is not None else end_s
        marks = np.zeros(1, BEAT)
        marks["time_s"] = min(at_s, np.nextafter(end_s, 0.0))
        self._turn = min((end_s - at_s) * self._rate_bpm / 60.0, 0.95)
        return self._completed(marks, Sinus(step.seconds))

    def _completed(self, marks: Marks, step: BeatingStep) -> Marks:
        """With intervals, heights and strokes."""
        if not len(marks):
            return marks
        times = marks["time_s"]
        first = 60.0 / self._rate_bpm if self._last_s is None else times[0] - self._last_s
        marks["rr_s"] = np.concatenate([[first], np.diff(times)])
        marks["gain"] = step.gain if isinstance(step, VentricularTachycardia) else 1.0
        marks["pulse"] = step.pulse * _strokes(marks, step)
        self._last_s = float(times[-1])
        return marks


def _codes(
    step: BeatingStep, before: int, count: int
) -> "np.ndarray[tuple[int], np.dtype[np.int8]]":
    """The kind of each beat."""
    if isinstance(step, Ectopy):
        own = [Code.VENTRICULAR if letter == "V" else Code.NORMAL for letter in step.pattern]
        return np.array(own, np.int8)[(before + np.arange(count)) % len(own)]
    code = {
        AtrialFibrillation: Code.NO_P,
        VentricularTachycardia: Code.VENTRICULAR,
        Paced: Code.PACED,
    }.get(type(step), Code.NORMAL)
    return np.full(count, code, np.int8)


def _prematurity(step: Ectopy) -> list[float]:
    """How much of a turn each letter of the pattern comes early: a run of V ever more."""
    early, run = [], 0
    for letter in step.pattern * 2:  # the second time, a run over the end is known
        run = run + 1 if letter == "V" else 0
        early.append(step.prematurity + 0.3 * (run - 1) if run else 0.0)
    return early[len(step.pattern) :]


def _strokes(marks: Marks, step: BeatingStep) -> F64:
    """The share of a stroke, by how long the heart had to fill; premature ones have little."""
    rr_s = marks["rr_s"]
    strokes = np.clip((rr_s - 0.12) / 0.38, 0.0, 1.0)
    if isinstance(step, Ectopy):
        premature = marks["code"] == Code.VENTRICULAR
        strokes = np.where(premature, 0.6 * np.clip((rr_s - 0.35) / 0.4, 0.0, 1.0), strokes)
    return np.ones(len(marks)) if isinstance(step, VentricularTachycardia) else strokes


def _without_beats(step: Asystole, start_s: float, span: tuple[float, float]) -> Marks:
    """P waves and spikes that go on at their own rates."""
    found = []
    for rate_bpm, code in ((step.p_waves_bpm, Code.P_ONLY), (step.spikes_bpm, Code.SPIKE_ONLY)):
        if rate_bpm is None:
            continue
        numbers = np.arange(1, int((span[1] - start_s) * rate_bpm / 60.0) + 2)
        times = start_s + (numbers - 0.37) * 60.0 / rate_bpm
        times = times[(times >= span[0]) & (times < span[1])]
        marks = np.zeros(len(times), BEAT)
        marks["time_s"], marks["code"], marks["gain"], marks["rr_s"] = times, code, 1.0, 0.8
        found.append(marks)
    both = np.concatenate([np.zeros(0, BEAT), *found])
    return both[np.argsort(both["time_s"], kind="stable")]
