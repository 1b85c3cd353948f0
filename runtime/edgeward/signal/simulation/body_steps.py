"""What breath, blood, temperature and movement can be asked to do, for so many seconds.

A lane of these that ends early goes on as it ended.
"""

from dataclasses import dataclass
from enum import StrEnum

from edgeward.signal.simulation.checks import SECONDS_RANGE, within


@dataclass(frozen=True, slots=True)
class Breathing:
    """Breaths a minute; with `to_rate` it goes there in a straight line."""

    seconds: float
    rate_per_min: float = 15.0
    to_rate: float | None = None
    depth: float = 1.0

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, rate_per_min=(2, 90), to_rate=(2, 90), depth=(0.05, 5))

    def held(self, seconds: float) -> "Breathing":
        """The same, as it ended."""
        return Breathing(seconds, self.to_rate or self.rate_per_min, depth=self.depth)


@dataclass(frozen=True, slots=True)
class Apnea:
    """No breath; what the heart moves in the chest goes on."""

    seconds: float

    def __post_init__(self) -> None:
        """Check the figure."""
        within(self, seconds=SECONDS_RANGE)

    def held(self, seconds: float) -> "Apnea":
        """The same."""
        return Apnea(seconds)


BreathStep = Breathing | Apnea


@dataclass(frozen=True, slots=True)
class Saturation:
    """Oxygen saturation in percent, to another value in a straight line or not."""

    seconds: float
    percent: float = 98.0
    to_percent: float | None = None

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, percent=(1, 100), to_percent=(1, 100))

    @classmethod
    def slope(cls, percent: float, to_percent: float, percent_per_s: float) -> "Saturation":
        """As long as it takes at so many percent a second."""
        return cls(abs(to_percent - percent) / percent_per_s, percent, to_percent)

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """The value at the begin and at the end."""
        end = self.percent if self.to_percent is None else self.to_percent
        return ((self.percent, end),)

    def held(self, seconds: float) -> "Saturation":
        """The value at the end."""
        return Saturation(seconds, self.ends[0][1])


@dataclass(frozen=True, slots=True)
class Temperature:
    """Body temperature in degrees Celsius, to another value in a straight line or not."""

    seconds: float
    celsius: float = 36.8
    to_celsius: float | None = None

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, celsius=(15, 45), to_celsius=(15, 45))

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """The value at the begin and at the end."""
        return ((self.celsius, self.celsius if self.to_celsius is None else self.to_celsius),)

    def held(self, seconds: float) -> "Temperature":
        """The value at the end."""
        return Temperature(seconds, self.ends[0][1])


@dataclass(frozen=True, slots=True)
class Pressure:
    """Arterial pressure in mmHg that a full stroke makes, to others in a straight line or not.

    A weaker stroke makes a smaller wave, and none lets the pressure run out.
    """

    seconds: float
    systolic: float = 120.0
    diastolic: float = 75.0
    to_systolic: float | None = None
    to_diastolic: float | None = None

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, seconds=SECONDS_RANGE, systolic=(30, 280), to_systolic=(30, 280))
        within(self, diastolic=(15, self.systolic - 5))
        within(self, to_diastolic=(15, (self.to_systolic or self.systolic) - 5))

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """Systolic and diastolic pressure at the begin and at the end."""
        return (
            (self.systolic, self.to_systolic or self.systolic),
            (self.diastolic, self.to_diastolic or self.diastolic),
        )

    def held(self, seconds: float) -> "Pressure":
        """The values at the end."""
        (_, systolic), (_, diastolic) = self.ends
        return Pressure(seconds, systolic, diastolic)


class Movement(StrEnum):
    """What a body does."""

    STILL = "still"
    WALK = "walk"
    JOG = "jog"
    STAIRS = "stairs"
    SIT_DOWN = "sit_down"
    STAND_UP = "stand_up"
    LIE_DOWN = "lie_down"
    JUMP = "jump"
    FALL = "fall"


TILT_DEG = {Movement.SIT_DOWN: 25.0, Movement.STAND_UP: 0.0, Movement.LIE_DOWN: 85.0}
"""How far the sensor is turned from upright after a change of posture."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What the body does; a posture stays until the next change of posture."""

    seconds: float
    movement: Movement = Movement.STILL
    impact_g: float = 5.0
    """Of a fall, peak."""
    turn_deg: float = 80.0
    """Of a fall: how far the body is turned after it."""

    def __post_init__(self) -> None:
        """Check the figures; the movement may be given by its word."""
        object.__setattr__(self, "movement", Movement(self.movement))
        least_s = 0.1 if self.movement is Movement.STILL else 2.0
        within(self, seconds=(least_s, SECONDS_RANGE[1]), impact_g=(2, 16), turn_deg=(45, 120))

    def held(self, seconds: float) -> "Motion":
        """At rest, as the step left it."""
        return Motion(seconds)
