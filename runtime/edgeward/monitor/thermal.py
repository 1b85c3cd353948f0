"""What a temperature asks the device to give up, in steps, so that it never has to stop.

Rules:
1. The step for a temperature is taken at once, however many steps up that is.
2. It is left one step at a time, when the temperature has been below its foot by the hysteresis for
   a whole dwell.
3. A temperature that has become unknown is no cool one: after a while the first step is asked for.
   A device that never had a sensor asks for nothing, and says that it knows nothing.
"""

from dataclasses import dataclass
from enum import IntEnum

_NS_PER_S = 1_000_000_000


class Strain(IntEnum):
    """What is asked for; the rungs of the degradation ladder, from the side of the resources."""

    NONE = 0
    PAUSE_BACKGROUND = 1
    THINNER_MODEL = 2
    SHED_TRENDS = 3
    ALARMS_ONLY = 4
    """An emergency: the device is about to be throttled or cut off by its own hardware."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where each step begins, in degrees Celsius."""

    pause_c: float
    thinner_c: float
    shed_c: float
    emergency_c: float
    hysteresis_c: float = 3.0
    dwell_ns: int = 10 * _NS_PER_S
    unknown_ns: int = 30 * _NS_PER_S

    def __post_init__(self) -> None:
        """Check the order.

        Raises:
            ValueError: the steps do not follow each other, or the hysteresis is not above 0.
        """
        rising = self.pause_c < self.thinner_c < self.shed_c < self.emergency_c
        if not rising or self.hysteresis_c <= 0:
            raise ValueError(
                f"steps at {self.pause_c}, {self.thinner_c}, {self.shed_c} and {self.emergency_c}"
                f" °C, hysteresis {self.hysteresis_c} °C; accepted: rising, and a hysteresis above"
                " 0"
            )

    def step_for(self, celsius: float) -> Strain:
        """Rule 1."""
        return Strain(sum(celsius >= foot for foot in self._feet))

    def foot_c(self, strain: Strain) -> float:
        """Where a step begins."""
        return (float("-inf"), *self._feet)[strain]

    @property
    def _feet(self) -> tuple[float, ...]:
        return self.pause_c, self.thinner_c, self.shed_c, self.emergency_c


def ladder_above(warning_c: float) -> Ladder:
    """The usual steps for a device that warns at this temperature."""
    return Ladder(warning_c, warning_c + 8, warning_c + 14, warning_c + 20)


class Thermal:
    """The step that a temperature asks for, over time."""

    __slots__ = ("_cool_since_ns", "_lost_since_ns", "_seen", "ladder", "strain")

    def __init__(self, ladder: Ladder) -> None:
        """Begin with no step."""
        self.ladder = ladder
        self.strain = Strain.NONE
        self._seen = False
        self._cool_since_ns: int | None = None
        self._lost_since_ns: int | None = None

    def read(self, celsius: float | None, now_ns: int) -> Strain:
        """Take a temperature, None where there is none; the step it asks for."""
        if celsius is None:
            return self._without(now_ns)
        self._seen, self._lost_since_ns = True, None
        wanted = self.ladder.step_for(celsius)
        if wanted > self.strain:
            self.strain, self._cool_since_ns = wanted, None
            return self.strain
        foot_c = self.ladder.foot_c(self.strain)
        if self.strain is Strain.NONE or celsius > foot_c - self.ladder.hysteresis_c:
            self._cool_since_ns = None
            return self.strain
        if self._cool_since_ns is None:
            self._cool_since_ns = now_ns
        if now_ns - self._cool_since_ns >= self.ladder.dwell_ns:
            self.strain = Strain(self.strain - 1)
            self._cool_since_ns = now_ns
        return self.strain

    def _without(self, now_ns: int) -> Strain:
        """Rule 3."""
        self._cool_since_ns = None
        if not self._seen:
            return self.strain
        if self._lost_since_ns is None:
            self._lost_since_ns = now_ns
        if now_ns - self._lost_since_ns >= self.ladder.unknown_ns:
            self.strain = max(self.strain, Strain.PAUSE_BACKGROUND)
        return self.strain
