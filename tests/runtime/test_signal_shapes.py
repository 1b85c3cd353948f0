"""Which beats are ventricular: families of shapes, and evidence against the patient's own."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward.signal.detect.qrs.families import AROUND_S, SHIFTS, Families, Family, Outline
from edgeward.signal.detect.qrs.shapes import Complex, Shapes
from edgeward.signal.findings import BeatClass

RATE_HZ = 160
REACH = round(AROUND_S * RATE_HZ) + SHIFTS
AT_S = np.arange(-REACH, REACH + 1) / RATE_HZ
Wave = NDArray[np.float64]
N, V, Q = BeatClass.NORMAL, BeatClass.VENTRICULAR, BeatClass.UNKNOWN


def narrow(height: float = 1.0) -> Wave:
    """A complex of a tenth of a second, upright."""
    return height * np.exp(-((AT_S / 0.012) ** 2) / 2)


def wide(height: float = -1.3) -> Wave:
    """One of nearly two tenths, the other way."""
    return height * np.exp(-((AT_S / 0.04) ** 2) / 2)


def branch() -> Wave:
    """A narrow complex with a second wave: not like `narrow`, and hardly wider."""
    return narrow() - 1.2 * np.exp(-(((AT_S - 0.03) / 0.014) ** 2) / 2)


class Patient:
    """One who is judged beat by beat, on a lead with a little noise."""

    def __init__(self, noise_mv: float = 0.01) -> None:
        self.shapes = Shapes()
        self._draw = np.random.default_rng(4)
        self._noise_mv = noise_mv

    def judge(self, wave: Wave, interval_s: float, count: int = 1) -> list[BeatClass]:
        """So many beats of one kind."""
        return [
            self.shapes.judge(
                Complex(Outline(wave + self._draw.normal(0, self._noise_mv, len(wave))), interval_s)
            )
            for _ in range(count)
        ]


def known(noise_mv: float = 0.01) -> Patient:
    """One whose usual beats are narrow, at 75/min."""
    patient = Patient(noise_mv)
    assert patient.judge(narrow(), 0.8, 10) == [Q] * 10
    assert patient.judge(narrow(), 0.8, 10) == [N] * 10
    return patient


@pytest.mark.parametrize("noise_mv", [0.01, 0.05])
def test_an_early_wide_beat_is_ventricular_and_an_early_usual_one_is_not(noise_mv: float) -> None:
    patient = known(noise_mv)
    assert patient.judge(wide(), 0.5) == [V]
    assert patient.judge(narrow(), 1.1) == [N]
    assert patient.judge(narrow(), 0.5) == [N]
    assert patient.judge(narrow(), 0.8, 5) == [N] * 5


@pytest.mark.parametrize("gain", [0.4, 2.0])
def test_height_alone_makes_no_beat_ventricular(gain: float) -> None:
    assert known().judge(narrow(gain), 0.8, 20) == [N] * 20


def test_each_beat_of_a_tachycardia_is_ventricular_for_as_long_as_it_lasts() -> None:
    patient = known()
    assert set(patient.judge(wide(), 0.4, 600)) == {V}
    assert patient.judge(narrow(), 0.8, 3) == [N] * 3


def test_a_wide_beat_in_every_second_place_stays_ventricular() -> None:
    patient = known()
    told = [*zip(patient.judge(narrow(), 1.0), patient.judge(wide(), 0.6), strict=True)]
    for _ in range(100):
        told += zip(patient.judge(narrow(), 1.0), patient.judge(wide(), 0.6), strict=True)
    assert set(told) == {(N, V)}


def test_a_bundle_branch_that_fails_in_time_becomes_usual_and_so_stays() -> None:
    patient = known()
    assert patient.judge(branch(), 0.8, 30)[-15:] == [N] * 15
    assert patient.judge(narrow(), 0.8, 5) == [N] * 5
    assert patient.judge(branch(), 0.8, 5) == [N] * 5
    assert patient.judge(wide(), 0.5) == [V]


def test_what_is_wide_was_ventricular_when_the_patients_own_beats_come() -> None:
    patient = Patient()
    assert patient.judge(wide(), 0.75, 20)[10:] == [N] * 10
    for _ in range(4):
        patient.judge(narrow(), 0.7, 3)
        last = patient.judge(wide(), 0.75, 6)
    assert patient.judge(narrow(), 0.75, 3) == [N] * 3
    assert last == [V] * 6


@pytest.mark.parametrize("interval_s", [0.8, 0.5])
def test_a_new_shape_that_is_slow_and_stays_is_learned_and_a_fast_one_never(
    interval_s: float,
) -> None:
    told = known().judge(wide(), interval_s, 300)
    assert told[0] is V
    assert set(told[-50:]) == ({N} if interval_s > 0.6 else {V})


def test_without_beats_that_are_alike_nothing_is_said() -> None:
    draw = np.random.default_rng(1)
    patient = Patient()
    waves: Iterable[Wave] = (draw.normal(0, 1, len(AT_S)) for _ in range(100))
    assert {told for wave in waves for told in patient.judge(wave, 0.8)} == {Q}


def test_a_wave_that_does_not_move_is_borne() -> None:
    patient = known()
    assert patient.judge(np.zeros(len(AT_S)), 0.8, 3)[0] in (N, V)
    assert patient.judge(narrow(), 0.8) == [N]


def test_families_are_bounded_and_usual_ones_are_kept() -> None:
    families, draw = Families(), np.random.default_rng(2)
    first = Family(Outline(narrow()))
    first.usual = True
    families.known.append(first)
    for _ in range(200):
        outline = Outline(draw.normal(0, 1, len(AT_S)))
        families.join(outline, families.compare(outline), 0.9)
    assert len(families.known) <= 10
    assert first in families.known
