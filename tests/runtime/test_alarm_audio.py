"""The sounds of alarms, measured as with a microphone: by envelope and by spectrum."""

import io
import wave
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from alarm_states import SECOND_NS, alarm, mark, shown, state
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.alarm.annunciation.audio import AudioStream
from edgeward.alarm.annunciation.burst import Audio, burst, period_ns
from edgeward.alarm.annunciation.patterns import (
    FAILURE_RESERVE_MS,
    MIDDLE_GAP_MS,
    PATTERNS,
    PEAK,
    RANGES,
    Range,
    Sound,
)
from edgeward.alarm.annunciation.speaker import (
    SILENCE_NS_MAX,
    Speaker,
    failure_period,
    failure_tone,
)
from edgeward.alarm.annunciation.wave_file import write_wave
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Activation, Inactivation, Presence, Priority

RATE = 16_000
QUIET = state()
HIGH = state([alarm(Priority.HIGH, 1)])
MEDIUM = state([alarm(Priority.MEDIUM, 2)])
LOW = state([alarm(Priority.LOW, 3)])
CARRY_PRIORITY = {Sound.HIGH: HIGH, Sound.MEDIUM: MEDIUM, Sound.LOW: LOW}


@dataclass(frozen=True)
class Pulse:
    """One pulse, between the points at 90 % of its height."""

    begin: float
    end: float
    rise_ms: float
    fall_ms: float

    @property
    def ms(self) -> float:
        return (self.end - self.begin) * 1e3


def envelope(sound: Audio, rate: int, turn_hz: float) -> npt.NDArray[np.float64]:
    """The highest sample within one turn of the fundamental, as a share of the highest of all."""
    turn = round(rate / turn_hz)
    around = np.pad(np.abs(sound.astype(np.float64)), (turn // 2, turn - 1 - turn // 2))
    height = np.lib.stride_tricks.sliding_window_view(around, turn).max(axis=1)
    return np.asarray(height / height.max())


def pulses(sound: Audio, rate: int, turn_hz: float) -> list[Pulse]:
    height = envelope(sound, rate, turn_hz)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (height > 0.05).astype(int), [0]])))
    found = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        part = height[first:last]
        low, high = (np.flatnonzero(part >= share) for share in (0.1, 0.9))
        found.append(
            Pulse(
                (first + high[0]) / rate, (first + high[-1] + 1) / rate,
                (high[0] - low[0]) * 1e3 / rate, (low[-1] - high[-1]) * 1e3 / rate,
            )
        )  # fmt: skip
    return found


def spectrum_peaks(pulse: Audio, rate: int) -> dict[float, float]:
    """Frequency and level in dB of each line that stands out by less than 40 dB."""
    size = 1 << 17
    lines = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), size))
    hz = np.arange(len(lines)) * rate / size
    strongest = [
        k for k in range(2, len(lines) - 2)
        if lines[k] == lines[max(0, k - 800) : k + 800].max() and lines[k] > lines.max() / 100
    ]  # fmt: skip
    return {hz[k]: 20 * np.log10(lines[k] / lines.max()) for k in strongest}


def inside(value: float, allowed: Range, slack: float = 0.0) -> bool:
    return allowed[0] - slack <= value <= allowed[1] + slack


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("sound", CARRY_PRIORITY)
def test_burst_and_pulses_lie_in_the_ranges_of_their_priority(sound: Sound, rate: int) -> None:
    allowed, turn_hz = RANGES[sound], PATTERNS[sound].fundamental_hz
    found = pulses(burst(PATTERNS[sound], rate), rate, turn_hz)
    assert inside(len(found), allowed.pulses)
    for pulse in found:
        assert inside(pulse.ms, allowed.pulse_ms)
        assert inside(pulse.rise_ms / pulse.ms, allowed.rise_share, slack=0.01)
    gaps_ms = [(b.begin - a.end) * 1e3 for a, b in pairwise(found)]
    assert all(
        before.fall_ms <= gap - after.rise_ms
        for before, after, gap in zip(found, found[1:], gaps_ms, strict=False)
    )
    if sound is Sound.HIGH:
        assert inside(gaps_ms.pop(4), MIDDLE_GAP_MS)
        short = gaps_ms[0]
        for far in (gaps_ms.pop(6), gaps_ms.pop(2)):
            assert far == pytest.approx(2 * short + found[0].ms, rel=0.05)
    assert all(inside(gap, allowed.short_gap_ms) for gap in gaps_ms)
    assert all(gap == pytest.approx(gaps_ms[0], rel=0.05) for gap in gaps_ms)


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("sound", CARRY_PRIORITY)
def test_the_spectrum_of_a_pulse_has_the_harmonics_it_needs(sound: Sound, rate: int) -> None:
    allowed = RANGES[sound]
    whole = burst(PATTERNS[sound], rate)
    first = pulses(whole, rate, PATTERNS[sound].fundamental_hz)[0]
    peaks = spectrum_peaks(whole[round(first.begin * rate) : round(first.end * rate)], rate)
    fundamental = min(peaks)
    assert inside(fundamental, allowed.fundamental_hz)
    harmonics = [
        level - peaks[fundamental]
        for hz, level in peaks.items()
        if inside(hz, allowed.harmonic_hz)
        and hz > 1.5 * fundamental
        and abs(hz / fundamental - round(hz / fundamental)) < 0.02
    ]
    assert len(harmonics) >= allowed.harmonics_min
    assert all(inside(level, allowed.harmonic_db) for level in harmonics)


@pytest.mark.parametrize("sound", CARRY_PRIORITY)
def test_bursts_repeat_at_the_interval_of_their_priority(sound: Sound) -> None:
    heard = AudioStream(RATE).render(CARRY_PRIORITY[sound], 0, 60 * RATE)
    found = pulses(heard, RATE, PATTERNS[sound].fundamental_hz)
    breaks_ms = [(b.begin - a.end) * 1e3 for a, b in pairwise(found)]
    between = [gap for gap in breaks_ms if gap > 2000]
    assert len(between) >= 2
    assert all(inside(gap, RANGES[sound].interval_ms) for gap in between)
    assert all(gap == pytest.approx(PATTERNS[sound].interval_ms, abs=2) for gap in between)


def test_what_matters_more_is_heard_more_often_and_not_quieter() -> None:
    every = [AudioStream(RATE).render(s, 0, 60 * RATE) for s in (HIGH, MEDIUM, LOW)]
    shares = [float(np.mean(np.abs(heard) > 0.01)) for heard in every]
    assert shares == sorted(shares, reverse=True)
    assert shares[2] > 0.005
    assert all(np.abs(heard).max() == pytest.approx(PEAK, rel=0.02) for heard in every)


def test_no_sound_can_be_rendered_at_a_rate_that_loses_its_harmonics() -> None:
    with pytest.raises(ValueError, match="15999 samples a second; accepted: 16000 or more"):
        AudioStream(15_999)


SCRIPT = {0: QUIET, 1: MEDIUM, 2: HIGH, 3: LOW, 4: QUIET}


@given(
    script=st.lists(st.tuples(st.sampled_from(sorted(SCRIPT)), st.integers(0, 9000)), max_size=5),
    cuts=st.lists(st.integers(1, 4000), min_size=1, max_size=6),
    rate=st.sampled_from([16_000, 22_050]),
)
@settings(max_examples=15, deadline=None)
def test_the_samples_do_not_depend_on_how_time_is_cut(
    script: list[tuple[int, int]], cuts: list[int], rate: int
) -> None:
    def at_ns(sample: int) -> int:
        return round(sample * 1e9 / rate)

    whole, cut = AudioStream(rate), AudioStream(rate)
    done = 0
    for which, length in script:
        one = whole.render(SCRIPT[which], at_ns(done), length)
        parts: list[Audio] = []
        turn = 0
        while turn < length or not parts:
            size = min(cuts[len(parts) % len(cuts)], length - turn)
            parts.append(cut.render(SCRIPT[which], at_ns(done + turn), size))
            turn += size or 1
        assert np.array_equal(one, np.concatenate(parts))
        assert np.abs(one).max(initial=0.0) <= 1.0
        done += length


def first_heard(heard: Audio) -> int:
    return int(np.flatnonzero(np.abs(heard) > 0.05)[0])


def test_a_higher_priority_is_heard_at_once_and_without_a_click() -> None:
    stream = AudioStream(RATE)
    pulse = AudioStream(RATE).render(MEDIUM, 0, RATE // 5)
    until = int(np.argmax(np.abs(pulse))) + 1  # the worst place to be cut short
    before = stream.render(MEDIUM, 0, until)
    after = stream.render(HIGH, round(until * 1e9 / RATE), RATE // 4)
    alone = AudioStream(RATE).render(HIGH, 0, RATE // 4)
    faded = RATE * 5 // 1000
    assert np.array_equal(after[faded:], alone[faded:])
    steepest = np.abs(np.diff(pulse)).max()
    joined = np.concatenate([before, after[:faded]])
    assert np.abs(before[-1]) > steepest
    assert np.abs(np.diff(joined)).max() <= steepest


def test_what_ends_by_itself_is_heard_to_the_end_of_its_burst() -> None:
    stream = AudioStream(RATE)
    heard = [stream.render(HIGH, 0, RATE // 2), stream.render(QUIET, SECOND_NS // 2, 9 * RATE)]
    assert len(pulses(np.concatenate(heard), RATE, PATTERNS[Sound.HIGH].fundamental_hz)) == 10
    assert stream.render(QUIET, 10 * SECOND_NS, 1).tolist() == [0]
    assert stream.sound is None


@pytest.mark.parametrize(
    "taken",
    [
        state([alarm(presence=Presence.ACKNOWLEDGED)]),
        state([shown(alarm(), Activation.PAUSED)], [mark(Inactivation.AUDIO_PAUSED)]),
        state([shown(alarm(), Activation.OFF)], [mark(Inactivation.AUDIO_OFF)]),
    ],
    ids=["acknowledged", "paused", "off"],
)
def test_what_is_taken_away_falls_silent_at_once(taken: SignalState) -> None:
    stream = AudioStream(RATE)
    stream.render(HIGH, 0, RATE // 10)
    heard = stream.render(taken, SECOND_NS // 10, RATE)
    assert np.count_nonzero(np.abs(heard) > 0.001) <= 5 * RATE // 1000


def test_a_latched_alarm_that_is_reset_falls_silent_at_once() -> None:
    stream = AudioStream(RATE)
    stream.render(state([alarm(presence=Presence.LATCHED)]), 0, RATE // 10)
    heard = stream.render(QUIET, SECOND_NS // 10, RATE)
    assert not heard[RATE // 100 :].any()


def test_an_acknowledged_alarm_sounds_again_with_its_next_occurrence() -> None:
    stream = AudioStream(RATE)
    stream.render(HIGH, 0, RATE)
    stream.render(state([alarm(presence=Presence.ACKNOWLEDGED)]), SECOND_NS, RATE)
    again = stream.render(state([alarm(occurrence=2)]), 2 * SECOND_NS, RATE // 4)
    assert first_heard(again) < RATE // 100


def test_a_lower_priority_waits_for_the_burst_and_a_rest() -> None:
    stream = AudioStream(RATE)
    stream.render(HIGH, 0, RATE)
    heard = stream.render(LOW, SECOND_NS, 8 * RATE)
    rest = np.flatnonzero(np.abs(heard) > 0.01)
    silence = int(np.diff(rest).max())
    assert 2.5 * RATE <= silence < 2.6 * RATE
    assert stream.sound is Sound.LOW


def test_a_new_alarm_of_the_same_priority_does_not_wait_for_the_interval() -> None:
    stream = AudioStream(RATE)
    stream.render(LOW, 0, 10 * RATE)
    two = state([alarm(Priority.LOW, 4), alarm(Priority.LOW, 3)])
    assert first_heard(stream.render(two, 10 * SECOND_NS, RATE)) < RATE // 100
    # and the same one does wait
    assert not stream.render(two, 11 * SECOND_NS, RATE).any()


def test_time_that_jumps_ahead_finds_the_sound_where_it_would_have_been() -> None:
    straight = AudioStream(RATE).render(HIGH, 0, 20 * RATE)
    stream = AudioStream(RATE)
    stream.render(HIGH, 0, 1)
    assert np.array_equal(stream.render(HIGH, 9 * SECOND_NS, RATE), straight[9 * RATE : 10 * RATE])


def test_time_that_goes_back_is_silent_and_harmless() -> None:
    stream = AudioStream(RATE)
    stream.render(HIGH, 10 * SECOND_NS, RATE)
    assert not stream.render(HIGH, 5 * SECOND_NS, RATE).any()
    assert stream.render(HIGH, 10 * SECOND_NS, RATE).any()


def test_a_reminder_is_heard_once_each_time_it_is_due() -> None:
    off = [
        state(inactive=[mark(Inactivation.AUDIO_OFF, since_ns=1, reminded_ns=due)])
        for due in (1, 120 * SECOND_NS, 240 * SECOND_NS)
    ]
    stream = AudioStream(RATE)
    turn_hz = PATTERNS[Sound.REMINDER].fundamental_hz
    heard = []
    for which, at_s in ((0, 0), (1, 120), (1, 125), (2, 240), (2, 245)):
        part = stream.render(off[which], at_s * SECOND_NS, 5 * RATE)
        heard.append(len(pulses(part, RATE, turn_hz)) if part.any() else 0)
    assert heard == [0, 1, 0, 1, 0]


def test_an_alarm_cuts_a_reminder_short() -> None:
    stream = AudioStream(RATE)
    due = mark(Inactivation.AUDIO_OFF, since_ns=1, reminded_ns=2)
    assert stream.render(state(inactive=[due]), 0, RATE // 10).any()
    urgent = replace(LOW, inactive=(due,))
    heard = stream.render(urgent, SECOND_NS // 10, RATE // 4)
    alone = AudioStream(RATE).render(LOW, 0, RATE // 4)
    assert np.array_equal(heard[100:], alone[100:])
    assert not stream.render(state(inactive=[due]), SECOND_NS, 10 * RATE).any()  # heard once


def test_an_alarm_system_that_falls_silent_is_heard() -> None:
    speaker = Speaker(RATE, 0)
    assert not speaker.render(SECOND_NS, RATE).any()
    speaker.show(HIGH, SECOND_NS)
    dead = SECOND_NS + SILENCE_NS_MAX
    assert np.array_equal(speaker.render(dead, RATE), AudioStream(RATE).render(HIGH, dead, RATE))
    assert not speaker.failed(dead)
    heard = speaker.render(dead + 1, 2 * RATE)
    assert speaker.failed(dead + 1)
    assert np.array_equal(heard, failure_tone(RATE, 0, 2 * RATE))
    speaker.show(QUIET, 16 * SECOND_NS)
    assert not speaker.failed(16 * SECOND_NS)
    assert not speaker.render(16 * SECOND_NS, RATE).any()


def test_the_failure_sound_lasts_and_can_be_looped() -> None:
    assert FAILURE_RESERVE_MS >= 120_000
    seconds = FAILURE_RESERVE_MS // 1000
    heard = failure_tone(RATE, 0, seconds * RATE)
    once = failure_period(RATE)
    assert np.array_equal(np.tile(once, len(heard) // len(once) + 1)[: len(heard)], heard)
    in_each_second = heard.reshape(seconds, RATE)
    assert (np.abs(in_each_second).max(axis=1) > 0.8).all()
    assert np.array_equal(failure_tone(RATE, 100 * SECOND_NS, 99), heard[100 * RATE :][:99])


def test_every_sound_has_whole_samples_between_its_bursts() -> None:
    for sound in PATTERNS:
        period = period_ns(PATTERNS[sound])
        assert period is None or period * RATE % SECOND_NS == 0


def test_a_sound_can_be_written_for_a_person_to_hear() -> None:
    file = io.BytesIO()
    loud = np.array([0, 0.5, -1, 3, np.nan], np.float32)
    write_wave(file, loud, RATE)
    file.seek(0)
    with wave.open(file) as back:
        assert (back.getnchannels(), back.getsampwidth(), back.getframerate()) == (1, 2, RATE)
        read = np.frombuffer(back.readframes(99), "<i2")
    assert read.tolist() == [0, 16384, -32767, 32767, 0]
