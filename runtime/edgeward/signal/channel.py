"""Typed channels: what kind of signal it is, in which unit, how often, and what is accepted.

Rules:
1. A channel that cannot be is refused when it is described, with every fault at once: the value
   found, the channel, and what would be accepted. Nothing is guessed.
2. Behind `to_canonical` there is one unit for each kind of signal. Factors are exact ratios; what
   is rounded is the result, once. What is no number stays none.
3. `accepted` is the same table as plain data, so that a device can tell what it takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from edgeward.errors import StreamError
from edgeward.signal.ring import Samples


class Signal(StrEnum):
    """The kinds of signal that are understood."""

    ECG = "ecg"
    PPG = "ppg"
    SPO2 = "spo2"
    RESPIRATION = "respiration"
    ACCELERATION = "acceleration"
    TEMPERATURE = "temperature"
    PRESSURE = "pressure"
    """A wave, from a line in a vessel."""
    PRESSURE_CUFF = "pressure_cuff"
    """Numbers, now and then: systolic, diastolic and mean of one measurement are one sample."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """From a unit to the canonical one: `value * scale + offset`, both exact."""

    scale: Fraction
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a channel of one kind of signal may be."""

    unit: str
    """The canonical one."""
    units: Mapping[str, Conversion]
    """All that are accepted."""
    rates_hz: tuple[tuple[int, int], ...]
    """Ranges, ends included."""
    possible: tuple[float, float]
    """In the canonical unit: a value beyond is a fault of the sensor or of its unit, no finding."""
    axes: int = 1
    """Values a sample."""
    intermittent: bool = False
    """Whether most samples hold no value: one that is invalid is nothing amiss, and what was
    measured stays good for a while."""
    beats: bool = False
    """Whether the beats of the heart are found in it."""


_SAME = Conversion(Fraction(1))
_STANDARD_GRAVITY_M_S2 = Fraction("9.80665")
_MMHG_IN_KPA = Fraction("0.133322387415")

ACCEPTED: Mapping[Signal, Acceptance] = MappingProxyType(
    {
        Signal.ECG: Acceptance(
            unit="mV",
            units={
                "mV": _SAME,
                "uV": Conversion(Fraction(1, 1000)),
                "V": Conversion(Fraction(1000)),
            },
            rates_hz=((125, 1000),),
            possible=(-500.0, 500.0),  # an electrode's offset is up to 300 mV
            beats=True,
        ),
        Signal.PPG: Acceptance(
            unit="1",  # light has no unit that two sensors share
            units={"1": _SAME},
            rates_hz=((125, 1000),),
            possible=(-1e9, 1e9),
            beats=True,
        ),
        Signal.SPO2: Acceptance(
            unit="%",
            units={"%": _SAME, "1": Conversion(Fraction(100))},
            rates_hz=((1, 100),),
            possible=(0.0, 100.0),
        ),
        Signal.RESPIRATION: Acceptance(
            unit="1",  # ohms, or what a band's stretch gives: only its course counts
            units={"1": _SAME, "Ohm": _SAME},
            rates_hz=((10, 1000),),
            possible=(-1e9, 1e9),
        ),
        Signal.ACCELERATION: Acceptance(
            unit="g",
            units={"g": _SAME, "m/s2": Conversion(1 / _STANDARD_GRAVITY_M_S2)},
            rates_hz=((25, 1000),),
            possible=(-200.0, 200.0),
            axes=3,
        ),
        Signal.TEMPERATURE: Acceptance(
            unit="Cel",
            units={
                "Cel": _SAME,
                "K": Conversion(Fraction(1), Fraction("-273.15")),
                "degF": Conversion(Fraction(5, 9), Fraction(-160, 9)),
            },
            rates_hz=((1, 100),),
            possible=(10.0, 46.0),
        ),
        Signal.PRESSURE: Acceptance(
            unit="mmHg",
            units={"mmHg": _SAME, "kPa": Conversion(1 / _MMHG_IN_KPA)},
            rates_hz=((50, 1000),),
            possible=(-50.0, 400.0),
            beats=True,
        ),
        Signal.PRESSURE_CUFF: Acceptance(
            unit="mmHg",
            units={"mmHg": _SAME, "kPa": Conversion(1 / _MMHG_IN_KPA)},
            rates_hz=((1, 1),),
            possible=(0.0, 999.0),  # what a cuff can show; what no body has is told, not dropped
            axes=3,
            intermittent=True,
        ),
    }
)
"""The table of everything accepted."""
WITH_BEATS = tuple(str(signal) for signal, one in ACCEPTED.items() if one.beats)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _./+-]{0,63}")
_NAME_ACCEPTED = "1 to 64 letters, digits and any of ' _./+-', a letter or digit first"


@dataclass(frozen=True, slots=True)
class Channel:
    """One signal of one patient, as its sender describes it."""

    name: str
    signal: Signal
    unit: str
    rate_hz: int

    def __post_init__(self) -> None:
        """Check the description; a signal may be given by its word.

        Raises:
            StreamError: with every fault, a line each.
        """
        faults = []
        if not (isinstance(self.name, str) and _NAME.fullmatch(self.name)):
            faults.append(f"found the name {self.name!r}; accepted: {_NAME_ACCEPTED}")
        try:
            object.__setattr__(self, "signal", Signal(self.signal))
        except ValueError:
            words = ", ".join(Signal)
            faults.append(f"found the signal {self.signal!r}; accepted: {words}")
        else:
            faults += _faults(ACCEPTED[self.signal], self.unit, self.rate_hz)
        if faults:
            raise StreamError("\n".join(f"channel {self.name!r}: {fault}" for fault in faults))

    @property
    def acceptance(self) -> Acceptance:
        """What holds for every channel of this kind."""
        return ACCEPTED[self.signal]

    def to_canonical(self, samples: Samples) -> Samples:
        """The samples in the canonical unit; the same array when it is that already.

        Raises:
            StreamError: a sample does not have as many values as the signal has axes.
        """
        axes = self.acceptance.axes
        shape = (len(samples),) if axes == 1 else (len(samples), axes)
        if samples.shape != shape:
            raise StreamError(
                f"channel {self.name!r}: found samples of shape {samples.shape}; accepted: {shape}"
            )
        conversion = self.acceptance.units[self.unit]
        if conversion == _SAME:
            return samples
        scaled = samples.astype(np.float64) * float(conversion.scale) + float(conversion.offset)
        return scaled.astype(np.float32)


def _faults(acceptance: Acceptance, unit: str, rate_hz: int) -> list[str]:
    """What is wrong with unit and rate."""
    faults = []
    if unit not in acceptance.units:
        units = ", ".join(acceptance.units)
        faults.append(f"found the unit {unit!r}; accepted: {units}")
    whole = isinstance(rate_hz, int) and not isinstance(rate_hz, bool)
    if not whole or not any(low <= rate_hz <= high for low, high in acceptance.rates_hz):
        ranges = " or ".join(
            f"{low}" if low == high else f"{low} to {high}" for low, high in acceptance.rates_hz
        )
        faults.append(f"found the rate {rate_hz!r} Hz; accepted: a whole number, {ranges}")
    return faults


def accepted() -> dict[str, dict[str, object]]:
    """The table as plain data (rule 3)."""
    return {
        str(signal): {
            "unit": one.unit,
            "units": sorted(one.units),
            "rates_hz": [list(span) for span in one.rates_hz],
            "possible": list(one.possible),
            "axes": one.axes,
            "intermittent": one.intermittent,
            "beats": one.beats,
        }
        for signal, one in ACCEPTED.items()
    }
