"""A beat as a row of numbers: the same however the signal is cut, and only of what was seen."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_ecg import add_bell, ecg, every

from edgeward.signal.detect.beats.context import LEARNED, WAIT_S, BeatContext, BeatRow
from edgeward.signal.detect.beats.row import FEATURES
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import Beat
from edgeward.signal.ring import Mask, Samples

RATE_HZ: Final = 250
SECONDS: Final = 40
EARLY_S, PAUSE_S = 20.0, 21.1
TIMES_S: Final = (*every(0.8, 1, 19.5), EARLY_S, *every(0.8, PAUSE_S, SECONDS - 1))
SLOW: Final = "interval, of the slow one"
NAMES: Final = tuple(one.name for one in FEATURES)


def rows(
    samples: Samples, valid: Mask | None = None, cuts: Sequence[int] = (), rate_hz: int = RATE_HZ
) -> list[BeatRow]:
    """What becomes known, when the signal comes in blocks of these lengths, again and again."""
    mask = np.ones(len(samples), np.bool_) if valid is None else valid
    detector, context, found = QrsDetector(rate_hz), BeatContext(rate_hz), list[BeatRow]()
    first = turn = 0
    while first < len(samples):
        end = min(len(samples), first + (cuts[turn % len(cuts)] if cuts else len(samples)))
        beats = detector.push(samples[first:end], mask[first:end])
        told = context.push(samples[first:end], mask[first:end], beats)
        assert all(first <= one.at < end for one in told)
        found += told
        first, turn = end, turn + 1
    assert all(a.beat.sample < b.beat.sample and a.at <= b.at for a, b in pairwise(found))
    limit = context.wait_samples
    assert all(0 < one.at - one.beat.sample <= limit for one in found)
    return found


def at(found: Sequence[BeatRow], time_s: float, rate_hz: int = RATE_HZ) -> dict[str, float]:
    """The numbers of the beat at a time, by name."""
    near = min(found, key=lambda one: abs(one.beat.sample - time_s * rate_hz))
    assert abs(near.beat.sample - time_s * rate_hz) < 0.06 * rate_hz
    assert near.row is not None
    return dict(zip(NAMES, near.row.tolist(), strict=True))


def same(one: Sequence[BeatRow], other: Sequence[BeatRow]) -> bool:
    """Whether every bit is."""
    return [(a.beat, a.at, None if a.row is None else a.row.tobytes()) for a in one] == [
        (b.beat, b.at, None if b.row is None else b.row.tobytes()) for b in other
    ]


def test_rows_are_the_same_sample_by_sample_and_at_once() -> None:
    samples = ecg(TIMES_S[:14], 12, RATE_HZ)
    valid = np.ones(len(samples), np.bool_)
    valid[8 * RATE_HZ : 8 * RATE_HZ + 5] = False
    assert same(rows(samples, valid), rows(samples, valid, [1, 1, 1, 250, 7]))


@pytest.mark.slow
@given(
    cuts=st.lists(st.integers(1, 700), min_size=1, max_size=6),
    holes=st.lists(st.tuples(st.integers(0, SECONDS * RATE_HZ), st.integers(1, 900)), max_size=3),
)
@settings(max_examples=12, deadline=None)
def test_rows_are_the_same_however_the_signal_is_cut(
    cuts: list[int], holes: list[tuple[int, int]]
) -> None:
    samples = ecg(TIMES_S, SECONDS, RATE_HZ)
    valid = np.ones(len(samples), np.bool_)
    for first, length in holes:
        valid[first : first + length] = False
    samples[~valid] = np.nan
    assert same(rows(samples, valid), rows(samples, valid, cuts))


@pytest.mark.parametrize("rate_hz", [125, 360, 500])
def test_an_early_beat_and_the_pause_after_it_are_told(rate_hz: int) -> None:
    found = rows(ecg(TIMES_S, SECONDS, rate_hz), rate_hz=rate_hz)
    early, usual = at(found, EARLY_S, rate_hz), at(found, 15.4, rate_hz)
    assert early["interval, of the local one"] < -0.4 < usual["interval, of the local one"]
    assert early["interval after, of the local one"] > 0.5
    assert abs(usual["interval after, of the local one"]) < 0.1
    assert usual["likeness of the complex"] > 0.9


def test_an_early_beat_with_another_p_wave_is_told_from_one_with_the_same() -> None:
    same_p = ecg(TIMES_S, SECONDS, RATE_HZ, p_mv=0.15)
    other_p = same_p.astype(np.float64)
    add_bell(other_p, RATE_HZ, EARLY_S - 0.16, -0.35, 0.025)
    name = "early and with another P wave, where steady"
    changed = at(rows(other_p.astype(np.float32)), EARLY_S)
    assert changed[name] > at(rows(same_p), EARLY_S)[name] + 0.3
    assert changed["likeness of the P wave"] < 0


def test_a_run_of_early_beats_does_not_become_the_usual_interval() -> None:
    run = [*every(0.9, 1, 25), *every(0.55, 25.3, 36)]
    found = rows(ecg(run, 37, RATE_HZ))
    last = at(found, run[-3])
    assert last["interval, of the slow one"] < -0.5
    assert abs(last["interval, of the local one"]) < 0.1


@pytest.mark.parametrize("gain", [0.3, 4.0])
def test_the_gain_of_a_lead_does_not_matter(gain: float) -> None:
    samples = ecg(TIMES_S, SECONDS, RATE_HZ)
    one, other = rows(samples), rows((gain * samples).astype(np.float32))
    assert [a.beat.sample for a in one] == [b.beat.sample for b in other]
    for a, b in zip(one, other, strict=True):
        if a.row is not None and b.row is not None:
            np.testing.assert_allclose(a.row, b.row, atol=0.02)


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.0, 1e-6, 1.0, 1e30]))
@settings(max_examples=10, deadline=None)
def test_a_row_is_numbers_between_minus_1_and_1_whatever_comes(seed: int, size: float) -> None:
    draw = np.random.default_rng(seed)
    samples = ecg(TIMES_S[:30], SECONDS, RATE_HZ)
    noise = (size * draw.normal(size=len(samples))).astype(np.float32)
    disturbed = draw.random(len(samples) // RATE_HZ).repeat(RATE_HZ) < 0.2
    samples[disturbed] += noise[disturbed]
    samples[draw.integers(0, len(samples), 20)] = [np.nan, np.inf, -np.inf, 0.0] * 5
    beats = [
        Beat(int(one), int(one) + 90, 1.0, 80.0) for one in sorted(draw.integers(100, 9800, 60))
    ]
    context = BeatContext(RATE_HZ)
    told = context.push(samples, np.ones(len(samples), np.bool_), beats)
    assert told
    for one in told:
        if one.row is not None:
            assert one.row.shape == (len(FEATURES),)
            assert np.isfinite(one.row).all()
            assert np.abs(one.row).max() <= 1


def test_no_row_before_enough_is_known_nor_of_a_wave_that_did_not_come() -> None:
    samples = ecg(TIMES_S, SECONDS, RATE_HZ)
    valid = np.ones(len(samples), np.bool_)
    hole = round((TIMES_S[15] + 0.4) * RATE_HZ)
    valid[hole : hole + 3] = False
    found = rows(samples, valid)
    assert all(one.row is None for one in found[:LEARNED])
    near = min(found, key=lambda one: abs(one.beat.sample - TIMES_S[15] * RATE_HZ))
    assert near.row is None
    after = at(found, TIMES_S[17])
    assert abs(after["interval before, of the local one"]) < 1e-6, "an interval with a hole"


def test_a_beat_that_no_other_follows_is_told_after_the_longest_wait() -> None:
    found = rows(ecg(every(0.8, 1, 20), SECONDS, RATE_HZ))
    last = found[-1]
    assert last.at == last.beat.sample + round(WAIT_S * RATE_HZ)
    assert at([last], last.beat.sample / RATE_HZ)["interval after, of the local one"] == 1


def test_after_a_long_gap_nothing_of_the_patient_before_is_usual() -> None:
    samples = ecg([*every(1.0, 1, 20), *every(0.5, 28, 40)], SECONDS, RATE_HZ)
    for gap_s, forgotten in ((6, True), (4, False)):
        valid = np.ones(len(samples), np.bool_)
        valid[(27 - gap_s) * RATE_HZ : 27 * RATE_HZ] = False
        found = [one for one in rows(samples, valid) if one.beat.sample > 27 * RATE_HZ]
        known = [one.row is not None for one in found]
        assert (known.index(True) >= LEARNED) is forgotten
        slow = next(one.row for one in found[2:] if one.row is not None)[NAMES.index(SLOW)]
        assert bool(abs(slow) < 0.1) is forgotten


def test_what_did_not_come_is_no_pause() -> None:
    samples = ecg(every(0.8, 1, 20), SECONDS, RATE_HZ)
    valid = np.ones(len(samples), np.bool_)
    valid[21 * RATE_HZ : 22 * RATE_HZ] = False
    last = rows(samples, valid)[-1]
    after = at([last], last.beat.sample / RATE_HZ)["interval after, of the local one"]
    assert abs(after) < 0.1
