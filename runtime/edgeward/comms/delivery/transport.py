"""The port to a receiver, and the ways in which it can fail to take a batch."""

from dataclasses import dataclass
from typing import Protocol

from edgeward.errors import DeliveryError

FOR_EVER_NS = 1 << 62


class UnreachableError(DeliveryError):
    """Nobody answered, or not now. The same batch may be tried again."""

    def __init__(self, text: str, retry_after_ns: int | None = None) -> None:
        """Keep how long the receiver asks to be left alone, if it does."""
        super().__init__(text)
        self.retry_after_ns = retry_after_ns


class StrangerError(DeliveryError):
    """Somebody answered who is not the receiver: a portal, a proxy, a wrong address."""


class UnauthorisedError(DeliveryError):
    """The receiver, or we, refuse the identity of the other."""


class TooLargeError(DeliveryError):
    """The receiver takes no batch of this size."""


class RefusedError(DeliveryError):
    """The receiver is there, and refuses this batch as it is."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a receiver says when it is asked whether it is there."""

    receiver_key: bytes
    """Its public X25519 key: data keys are granted to it."""
    now_ns: int | None = None
    """What time it takes it to be, in nanoseconds since 1970 UTC."""


class Transport(Protocol):
    """Carries one batch at a time to one receiver."""

    def hello(self) -> Hello:
        """Ask whether the receiver is there; within its timeout.

        Raises:
            DeliveryError: one of this module's; `UnreachableError` for a half-open connection.
        """
        ...

    def exchange(self, batch: bytes, within_ns: int = FOR_EVER_NS) -> bytes:
        """Send a batch and return the body that answers it; within its timeout, and within this.

        Raises:
            DeliveryError: one of this module's. Whether the receiver has the batch is not known.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        ...
