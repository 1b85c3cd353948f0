"""How eagerly a device delivers: one set of numbers for each way it is connected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from edgeward.comms.record import RecordClass

SECOND_NS = 1_000_000_000


class Connection(StrEnum):
    """How a device is connected, by intention."""

    ALWAYS = "always-online"
    INTERMITTENT = "intermittent"
    OFFLINE = "offline"
    """Never: records leave on a medium that somebody carries."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When to send, how much at once, and how to wait after a failure."""

    linger_ns: Mapping[RecordClass, int]
    """How long a live record may wait for others to share a batch with; alarms never wait."""
    batch_bytes_max: int = 1 << 20
    batch_bytes_min: int = 4096
    """A slow link makes batches smaller, down to this."""
    batch_records_max: int = 500
    exchange_ns: int = SECOND_NS // 2
    """What one batch should take: a new alarm waits no longer for the one under way."""
    answer_ns: int = 5 * SECOND_NS
    """So long an answer may take at least before the link counts as dead."""
    backlog_share: float = 0.2
    """Of the bytes, at least, for what was accepted before the link came up."""
    heartbeat_ns: int = 30 * SECOND_NS
    """Between two signs of life of the receiver."""
    retry_first_ns: int = SECOND_NS
    retry_max_ns: int = 300 * SECOND_NS
    """No wait is longer; no number of failures ends the trying."""
    urgent_ns: int = 2 * SECOND_NS
    """A new alarm may end a wait, though not sooner after the last attempt."""
    offences_max: int = 3
    """So often a record alone is refused before it is suspected."""
    suspects_max: int = 8
    """So many records refused in a row show a fault of the receiver, not of the records."""

    def __post_init__(self) -> None:
        """What has no number waits for nobody."""
        complete = {kind: self.linger_ns.get(kind, 0) for kind in RecordClass}
        complete[RecordClass.ALARM] = 0
        object.__setattr__(self, "linger_ns", MappingProxyType(complete))


_ALWAYS = Pace(
    {
        RecordClass.WAVEFORM: 30 * SECOND_NS,
        RecordClass.TREND: 30 * SECOND_NS,
        RecordClass.EVENT: SECOND_NS,
        RecordClass.AUDIT: 30 * SECOND_NS,
    }
)
PACES = MappingProxyType(
    {
        Connection.ALWAYS: _ALWAYS,
        # Comes and goes: use it while it is there, and find out sooner that it has gone.
        Connection.INTERMITTENT: replace(
            _ALWAYS, linger_ns={}, heartbeat_ns=10 * SECOND_NS, retry_max_ns=60 * SECOND_NS
        ),
    }
)
"""Offline has none: nothing is sent."""
