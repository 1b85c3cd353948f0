"""Signals of recorded patients: what noise does, and the numbers of a pulse and of saturation."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edgeward.signal.channel import Signal
from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.judge import Sample, judge_failures, judge_maximum
from edgeward_harness.measure.rates import judge_rate_per_hour
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.playing import Played, play
from edgeward_harness.rig.recorded import rests_on, take
from edgeward_harness.rig.recordings.recording import Recording, Wave
from edgeward_harness.run.measure import Measure

from .recorded_noise import begin_of, delays_s, hours, made_up, noise_of, with_noise

TECHNICAL_WITHIN_S = 11.0
"""Ten seconds, and the block that they end in."""
MADE_UP_PER_HOUR_MOST = 12.0
SLACK_S = 15.0
RATE_WITHIN = 5.0
MONITOR = ("PULSE", "HR")
SHARE_LEAST = 90.0
SETTLED_S = 30
SATURATION_LOW = 90.0
SATURATION_LATE_S = 30


@pytest.mark.case("TC-ALM-035")
def test_noise(measure: Measure, rig: Rig) -> None:
    """Noise of moving electrodes is told as technical, and makes up little about the patient.

    Method: after the noise stress test: to the first lead of recorded patients, recorded noise is
    added at a ratio of 6 dB, three blocks of two minutes with clean ones before and between. Each
    block must be told as something technical within ten seconds of its begin. A physiological
    alarm in a noisy block is made up when the same recording without noise has none near it.
    """
    noise = noise_of(rig)
    clean = [begin_of(one) for one in take(rig, "TC-ALM-035", "mitdb")]
    noisy = [with_noise(one, noise.waves[0]) for one in clean]
    played = list(play(rig, [*clean, *noisy], lambda one: one.waves))
    pairs = list(zip(played[: len(clean)], played[len(clean) :], strict=True))
    rests_on(measure, rig, [*clean, noise])
    late = [delay for _, stressed in pairs for delay in delays_s(stressed)]
    sample = Sample(late, [0.0] * len(late), unit="s")
    measure.record("noise_to_technical_alarm", judge_maximum(sample, TECHNICAL_WITHIN_S))
    false = [one for quiet, stressed in pairs for one in made_up(stressed, quiet, SLACK_S)]
    told = judge_rate_per_hour(
        len(false), hours(clean), MADE_UP_PER_HOUR_MOST, "; ".join(false[:5])
    )
    measure.record("alarms_made_up_in_noise", told)


@pytest.mark.case("TC-ALM-036")
def test_pulse_and_saturation(measure: Measure, rig: Rig) -> None:
    """The rate of a recorded pulse is that of the bedside monitor; a good saturation never alarms.

    Method: the pulse wave, and the saturation that the monitor showed each second, of patients in
    intensive care. From the thirtieth second on, the pulse rate shown is held against what the
    monitor showed in the same second, within 5 a minute of its pulse rate or of its heart rate: an
    early beat that is not felt is in the one and not in the other. A second without a number is a
    wrong one. How often the monitor's own two agree is told beside it.
    An alarm of low saturation is false when the monitor showed nothing below 90 % in the half
    minute before it.
    """
    taken = [_with_saturation(one) for one in take(rig, "TC-ALM-036", "bidmc")]
    shares: list[Share] = []
    own: list[Share] = []
    false: list[str] = []
    good_s = 0
    for played in play(rig, taken, _pulse_and_saturation):
        shares.append(_pulse_share(played))
        own.append(_monitor_share(played))
        false += _false_desaturations(played)
        good_s += sum(value >= SATURATION_LOW for value in played.recording.numbers["SpO2"])
        rig.progress(len(shares), len(taken))
    rests_on(measure, rig, taken)
    judged = judge_share(shares, SHARE_LEAST)
    agree = sum(one.right for one in own) / max(1, sum(one.total for one in own))
    note = f"{judged.note}; the monitor's own pulse and heart rate agree in {100 * agree:.1f} %"
    measure.record("pulse_rates_right", replace(judged, note=note))
    told = judge_failures(
        len(false), good_s, "no alarm in a second of good saturation", detail="; ".join(false[:3])
    )
    measure.record("false_alarms_of_saturation", told)


def _with_saturation(recording: Recording) -> Recording:
    """The same, with what the monitor showed as a channel of its own."""
    shown = np.asarray(recording.numbers["SpO2"], dtype=np.float32)
    wave = Wave("SpO2", Signal.SPO2, "%", 1, shown)
    return replace(recording, waves=(*recording.waves, wave))


def _pulse_and_saturation(recording: Recording) -> Sequence[Wave]:
    return [one for one in recording.waves if one.signal in (Signal.PPG, Signal.SPO2)]


def _pulse_share(played: Played) -> Share:
    """The seconds in which the number shown is near one of the monitor's."""
    shown = played.readings("pulse_rate")[SETTLED_S:]
    told = [(value, near) for value, near in zip(shown, _monitor(played), strict=False) if near]
    right = sum(value is not None and _near(value, near) for value, near in told)
    return Share(played.recording.name, right, len(told))


def _monitor_share(played: Played) -> Share:
    """The seconds in which the monitor's own two numbers are near each other."""
    both = [near for near in _monitor(played) if len(near) == len(MONITOR)]
    return Share(played.recording.name, sum(_near(one, [other]) for one, other in both), len(both))


def _monitor(played: Played) -> list[list[float]]:
    """What the monitor showed of the pulse in each second; nothing where it showed no number."""
    numbers = played.recording.numbers
    seconds = range(SETTLED_S, played.seconds)
    shown = [[numbers[name][at] for name in MONITOR if at < len(numbers[name])] for at in seconds]
    return [[value for value in values if value == value] for values in shown]


def _near(value: float, others: Sequence[float]) -> bool:
    return any(abs(value - other) <= RATE_WITHIN for other in others)


def _false_desaturations(played: Played) -> list[str]:
    shown = played.recording.numbers["SpO2"]
    return [
        f"{played.recording.name} at {since:.0f} s"
        for since, _ in played.alarms("spo2_low", "spo2_high", "severe_desaturation")
        if not any(
            value < SATURATION_LOW
            for value in shown[max(0, int(since) - SATURATION_LATE_S) : int(since) + 1]
        )
    ]
