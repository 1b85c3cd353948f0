"""Recorded patients with recorded noise of electrodes added, as the noise stress test does it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from edgeward.signal.channel import Signal
from edgeward_harness.errors import InputError
from edgeward_harness.measure.scoring.noise_stress import add_noise, noisy_blocks
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.playing import Played
from edgeward_harness.rig.recordings.recording import Recording, Wave

NOISE: Final = "em"
"""Of the motion of electrodes: it looks most like beats."""
SNR_DB: Final = 6.0
PLAYED_S: Final = 900
"""Five clean minutes, then noisy and clean blocks of two, three noisy ones in all."""


def noise_of(rig: Rig) -> Recording:
    """The recording of nothing but noise.

    Raises:
        InputError: the collection has none of that name.
    """
    for one in rig.recordings.read("nstdb"):
        if one.name == NOISE:
            return one
    raise InputError("nstdb", [f"found no recording {NOISE!r}; expected the noise of electrodes"])


def begin_of(recording: Recording) -> Recording:
    """The first lead, cut to what is played."""
    wave = recording.wave(Signal.ECG)
    assert wave is not None
    cut = replace(wave, samples=wave.samples[: PLAYED_S * wave.rate_hz])
    return replace(recording, waves=(cut,))


def with_noise(recording: Recording, noise: Wave) -> Recording:
    """The same with noise in its noisy blocks, at the ratio of the test.

    Raises:
        InputError: the noise was recorded at another rate.
    """
    wave = recording.waves[0]
    if noise.rate_hz != wave.rate_hz:
        fault = f"found noise at {noise.rate_hz} Hz; expected {wave.rate_hz}, that of the recording"
        raise InputError(recording.name, [fault])
    beats = [at for at in recording.beats.samples if at < len(wave.samples)]
    stressed = add_noise(
        wave.samples.astype(np.float64), noise.samples.astype(np.float64), beats, wave.rate_hz,
        SNR_DB,
    )  # fmt: skip
    samples = stressed.astype(np.float32)
    waves = (replace(wave, samples=samples),)
    return replace(recording, name=f"{recording.name} in noise", waves=waves)


def noisy() -> list[tuple[int, int]]:
    """The noisy blocks, in seconds."""
    return noisy_blocks(PLAYED_S)


def delays_s(played: Played) -> list[float]:
    """From the begin of each noisy block until something technical was up; infinite for never."""
    up = played.alarms_of("technical")
    delays: list[float] = []
    for begin, end in noisy():
        told = [max(0.0, since - begin) for since, until in up if until > begin and since < end]
        delays.append(min(told, default=float("inf")))
    return delays


def made_up(stressed: Played, clean: Played, slack_s: float) -> list[str]:
    """Physiological alarms in noisy blocks that nothing in the clean recording stands for."""
    real = clean.alarms_of("physiological")
    return [
        f"{stressed.recording.name} at {since:.0f} s"
        for since, until in stressed.alarms_of("physiological")
        if _in_noise(since)
        and not any(a <= until + slack_s and b >= since - slack_s for a, b in real)
    ]


def _in_noise(at_s: float) -> bool:
    return any(begin <= at_s <= end for begin, end in noisy())


def hours(recordings: Sequence[Recording]) -> float:
    """How much of it was noisy."""
    return len(recordings) * sum(end - begin for begin, end in noisy()) / 3600
