"""A pulse that stops in an arterial line is told; a line that was touched tells nothing."""

from collections.abc import Callable

import numpy as np
import pytest
from detecting import changes, feed, readings, same_however_cut
from hypothesis import given, settings
from hypothesis import strategies as st
from pulse_waves import beat_times, noise, pulse_wave

from edgeward.limits import DEFAULT
from edgeward.signal.detect.pressure import PressureDetector
from edgeward.signal.findings import Sign, SignChange, Vital
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.generate import CHANNELS, SimulatedRecord, simulate
from edgeward.signal.simulation.heart_steps import Asystole, Sinus
from edgeward.signal.simulation.script import Script
from edgeward.signal.vitals.channel_vitals import Told
from edgeward.signal.vitals.patient_vitals import PatientVitals

RATE_HZ = 125
STOPS_S = 20
LATER = slice(STOPS_S * RATE_HZ, None)
S = 1_000_000_000
STANDSTILL = Script((Sinus(STOPS_S, 75.0), Asystole(10.0), Sinus(20.0, 75.0)))
NO_STROKE = Script((Sinus(STOPS_S, 75.0), Sinus(15.0, 75.0, pulse=0.0)))


def patient(script: Script) -> SimulatedRecord:
    return simulate(script, 3, CHANNELS)


def line(script: Script = STANDSTILL) -> Samples:
    return np.array(patient(script).signals["pressure"])


def signs(samples: Samples) -> list[SignChange]:
    return changes(feed(PressureDetector(RATE_HZ), samples), Sign.NO_PULSE)


def told(record: SimulatedRecord, *names: str, blocks_a_second: int = 5) -> list[Told]:
    """What these channels make known together."""
    vitals = PatientVitals("p1", DEFAULT)
    channels = [one for one in record.channels if one.name in names]
    for one in channels:
        vitals.attach(one)
    found: list[Told] = []
    for block in range(int(record.truth.seconds) * blocks_a_second):
        for one in channels:
            first = block * one.rate_hz // blocks_a_second
            end = (block + 1) * one.rate_hz // blocks_a_second
            part = record.signals[one.name][first:end]
            found += vitals.push(one.name, first, part, None, (block + 1) * S // blocks_a_second)
    return found


def begun(found: list[Told], sign: Sign) -> list[float]:
    """When a sign was told as present, in seconds."""
    return [
        one.at_ns / S
        for one in found
        if isinstance(one.finding, SignChange) and one.finding.sign is sign and one.finding.present
    ]


def test_a_pulse_that_stops_is_told_after_four_seconds_and_is_over_when_it_is_back() -> None:
    found = feed(PressureDetector(RATE_HZ), line())
    before, during, after = changes(found, Sign.NO_PULSE)
    pulses = patient(STANDSTILL).truth.pressure_pulses_s
    last_s = float(pulses[pulses < STOPS_S][-1])
    assert (before.present, during.present, after.present) == (False, True, False)
    assert during.since / RATE_HZ == pytest.approx(last_s, abs=0.1)
    assert during.at / RATE_HZ == pytest.approx(last_s + 4.05, abs=0.1)
    assert during.text == "no pulse wave for 4.0 s"
    rates = [
        one.value for one in readings(found, Vital.PULSE_RATE) if during.at <= one.at < after.at
    ]
    assert set(rates) == {None}


@given(cuts=st.lists(st.integers(1, 400), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None)
def test_it_does_not_depend_on_the_blocks(cuts: list[int]) -> None:
    samples = line()[: 27 * RATE_HZ]
    whole = np.ones(len(samples), np.bool_)
    found = same_however_cut(lambda: PressureDetector(RATE_HZ), samples, whole, cuts)
    assert [one.present for one in changes(found, Sign.NO_PULSE)] == [False, True]


def zeroed(samples: Samples) -> None:
    samples[LATER] = 1.0


def flushed(samples: Samples) -> None:
    samples[LATER] = 290.0


def closed(samples: Samples) -> None:
    """A tap is shut: the pressure behind it stays."""
    samples[LATER] = 88.0


def clotted(samples: Samples) -> None:
    """The wave dies away about its mean."""
    since_s = np.arange(len(samples[LATER])) / RATE_HZ
    mean = samples[: STOPS_S * RATE_HZ].mean()
    samples[LATER] = mean + 20 * np.exp(-since_s) * np.sin(8 * since_s)


def opened(samples: Samples) -> None:
    """What stands in the tube is left, and falls a little."""
    samples[LATER] = 22.0 - np.linspace(0, 4, len(samples[LATER]))


def opened_later(samples: Samples) -> None:
    """The line comes off while the pressure runs out."""
    samples[(STOPS_S + 2) * RATE_HZ :] = 18.0


def shaken(samples: Samples) -> None:
    time_s = np.arange(len(samples[LATER])) / RATE_HZ
    samples[LATER] += 25 * np.sin(2 * np.pi * 1.3 * time_s)


TOUCHED = (zeroed, flushed, closed, clotted, opened, opened_later, shaken)


@pytest.mark.parametrize("touch", TOUCHED)
def test_a_line_that_is_touched_tells_of_no_stopped_pulse(
    touch: Callable[[Samples], None],
) -> None:
    samples = line(Script((Sinus(STOPS_S, 75.0), Asystole(10.0))))
    touch(samples)
    assert True not in [one.present for one in signs(samples)]


def test_a_part_that_did_not_come_puts_it_off_until_enough_was_seen() -> None:
    samples = line()[: 26 * RATE_HZ]
    valid = np.ones(len(samples), np.bool_)
    valid[22 * RATE_HZ : 22 * RATE_HZ + 20] = False
    found = feed(PressureDetector(RATE_HZ), samples, valid)
    seen = changes(found, Sign.NO_PULSE)
    assert [one.present for one in seen] == [False, None, True]
    assert seen[-1].at > (22 + 2.5) * RATE_HZ + 20


def test_a_slow_heart_has_a_pulse() -> None:
    samples = line(Script((Sinus(60.0, 24.0, variability=0.0),)))
    assert True not in [one.present for one in signs(samples)]


def test_what_was_hardly_a_pulse_is_not_missed() -> None:
    feet = beat_times(STOPS_S, 75)
    samples = 60 + 8 * pulse_wave(feet, STOPS_S + 8, RATE_HZ) + noise((STOPS_S + 8) * RATE_HZ, 0.2)
    samples[LATER] -= np.linspace(0, 30, 8 * RATE_HZ).astype(np.float32)
    assert True not in [one.present for one in signs(samples)]


def test_a_heart_that_beats_in_its_lead_and_moves_no_blood_is_told() -> None:
    (at_s,) = begun(told(patient(NO_STROKE), "ecg", "pressure"), Sign.NO_PULSE)
    assert STOPS_S + 3 < at_s < STOPS_S + 4.5


def test_a_standstill_is_told_before_the_pulse_that_it_stops() -> None:
    for blocks in (1, 5):
        found = told(patient(STANDSTILL), "ecg", "pressure", blocks_a_second=blocks)
        (still_s,), (stopped_s,) = begun(found, Sign.ASYSTOLE), begun(found, Sign.NO_PULSE)
        assert still_s <= stopped_s < still_s + 1.0


@pytest.mark.parametrize(("arm", "other"), [("pressure", "ppg"), ("ppg", "pressure")])
def test_an_arm_without_a_pulse_is_no_heart_without_one(arm: str, other: str) -> None:
    """A cuff above it: the other arm goes on."""
    without, body = patient(NO_STROKE), patient(Script((Sinus(STOPS_S + 15.0, 75.0),)))
    both = {**body.signals, arm: without.signals[arm]}
    found = told(SimulatedRecord(body.channels, both, body.truth), "ecg", "ppg", "pressure")
    assert begun(found, Sign.NO_PULSE) == []
    held = [one.finding.text for one in found if isinstance(one.finding, SignChange)]
    assert any(text.startswith(f"held back: {other}") for text in held)


def test_a_heart_without_a_stroke_is_told_once_by_both() -> None:
    (at_s,) = begun(told(patient(NO_STROKE), "ecg", "ppg", "pressure"), Sign.NO_PULSE)
    assert STOPS_S + 3 < at_s < STOPS_S + 4.6
