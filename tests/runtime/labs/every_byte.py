"""A small queue of which one byte changes, and a receiver that accounts for every record of it.

The receiver is the one of docs/delivery.md: it holds what opens under its identity, takes what it
holds already for a copy, refuses the rest for ever, and is told gaps.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from outbox_bench import MIB, Bench, BenchSealer, every, texts

from edgeward.adapters.database import FolderDatabase
from edgeward.comms.outbox.allowance import PAGE_BYTES, Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import DataKey, Gap, Identity, Queued, RecordClass
from edgeward.errors import EdgewardError, SealError

SMALL = Allowance(MIB)
LONG_LOG = Allowance(12 * MIB)
"""The log is not emptied before it has some transactions."""
ROUNDS_MAX = 60
LOG = "outbox.db-wal"
Name = tuple[bytes, int]
"""Token and sequence: what a receiver knows a record by."""


def name_of(identity: Identity) -> Name:
    return identity.epoch.token, identity.sequence


@dataclass
class Receiver:
    """What it holds, and what it was told that it will never get."""

    sealer: BenchSealer
    held: dict[Name, bytes] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def take(self, outbox: Outbox, records_max: int = 7) -> None:
        """Take what waits, until nothing does."""
        for _ in range(ROUNDS_MAX):
            sent = every(outbox)[:records_max]
            gaps = outbox.gaps()
            self.gaps += gaps
            outbox.gaps_told(gaps)
            if not sent:
                return
            known = {(key.epoch.token, key.number): key for key in outbox.keys(sent)}
            for one in sent:
                key = known.get((one.identity.epoch.token, one.sealed.key))
                if name_of(one.identity) in self.held or (key and self.opened(one, key)):
                    outbox.delivered([one])
                else:
                    outbox.quarantine(one, "not what was sealed")
        raise AssertionError(f"{len(every(outbox))} records never leave")

    def opened(self, one: Queued, key: DataKey) -> bool:
        """Whether it is what was sealed; from then on it is held."""
        try:
            text = self.sealer.open(one.identity, one.kind, key, one.sealed.blob)
        except SealError:
            return False
        self.held[name_of(one.identity)] = text
        return True

    def is_told(self, name: Name, kind: RecordClass) -> bool:
        token, sequence = name
        return any(
            gap.epoch.token == token and gap.kind == kind and gap.first <= sequence <= gap.last
            for gap in self.gaps
        )


@dataclass
class Laid:
    """A queue as a restart finds it, what was acknowledged, and what its receiver has."""

    files: dict[str, bytes]
    accepted: dict[Name, tuple[RecordClass, bytes]]
    held: dict[Name, bytes]
    counted: int


def laid(folder: Path, *, closed: bool, lives: int = 2) -> Laid:
    """An outbox that took, delivered and restarted; then it was killed, or ended in order."""
    kit = Bench(FolderDatabase(folder / "outbox"), SMALL if closed else LONG_LOG)
    receiver = Receiver(kit.sealer)
    accepted: dict[Name, tuple[RecordClass, bytes]] = {}
    outbox = kit.open()
    for life in range(lives):
        if life:
            outbox.close()
            outbox = kit.open()
        for number in range(3):
            offered = [
                *texts(RecordClass.TREND, *(b"t%d%d%d" % (life, number, at) for at in (0, 1))),
                *texts(RecordClass.EVENT, b"e%d%d" % (life, number), patient="p"),
                *texts(RecordClass.ALARM, b"a%d%d" % (life, number)),
            ]
            if number == 1:
                offered += texts(RecordClass.TREND, b"long%d" % life + bytes(5000))
            for one, receipt in zip(offered, outbox.accept(offered), strict=True):
                assert receipt.identity
                accepted[name_of(receipt.identity)] = one.kind, one.payload
            if number == 0:
                sent = every(outbox)[:3]
                assert all(receiver.opened(one, outbox.keys([one])[0]) for one in sent)
                outbox.delivered(sent)
    if closed:
        outbox.close()
    files = {
        path.name: path.read_bytes()
        for path in (folder / "outbox").iterdir()
        if not path.name.endswith(("-shm", "-spare"))
    }
    if LOG in files:  # what is reserved behind it says nothing
        files[LOG] = files[LOG].rstrip(b"\0") + bytes(PAGE_BYTES)
    outbox.close()
    return Laid(files, accepted, receiver.held, len(accepted))


def places_of(data: bytes) -> list[int]:
    """The bytes of a file that say something."""
    return [at for at, byte in enumerate(data) if byte]


def looked_at(home: Path, life: Laid, name: str, changed: bytes) -> list[str]:
    """What is wrong with what comes of a queue with one file like that."""
    (home / "outbox").mkdir(parents=True)
    for other, data in life.files.items():
        (home / "outbox" / other).write_bytes(changed if other == name else data)
    kit = Bench(FolderDatabase(home / "outbox"), SMALL, seed=100)
    try:
        outbox = kit.open()
    except EdgewardError as error:
        return [f"it does not start: {error!r:.200}"]
    receiver = Receiver(kit.sealer, dict(life.held))
    try:
        faults = [f"before: {fault}" for fault in outbox.audit()]
        receiver.take(outbox)
        faults += [f"after: {fault}" for fault in outbox.audit()]
        faults += list(_wrong(life, receiver))
        counts = outbox.counts().values()
        total = sum(one.accepted for one in counts)
        if total > life.counted:
            faults.append(f"{total} are counted of {life.counted}")
        outbox.close()
        again = kit.open()
        if again.salvaged:
            faults.append("it is salvaged again")
        again.close()
    except EdgewardError as error:
        return [f"it ends: {error!r:.200}"]
    return faults


def _wrong(life: Laid, receiver: Receiver) -> Iterator[str]:
    for name, (kind, text) in life.accepted.items():
        if name in receiver.held:
            if receiver.held[name] != text:
                yield f"{name[1]} of {kind.word} came changed"
        elif not receiver.is_told(name, kind):
            yield f"{name[1]} of {kind.word} is lost and not told"
    if strangers := receiver.held.keys() - life.accepted.keys():
        yield f"{len(strangers)} came that nobody put"


def flipped(data: bytes, at: int, seed: int) -> bytes:
    """The same with one byte changed."""
    mask = random.Random(f"{seed}/{at}").randrange(1, 256)
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
