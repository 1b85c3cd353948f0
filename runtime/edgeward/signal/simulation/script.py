"""A script: what happens to one simulated patient, as typed steps with their seconds.

Rules:
1. The heart's lane says how long it all lasts. The other lanes run beside it; one that ends early
   goes on as it ended, an empty one is a healthy person at rest.
2. Faults lie on top, each on the channel of one name.
3. `first + second` is one after the other: each lane of the first is filled up before.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from edgeward.signal.simulation.body_steps import (
    Breathing,
    BreathStep,
    Motion,
    Pressure,
    Saturation,
    Temperature,
)
from edgeward.signal.simulation.checks import ScriptError, within
from edgeward.signal.simulation.faults import Fault
from edgeward.signal.simulation.heart_steps import HeartStep


@dataclass(frozen=True, slots=True)
class Person:
    """The shape of the waves and the noise of the sensors; the rest is drawn from the seed."""

    qrs_mv: float = 1.0
    """A normal complex, peak to peak."""
    ventricular_mv: float | None = None
    """A ventricular complex; not given, 1.4 times a normal one."""
    t_mv: float = 0.25
    p_mv: float = 0.12
    inverted: bool = False
    """Leads the wrong way round."""
    noise_mv: float = 0.01
    """Standard deviation of what is always there."""
    wander_mv: float = 0.10
    """Of the baseline with the breath, peak to peak."""
    mains_mv: float = 0.0
    """Amplitude of 50 Hz in the ECG."""
    range_mv: float = 10.0
    """The front end clips beyond this, to both sides."""
    spike_mv: float = 4.0
    """A pacemaker's pulse at the electrodes: 2 to 700 mV are known."""
    spike_ms: float = 0.5
    """Its width: 0.1 to 2 ms are known."""
    transit_s: float | None = None
    """From the R wave to the foot of the pulse; not given, drawn from 0.2 to 0.3 s."""
    perfusion: float = 1.0
    """Height of the pulse wave in the light signal."""

    def __post_init__(self) -> None:
        """Check the figures."""
        within(self, qrs_mv=(0.05, 10), ventricular_mv=(0.05, 10), t_mv=(-2, 2), p_mv=(0, 1))
        within(self, noise_mv=(0, 2), wander_mv=(0, 5), mains_mv=(0, 5), range_mv=(0.5, 500))
        within(self, spike_mv=(-700, 700), spike_ms=(0.05, 3), transit_s=(0.1, 0.45))
        within(self, perfusion=(0, 10))

    @property
    def ventricular_height_mv(self) -> float:
        """A ventricular complex, peak to peak."""
        return 1.4 * self.qrs_mv if self.ventricular_mv is None else self.ventricular_mv


@dataclass(frozen=True, slots=True)
class Script:
    """What happens, lane by lane."""

    heart: tuple[HeartStep, ...]
    breath: tuple[BreathStep, ...] = ()
    saturation: tuple[Saturation, ...] = ()
    pressure: tuple[Pressure, ...] = ()
    temperature: tuple[Temperature, ...] = ()
    motion: tuple[Motion, ...] = ()
    faults: tuple[Fault, ...] = ()
    person: Person = field(default_factory=Person)

    def __post_init__(self) -> None:
        """Check that it lasts.

        Raises:
            ScriptError: the heart has nothing to do.
        """
        if not self.heart:
            raise ScriptError("Script.heart: found no step; accepted: 1 or more")

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return lane_seconds(self.heart)

    def __add__(self, later: "Script") -> "Script":
        """One after the other, in the person of the first."""
        shift_s = self.seconds
        return Script(
            heart=self.heart + later.heart,
            breath=filled(self.breath, Breathing(1.0), shift_s)
            + (later.breath or (Breathing(1.0),)),
            saturation=filled(self.saturation, Saturation(1.0), shift_s)
            + (later.saturation or (Saturation(1.0),)),
            pressure=filled(self.pressure, Pressure(1.0), shift_s)
            + (later.pressure or (Pressure(1.0),)),
            temperature=filled(self.temperature, Temperature(1.0), shift_s)
            + (later.temperature or (Temperature(1.0),)),
            motion=filled(self.motion, Motion(1.0), shift_s) + later.motion,
            faults=self.faults
            + tuple(replace(fault, start_s=fault.start_s + shift_s) for fault in later.faults),
            person=self.person,
        )


class _Timed(Protocol):
    @property
    def seconds(self) -> float: ...


class _Held(_Timed, Protocol):
    """A step that can go on as it ended."""

    def held(self, seconds: float) -> "_Held": ...


Step = TypeVar("Step", bound=_Held)


def lane_seconds(lane: tuple[_Timed, ...]) -> float:
    """How long a lane lasts."""
    return sum(step.seconds for step in lane)


def filled(lane: tuple[Step, ...], rest: Step, seconds: float) -> tuple[Step, ...]:
    """The lane, gone on as it ended until so many seconds; an empty one is at rest.

    Raises:
        ScriptError: the lane lasts longer than that.
    """
    left_s = seconds - lane_seconds(lane)
    if left_s < -1e-6:
        raise ScriptError(
            f"a lane of {lane_seconds(lane):g} s: accepted: at most the {seconds:g} s of the heart"
        )
    if left_s < 0.1:
        return lane
    last = lane[-1] if lane else rest
    return (*lane, last.held(left_s))  # type: ignore[arg-type] # it is of the same kind
