"""How records come onto the disk, and what happens where it refuses them.

1. All of a batch goes into one transaction.
2. Where the queue is full, the oldest records of one class go; which one, the quotas and the
   declared order say (`edgeward.comms.outbox.quotas`). Where nothing may go, the lowest ones of the
   batch are rejected.
3. Where the disk is full, its spare makes room, and then the same happens within what there is.
4. Where the disk refuses for any other reason, or what is never given up finds no room, records
   wait in memory.
"""

from dataclasses import dataclass, field

from edgeward.comms.outbox import shelf
from edgeward.comms.outbox.batch import Batch, Draft
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.footprint import taken_bytes
from edgeward.comms.outbox.place import sequence_of
from edgeward.comms.outbox.quotas import EVICTED_PART, Load, payers
from edgeward.comms.outbox.writer import frames_of
from edgeward.comms.record import (
    Epoch,
    Identity,
    Loss,
    Receipt,
    Receipts,
    RecordClass,
    Standing,
)
from edgeward.errors import DamagedError, FullError, StoreError

_ROW_BYTES = 40
"""What a record takes on a page beside its bytes."""
_EVICTED_ROWS_MAX = 2000


@dataclass(slots=True)
class Stored:
    """What became of a batch: the rest of it is durable."""

    volatile: dict[int, str] = field(default_factory=dict)
    """Places of those that wait in memory, and why."""
    rejected: dict[int, str] = field(default_factory=dict)
    """Places of those that are not kept, and why not."""

    def receipts(self, epoch: Epoch, first: int, count: int) -> Receipts:
        """The answers to a batch that used up so many sequences from the first one."""
        told: dict[int, Receipt] = {}
        for place, reason in self.volatile.items():
            identity = Identity(epoch, sequence_of(place))
            told[identity.sequence - first] = Receipt(Standing.VOLATILE, identity, reason)
        for place, reason in self.rejected.items():
            told[sequence_of(place) - first] = Receipt(Standing.REJECTED, reason=reason)
        return Receipts(epoch, first, count, told)


class NoRoomError(StoreError):
    """The queue is full, and nothing in it may be given up for this."""


def store(core: Core, batch: Batch, stored: Stored) -> None:
    """Bring them onto the disk, or say of each what else became of it.

    Raises:
        DamagedError: what lies on the disk is not what was written there; nothing was changed.
    """
    while batch:
        try:
            put(core, batch)
            return
        except DamagedError:
            raise
        except NoRoomError as error:
            lowest = min(map(core.allowance.rank, batch.kinds))
            drafts = batch.drafts()
            if lowest == len(core.allowance.eviction):
                keep_in_memory(core, drafts, str(error), stored)
                return
            out = [draft for draft in drafts if core.allowance.rank(draft.kind) == lowest]
            batch = Batch.of([one for one in drafts if core.allowance.rank(one.kind) > lowest])
            _reject(core, out, str(error), stored)
        except StoreError as error:
            keep_in_memory(core, batch.drafts(), str(error), stored)
            return


def put(core: Core, batch: Batch) -> None:
    """Put all of them on the disk, making room as long as there is room to make.

    Raises:
        DamagedError: what lies on the disk is not what was written there; nothing was changed.
        NoRoomError: the queue is full; nothing was changed but what was evicted.
        StoreError: the disk refused; the same.
    """
    parts = batch.by_kind()
    sizes = {kind: list(map(len, part.blobs)) for kind, part in parts.items()}
    taken = {kind: sum(map(taken_bytes, each)) for kind, each in sizes.items()}
    load = Load(sum(map(sum, sizes.values())) + _ROW_BYTES * len(batch), taken)
    longest_bytes = max(map(max, sizes.values()))
    kept = load.highest(core) == len(core.allowance.eviction)
    pages_max = core.room.pages_kept if kept else core.room.pages_any
    while True:
        frames = frames_of(load.size_bytes, len(taken), longest_bytes) + core.pending.frames()
        try:
            _commit(core, parts, taken, frames, pages_max)
            return
        except FullError as error:
            if core.writer.lacks_pages(frames, pages_max):
                _make_room(core, load, error)
            elif not core.writer.use_spare():
                raise


def flush(core: Core) -> int:
    """Bring onto the disk what waits in memory; how many records.

    Raises:
        DamagedError: what lies on the disk is not what was written there; nothing was changed.
        StoreError: the disk still refuses; the rest waits on.
    """
    count = 0
    while drafts := _first(core):
        put(core, Batch.of(drafts))
        core.ring.remove([draft.place for draft in drafts])
        count += len(drafts)
    while core.pending:
        with core.change(0):
            pass
    return count


def _first(core: Core) -> list[Draft]:
    """As many of those in memory as one transaction takes."""
    chosen: list[Draft] = []
    size_bytes = 0
    for draft in core.ring.drafts():
        size_bytes += len(draft.blob)
        if chosen and size_bytes > core.room.transaction_bytes_max:
            break
        chosen.append(draft)
    return chosen


def _commit(
    core: Core,
    parts: dict[RecordClass, Batch],
    taken: dict[RecordClass, int],
    frames: int,
    pages_max: int,
) -> None:
    accepted = ((kind, part, core.tallies[kind].accepted) for kind, part in parts.items())
    puts = [put for one in accepted for put in shelf.puts(*one)]
    alone = len(puts) == 1 and not core.pending
    with core.writer.write(frames, pages_max, alone=alone) as database:
        for sql, values in puts:
            database.execute(sql, values)
        if core.pending:
            core.store_pending(database)
    for kind, part in parts.items():
        tally = core.tallies[kind]
        tally.accepted += len(part)
        tally.disk_bytes += taken[kind]
    if core.pending:
        core.pending.stored()
    core.remember()


def _make_room(core: Core, load: Load, error: FullError) -> None:
    """Give up something for a batch that finds no room, or raise that nothing may go for it."""
    for kind, most_bytes in payers(core, load):
        if evict(core, kind, load.size_bytes, most_bytes):
            return
    raise NoRoomError(
        "the queue is full of records that may not be given up for this;"
        " accepted again when a receiver has taken some"
    ) from error


def evict(core: Core, kind: RecordClass, size_bytes: int, most_bytes: int | None = None) -> int:
    """Give up the oldest records of a class, somewhat more than is needed now; how many.

    Args:
        core: whose.
        kind: the class.
        size_bytes: what is needed.
        most_bytes: no more than this, and the rest of a record.

    Raises:
        StoreError: the disk refused; nothing was given up.
    """
    room_bytes = core.room.transaction_bytes_max
    most_bytes = room_bytes if most_bytes is None else min(most_bytes, room_bytes)
    at_once_bytes = max(size_bytes, room_bytes // EVICTED_PART)
    wanted_bytes = min(at_once_bytes, most_bytes)
    places = shelf.oldest(core.database, kind, wanted_bytes, _EVICTED_ROWS_MAX)
    if not places:
        return 0
    with core.change(frames_of(2 * min(at_once_bytes, room_bytes), 3)) as change:
        return change.lose(kind, places, Loss.EVICTED)


def keep_in_memory(core: Core, drafts: list[Draft], reason: str, stored: Stored) -> None:
    """Let them wait in memory, as far as there is room; lower classes make room for higher ones."""
    for draft in drafts:
        taken, given_up = core.ring.add(draft)
        if taken:
            stored.volatile[draft.place] = reason
        else:
            _reject(
                core, [draft], f"{reason}; the memory for what the disk refuses is full", stored
            )
        for one in given_up:
            _give_up(core, one, stored)


def _give_up(core: Core, draft: Draft, stored: Stored) -> None:
    """One that waited in memory goes: it was accepted once, so it is counted and told."""
    if draft.place in stored.volatile:  # of the same batch: nobody was told that it is kept
        del stored.volatile[draft.place]
        _reject(core, [draft], "the memory for what the disk refuses is full", stored)
        return
    tally = core.tallies[draft.kind]
    tally.accepted += 1
    tally.evicted += 1
    core.pending.tallies.add(draft.kind)
    core.pending.lose(draft.kind, [draft.place], Loss.EVICTED, core.ring)


def _reject(core: Core, drafts: list[Draft], reason: str, stored: Stored) -> None:
    """Their sequences are used up, and never come to be of a record."""
    stored.rejected |= {draft.place: reason for draft in drafts}
    for kind in {draft.kind for draft in drafts}:
        places = [draft.place for draft in drafts if draft.kind is kind]
        core.pending.lose(kind, places, Loss.VOID, core.ring)
