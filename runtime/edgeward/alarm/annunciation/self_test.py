"""The self-test at the start: every light and every sound once, and what was observed of them.

Rules:
1. Only an observation makes a part pass: a sensor's, or a person's. What nobody observed is told as
   unobserved, which is no pass.
2. An alarm comes first: the test ends at once, and what it had not reached is told as unobserved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from edgeward.alarm.annunciation.burst import Audio, burst
from edgeward.alarm.annunciation.light import Colour
from edgeward.alarm.annunciation.patterns import PATTERNS, Sound
from edgeward.alarm.signals import SignalState

LIGHT_NS = 1_000_000_000
"""How long each light is on."""
_SOUNDS = (Sound.HIGH, Sound.MEDIUM, Sound.LOW, Sound.REMINDER, Sound.FAILURE)
_SOUND_NS = 600_000_000
"""Of each sound: the first pulses suffice, and no burst is mistaken for an alarm."""

Part = Colour | Sound
PARTS: tuple[Part, ...] = (*Colour, *_SOUNDS)


class Outcome(StrEnum):
    """What is known of a part."""

    PASSED = "passed"
    """A sensor or a person observed it."""
    FAILED = "failed"
    """It was looked or listened for, and not observed; or its output raised."""
    UNOBSERVED = "unobserved"


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    """What is known of each part, for a person and for a program."""

    outcomes: tuple[tuple[Part, Outcome], ...]
    interrupted: bool
    """An alarm came before its end."""

    @property
    def passed(self) -> bool:
        """Whether every part was observed to work."""
        return all(outcome is Outcome.PASSED for _, outcome in self.outcomes)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "passed": self.passed,
            "interrupted": self.interrupted,
            "parts": {part.value: outcome.value for part, outcome in self.outcomes},
        }


class SelfTest:
    """The pattern of one self-test: lights one after the other, then sounds."""

    __slots__ = ("_reached_ns", "_stopped", "started_ns")

    def __init__(self, now_ns: int) -> None:
        """Begin now."""
        self.started_ns = now_ns
        self._reached_ns = now_ns
        self._stopped = False

    def proceed(self, state: SignalState, now_ns: int) -> bool:
        """Whether the test still runs at this instant (rule 2)."""
        if state.visible is not None or state.audible is not None:
            self._stopped = self._stopped or now_ns < self.started_ns + DURATION_NS
        if not self._stopped:
            self._reached_ns = max(self._reached_ns, now_ns)
        return not self._stopped and now_ns < self.started_ns + DURATION_NS

    def light(self, now_ns: int) -> Colour | None:
        """The one light that is to be on now."""
        index = (now_ns - self.started_ns) // LIGHT_NS
        lights = tuple(Colour)
        return lights[index] if 0 <= index < len(lights) and not self._stopped else None

    def result(self, observed: Mapping[Part, bool]) -> SelfTestResult:
        """What is known, from what was observed of each part that was given (rule 1)."""
        outcomes = []
        for part, end_ns in _ends_ns():
            given = self._reached_ns >= self.started_ns + end_ns
            seen = observed.get(part) if given else None
            outcomes.append((part, _OUTCOMES[seen]))
        return SelfTestResult(tuple(outcomes), self._stopped)


def sounds(rate_hz: int) -> Audio:
    """The samples of the whole test; silence while the lights are tested.

    Raises:
        ValueError: the rate is too low.
    """
    size = round(_SOUND_NS * rate_hz / 1e9)
    parts = [np.zeros(round(LIGHT_NS * len(Colour) * rate_hz / 1e9), np.float32)]
    for sound in _SOUNDS:
        part = burst(PATTERNS[sound], rate_hz)[:size]
        fade = np.clip((size - np.arange(len(part))) / (rate_hz / 100), 0, 1)
        parts.append(np.zeros(size, np.float32))
        parts[-1][: len(part)] = part * fade
    return np.concatenate(parts)


def sound_spans_ns() -> list[tuple[Sound, int, int]]:
    """Each sound, and from when to when after the start it is given."""
    begin_ns = LIGHT_NS * len(Colour)
    return [
        (sound, begin_ns + _SOUND_NS * k, begin_ns + _SOUND_NS * (k + 1))
        for k, sound in enumerate(_SOUNDS)
    ]


def _ends_ns() -> list[tuple[Part, int]]:
    """Each part, and how long after the start it has been given."""
    lights = [(part, LIGHT_NS * (k + 1)) for k, part in enumerate(Colour)]
    return [*lights, *((sound, end_ns) for sound, _, end_ns in sound_spans_ns())]


DURATION_NS = _ends_ns()[-1][1]
"""Of the whole test."""

_OUTCOMES = {True: Outcome.PASSED, False: Outcome.FAILED, None: Outcome.UNOBSERVED}
