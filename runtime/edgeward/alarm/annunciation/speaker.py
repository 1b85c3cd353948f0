"""The loudspeaker, which knows by itself when the alarm system has stopped speaking to it.

The failure sound needs nothing of the alarm system: it is a function of time, and one period of it
(`failure_period`) can be put into a part of its own that plays it in a loop when the power or the
processor is gone, for `FAILURE_RESERVE_MS` at least.
"""

import numpy as np

from edgeward.alarm.annunciation.audio import AudioStream, Voice
from edgeward.alarm.annunciation.burst import Audio
from edgeward.alarm.annunciation.patterns import Sound
from edgeward.alarm.signals import SignalState

SILENCE_NS_MAX = 2_000_000_000
"""An alarm system that has shown nothing for longer than this has failed."""


def failure_tone(rate_hz: int, since_ns: int, samples: int) -> Audio:
    """The failure sound from so long after its beginning on; it has no end.

    Raises:
        ValueError: the rate is too low.
    """
    out = np.zeros(max(samples, 0), np.float32)
    Voice(Sound.FAILURE, rate_hz).add_to(out, round(since_ns * rate_hz / 1_000_000_000))
    return out


def failure_period(rate_hz: int) -> Audio:
    """One period of the failure sound; played in a loop, it has no seam.

    Raises:
        ValueError: the rate is too low.
    """
    voice = Voice(Sound.FAILURE, rate_hz)
    out = np.zeros(voice.period or len(voice.burst), np.float32)
    voice.add_to(out, 0)
    return out


class Speaker:
    """An annunciator that keeps the state, and renders it when the sound card asks.

    `show` and `render` may be called from two threads; neither waits for the other.
    """

    __slots__ = ("_failure", "_rate_hz", "_shown", "_stream")

    def __init__(self, rate_hz: int, now_ns: int) -> None:
        """Begin to listen to the alarm system now.

        Raises:
            ValueError: the rate is too low.
        """
        self._rate_hz = rate_hz
        self._stream = AudioStream(rate_hz)
        self._failure = Voice(Sound.FAILURE, rate_hz)
        self._shown = (SignalState(now_ns, None, None, None, None, (), ()), now_ns)

    def show(self, state: SignalState, now_ns: int) -> None:
        """Sound like this state from the next rendered sample on."""
        self._shown = (state, now_ns)

    def failed(self, now_ns: int) -> bool:
        """Whether the alarm system has been silent for too long."""
        return now_ns - self._shown[1] > SILENCE_NS_MAX

    def render(self, from_ns: int, samples: int) -> Audio:
        """The next samples. Whether the alarm system has failed is decided for each call anew."""
        state, shown_ns = self._shown
        out = self._stream.render(state, from_ns, samples)
        since_ns = from_ns - shown_ns - SILENCE_NS_MAX
        if since_ns <= 0:
            return out
        out[:] = 0
        self._failure.add_to(out, round(since_ns * self._rate_hz / 1_000_000_000))
        return out
