"""The energy that the processors of this host draw, where the host has a meter for it (RAPL).

The meter counts everything that runs here. So what a device drew in a stretch of time lies between
what was counted beyond the idle power of the same host, and all that was counted.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeward_harness.errors import HarnessError
from edgeward_harness.profile.unit import energy_counters


@dataclass(slots=True)
class Energy:
    """What the meter counted over a stretch of time."""

    wall_s: float = 0.0
    joules: float = 0.0

    @property
    def watts(self) -> float:
        """The mean power."""
        return self.joules / self.wall_s if self.wall_s else 0.0


@contextmanager
def metered(counters: Sequence[Path] | None = None) -> Iterator[Energy]:
    """Count while the block runs, by all counters of this host or by these; filled in at its end.

    Raises:
        HarnessError: there is no meter, or it cannot be read.
    """
    counters = energy_counters() if counters is None else counters
    if not counters:
        raise HarnessError("this host has no energy meter that can be read")
    energy = Energy()
    start_ns, before = time.monotonic_ns(), [_read(path) for path in counters]
    yield energy
    counted = [_since(path, first) for path, first in zip(counters, before, strict=True)]
    energy.wall_s = (time.monotonic_ns() - start_ns) / 1e9
    energy.joules = sum(counted) / 1e6


def _since(counter: Path, before: int) -> int:
    """Microjoules since a reading; the counter may have begun anew once."""
    now = _read(counter)
    return now - before if now >= before else now - before + _read(counter.with_name(_RANGE))


_RANGE = "max_energy_range_uj"


def _read(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise HarnessError(f"the energy meter cannot be read: {error}") from error
