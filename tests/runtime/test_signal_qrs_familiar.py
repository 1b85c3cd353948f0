"""Beats that are like no other: told, and no verdict."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made_ecg import ecg, every

from edgeward.signal.detect.qrs.familiar import Familiar
from edgeward.signal.detect.qrs.families import SHIFTS, Outline
from edgeward.signal.detect.qrs.front import Values
from edgeward.signal.detect.qrs.qrs import QrsDetector

AROUND = 17


def wave(width: float, at: float = 0.0, turn: float = 1.0) -> Values:
    """A complex in the middle, or a little beside it."""
    places = np.arange(-AROUND - SHIFTS, AROUND + SHIFTS + 1) - at
    bell = np.exp(-((places / width) ** 2))
    slope: Values = turn * bell * np.cos(places / width)
    return slope


def test_each_kind_of_beat_is_like_others_of_its_kind() -> None:
    familiar = Familiar()
    kinds = [wave(3, at=place % 3 - 1, turn=-1 if place % 4 == 3 else 1) for place in range(40)]
    assert not any([familiar.strange(Outline(one)) for one in kinds][8:])


def test_a_new_kind_is_strange_until_it_has_come_twice() -> None:
    familiar = Familiar()
    told = [familiar.strange(Outline(wave(3))) for _ in range(10)]
    told += [familiar.strange(Outline(wave(9, turn=-1))) for _ in range(4)]
    assert told == [False] * 10 + [True, True, False, False]


def test_what_never_looks_the_same_twice_is_strange() -> None:
    familiar, draws = Familiar(), np.random.default_rng(4)
    for _ in range(10):
        familiar.strange(Outline(wave(3)))
    told = [familiar.strange(Outline(np.cumsum(draws.normal(size=41) - 0.1))) for _ in range(6)]
    spikes = [familiar.strange(Outline(draws.normal(size=41))) for _ in range(20)]
    assert sum(told) >= 3
    assert all(spikes)


def test_how_like_a_beat_is_to_those_before_it_is_told_latest_first() -> None:
    familiar = Familiar()
    for turn in (1, -1, 1):
        familiar.strange(Outline(wave(3, turn=turn)))
    latest, first = familiar.likeness
    assert latest < 0.5
    assert first > 0.99


@given(st.floats(0.001, 10), st.floats(-1000, 1000))
def test_neither_height_nor_level_matters(height: float, level: float) -> None:
    familiar = Familiar()
    told = [
        familiar.strange(Outline((place + 1) * height * wave(3) + level)) for place in range(12)
    ]
    assert not any(told)


def test_beats_of_a_clean_signal_are_not_strange() -> None:
    samples = ecg(every(0.8, 1, 30), 30, 250)
    beats = QrsDetector(250).push(samples, np.ones(len(samples), np.bool_))
    assert len(beats) > 30
    assert not any(beat.strange for beat in beats)
