"""The sound of what is to be heard now, as a stream of samples that has no seams.

Rules:
1. A sound that matters more cuts one short that matters less, at once; everything else waits until
   the burst that is heard is over (6.3.3.1: what ends by itself leaves no half burst).
2. What an operator takes away falls silent at once.
3. A new alarm of the priority that sounds already is heard as a burst of its own, without waiting
   for the interval to pass.
4. A reminder is heard once each time it is due, when no alarm sounds.
"""

from dataclasses import dataclass

import numpy as np

from edgeward.alarm.annunciation.burst import Audio, burst, period_ns
from edgeward.alarm.annunciation.patterns import FADE_MS, PATTERNS, RANKS, REST_MS, Sound
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Activation, Presence, Priority

_SOUNDS = {
    Priority.HIGH: Sound.HIGH,
    Priority.MEDIUM: Sound.MEDIUM,
    Priority.LOW: Sound.LOW,
}
_Reason = tuple[str, int]


class Voice:
    """One sound at one rate, ready to be copied: nothing is computed while it is heard."""

    __slots__ = ("burst", "period")

    def __init__(self, sound: Sound, rate_hz: int) -> None:
        """Render one burst.

        Raises:
            ValueError: the rate is too low.
        """
        self.burst: Audio = burst(PATTERNS[sound], rate_hz)
        period = period_ns(PATTERNS[sound])
        self.period = None if period is None else round(period * rate_hz / 1e9)
        """Samples from the beginning of a burst to that of the next."""

    def burst_end(self, since: int) -> int:
        """The end of the burst that began last, `since` samples after the first."""
        whole = since - since % self.period if self.period else 0
        return whole + len(self.burst)

    def add_to(self, out: Audio, since: int) -> None:
        """Add what is heard from `since` samples after the beginning of the first burst."""
        at = max(since - since % self.period, 0) if self.period else 0
        while at < since + len(out):
            first, last = max(at, since), min(at + len(self.burst), since + len(out))
            if first < last:
                out[first - since : last - since] += self.burst[first - at : last - at]
            if not self.period:
                return
            at += self.period


@dataclass(frozen=True, slots=True)
class _Play:
    """A sound, and the sample with which its first burst begins."""

    sound: Sound | None
    start: int
    reason: _Reason
    """The alarm it is heard for, so that a new one is told from the same one."""


_SILENCE = _Play(None, 0, ("", 0))


class AudioStream:
    """What is heard, for one loudspeaker.

    The samples depend on the states and on when each was first asked for, never on how the time is
    cut into blocks. Time may jump ahead; it must not go back.
    """

    __slots__ = ("_fading", "_latched", "_now", "_rate_hz", "_reminded_ns", "_then", "_voices")

    def __init__(self, rate_hz: int) -> None:
        """Prepare every sound at this rate.

        Raises:
            ValueError: the rate is too low.
        """
        self._rate_hz = rate_hz
        self._voices = {
            sound: Voice(sound, rate_hz) for sound in (*_SOUNDS.values(), Sound.REMINDER)
        }
        self._now = _SILENCE
        self._then: _Play | None = None
        self._fading: tuple[_Play, int] | None = None
        self._latched = False
        self._reminded_ns = 0

    def render(self, state: SignalState, from_ns: int, samples: int) -> Audio:
        """So many samples from an instant on, all under this state."""
        first = round(from_ns * self._rate_hz / 1_000_000_000)
        out = np.zeros(max(samples, 0), np.float32)
        self._move_on(first)
        self._decide(state, first)
        edge = len(out)
        if self._then is not None:
            edge = min(edge, self._then.start - first)
        self._add(out[:edge], first)
        if edge < len(out):
            self._move_on(first + edge)
            self._add(out[edge:], first + edge)
        self._fade(out, first)
        return out

    @property
    def sound(self) -> Sound | None:
        """What is heard, or will be heard again after its interval."""
        return self._now.sound

    def _decide(self, state: SignalState, at: int) -> None:
        """Settle what follows, now or later (rules 1 to 4)."""
        wanted = self._wanted(state, at)
        self._then = None
        playing = self._now.sound
        silenced = self._silenced(state)
        if playing is None or silenced or _cuts(wanted.sound, playing):
            self._cut(at, wanted)
        elif playing is not wanted.sound or wanted.reason != self._now.reason:
            voice = self._voices[playing]
            over = self._now.start + voice.burst_end(at - self._now.start)
            if wanted.sound is not None:
                over += round(REST_MS * self._rate_hz / 1e3)
            self._then = _Play(wanted.sound, max(over, at), wanted.reason)
            self._move_on(at)
        self._latched = self._is_latched(state)

    def _wanted(self, state: SignalState, at: int) -> _Play:
        if state.audible is not None:
            alarm = next((s.alarm for s in state.shown if s.alarm.id == state.audible_alarm), None)
            reason = (state.audible_alarm or "", alarm.occurrence if alarm else 0)
            return _Play(_SOUNDS[state.audible], at, reason)
        due = [m.reminded_ns for m in state.inactive if m.reminded_ns > m.since_ns]
        if max(due, default=0) > self._reminded_ns:
            return _Play(Sound.REMINDER, at, ("", max(due)))
        return _SILENCE

    def _silenced(self, state: SignalState) -> bool:
        """Whether somebody has taken away what is heard (rule 2).

        A latched alarm that is no longer there has been reset.
        """
        name = self._now.reason[0]
        if not name or state.audible_alarm == name:
            return False
        heard = next((each for each in state.shown if each.alarm.id == name), None)
        if heard is None:
            return self._latched
        taken = heard.audible is not Activation.ON
        return taken or heard.alarm.presence is Presence.ACKNOWLEDGED

    def _is_latched(self, state: SignalState) -> bool:
        name = self._now.reason[0]
        return any(
            each.alarm.id == name and each.alarm.presence is Presence.LATCHED
            for each in state.shown
        )

    def _cut(self, at: int, wanted: _Play) -> None:
        """Begin something else, letting go of what is in the middle of a burst."""
        if self._now.sound is not None:
            self._fading = (self._now, at)
        self._begin(wanted)

    def _begin(self, play: _Play) -> None:
        self._now = play
        if play.sound is Sound.REMINDER:
            self._reminded_ns = play.reason[1]

    def _move_on(self, at: int) -> None:
        """Begin what was to follow, if it is time."""
        if self._then is not None and self._then.start <= at:
            then, self._then = self._then, None
            self._begin(then)

    def _add(self, out: Audio, at: int) -> None:
        if self._now.sound is not None:
            self._voices[self._now.sound].add_to(out, at - self._now.start)

    def _fade(self, out: Audio, at: int) -> None:
        """Add the end of what was cut short."""
        if self._fading is None:
            return
        play, begin = self._fading
        length = max(1, round(FADE_MS * self._rate_hz / 1e3))
        count = min(len(out), begin + length - at)
        if count <= 0 or play.sound is None:
            self._fading = None if len(out) else self._fading
            return
        rest = np.zeros(count, np.float32)
        self._voices[play.sound].add_to(rest, at - play.start)
        fall = 1 - (np.arange(at - begin, at - begin + count) / length)
        out[:count] += (rest * fall).astype(np.float32)


def _cuts(wanted: Sound | None, playing: Sound) -> bool:
    return wanted is not None and RANKS[wanted] > RANKS[playing]
