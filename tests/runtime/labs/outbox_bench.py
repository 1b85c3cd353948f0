"""An outbox on a bench: a small real sealer, records told apart, and one way to open it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edgeward.adapters.database import FolderDatabase
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import (
    DataKey,
    Epoch,
    Identity,
    Offered,
    Offers,
    Queued,
    RecordClass,
    SealedAll,
)
from edgeward.errors import AlteredError, SealError
from edgeward.ports import DatabaseFile

MIB = 1 << 20
EVERY = tuple(RecordClass)
_MEMORY = Path("/dev/shm")


@dataclass
class BenchSealer:
    """AES-256-GCM with a data key for each epoch, class and patient, under one wrapping key."""

    secret: bytes = b"\x07" * 32
    erased: set[str] = field(default_factory=set)
    stop_after: int | None = None
    """After so many records that were opened, the process ends."""

    def __post_init__(self) -> None:
        self._wrap = AESGCM(self.secret)
        self._keys: dict[tuple[RecordClass, str | None], tuple[int, AESGCM]] = {}
        self._opened: dict[tuple[bytes, int], AESGCM] = {}
        self._drawn: list[DataKey] = []

    def begin(self, epoch: Epoch) -> None:
        self._epoch = epoch
        self._keys = {}

    def seal_all(self, epoch: Epoch, after: int, offers: Offers) -> SealedAll:
        made = SealedAll()
        for at, one in enumerate(starmap(Offered, zip(*offers, strict=True))):
            found = self._seal(Identity(epoch, after + 1 + at), one)
            if isinstance(found, SealError):
                made.refused[at] = found
            else:
                made.keys.append(found[0])
                made.blobs.append(found[1])
        return made

    def _seal(self, identity: Identity, offered: Offered) -> tuple[int, bytes] | SealError:
        if offered.patient in self.erased:
            return SealError(f"the key of {offered.patient} was destroyed")
        of = (offered.kind, offered.patient)
        if of not in self._keys:
            self._draw(offered)
        number, key = self._keys[of]
        nonce = b"\0" * 4 + identity.sequence.to_bytes(8, "big")
        return number, key.encrypt(nonce, offered.payload, bound(identity, offered.kind, number))

    def drawn(self) -> list[DataKey]:
        drawn, self._drawn = self._drawn, []
        return drawn

    def open(self, identity: Identity, kind: RecordClass, key: DataKey, blob: bytes) -> bytes:
        if self.stop_after is not None:
            self.stop_after -= 1
            if self.stop_after < 0:
                raise RuntimeError("the power went")
        of = (key.epoch.token, key.number)
        nonce = b"\0" * 4 + identity.sequence.to_bytes(8, "big")
        try:
            if of not in self._opened:
                raw = self._wrap.decrypt(key.wrapped[:12], key.wrapped[12:], named(key))
                self._opened[of] = AESGCM(raw)
            return self._opened[of].decrypt(nonce, blob, bound(identity, kind, key.number))
        except InvalidTag:
            raise AlteredError(f"record {identity.sequence} is not what was sealed") from None

    def _draw(self, offered: Offered) -> None:
        number = len(self._keys) + 1
        raw = AESGCM.generate_key(256)
        key = DataKey(self._epoch, number, offered.kind, subject_of(offered.patient), 1, b"")
        nonce = self._epoch.token + number.to_bytes(4, "big")
        wrapped = nonce + self._wrap.encrypt(nonce, raw, named(key))
        self._drawn.append(DataKey(key.epoch, key.number, key.kind, key.subject, key.ring, wrapped))
        self._keys[(offered.kind, offered.patient)] = (number, AESGCM(raw))


def subject_of(patient: str | None) -> bytes | None:
    return patient.encode().ljust(16, b".") if patient else None


def bound(identity: Identity, kind: RecordClass, number: int) -> bytes:
    return b"%b/%d/%d/%d" % (identity.epoch.token, identity.sequence, kind, number)


def named(key: DataKey) -> bytes:
    return b"%b/%d/%d/%b" % (key.epoch.token, key.number, key.kind, key.subject or b"")


@dataclass
class Bench:
    """What outlives a process: the folder and the keyring. Each opening has its own entropy."""

    file: DatabaseFile
    allowance: Allowance = field(default_factory=lambda: Allowance(4 * MIB))
    sealer: BenchSealer = field(default_factory=BenchSealer)
    seed: int = 1

    def open(self) -> Outbox:
        self.seed += 1
        return Outbox(self.file, self.sealer, SeededEntropy(self.seed), self.allowance)

    def payloads(self, outbox: Outbox, *kinds: RecordClass) -> list[bytes]:
        """What waits, opened again."""
        return [self.payload(outbox, one) for one in every(outbox, *kinds)]

    def payload(self, outbox: Outbox, one: Queued) -> bytes:
        (key,) = outbox.keys([one])
        return self.sealer.open(one.identity, one.kind, key, one.sealed.blob)


def bench(folder: Path, allowance: Allowance | None = None) -> Bench:
    made = Bench(FolderDatabase(folder / "outbox"))
    if allowance is not None:
        made.allowance = allowance
    return made


def every(outbox: Outbox, *kinds: RecordClass) -> list[Queued]:
    return outbox.queued(kinds or EVERY, records_max=10_000_000, bytes_max=1 << 40)


def texts(kind: RecordClass, *payloads: bytes, patient: str | None = None) -> list[Offered]:
    return [Offered(kind, payload, patient) for payload in payloads]


@contextlib.contextmanager
def swift_folder(fallback: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a test of what is kept need not wait for a disk."""
    if not os.access(_MEMORY, os.W_OK):
        yield fallback
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as name:
        yield Path(name)
