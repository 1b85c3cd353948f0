"""From a bench unit and a device profile to a running device."""

from typing import TYPE_CHECKING

from edgeward_harness.errors import InputError
from edgeward_harness.profile.unit import SIMULATED_CLOCK, Unit
from edgeward_harness.profile.unit import Driver as Kind
from edgeward_harness.target.driver import Driver
from edgeward_harness.target.session import STARTUP_S, DeviceSession
from edgeward_harness.target.simulated_time import SimulatedTime

if TYPE_CHECKING:
    from edgeward.profile import Profile


def open_device(
    unit: Unit,
    profile: "Profile | None" = None,
    *,
    clock_hint: str | None = None,
    startup_s: float = STARTUP_S,
    wall_ns: int | None = None,
) -> DeviceSession:
    """Start the unit, hold it to the profile and read its description. Use as a context manager.

    The device is not configured: that is a request like any other. Without a profile it is held to
    nothing. `clock_hint="simulated"` asks for a device on a simulated clock: the reference device
    in this process, or a unit that says it can be started so. Its wall clock then stands at
    `wall_ns`, or at a usual time.

    Raises:
        Finding: the device does not describe itself as the protocol says, or was asked for its
            simulated build and says that its clock is real.
        InputError: the unit's command cannot be started, or the hint cannot be followed.
        HarnessError: this host cannot run the device.
    """
    environment = dict(unit.environment)
    session = DeviceSession(
        _driver(unit, profile, clock_hint, environment),
        startup_s=startup_s,
        simulated=SimulatedTime(environment, wall_ns) if clock_hint else None,
    )
    if clock_hint and not session.description["clock"]["simulated"]:
        with session:
            raise session.finding("A simulated build says that its clock is real")
    return session


def _driver(
    unit: Unit, profile: "Profile | None", clock_hint: str | None, environment: dict[str, str]
) -> Driver:
    if clock_hint not in (None, "simulated"):
        raise InputError("clock_hint", [f"found {clock_hint!r}, expected 'simulated' or None"])
    if unit.driver is Kind.INPROCESS:
        from edgeward_harness.target.inprocess import InProcessDriver

        return InProcessDriver(profile, simulated=clock_hint == "simulated")
    if clock_hint is not None and SIMULATED_CLOCK not in unit.fixtures:
        fault = f"unit {unit.name!r} is a process on the host's clock; it cannot be simulated"
        raise InputError("clock_hint", [fault])
    from edgeward_harness.target.enforce import Asked, asked_by
    from edgeward_harness.target.process import Command, ProcessDriver

    asked = Asked() if profile is None else asked_by(profile)
    command = Command(unit.command, unit.cwd, environment)
    return ProcessDriver(command, asked, unit.realization)
