"""A queue in memory, and a receiver that goes by the document: what a courier stands between."""

import base64
import json
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from edgeward.comms.delivery.transport import FOR_EVER_NS, Hello, UnreachableError
from edgeward.comms.record import (
    DataKey,
    Epoch,
    Gap,
    Identity,
    Queued,
    RecordClass,
    Sealed,
)
from edgeward.ports import Clock

EPOCH = Epoch(1, b"epoch..1")
RECEIVER_KEY = b"r" * 32


def order(identity: Identity) -> tuple[int, int]:
    """The order of acceptance."""
    return identity.epoch.ordinal, identity.sequence


@dataclass
class ListedSource:
    """The plainest queue there is."""

    epoch: Epoch = EPOCH
    sequence: int = 0
    waiting: list[Queued] = field(default_factory=list)
    untold: list[Gap] = field(default_factory=list)
    aside: dict[Identity, str] = field(default_factory=dict)
    keys_gone: set[int] = field(default_factory=set)

    def accept(self, kind: RecordClass, size_bytes: int = 100) -> Identity:
        """A record of this class; its key is its class."""
        self.sequence += 1
        one = Identity(self.epoch, self.sequence)
        self.waiting.append(Queued(one, kind, Sealed(int(kind), bytes(size_bytes))))
        return one

    def reopened(self) -> None:
        """As after a restart."""
        ordinal = self.epoch.ordinal + 1
        self.epoch, self.sequence = Epoch(ordinal, f"epoch{ordinal:3}".encode()), 0

    def newest(self) -> Identity:
        """The last identity that was drawn."""
        return Identity(self.epoch, self.sequence)

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
        """The oldest of a part of the queue."""
        found: list[Queued] = []
        for one in self.waiting:
            at = order(one.identity)
            if (
                one.kind in kinds
                and (after is None or at > order(after))
                and (through is None or at <= order(through))
            ):
                bytes_max -= len(one.sealed.blob)
                if found and (len(found) >= records_max or bytes_max < 0):
                    break
                historical = live_after is not None and at <= order(live_after)
                found.append(replace(one, historical=historical))
        return found

    def keys(self, records: Iterable[Queued]) -> Sequence[DataKey]:
        """The keys, but for those that are gone."""
        wanted = dict.fromkeys((one.identity.epoch, one.sealed.key) for one in records)
        return [
            DataKey(epoch, number, RecordClass(number), None, 1, b"wrapped")
            for epoch, number in wanted
            if number not in self.keys_gone
        ]

    def gaps(self, limit: int) -> Sequence[Gap]:
        """What was not told yet."""
        return self.untold[:limit]

    def delivered(self, sent: Sequence[Queued]) -> int:
        """Forget them."""
        gone = {one.identity for one in sent}
        before = len(self.waiting)
        self.waiting = [one for one in self.waiting if one.identity not in gone]
        return before - len(self.waiting)

    def gaps_told(self, told: Sequence[Gap]) -> None:
        """These are told."""
        self.untold = [gap for gap in self.untold if gap not in told]

    def quarantine(self, record: Queued, reason: str) -> bool:
        """Set it aside."""
        self.aside[record.identity] = reason
        return self.delivered([record]) == 1

    def grant(self, key: DataKey, receiver: bytes) -> bytes:
        """A key for the receiver, who here believes everything."""
        return key.number.to_bytes(4, "big") + receiver


Mishap = Callable[[bytes], bytes | None]
"""Gets a batch: raises, or answers in the receiver's place, or lets it pass with None."""


@dataclass
class Receiver:
    """Takes batches as the document says; its memory is what it has durably."""

    clock: Clock
    exchange_takes_ns: Callable[[int], int] = lambda _: 0
    before: Mishap = lambda _: None
    after: Mishap = lambda _: None
    greeting: Callable[[], None] = lambda: None
    poison: set[tuple[bytes, int]] = field(default_factory=set)
    sleep: Callable[[int], None] = lambda _: None
    records: dict[tuple[bytes, int], int] = field(default_factory=dict)
    """The class of each."""
    arrivals: list[tuple[int, bytes, int, int, bool, int]] = field(default_factory=list)
    """Time, token, sequence, class, historical, batch number: of what was new."""
    again: int = 0
    """Records it was sent, and had."""
    keys: set[tuple[str, int]] = field(default_factory=set)
    gaps: list[dict[str, object]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    """The records in each."""
    closed: int = 0

    def hello(self) -> Hello:
        """It is there, unless something happens."""
        self.greeting()
        return Hello(RECEIVER_KEY, self.clock.wall_ns())

    def close(self) -> None:
        """Count it."""
        self.closed += 1

    def exchange(self, batch: bytes, within_ns: int = FOR_EVER_NS) -> bytes:
        """Take a batch; who waits no longer knows nothing of it."""
        takes_ns = self.exchange_takes_ns(len(batch))
        self.sleep(min(takes_ns, within_ns))
        if takes_ns > within_ns:
            raise UnreachableError(f"no answer within {within_ns} ns")
        told = self.before(batch)
        if told is not None:
            return told
        answer = self._take(batch)
        told = self.after(batch)
        return answer if told is None else told

    def _take(self, batch: bytes) -> bytes:
        (length,) = struct.unpack_from("<I", batch, 4)
        header = json.loads(batch[8 : 8 + length])
        for one in header["keys"]:
            sealed = base64.b64decode(one["sealed"])
            assert sealed == int(one["key"]).to_bytes(4, "big") + RECEIVER_KEY
            self.keys.add((one["epoch"], one["key"]))
        durable, refused, unknown = [], [], []
        at = 8 + length
        self.batches.append(header["records"])
        while at < len(batch):
            token, sequence, kind, flags, _, key, size = struct.unpack_from("<8sQBBHII", batch, at)
            at += 28 + size
            if (token, sequence) in self.poison:
                refused.append({"epoch": token.hex(), "sequence": sequence, "reason": "poison"})
            elif (token.hex(), key) not in self.keys:
                unknown.append({"epoch": token.hex(), "key": key})
            else:
                durable.append([token.hex(), sequence, sequence])
                if (token, sequence) in self.records:
                    self.again += 1
                else:
                    self.records[(token, sequence)] = kind
                    self.arrivals.append(
                        (self.clock.monotonic_ns(), token, sequence, kind, bool(flags & 1),
                         len(self.batches))
                    )  # fmt: skip
        self.gaps += header["gaps"]
        told = {"durable": durable, "refused": refused, "keys_unknown": unknown}
        return json.dumps({"protocol": 1, "batch": header["batch"], **told}).encode()
