"""The words of everything that is kept and sent: records, who they are, and what became of them.

What is made for every record is a named tuple: it is made faster than a frozen dataclass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol

from edgeward.errors import SealError


class RecordClass(IntEnum):
    """What kind of record it is; the number is its code on the wire and at rest."""

    WAVEFORM = 1
    TREND = 2
    EVENT = 3
    ALARM = 4
    AUDIT = 5

    @property
    def word(self) -> str:
        """The name in files and messages."""
        return self.name.lower()


NEVER_EVICTED = frozenset({RecordClass.ALARM, RecordClass.AUDIT})
"""Classes that a full queue keeps; it refuses new ones before it gives up an old one."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One opening of an outbox: no two share a token, not even those of a restored snapshot."""

    ordinal: int
    """Counts the openings: for order, not for identity."""
    token: bytes
    """Eight random bytes."""


class Identity(NamedTuple):
    """Which record of a device it is; a sequence is used once in its epoch, or never."""

    epoch: Epoch
    sequence: int


@dataclass(frozen=True, slots=True)
class Offered:
    """What somebody wants to be delivered."""

    kind: RecordClass
    payload: bytes
    patient: str | None = None
    """Whose it is; what belongs to nobody names nobody."""


class Standing(StrEnum):
    """What the outbox promises of a record it was offered."""

    DURABLE = "durable"
    """It is on the disk: only its receiver's receipt, or an eviction that is told, ends it."""
    VOLATILE = "volatile"
    """The disk refused; it is in memory, will be delivered or stored, and dies with the power."""
    REJECTED = "rejected"
    """It is not kept. The reason says why."""


class Receipt(NamedTuple):
    """The outbox's answer to one offered record."""

    standing: Standing
    identity: Identity | None = None
    """None when it was rejected."""
    reason: str = ""


class Sealed(NamedTuple):
    """A record that only a holder of its data key can read or change."""

    key: int
    """The number of its data key in its epoch."""
    blob: bytes


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key as it lies on the disk: wrapped, so that the keyring alone can use it."""

    epoch: Epoch
    number: int
    kind: RecordClass
    subject: bytes | None
    """Whose records it seals, as the keyring names that patient; None for nobody's."""
    ring: int
    """The version of the keyring's key that wraps it."""
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Queued:
    """A sealed record that waits for its receiver."""

    identity: Identity
    kind: RecordClass
    sealed: Sealed
    historical: bool = False
    """It was accepted before the link came up."""


class Loss(StrEnum):
    """Why a receiver will never get some records."""

    EVICTED = "evicted"
    """The queue was full."""
    QUARANTINED = "quarantined"
    """They were damaged on the disk, or their receiver refuses them for ever."""
    ERASED = "erased"
    """The keys of their patient were destroyed."""
    VOID = "void"
    """Sequences that no accepted record has: the disk refused when they were drawn."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Tells a receiver what it will never get.

    Every record of this class from `first` to `last` that it has not received is gone; `count` of
    them were given up here.
    """

    epoch: Epoch
    kind: RecordClass
    first: int
    last: int
    count: int
    reason: Loss


class Sealer(Protocol):
    """Seals what is accepted. It draws new keys by itself and hands them over to be stored."""

    def begin(self, epoch: Epoch) -> None:
        """Seal for this epoch from now on, with keys that no other epoch has."""
        ...

    def seal_all(
        self, epoch: Epoch, after: int, offered: Sequence[Offered]
    ) -> list[tuple[int, bytes] | SealError]:
        """Seal records under the sequences that follow; nobody asks twice for one of them.

        For each the number of its data key and the sealed bytes, as in `Sealed`; or why the keyring
        has no key for it (an erased patient).
        """
        ...

    def drawn(self) -> list[DataKey]:
        """The keys drawn since the last call: stored with the records they seal, or before them."""
        ...

    def open(self, identity: Identity, kind: RecordClass, key: DataKey, blob: bytes) -> bytes:
        """The payload of a sealed record.

        Raises:
            AlteredError: it was changed, or it is another record's.
            SealError: its key is gone.
        """
        ...
