"""What delivery needs of an outbox, and of whoever has its keys."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from edgeward.comms.record import DataKey, Gap, Identity, Queued, RecordClass


class Source(Protocol):
    """Keeps records until they are delivered."""

    def newest(self) -> Identity:
        """The last identity that was drawn; sequence 0 when this epoch has none yet."""
        ...

    def queued(
        self,
        kinds: Iterable[RecordClass],
        *,
        records_max: int,
        bytes_max: int,
        after: Identity | None = None,
        through: Identity | None = None,
        live_after: Identity | None = None,
    ) -> Sequence[Queued]:
        """Records that wait, of these classes, in order; at least one where one waits.

        Those behind `after` and up to `through`. What is not behind `live_after` is historical.
        """
        ...

    def keys(self, records: Iterable[Queued]) -> Sequence[DataKey]:
        """The data keys of records, each once; one that is gone is left out."""
        ...

    def gaps(self, limit: int) -> Sequence[Gap]:
        """What the receiver has yet to be told that it will never get, the oldest first."""
        ...

    def delivered(self, sent: Sequence[Queued]) -> int:
        """The receiver has them: forget them."""
        ...

    def gaps_told(self, told: Sequence[Gap]) -> None:
        """The receiver knows these; one that has grown since has still to be told."""
        ...

    def quarantine(self, record: Queued, reason: str) -> bool:
        """The receiver will never take it: set it aside, and tell it as a gap."""
        ...


class Granter(Protocol):
    """Makes a data key known to one receiver."""

    def grant(self, key: DataKey, receiver: bytes) -> bytes:
        """The key, sealed for the holder of this X25519 key.

        Raises:
            SealError: the keyring cannot unwrap it (an erased patient).
        """
        ...
