"""What a heart can be asked to do, for so many seconds.

Rates are beats a minute. `pulse` is the share of a normal stroke that reaches the vessels: 0 is a
heart with electrical activity and no pulse.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from edgeward.signal.simulation.checks import RATE_BPM_RANGE, SECONDS_RANGE, ScriptError, within


class Rhythm(StrEnum):
    """The rhythm of a step, as the truth names it."""

    SINUS = "sinus"
    ECTOPY = "ectopy"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"
    VENTRICULAR_TACHYCARDIA = "ventricular_tachycardia"
    VENTRICULAR_FIBRILLATION = "ventricular_fibrillation"
    VENTRICULAR_FLUTTER = "ventricular_flutter"
    ASYSTOLE = "asystole"
    PAUSE = "pause"
    PACED = "paced"


BIGEMINY = "NV"
TRIGEMINY = "NNV"
COUPLETS = "NNNNVV"
_PATTERN = re.compile(r"(?=.*N)[NV]{1,64}")


@dataclass(frozen=True, slots=True)
class Sinus:
    """Normal beats; with `to_bpm` the rate goes there in a straight line.

    Steps follow each other with the phase kept: a step of rate is two of these.
    """

    rhythm: ClassVar[Rhythm] = Rhythm.SINUS
    seconds: float
    rate_bpm: float = 72.0
    to_bpm: float | None = None
    variability: float = 1.0
    """Of the rate, with the breath and slowly: 1 as at rest, 0 for a metronome."""
    pulse: float = 1.0

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, rate_bpm=RATE_BPM_RANGE, to_bpm=RATE_BPM_RANGE)
        within(self, variability=(0, 3), pulse=(0, 1))


@dataclass(frozen=True, slots=True)
class Ectopy:
    """Normal and premature ventricular beats in a pattern, each of these with its pause."""

    rhythm: ClassVar[Rhythm] = Rhythm.ECTOPY
    seconds: float
    rate_bpm: float = 75.0
    """Of the beats together."""
    pattern: str = BIGEMINY
    """Letters N and V, over and over."""
    prematurity: float = 0.35
    """How much of an interval the first of a run of V comes early."""
    pulse: float = 1.0

    def __post_init__(self) -> None:
        """Check the figures and the pattern."""
        within(self, seconds=SECONDS_RANGE, rate_bpm=(15, 150), prematurity=(0, 0.5), pulse=(0, 1))
        if not _PATTERN.fullmatch(self.pattern):
            raise ScriptError(
                f"Ectopy.pattern: found {self.pattern!r}; accepted: 1 to 64 of N and V, one N"
            )


@dataclass(frozen=True, slots=True)
class AtrialFibrillation:
    """Normal QRS complexes at irregular intervals, fine waves in place of P."""

    rhythm: ClassVar[Rhythm] = Rhythm.ATRIAL_FIBRILLATION
    seconds: float
    rate_bpm: float = 90.0
    irregularity: float = 0.22
    """Standard deviation of an interval, as a share of it."""
    pulse: float = 1.0

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, rate_bpm=(30, 200), irregularity=(0, 0.4), pulse=(0, 1))


@dataclass(frozen=True, slots=True)
class VentricularTachycardia:
    """Wide beats at a high rate, the first one interval after the last beat before."""

    rhythm: ClassVar[Rhythm] = Rhythm.VENTRICULAR_TACHYCARDIA
    seconds: float
    rate_bpm: float = 160.0
    gain: float = 1.0
    """On the usual height of a ventricular beat."""
    pulse: float = 0.4
    beats: int | None = None
    """No more than so many; the rest of the step is the pause after them."""

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, rate_bpm=(60, 300), gain=(0.05, 10), pulse=(0, 1))
        within(self, beats=(1, 100_000))

    @classmethod
    def run(cls, beats: int, rate_bpm: float = 160.0) -> "VentricularTachycardia":
        """A run of exactly so many beats, and the pause after it."""
        return cls((beats + 1) * 60.0 / rate_bpm, rate_bpm, beats=beats)


@dataclass(frozen=True, slots=True)
class VentricularFibrillation:
    """No beats: waves of 4 to 7 Hz whose rate and height wander."""

    rhythm: ClassVar[Rhythm] = Rhythm.VENTRICULAR_FIBRILLATION
    seconds: float
    height_mv: float = 0.8
    """Peak to peak, as a rule."""

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, height_mv=(0.1, 5))


@dataclass(frozen=True, slots=True)
class VentricularFlutter:
    """No beats to be told apart: one steady wide wave after the other."""

    rhythm: ClassVar[Rhythm] = Rhythm.VENTRICULAR_FLUTTER
    seconds: float
    rate_bpm: float = 280.0
    height_mv: float = 1.5

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, rate_bpm=(180, 360), height_mv=(0.2, 5))


@dataclass(frozen=True, slots=True)
class Asystole:
    """No ventricular beat; never a flat line."""

    rhythm: ClassVar[Rhythm] = Rhythm.ASYSTOLE
    seconds: float
    residual_mv: float = 0.15
    """Peak to peak of the baseline that is left: 0.1 to 1 mV in recordings."""
    p_waves_bpm: float | None = None
    spikes_bpm: float | None = None
    """Of a pacemaker that no beat answers."""

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, residual_mv=(0, 2))
        within(self, p_waves_bpm=RATE_BPM_RANGE, spikes_bpm=RATE_BPM_RANGE)


@dataclass(frozen=True, slots=True)
class Pause:
    """Exactly so many seconds from the last beat to the next; the step lasts as long."""

    rhythm: ClassVar[Rhythm] = Rhythm.PAUSE
    seconds: float

    def __post_init__(self) -> None:
        """Check the figure."""
        within(self, seconds=(0.5, 30))


@dataclass(frozen=True, slots=True)
class Paced:
    """A pacemaker's spike before each wide beat."""

    rhythm: ClassVar[Rhythm] = Rhythm.PACED
    seconds: float
    rate_bpm: float = 70.0
    pulse: float = 0.9

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, rate_bpm=(30, 200), pulse=(0, 1))


BeatingStep = Sinus | Ectopy | AtrialFibrillation | VentricularTachycardia | Paced
HeartStep = BeatingStep | VentricularFibrillation | VentricularFlutter | Asystole | Pause
