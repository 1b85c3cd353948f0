"""A limit on everything the runtime accepts, in one place, with its unit in its name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device accepts before it refuses; every refusal names the limit."""

    line_bytes_max: int = 1 << 20
    """One protocol message, newline included."""
    block_samples_max: int = 100_000
    """Samples in one pushed block."""
    streams_max: int = 64
    """Streams open at once."""
    events_kept_max: int = 4096
    """Events kept for a reader that has not fetched them; older ones are counted as dropped."""
    wait_ms_max: int = 60_000
    """The longest an `events` request may wait."""
    waiting_requests_max: int = 16
    """Requests waiting for events at once."""


DEFAULT = Limits()
