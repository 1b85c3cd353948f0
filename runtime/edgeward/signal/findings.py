"""What is found in the signals of a patient: readings, signs, defects, beats.

Rules:
1. Every finding says `at`: the index of the sample with which it became known. That depends on the
   signal alone, never on how it was cut into blocks, and lies a bounded time behind what it tells.
2. A reading without a value is no answer, and says why. No number ever stands for "unknown".
3. Signs and defects are told when they begin and when they end, once each. While a defect makes a
   sign impossible to see, the sign is told as undecided (`present` is None), never as absent.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from edgeward.signal.ring import Mask, Samples


class Vital(StrEnum):
    """What is counted or measured about a patient, as a number."""

    HEART_RATE = "heart_rate"
    PULSE_RATE = "pulse_rate"
    SPO2 = "spo2"
    RESPIRATION_RATE = "respiration_rate"
    TEMPERATURE = "temperature"
    PRESSURE_SYSTOLIC = "pressure_systolic"
    PRESSURE_MEAN = "pressure_mean"
    PRESSURE_DIASTOLIC = "pressure_diastolic"


UNITS = {
    Vital.HEART_RATE: "/min",
    Vital.PULSE_RATE: "/min",
    Vital.SPO2: "%",
    Vital.RESPIRATION_RATE: "/min",
    Vital.TEMPERATURE: "Cel",
    Vital.PRESSURE_SYSTOLIC: "mmHg",
    Vital.PRESSURE_MEAN: "mmHg",
    Vital.PRESSURE_DIASTOLIC: "mmHg",
}
"""The unit in which each is told (UCUM)."""


class Sign(StrEnum):
    """What is seen in a signal and is no number."""

    ASYSTOLE = "asystole"
    PAUSE = "pause"
    """No beat for longer than a pause may last, though shorter than asystole."""
    VENTRICULAR_FIBRILLATION = "ventricular_fibrillation"
    """Ventricular flutter is told as this: the answer to both is the same."""
    VENTRICULAR_TACHYCARDIA = "ventricular_tachycardia"
    EXTREME_TACHYCARDIA = "extreme_tachycardia"
    EXTREME_BRADYCARDIA = "extreme_bradycardia"
    APNEA = "apnea"
    NO_PULSE = "no_pulse"
    FALL = "fall"


class Reason(StrEnum):
    """Why there is no value, and what is wrong with a channel."""

    LEARNING = "learning"
    """The signal has not lasted long enough yet."""
    MISSING = "missing"
    """Samples did not come, or were marked invalid, or are no numbers."""
    FLAT = "flat"
    """No change at all where a living signal always has some."""
    LEAD_OFF = "lead_off"
    """At the end of the range, or pure hum: nothing is connected."""
    CLIPPING = "clipping"
    """Cut off at the end of the range, again and again."""
    NOISE = "noise"
    """More disturbance than signal."""
    DISTURBED = "disturbed"
    """Far more disturbance than this patient's signal has as a rule, though it can be read."""
    OUT_OF_RANGE = "out_of_range"
    """A value that no living body shows."""
    CLOCK = "clock"
    """The sensor's clock runs otherwise than it says."""
    STALE = "stale"
    """The last value is too old."""
    STUCK = "stuck"
    """The same value for longer than a living value stays."""
    WEAK = "weak"
    """Too small to be told from noise."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number about a patient, or why there is none."""

    vital: Vital
    value: float | None
    at: int
    reason: Reason | None = None
    """Given exactly when there is no value."""


@dataclass(frozen=True, slots=True)
class SignChange:
    """A sign begins (True), ends (False), or can no longer be decided (None)."""

    sign: Sign
    present: bool | None
    since: int
    """The sample with which what it is about began: the last beat before a standstill, say."""
    at: int
    text: str = ""
    """Figures a person needs to understand it, such as "no beat for 4.0 s"."""


@dataclass(frozen=True, slots=True)
class DefectChange:
    """Something begins or ends to be wrong with the channel."""

    defect: Reason
    present: bool
    since: int
    at: int


class BeatClass(StrEnum):
    """Where a beat comes from, as far as rhythm and shape tell."""

    NORMAL = "N"
    VENTRICULAR = "V"
    UNKNOWN = "Q"


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat of the heart, in an ECG or in a pulse wave."""

    sample: int
    """Where it is: the R wave, or the foot of the pulse wave."""
    at: int
    height: float
    """Of the complex, peak to peak, in the unit of the channel."""
    width_ms: float | None = None
    kind: BeatClass = BeatClass.UNKNOWN
    strange: bool = False
    """Like hardly any other of the last beats: disturbance may have been taken for it."""
    likeness: tuple[float, ...] = ()
    """To each of the last beats, the latest first, from -1 to 1; empty where nobody has looked."""


Finding = Reading | SignChange | DefectChange | Beat


class Detector(Protocol):
    """Finds something in one channel.

    Blocks follow each other without a hole: what did not come is handed over as invalid samples.
    Findings come in the order of their `at`, each with the block that holds sample `at` at the
    latest.
    """

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples of the channel, and tell what they make known.

        One value a sample, or three (x, y, z) for acceleration. Invalid samples may hold anything;
        they must not be read.
        """
        ...
