"""A sound as a WAV file, for a person to listen to."""

import wave
from typing import BinaryIO

import numpy as np

from edgeward.alarm.annunciation.burst import Audio

_FULL_SCALE = 32_767


def write_wave(out: BinaryIO, samples: Audio, rate_hz: int) -> None:
    """Write one channel of 16 bits a sample; what is louder than full scale is cut off there."""
    whole = np.rint(np.clip(np.nan_to_num(samples), -1, 1) * _FULL_SCALE).astype("<i2")
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(whole.tobytes())
