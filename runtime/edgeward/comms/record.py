"""The words of everything that is kept and sent: records, who they are, and what became of them.

What is made for every record is a named tuple: it is made faster than a frozen dataclass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol, overload

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


class Offered(NamedTuple):
    """What somebody wants to be delivered."""

    kind: RecordClass
    payload: bytes
    patient: str | None = None
    """Whose it is; what belongs to nobody names nobody."""


class Offers(NamedTuple):
    """Many of them, in columns: nothing is done for each that can be done for all."""

    kinds: Sequence[RecordClass]
    payloads: Sequence[bytes]
    patients: Sequence[str | None]

    @classmethod
    def of(cls, offered: Sequence[Offered]) -> "Offers":
        """Those, in their order."""
        return cls(*zip(*offered, strict=True)) if offered else cls((), (), ())


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


class Receipts(Sequence[Receipt]):
    """The answers to a batch, in its order; each is made when it is asked for.

    As a rule all of them are durable, and nobody asks for any.
    """

    __slots__ = ("_epoch", "_sequences", "_told")

    def __init__(self, epoch: Epoch, first: int, count: int, told: Mapping[int, Receipt]) -> None:
        """Of so many records, from this sequence on; those that are told of are not durable."""
        self._epoch, self._told = epoch, told
        self._sequences = range(first, first + count)

    def __len__(self) -> int:
        return len(self._sequences)

    @overload
    def __getitem__(self, at: int) -> Receipt: ...

    @overload
    def __getitem__(self, at: slice) -> list[Receipt]: ...

    def __getitem__(self, at: int | slice) -> Receipt | list[Receipt]:
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        sequence = self._sequences[at]
        told = self._told.get(sequence - self._sequences.start)
        return told or Receipt(Standing.DURABLE, Identity(self._epoch, sequence))


class Sealed(NamedTuple):
    """A record that only a holder of its data key can read or change."""

    key: int
    """The number of its data key in its epoch."""
    blob: bytes


@dataclass(slots=True)
class SealedAll:
    """What became of a batch that was to be sealed."""

    keys: list[int] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)
    """Of those that were sealed, in their order, as in `Sealed`."""
    refused: dict[int, SealError] = field(default_factory=dict)
    """By their place in the batch: the keyring has no key for them (an erased patient)."""


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

    def seal_all(self, epoch: Epoch, after: int, offers: Offers) -> SealedAll:
        """Seal records under the sequences that follow; nobody asks twice for one of them."""
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
