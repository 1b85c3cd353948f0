"""The wall time of a simulated build, kept by the harness over its starts: nobody else does."""

from typing import Final

CLOCK_VARIABLE: Final = "EDGEWARD_SIMULATED_CLOCK"
"""Asks a device for its simulated build, and names the wall time with which it starts."""
WALL_START_NS: Final = 1_800_000_000 * 1_000_000_000
"""The wall time of a simulated build at its first start: in January 2027."""


class SimulatedTime:
    """What a simulated build is told of the time when it is started."""

    def __init__(self, environment: dict[str, str], wall_ns: int | None = None) -> None:
        """Write it into the environment of the device, now and whenever it passes.

        At its very first start a device may be told another time than the usual one.
        """
        self._environment = environment
        self.wall_ns = WALL_START_NS if wall_ns is None else wall_ns
        self.passes(0)

    def passes(self, duration_ns: int) -> None:
        """So much wall time has passed, or the wall clock was set on or back by so much."""
        self.wall_ns += duration_ns
        self._environment[CLOCK_VARIABLE] = str(self.wall_ns)
