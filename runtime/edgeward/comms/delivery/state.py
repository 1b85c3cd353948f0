"""What a courier knows of its receiver, and what it has done."""

from dataclasses import dataclass
from enum import StrEnum

from edgeward.comms.delivery.transport import (
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
)
from edgeward.errors import DeliveryError


class State(StrEnum):
    """What is known of the receiver."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    UNREACHABLE = "unreachable"
    STRANGER = "stranger"
    """Somebody else answers in its place."""
    UNAUTHORISED = "unauthorised"
    """One of the two refuses the other's identity."""
    REFUSING = "refusing"
    """It is there, and takes nothing."""


def state_after(error: DeliveryError) -> State:
    """What a failure says of the receiver."""
    match error:
        case StrangerError():
            return State.STRANGER
        case UnauthorisedError():
            return State.UNAUTHORISED
        case RefusedError() | TooLargeError():
            return State.REFUSING
        case _:
            return State.UNREACHABLE


@dataclass(slots=True)
class Counts:
    """What was done so far."""

    exchanges: int = 0
    hellos: int = 0
    failures: int = 0
    """Exchanges and heartbeats without an answer that counts."""
    delivered: int = 0
    """Records the receiver said it holds."""
    set_aside: int = 0
    """Records it will never take."""
    sent_bytes: int = 0

    def to_dict(self) -> dict[str, int]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}
