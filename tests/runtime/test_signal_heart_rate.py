"""The heart rate: right once a second, or a reason why there is none."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_ecg import ecg, every

from edgeward.signal.detect.heart_rate import AVERAGING, HeartRate
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import Beat, DefectChange, Reading, Reason
from edgeward.signal.ring import Mask, Samples

RATE_HZ = 250
EC13 = Path(__file__).parents[3] / "shared" / "data" / "aami_ec13"


def rates(
    samples: Samples, rate_hz: int = RATE_HZ, valid: Mask | None = None, block: int = 0
) -> list[Reading]:
    """What is told of an ECG."""
    beats, rate, told = QrsDetector(rate_hz), HeartRate(rate_hz), list[Reading]()
    mask = np.ones(len(samples), np.bool_) if valid is None else valid
    for first in range(0, len(samples), block or len(samples)):
        part = slice(first, first + (block or len(samples)))
        found = rate.push(beats.push(samples[part], mask[part]), mask[part])
        told += [one for one in found if isinstance(one, Reading)]
    assert [one.at for one in told] == [
        (second + 1) * rate_hz - 1 for second in range(len(samples) // rate_hz)
    ]
    assert all((one.value is None) is (one.reason is not None) for one in told)
    return told


def of_beats(times_s: Sequence[float], seconds: int) -> list[Reading]:
    """What is told of beats that are known at once."""
    rate, beats = HeartRate(RATE_HZ), [round(t * RATE_HZ) for t in times_s]
    valid = np.ones(seconds * RATE_HZ, np.bool_)
    told = rate.push([Beat(sample, sample, 1.0) for sample in beats], valid)
    return [one for one in told if isinstance(one, Reading)]


def of_strange(
    times_s: Sequence[float], strange_s: Sequence[float], seconds: int
) -> list[Reading | DefectChange]:
    """The same, with beats among them that are like no other."""
    known = sorted([(one, False) for one in times_s] + [(one, True) for one in strange_s])
    beats = [(round(RATE_HZ * at), strange) for at, strange in known]
    found = [Beat(at, at, 1.0, strange=strange) for at, strange in beats]
    return HeartRate(RATE_HZ).push(found, np.ones(seconds * RATE_HZ, np.bool_))


def of_kinds(kinds: str, interval_s: float) -> list[Reading]:
    """What is told of a minute of beats; those of one letter are like each other."""
    places = [round(at * RATE_HZ) for at in every(interval_s, 0.5, 60)]
    own = (kinds * len(places))[: len(places)]
    beats = [
        Beat(
            at,
            at,
            1.0,
            likeness=tuple(0.95 if one == own[place] else 0.6 for one in own[:place][-1:-17:-1]),
        )
        for place, at in enumerate(places)
    ]
    told = HeartRate(RATE_HZ).push(beats, np.ones(60 * RATE_HZ, np.bool_))
    return [one for one in told if isinstance(one, Reading)]


@pytest.mark.parametrize(
    ("kinds", "interval_s", "known"),
    [
        ("a", 0.4, True),
        ("ab", 0.4, True),
        ("aab", 0.4, True),
        ("abcdefgh", 0.4, False),
        ("abcdefgh", 0.6, True),  # it is not fast
    ],
)
def test_a_fast_rate_is_one_of_beats_that_are_like_each_other(
    kinds: str, interval_s: float, known: bool
) -> None:
    for reading in of_kinds(kinds, interval_s)[15:]:
        assert reading.reason is (None if known else Reason.NOISE)


@pytest.mark.parametrize("per_minute", [15, 20, 30, 49, 60, 80, 120, 150, 200, 250, 300])
def test_within_one_percent_or_one_beat(per_minute: int) -> None:
    for reading in of_beats(list(every(60 / per_minute, 0.5, 60)), 60)[25:]:
        assert reading.value is not None
        assert abs(reading.value - per_minute) <= max(1, 0.01 * per_minute)


@pytest.mark.slow
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0, -1.0])
@pytest.mark.parametrize(("wave", "per_minute"), [("3a", 80), ("3b", 60)])
def test_bigeminy_of_the_test_waves(wave: str, per_minute: int, gain: float) -> None:
    path = EC13 / f"aami{wave}_720hz.npz"
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    samples = gain * np.load(path)["mv"]
    told = rates(samples.astype(np.float32), 720)[20:]
    assert len(told) > 30
    for reading in told:
        assert reading.value is not None
        assert abs(reading.value - per_minute) <= 1


@pytest.mark.parametrize("to", [120, 40])
def test_a_step_is_told_within_ten_seconds(to: int) -> None:
    before, after = every(0.75, 1, 30.1), every(60 / to, 30.1, 60)
    told = rates(ecg([*before, *after], 60, RATE_HZ))
    assert told[29].value == pytest.approx(80, abs=1)
    for reading in told[40:55]:
        assert reading.value == pytest.approx(to, abs=1)


@pytest.mark.parametrize("qrs_mv", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("to", [200, 30])
def test_a_rate_beyond_a_limit_is_told_within_ten_seconds(to: int, qrs_mv: float) -> None:
    before, after = every(0.75, 1, 20), every(60 / to, 20.5, 40)
    wave = ecg([*before, *after], 40, RATE_HZ, qrs_mv, t_mv=0.1 * qrs_mv, p_mv=0)
    value = rates(wave)[30].value
    assert value is not None
    assert value > 120 if to > 120 else value < 50


def test_every_second_beat_early_does_not_sway_it() -> None:
    times_s = np.cumsum([0.5, 1.0] * 30)
    told = [reading.value for reading in of_beats(list(times_s), 45)[20:]]
    assert told == [pytest.approx(80, abs=0.5)] * len(told)


def test_a_standstill_has_no_rate() -> None:
    told = rates(ecg(every(0.8, 1, 20), 40, RATE_HZ, noise_mv=0.1 / 6))
    assert told[19].value == pytest.approx(75, abs=1)
    assert [one.reason for one in told[26:]] == [Reason.STALE] * 14


def test_without_a_beat_there_never_is_a_rate() -> None:
    told = rates(np.zeros(30 * RATE_HZ, np.float32))
    assert [one.reason for one in told] == [Reason.LEARNING] * 11 + [Reason.WEAK] * 19


def test_after_a_standstill_it_is_learned_anew() -> None:
    told = of_beats([*every(0.8, 1, 20), *every(0.5, 30, 40)], 40)
    assert told[28].reason is Reason.STALE
    assert told[30].reason is Reason.LEARNING
    assert told[33].value == pytest.approx(120, abs=1)


def test_what_does_not_come_has_no_rate() -> None:
    wave, valid = ecg(every(0.8, 1, 40), 40, RATE_HZ), np.ones(40 * RATE_HZ, np.bool_)
    wave[15 * RATE_HZ : 23 * RATE_HZ] = np.nan
    valid[15 * RATE_HZ : 23 * RATE_HZ] = False
    told = rates(wave, valid=valid)
    assert [one.reason for one in told[16:23]] == [Reason.MISSING] * 7
    assert told[23].reason is Reason.LEARNING
    assert told[39].value == pytest.approx(75, abs=1)


def test_an_interval_never_spans_a_gap() -> None:
    wave, valid = ecg(every(0.8, 1, 40), 40, RATE_HZ), np.ones(40 * RATE_HZ, np.bool_)
    for second in range(10, 40, 4):
        valid[second * RATE_HZ : second * RATE_HZ + 150] = False
    told = [reading.value for reading in rates(wave, valid=valid)[14:] if reading.value]
    assert len(told) > 20
    assert told == [pytest.approx(75, abs=1)] * len(told)


@settings(max_examples=10, deadline=None)
@given(
    st.integers(20, 3000),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 1500)), max_size=4),
)
def test_the_cut_into_blocks_changes_nothing(block: int, gaps: list[tuple[int, int]]) -> None:
    wave = ecg(every(0.7, 1, 19), 20, RATE_HZ)
    valid = np.ones(len(wave), np.bool_)
    for first, length in gaps:
        valid[first : first + length] = False
    assert rates(wave, valid=valid, block=block) == rates(wave, valid=valid)


def test_what_is_told_is_what_is_shown() -> None:
    told = [reading.value for reading in of_beats(list(every(0.4985, 0.5, 40)), 40)[20:]]
    assert told == [120.0] * len(told)  # 120.4 a minute, and no more than a limit of 120


def test_a_strange_beat_in_between_does_not_count() -> None:
    between_s = [10.3, 13.5, 16.6, 19.4]
    told = of_strange(list(every(0.8, 0.5, 30)), between_s, 30)
    assert [one.value for one in told[10:] if isinstance(one, Reading)] == [75.0] * 20


def test_a_strange_beat_in_time_counts() -> None:
    times_s = list(every(0.8, 0.5, 30))
    strange_s = times_s[12::7]
    told = of_strange([one for one in times_s if one not in strange_s], strange_s, 30)
    assert [one.value for one in told[10:] if isinstance(one, Reading)] == [75.0] * 20


def test_slow_beats_of_a_new_shape_are_slow_from_the_first_on() -> None:
    told = of_strange(list(every(0.75, 0.5, 20)), [21.5, 23.0, 24.5, 26.0], 27)
    assert not any(isinstance(one, DefectChange) for one in told)
    values = [one.value for one in told if isinstance(one, Reading)]
    assert values[-2:] == [40, 36]


def test_slow_beats_between_which_none_is_sure_are_slow_together() -> None:
    before = list(every(0.9, 0.5, 20))
    strange = [before[-1] + 1.3, before[-1] + 2.6]
    told = of_strange([*before, before[-1] + 3.9, before[-1] + 5.2], strange, 26)
    assert isinstance(told[-1], Reading)
    assert told[-1].value == 46


def test_what_rests_on_strange_beats_is_unknown_and_somebody_is_told() -> None:
    strange_s = np.arange(20.1, 32, 0.37).tolist()
    told = of_strange(list(every(0.8, 0.5, 60)), strange_s, 60)
    readings = [one for one in told if isinstance(one, Reading)]
    assert {one.value for one in readings[10:20]} == {75.0}
    assert [one.reason for one in readings[24:32]] == [Reason.NOISE] * 8
    assert {one.value for one in readings[20:]} == {75.0, None}
    begins, ends = (one for one in told if isinstance(one, DefectChange))
    assert (begins.defect, begins.present) == (ends.defect, not ends.present) == (Reason.WEAK, True)
    assert 20 <= begins.since / RATE_HZ < begins.at / RATE_HZ < 30
    assert 36 < ends.at / RATE_HZ < 50


@pytest.mark.parametrize("seed", [1, 2])
def test_muscles_do_not_make_a_rate_up(seed: int) -> None:
    wave = ecg(every(0.8, 1, 60), 60, RATE_HZ)
    shaken = np.random.default_rng(seed).normal(0.0, 0.35, 40 * RATE_HZ)
    wave[20 * RATE_HZ :] += shaken.astype(np.float32)
    told = rates(wave)
    assert {one.value for one in told[10:20]} == {75.0}
    assert not [one for one in told if one.value is not None and one.value > 85]
    assert sum(one.reason is Reason.NOISE for one in told[30:]) > 20


def test_the_rule_can_be_shown_and_a_rate_is_needed() -> None:
    assert "9 seconds" in AVERAGING
    assert "a whole number" in AVERAGING
    with pytest.raises(ValueError, match="accepted: 1 or more"):
        HeartRate(0)
