"""The one way the harness takes a duration: two readings of the host's monotonic clock."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A reading of the monotonic clock, comparable only with others of this host's boot."""

    ns: int = field(default_factory=time.monotonic_ns)

    @property
    def elapsed_ns(self) -> int:
        """Nanoseconds from this instant to now."""
        return time.monotonic_ns() - self.ns
