"""The sounds of alarms, as numbers that are disclosed.

The numbers are chosen inside the ranges that IEC 60601-1-8 gives for the bursts (6.3.3.1, table 3)
and the pulses (table 4) of auditory alarm signals; `RANGES` holds those ranges in our words, and a
test measures each rendered sound against them. Whoever claims them for a device checks the ranges
against the edition that applies to it.

How a pulse is measured: it lasts (`pulse_ms`) from where its rise reaches 90 % of its height to
where its fall leaves 90 %; the gap to the next one lies between the same points; a rise is counted
from 10 % to 90 %, and a fall from 90 % to 10 %.
"""

from dataclasses import dataclass
from enum import StrEnum


class Sound(StrEnum):
    """What can be heard."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    REMINDER = "reminder"
    """Something is switched off for an indefinite time."""
    FAILURE = "failure"
    """The alarm system itself, or its power, is gone."""


RANKS = {
    Sound.FAILURE: 4,
    Sound.HIGH: 3,
    Sound.MEDIUM: 2,
    Sound.LOW: 1,
    Sound.REMINDER: 0,
}
"""Which sound may cut another one short: the one with the higher rank."""

HARMONICS = (1.0, 0.7, 0.5, 0.4, 0.32, 0.25)
"""Heights of the fundamental and its multiples: 0 to -12.0 dB, inside the +-15 dB of table 4."""

PEAK = 0.9
"""The highest sample of any sound, of a full scale of 1: the same for every priority, so none is
quieter than one that matters less."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One burst of pulses of one pitch, and how it repeats."""

    sound: Sound
    fundamental_hz: float
    pulse_ms: float
    rise_ms: float
    fall_ms: float
    gaps_ms: tuple[float, ...]
    """After each pulse but the last."""
    interval_ms: float | None
    """From the end of the last pulse of a burst to the start of the next burst; None: no next."""

    @property
    def pulses(self) -> int:
        """How many pulses a burst has."""
        return len(self.gaps_ms) + 1


_X, _Y = 80.0, 180.0
"""The short gaps inside a burst, of HIGH and of MEDIUM and LOW."""
_PULSE_HIGH = 150.0
_GROUP = 2 * _X + _PULSE_HIGH
"""Between the three and the two pulses of each half of HIGH."""

PATTERNS = {
    Sound.HIGH: Pattern(
        Sound.HIGH, 660.0, _PULSE_HIGH, 22.5, 40.0,
        (_X, _X, _GROUP, _X, 600.0, _X, _X, _GROUP, _X), 5000.0,
    ),
    Sound.MEDIUM: Pattern(Sound.MEDIUM, 520.0, 200.0, 30.0, 60.0, (_Y, _Y), 10_000.0),
    Sound.LOW: Pattern(Sound.LOW, 400.0, 200.0, 30.0, 60.0, (_Y,), 20_000.0),
    Sound.REMINDER: Pattern(Sound.REMINDER, 330.0, 250.0, 37.5, 80.0, (), None),
    Sound.FAILURE: Pattern(Sound.FAILURE, 600.0, 500.0, 75.0, 80.0, (), 500.0),
}  # fmt: skip
"""The sound of each: a longer interval matters less, and HIGH is two groups of five. The alarm
system settles when a reminder is due."""

REST_MS = 2500.0
"""The least silence after a burst before another one of the same or a lower rank begins."""
FADE_MS = 5.0
"""How long a sound that is cut short takes to end, so that it does not click."""

FAILURE_RESERVE_MS = 120_000
"""For how long whatever gives the failure sound needs power of its own (6.3.3.1; 120 s or more).
The sound itself has no end."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a burst and its pulses may be, both ends included."""

    pulses: tuple[int, int]
    pulse_ms: Range
    short_gap_ms: Range
    interval_ms: Range
    fundamental_hz: Range = (150.0, 1000.0)
    rise_share: Range = (0.10, 0.20)
    """Of the pulse; a fall ends before the next rise begins."""
    harmonics_min: int = 4
    harmonic_hz: Range = (300.0, 4000.0)
    harmonic_db: Range = (-15.0, 15.0)
    """Each such harmonic, against the fundamental."""


RANGES = {
    Sound.HIGH: Allowed((10, 10), (75.0, 200.0), (50.0, 125.0), (2500.0, 15_000.0)),
    Sound.MEDIUM: Allowed((3, 3), (125.0, 250.0), (125.0, 250.0), (2500.0, 30_000.0)),
    Sound.LOW: Allowed((1, 2), (125.0, 250.0), (125.0, 250.0), (15_000.0, float("inf"))),
}
"""6.3.3.1, tables 3 and 4, for the sounds that carry a priority. Inside HIGH, the gap after pulses
3 and 8 is two short gaps and a pulse, and the one after pulse 5 lasts 350 to 1300 ms."""
MIDDLE_GAP_MS: Range = (350.0, 1300.0)
