"""From a bench unit and a device profile to a running device."""

from typing import TYPE_CHECKING

from edgeward_harness.errors import InputError
from edgeward_harness.profile.unit import Driver as Kind
from edgeward_harness.profile.unit import Unit
from edgeward_harness.target.driver import Driver
from edgeward_harness.target.session import STARTUP_S, DeviceSession

if TYPE_CHECKING:
    from edgeward.profile import Profile


def open_device(
    unit: Unit,
    profile: "Profile | None" = None,
    *,
    clock_hint: str | None = None,
    startup_s: float = STARTUP_S,
) -> DeviceSession:
    """Start the unit, hold it to the profile and read its description. Use as a context manager.

    The device is not configured: that is a request like any other. Without a profile it is held to
    nothing. `clock_hint="simulated"` asks the inprocess driver for a device on a simulated clock.

    Raises:
        Finding: the device does not describe itself as the protocol says.
        InputError: the unit's command cannot be started, or the hint cannot be followed.
        HarnessError: this host cannot run the device.
    """
    return DeviceSession(_driver(unit, profile, clock_hint), startup_s=startup_s)


def _driver(unit: Unit, profile: "Profile | None", clock_hint: str | None) -> Driver:
    if clock_hint not in (None, "simulated"):
        raise InputError("clock_hint", [f"found {clock_hint!r}, expected 'simulated' or None"])
    if unit.driver is Kind.INPROCESS:
        from edgeward_harness.target.inprocess import InProcessDriver

        return InProcessDriver(profile, simulated=clock_hint == "simulated")
    if clock_hint is not None:
        fault = f"unit {unit.name!r} is a process on the host's clock; it cannot be simulated"
        raise InputError("clock_hint", [fault])
    from edgeward_harness.target.enforce import Asked, asked_by
    from edgeward_harness.target.process import Command, ProcessDriver

    asked = Asked() if profile is None else asked_by(profile)
    command = Command(unit.command, unit.cwd, unit.environment)
    return ProcessDriver(command, asked, unit.realization)
