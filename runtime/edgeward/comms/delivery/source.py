"""What delivery needs of an outbox."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeward.comms.record import DataKey, Epoch, Gap, Identity, Queued, RecordClass


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the queue: which classes, and where in the order of acceptance."""

    kinds: frozenset[RecordClass]
    after: Identity | None = None
    """Only what was accepted later."""
    until: Identity | None = None
    """Only what was accepted no later."""


class Source(Protocol):
    """Keeps records until they are delivered."""

    def latest(self) -> Identity:
        """The last sequence that was drawn; 0 when this epoch has none yet."""
        ...

    def queued(self, span: Span, records_max: int, bytes_max: int) -> Sequence[Queued]:
        """The oldest records of a part of the queue, in order.

        Never more than either limit, but for a first record that alone is larger.
        """
        ...

    def data_keys(self, wanted: Collection[tuple[Epoch, int]]) -> Sequence[DataKey]:
        """The keys of these epochs and numbers; those that are gone are left out."""
        ...

    def gaps(self, gaps_max: int) -> Sequence[Gap]:
        """What the receiver has yet to be told that it will never get, the oldest first."""
        ...

    def delivered(self, identities: Collection[Identity]) -> None:
        """The receiver has them: forget them."""
        ...

    def gaps_told(self, gaps: Collection[Gap]) -> None:
        """The receiver knows these; one that has grown since has still to be told."""
        ...

    def quarantine(self, identity: Identity, reason: str) -> None:
        """The receiver will never take it: set it aside, and tell it as a gap."""
        ...


class Granter(Protocol):
    """Makes a data key known to one receiver."""

    def grant(self, key: DataKey, receiver_key: bytes) -> bytes:
        """The key, sealed for the holder of this X25519 key.

        Raises:
            SealError: the keyring cannot unwrap it (an erased patient).
        """
        ...
