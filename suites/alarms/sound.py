"""What is heard, measured in its samples: pulses, bursts, pitch and harmonics."""

import base64
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.rig.ward import Bed, Ward

RATE_HZ: Final = 16_000
"""Tried first."""
WINDOW_S: Final = 0.005
HIGH_SHARE: Final = 0.9
"""A pulse is measured between the points at this share of its height."""
BURST_GAP_S: Final = 1.5
"""A longer silence than any inside a burst."""
NEIGHBOUR_HZ: Final = 15.0
PITCH_HZ, HARMONIC_HZ = (150.0, 1000.0), (300.0, 4000.0)
WITHIN_DB: Final = 15.0
Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """The first whole burst of a sound, and the silence to the next one."""

    pulses: int
    pulse_ms: tuple[float, ...]
    interval_s: float | None
    """None when no other burst came while it was listened to."""
    pitch_hz: float
    harmonics: int
    """Besides the fundamental, near enough to it in height."""


def listen(ward: Ward, bed: Bed, seconds: int) -> tuple[Wave, int]:
    """What is heard while so many seconds of a patient pass, and its rate.

    Asked for second by second: what is told holds only as long as nothing changes.
    """
    rate_hz, parts = RATE_HZ, []
    for _ in range(seconds):
        from_ns = int(ward.state(bed.patient)["at_ns"])
        told = ward.device.call("alarm.sound", {"from_ns": from_ns, "samples": rate_hz})
        if int(told["rate_hz"]) != rate_hz:
            rate_hz = int(told["rate_hz"])
            told = ward.device.call("alarm.sound", {"from_ns": from_ns, "samples": rate_hz})
        parts.append(np.frombuffer(base64.b64decode(told["samples"]), "<f4"))
        ward.step([bed])
    return np.concatenate(parts), rate_hz


def heard(wave: Wave, rate_hz: int) -> Heard | None:
    """The first whole burst; None for silence."""
    pulses = _pulses(wave, rate_hz)
    starts = [0.0, *(first for first, _ in pulses)]
    cuts = [n for n, (last, first) in enumerate(pairwise(starts)) if first - last > BURST_GAP_S]
    if not cuts:
        return None
    begin = cuts[0]
    end = cuts[1] if len(cuts) > 1 else len(pulses)
    burst = pulses[begin:end]
    first, last = (round(at_s * rate_hz) for at_s in burst[0])
    pitch_hz, harmonics = _tone(wave[first:last], rate_hz)
    interval_s = pulses[end][0] - burst[-1][1] if end < len(pulses) else None
    lengths = tuple(round(1000 * (off - on), 1) for on, off in burst)
    return Heard(len(burst), lengths, interval_s, pitch_hz, harmonics)


def _pulses(wave: Wave, rate_hz: int) -> list[tuple[float, float]]:
    """Where each pulse is near its height, in seconds."""
    window = round(WINDOW_S * rate_hz)
    heights = np.abs(wave[: len(wave) // window * window]).reshape(-1, window).max(axis=1)
    if not len(heights) or heights.max() <= 0:
        return []
    loud = np.concatenate([[False], heights >= HIGH_SHARE * heights.max(), [False]])
    edges = np.flatnonzero(loud[1:] != loud[:-1]) * WINDOW_S
    return [(float(on), float(off)) for on, off in zip(edges[::2], edges[1::2], strict=True)]


def _tone(pulse: Wave, rate_hz: int) -> tuple[float, int]:
    """The pitch of a pulse, and how many multiples of it are as high, within so many dB."""
    heights = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), 1 << 16))
    step_hz = rate_hz / (1 << 16)
    low, high = (round(edge / step_hz) for edge in PITCH_HZ)
    pitch_hz = (low + int(np.argmax(heights[low:high]))) * step_hz
    near = round(NEIGHBOUR_HZ / step_hz)

    def level(hertz: float) -> float:
        at = round(hertz / step_hz)
        return float(heights[max(0, at - near) : at + near + 1].max())

    multiples = [
        times * pitch_hz
        for times in range(2, 30)
        if HARMONIC_HZ[0] <= times * pitch_hz <= HARMONIC_HZ[1]
    ]
    own = level(pitch_hz)
    return pitch_hz, sum(abs(20 * np.log10(level(one) / own)) <= WITHIN_DB for one in multiples)
