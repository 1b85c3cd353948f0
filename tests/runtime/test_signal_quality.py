"""What is wrong with a channel is told in time, and a rhythm that kills is not what is wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgeward.signal.channel import ACCEPTED, Channel, Signal
from edgeward.signal.findings import DefectChange, Reason
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.quality.quality import SLOWEST_S, Quality, quality_of

Wave = NDArray[np.float32]
Change = Callable[[Wave, int], Wave]

RATE = 250
BEFORE_S, FAULT_S, AFTER_S = 12, 14, 18


def ecg_channel(rate_hz: int = RATE) -> Channel:
    return Channel("II", Signal.ECG, "mV", rate_hz)


def sinus(seconds: float, rate_hz: int = RATE, seed: int = 3) -> Wave:
    return SimulatedPatient(seed, rate_hz).ecg("sinus", seconds)


def told(quality: Quality, wave: Wave, block: int = 100) -> list[DefectChange]:
    """Everything that a wave makes known."""
    found: list[DefectChange] = []
    for at in range(0, len(wave), block):
        part = wave[at : at + block]
        for one in quality.push(part, np.ones(len(part), np.bool_)):
            assert isinstance(one, DefectChange)
            assert at <= one.at < at + len(part)
            found.append(one)
    return found


def seconds_of(wave: Wave, rate_hz: int) -> NDArray[np.float64]:
    return np.arange(len(wave)) / rate_hz


def rail(wave: Wave, rate_hz: int) -> Wave:
    return np.full_like(wave, 5.0)


def hum_of(mains_hz: float) -> Change:
    def hum(wave: Wave, rate_hz: int) -> Wave:
        time = seconds_of(wave, rate_hz)
        mains = np.sin(2 * np.pi * mains_hz * time)
        if 4 * mains_hz < rate_hz:  # no converter lets through what it would alias
            mains += 0.2 * np.sin(2 * np.pi * 2 * mains_hz * time)
        both: Wave = (mains + 0.05 * np.sin(2 * np.pi * 0.3 * time)).astype(np.float32)
        return both

    return hum


def flat(wave: Wave, rate_hz: int) -> Wave:
    return np.full_like(wave, 0.12)


def flicker(wave: Wave, rate_hz: int) -> Wave:
    """Flat within the unit of a converter."""
    wave = np.full_like(wave, 0.12)
    wave[::7] += np.float32(0.005)
    return wave


def lost(wave: Wave, rate_hz: int) -> Wave:
    return np.full_like(wave, np.nan)


def endless(wave: Wave, rate_hz: int) -> Wave:
    return np.full_like(wave, np.inf)


def clipped(wave: Wave, rate_hz: int) -> Wave:
    """Far too much for the converter, beside the beats."""
    swing = 3.0 * np.sin(2 * np.pi * 1.3 * seconds_of(wave, rate_hz))
    return np.clip(wave + swing, -1.5, 1.5).astype(np.float32)


def wrong_unit(wave: Wave, rate_hz: int) -> Wave:
    return np.multiply(wave, 2000, dtype=np.float32)


def motion(wave: Wave, rate_hz: int) -> Wave:
    """An electrode that moves: much, slow, and never the same."""
    draw = np.random.default_rng(5)
    slow = np.cumsum(draw.normal(size=len(wave)))
    width = rate_hz
    slow -= np.convolve(slow, np.full(width, 1 / width), "same")
    mixed: Wave = (wave + slow * (0.25 * np.ptp(wave) / slow.std())).astype(np.float32)
    return mixed


def tremor(wave: Wave, rate_hz: int) -> Wave:
    """Muscles: fine, and all the time; as much in each hertz at any rate."""
    draw = np.random.default_rng(6).normal(size=len(wave)) * (rate_hz / RATE) ** 0.5
    mixed: Wave = (wave + draw * 0.25 * np.ptp(wave)).astype(np.float32)
    return mixed


FAULTS = [
    pytest.param(rail, Reason.LEAD_OFF, id="rail"),
    pytest.param(hum_of(50.0), Reason.LEAD_OFF, id="hum of 50 Hz"),
    pytest.param(hum_of(60.0), Reason.LEAD_OFF, id="hum of 60 Hz"),
    pytest.param(hum_of(49.8), Reason.LEAD_OFF, id="hum of slow mains"),
    pytest.param(flat, Reason.FLAT, id="flat"),
    pytest.param(flicker, Reason.FLAT, id="flat but for one unit"),
    pytest.param(lost, Reason.MISSING, id="nan"),
    pytest.param(endless, Reason.MISSING, id="infinite"),
    pytest.param(clipped, Reason.CLIPPING, id="clipped"),
    pytest.param(wrong_unit, Reason.OUT_OF_RANGE, id="wrong unit"),
    pytest.param(motion, Reason.NOISE, id="motion"),
    pytest.param(tremor, Reason.NOISE, id="tremor"),
]


@pytest.mark.parametrize(
    "rate_hz",
    [250, *(pytest.param(rate_hz, marks=pytest.mark.slow) for rate_hz in (125, 360, 1000))],
)
@pytest.mark.parametrize(("fault", "defect"), FAULTS)
def test_a_fault_is_told_in_time_and_ends(fault: Change, defect: Reason, rate_hz: int) -> None:
    wave = sinus(BEFORE_S + FAULT_S + AFTER_S, rate_hz)
    begin, end = BEFORE_S * rate_hz, (BEFORE_S + FAULT_S) * rate_hz
    wave[begin:end] = fault(wave[begin:end], rate_hz)
    quality = quality_of(ecg_channel(rate_hz))
    mine = [one for one in told(quality, wave) if one.defect is defect]
    assert [one.present for one in mine] == [True, False]
    first, last = mine
    assert begin <= first.at < begin + SLOWEST_S[defect] * rate_hz + rate_hz // 2
    assert begin - rate_hz <= first.since <= first.at
    assert end - 2 * rate_hz <= last.since <= last.at < end + 15 * rate_hz
    assert quality.defects == frozenset()


@pytest.mark.parametrize("rate_hz", [125, 200, 363, 500, 999])
def test_nothing_is_wrong_with_a_heart_that_beats(rate_hz: int) -> None:
    quality = quality_of(ecg_channel(rate_hz))
    assert told(quality, sinus(30, rate_hz)) == []
    assert quality.ratio_db is not None
    assert quality.index > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 5])
@pytest.mark.parametrize("rhythm", ["bradycardia", "tachycardia", "sinus"])
def test_no_rate_is_a_defect(rhythm: str, seed: int) -> None:
    wave = SimulatedPatient(seed, RATE).ecg(rhythm, 40)
    assert told(quality_of(ecg_channel()), wave) == []


@pytest.mark.slow
@pytest.mark.parametrize(("height_mv", "seed"), [(0.1, 0), (0.1, 1), (0.3, 2), (1.0, 3)])
def test_a_heart_that_stops_is_no_defect(height_mv: float, seed: int) -> None:
    """Residual wander of 0.1 to 1 mV; nothing may call it noise, flat, off or weak."""
    draw = np.random.default_rng(seed)
    time = np.arange(60 * RATE) / RATE
    wander = np.sin(2 * np.pi * 0.11 * time) + 0.7 * np.sin(2 * np.pi * 0.37 * time + seed)
    wander = wander / np.ptp(wander) * height_mv + draw.normal(0, 0.004, len(time))
    wave = np.concatenate([sinus(30, seed=seed), wander.astype(np.float32)])
    converted = (np.round(wave * 200) / 200).astype(np.float32)
    assert told(quality_of(ecg_channel()), converted) == []


@pytest.mark.slow
@pytest.mark.parametrize(("height_mv", "seed"), [(0.2, 0), (0.2, 1), (0.6, 2), (2.0, 3)])
def test_fibrillation_is_no_defect(height_mv: float, seed: int) -> None:
    """A wave of 4 to 7 Hz that wanders in rate and height, after a rhythm that was sound."""
    draw = np.random.default_rng(seed)
    count = 60 * RATE
    steps = np.convolve(draw.normal(size=count), np.full(RATE, RATE**-0.5), "same")
    phase = 2 * np.pi * np.cumsum(5.5 + 0.8 * np.clip(steps, -1.8, 1.8)) / RATE
    swell = 1 + 0.5 * np.sin(2 * np.pi * 0.21 * np.arange(count) / RATE + seed)
    chaos = swell * np.sin(phase) * height_mv / 2 + draw.normal(0, 0.01, count)
    wave = np.concatenate([sinus(30, seed=seed), chaos.astype(np.float32)])
    assert told(quality_of(ecg_channel()), wave) == []


def test_fibrillation_takes_noise_back() -> None:
    """Noise that was told must not hide what comes after it."""
    count = 30 * RATE
    draw = np.random.default_rng(1)
    steps = np.convolve(draw.normal(size=count), np.full(RATE, RATE**-0.5), "same")
    chaos = np.sin(2 * np.pi * np.cumsum(5.5 + 0.8 * np.clip(steps, -1.8, 1.8)) / RATE)
    wave = np.concatenate([motion(sinus(30), RATE), chaos.astype(np.float32)])
    found = told(quality_of(ecg_channel()), wave)
    assert [(one.defect, one.present) for one in found] == [
        (Reason.NOISE, True),
        (Reason.NOISE, False),
    ]
    assert found[1].at <= 36 * RATE


def test_beats_of_two_kinds_are_no_noise() -> None:
    """Bigeminy: each second beat is another one."""
    wave = sinus(40)
    beats = SimulatedPatient(3, RATE).record([("sinus", 40)]).beats
    time = np.arange(-60, 61) / RATE
    for beat in beats[1::2]:
        if 60 <= beat < len(wave) - 61:
            wide = 2.0 * np.exp(-0.5 * (time / 0.035) ** 2) - np.exp(
                -0.5 * ((time - 0.1) / 0.05) ** 2
            )
            wave[beat - 60 : beat + 61] = wide
    assert told(quality_of(ecg_channel()), wave) == []


def test_beats_of_which_much_is_cut_off_are_clipped() -> None:
    wave = sinus(30)
    wave[15 * RATE :] = np.minimum(wave[15 * RATE :], np.float32(0.2 * wave.max()))
    found = told(quality_of(ecg_channel()), wave)
    assert [(one.defect, one.present) for one in found] == [(Reason.CLIPPING, True)]


def test_lost_samples_here_and_there_are_one_defect() -> None:
    """A fifth of them, at random: it does not begin and end with each second."""
    wave = sinus(60)
    draw = np.random.default_rng(4)
    wave[15 * RATE : 45 * RATE][draw.random(30 * RATE) < 0.2] = np.nan
    found = told(quality_of(ecg_channel()), wave)
    assert [(one.defect, one.present) for one in found] == [
        (Reason.MISSING, True),
        (Reason.MISSING, False),
    ]


def pulses(seconds: float) -> Wave:
    """A pulse wave of 72 a minute, not all of one height."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 1.2 * time % 1
    wave = np.exp(-0.5 * ((phase - 0.25) / 0.09) ** 2)
    wave += 0.4 * np.exp(-0.5 * ((phase - 0.55) / 0.1) ** 2)
    return ((1 + 0.1 * np.sin(1.6 * time)) * wave + 0.2 * np.sin(0.3 * time)).astype(np.float32)


def test_a_pulse_wave_in_motion_is_noise() -> None:
    wave = pulses(60)
    assert told(quality_of(Channel("pleth", Signal.PPG, "1", RATE)), wave) == []
    slow = np.convolve(np.random.default_rng(1).normal(size=len(wave)), np.full(40, 1 / 40), "same")
    wave[20 * RATE : 40 * RATE] += (slow / slow.std())[20 * RATE : 40 * RATE].astype(np.float32)
    found = told(quality_of(Channel("pleth", Signal.PPG, "1", RATE)), wave)
    assert [(one.defect, one.present) for one in found] == [
        (Reason.NOISE, True),
        (Reason.NOISE, False),
    ]
    assert 20 * RATE < found[0].at < 30 * RATE


def test_a_pulse_that_is_gone_is_weak_and_no_noise() -> None:
    """Noise would say that nothing can be known; that the pulse is gone can be."""
    wave = pulses(90)
    draw = np.random.default_rng(2).normal(0, 0.01, 60 * RATE)
    wave[30 * RATE :] = (wave[30 * RATE] + draw).astype(np.float32)
    found = told(quality_of(Channel("pleth", Signal.PPG, "1", RATE)), wave)
    assert [(one.defect, one.present) for one in found] == [(Reason.WEAK, True)]
    assert found[0].at < 40 * RATE


def test_a_few_lost_samples_are_no_defect_and_a_mask_counts_as_lost() -> None:
    wave = sinus(20)
    wave[1000:1020] = np.nan
    quality = quality_of(ecg_channel())
    assert told(quality, wave) == []
    found = quality.push(wave[:250], np.zeros(250, np.bool_))
    assert [(one.defect, one.present) for one in found if isinstance(one, DefectChange)] == [
        (Reason.MISSING, True)
    ]
    assert quality.defects == {Reason.MISSING}
    assert quality.index == 0.0


def test_what_is_invalid_is_not_read() -> None:
    wave, valid = sinus(30), np.ones(30 * RATE, np.bool_)
    valid[1000:1030] = False
    first, second = quality_of(ecg_channel()), quality_of(ecg_channel())
    other = wave.copy()
    other[1000:1030] = -1e30
    assert first.push(wave, valid) == second.push(other, valid)
    assert first.ratio_db == second.ratio_db


def test_a_defect_stays_while_the_signal_is_gone() -> None:
    wave = sinus(40)
    wave[10 * RATE : 20 * RATE] = flat(wave[10 * RATE : 20 * RATE], RATE)
    wave[20 * RATE : 30 * RATE] = np.nan
    found = told(quality_of(ecg_channel()), wave)
    ends = [one for one in found if one.defect is Reason.FLAT and not one.present]
    assert len(ends) == 1
    assert ends[0].at > 30 * RATE


def numbers(signal: Signal, values: Any) -> list[tuple[Reason, bool, int]]:
    """What a channel of one number a second makes known."""
    acceptance = ACCEPTED[signal]
    channel = Channel("n", signal, acceptance.unit, 1)
    found = told(quality_of(channel), np.array(values, np.float32), 7)
    return [(one.defect, one.present, one.at) for one in found]


@pytest.mark.parametrize("signal", [Signal.SPO2, Signal.TEMPERATURE])
def test_a_number_that_never_changes_is_stuck(signal: Signal) -> None:
    values = [37.0] * 2000 + [36.0, 37.0]
    assert numbers(signal, values) == [
        (Reason.STUCK, True, 1800),
        (Reason.STUCK, False, 2000),
    ]
    assert numbers(signal, [36.0, 37.0] * 1000) == []


def test_numbers_may_be_missing_or_impossible() -> None:
    values = [97.0, np.nan, np.nan, 96.0, 97.0, 140.0, 97.0, 98.0, 97.0, 98.0, 97.0, 98.0]
    found = numbers(Signal.SPO2, values)
    assert found == [
        (Reason.MISSING, True, 1),
        (Reason.MISSING, False, 5),
        (Reason.OUT_OF_RANGE, True, 5),
        (Reason.OUT_OF_RANGE, False, 10),
    ]


def test_an_acceleration_that_never_changes_is_stuck_and_one_lost_axis_loses_the_sample() -> None:
    channel = Channel("chest", Signal.ACCELERATION, "g", 50)
    still = np.tile(np.array([0.0, 0.1, 1.0], np.float32), (70 * 50, 1))
    assert [one.defect for one in told(quality_of(channel), still)] == [Reason.STUCK]
    moving = still + np.random.default_rng(2).normal(0, 0.01, still.shape).astype(np.float32)
    assert told(quality_of(channel), moving) == []
    moving[1000:, 1] = np.nan
    assert [one.defect for one in told(quality_of(channel), moving)] == [Reason.MISSING]


@pytest.mark.parametrize("signal", [Signal.PPG, Signal.RESPIRATION, Signal.PRESSURE])
def test_a_wave_of_any_kind_is_flat_when_it_is(signal: Signal) -> None:
    acceptance = ACCEPTED[signal]
    channel = Channel("w", signal, acceptance.unit, RATE)
    time = np.arange(40 * RATE) / RATE
    draw = np.random.default_rng(1).normal(0, 0.2, len(time))
    wave = (90 + 20 * np.sin(2 * np.pi * 1.1 * time) + draw).astype(np.float32)
    assert told(quality_of(channel), wave) == []
    wave[15 * RATE : 25 * RATE] = 80
    found = told(quality_of(channel), wave)
    mine = [one for one in found if one.defect is Reason.FLAT]
    assert [one.present for one in mine] == [True, False]
    assert mine[0].at <= 17 * RATE
    assert {one.defect for one in found} <= {Reason.FLAT, Reason.WEAK}


def troubled() -> tuple[Wave, NDArray[np.bool_]]:
    """A little of everything."""
    wave = sinus(36)
    for number, fault in enumerate([rail, lost, flat, clipped, hum_of(50.0)]):
        at = (2 + 4 * number) * RATE
        wave[at : at + 3 * RATE] = fault(wave[at : at + 3 * RATE], RATE)
    wave[22 * RATE :] = motion(wave[22 * RATE :], RATE)
    valid = np.ones(len(wave), np.bool_)
    valid[34 * RATE : 35 * RATE] = False
    return wave, valid


TROUBLED = troubled()


@given(st.lists(st.integers(1, 1500), max_size=30))
@settings(max_examples=8, deadline=None)
def test_how_samples_are_cut_into_blocks_does_not_matter(cuts: list[int]) -> None:
    wave, valid = TROUBLED
    whole = quality_of(ecg_channel())
    expected = whole.push(wave, valid)
    assert len(expected) >= 8
    quality = quality_of(ecg_channel())
    places = np.minimum(np.cumsum(np.array(cuts, np.int64)), len(wave))
    parts = zip(np.split(wave, places), np.split(valid, places), strict=True)
    found = [one for part, good in parts for one in quality.push(part, good)]
    assert found == expected
    assert quality.ratio_db == whole.ratio_db
    assert quality.defects == whole.defects


def test_sample_by_sample_is_the_same() -> None:
    wave, valid = TROUBLED[0][: 20 * RATE], TROUBLED[1][: 20 * RATE]
    expected = quality_of(ecg_channel()).push(wave, valid)
    quality = quality_of(ecg_channel())
    found = [
        one
        for at in range(len(wave))
        for one in quality.push(wave[at : at + 1], valid[at : at + 1])
    ]
    assert found == expected
