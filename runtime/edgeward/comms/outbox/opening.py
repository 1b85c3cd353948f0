"""Opening an outbox: nothing that lies on the disk keeps a device from starting.

A database that is newer is refused and left as it is: the runtime that wrote it can read it. One
that is damaged is set aside, and what can be read of it is put into a new one.
"""

import contextlib

from edgeward.comms.outbox import erasing, handing, keys, shelf
from edgeward.comms.outbox.allowance import PAGE_BYTES, Allowance, room_of
from edgeward.comms.outbox.core import Core, store_tally
from edgeward.comms.outbox.frames import log_is_damaged
from edgeward.comms.outbox.mark import read_mark
from edgeward.comms.outbox.place import ORDINAL_MAX, span_of
from edgeward.comms.outbox.ring import Ring
from edgeward.comms.outbox.salvage import Salvaged, salvage
from edgeward.comms.outbox.schema import is_as_made, migrate, tune
from edgeward.comms.outbox.storing import evict
from edgeward.comms.outbox.tally import TAKEN_ROWS, Tally, taken_told
from edgeward.comms.outbox.writer import Writer
from edgeward.comms.record import Epoch, RecordClass, Sealer
from edgeward.errors import DamagedError, LimitError, StoreError
from edgeward.ports import Database, DatabaseFile, Entropy

_TOKEN_BYTES = 8
_CHECKED_BYTES_MAX = 256 << 20
"""A larger database is not looked through at every start: damage shows where it is read."""
_KINDS_AT, _KINDS = 18, (b"\1\1", b"\2\2")
"""How a database is written and read: before and since its log was begun."""
_NO_EPOCH = Epoch(0, bytes(_TOKEN_BYTES))


def open_core(
    file: DatabaseFile,
    sealer: Sealer,
    entropy: Entropy,
    allowance: Allowance,
    ring: Ring | None = None,
) -> tuple[Core, list[Salvaged]]:
    """Open what lies there, or begin; and what was salvaged on the way.

    Records that wait in memory for the disk, in `ring`, go on waiting: they are not lost.

    Raises:
        StoreError: the disk refused, or what lies there is newer than this runtime.
    """
    if _head_is_damaged(file) or log_is_damaged(file):
        file.set_aside()
    ring = Ring(allowance) if ring is None else ring
    try:
        return _opened(file, sealer, entropy, ring)
    except DamagedError:
        return _opened(file, sealer, entropy, ring)


def _head_is_damaged(file: DatabaseFile) -> bool:
    """Whether SQLite would take what lies there for a file of another kind, and refuse to write."""
    kinds = file.read("", log=False, offset=_KINDS_AT, size_bytes=len(_KINDS[0]))
    return len(kinds) == len(_KINDS[0]) and kinds not in _KINDS


def _opened(
    file: DatabaseFile, sealer: Sealer, entropy: Entropy, ring: Ring
) -> tuple[Core, list[Salvaged]]:
    database = file.open()
    try:
        tune(database)
        migrate(database)
        _check(file, database)
        core = _load(file, database, ring)
        _hold_against(core, file)
        _reserve(file, core)
        salvaged = [salvage(core, file, name, sealer) for name in file.aside()]
        erasing.resume(core)
        _forget_the_empty(core)
        _begin(core, sealer, entropy)
    except DamagedError:
        with contextlib.closing(database):  # closing it first would empty its log
            file.set_aside()
        raise
    except BaseException:
        database.close()
        raise
    return core, salvaged


def _check(file: DatabaseFile, database: Database) -> None:
    """Hold tables and copies against what they should be; look through all that is soon done."""
    if not is_as_made(database):
        raise DamagedError("the outbox has other tables than were made in it")
    if not keys.copies_agree(database):
        raise DamagedError("the outbox has two copies of its keys that do not agree")
    if file.size_bytes() > _CHECKED_BYTES_MAX:
        return
    faults = database.execute("PRAGMA quick_check(1)")
    if faults != [("ok",)]:
        raise DamagedError(f"the outbox is damaged: {faults[0][0]}")


def _load(file: DatabaseFile, database: Database, ring: Ring) -> Core:
    tallies = _tallies(database)

    def settle(database: Database) -> None:
        for kind, tally in core.tallies.items():
            store_tally(database, kind, tally)

    allowance = ring.allowance
    room = room_of(allowance)
    writer = Writer(file, database, room, settle)
    epochs = keys.epochs_in(database)
    core = Core(writer, allowance, room, _NO_EPOCH, epochs, tallies, ring)
    return core


def _tallies(database: Database) -> dict[RecordClass, Tally]:
    """The figures of each class, and what was accepted since they were written."""
    tallies, taken = {kind: Tally() for kind in RecordClass}, dict[RecordClass, list[int]]()
    for key, *figures in database.execute("SELECT * FROM tally"):
        if any(type(figure) is not int for figure in figures):
            raise DamagedError(f"the outbox has figures {figures} of class {key}, not numbers")
        if key in TAKEN_ROWS:
            taken[TAKEN_ROWS[key]] = figures
        elif key in tallies:
            tallies[RecordClass(key)] = Tally(*figures)
        else:
            raise DamagedError(f"the outbox counts records of class {key}, which does not exist")
    for kind, tally in tallies.items():
        told = taken_told(kind, tally.accepted, taken[kind]) if kind in taken else None
        since = -1 if told is None else tally.accepted
        tally.disk_bytes = (told or 0) + shelf.disk_bytes(database, kind, since)
        tally.accepted = max(tally.accepted, shelf.accepted_ever(database, kind))
    return tallies


def _hold_against(core: Core, file: DatabaseFile) -> None:
    """Nothing that was acknowledged may be missing, unless it was set aside and is salvaged now."""
    if file.aside():
        return
    if file.size_bytes() <= _CHECKED_BYTES_MAX and (faults := handing.audit(core)):
        raise DamagedError(f"the outbox miscounts: {faults[0]}")
    mark = read_mark(file)
    if mark is None or not mark.is_ahead_of(core.tallies):
        return
    raise DamagedError(
        "the outbox has lost what it acknowledged: accepted"
        f" {[tally.accepted for tally in core.tallies.values()]} records of its classes; the mark"
        f" beside it says {[mark.accepted[kind] for kind in core.tallies]}"
    )


def _reserve(file: DatabaseFile, core: Core) -> None:
    """Take the space that is reserved; on a full disk the spare is what the log gets."""
    try:
        core.writer.reserve()
    except StoreError:
        with contextlib.suppress(StoreError):
            core.writer.use_spare()
        with contextlib.suppress(StoreError):
            file.reserve(core.room.log_bytes, 0)


def _forget_the_empty(core: Core) -> None:
    """Keys and epochs of which no record is left; the newest epoch tells where to count on."""
    newest = max(core.epochs, default=0)
    empty = [ordinal for ordinal in core.epochs if not _any_record(core.database, ordinal)]
    told = {row[0] for row in core.database.execute("SELECT DISTINCT ordinal FROM gap")}
    gone = [ordinal for ordinal in empty if ordinal not in told and ordinal != newest]
    if not empty:
        return
    with core.change(8 + len(empty)) as change:
        for ordinal in empty:
            keys.forget_keys(change.database, *span_of(ordinal))
        for ordinal in gone:
            keys.forget_epoch(change.database, ordinal)
    for ordinal in gone:
        del core.epochs[ordinal]


def _any_record(database: Database, ordinal: int) -> bool:
    first, last = span_of(ordinal)
    set_aside = "SELECT 1 FROM aside WHERE place BETWEEN ? AND ? LIMIT 1"
    return any(shelf.any_between(database, kind, first, last) for kind in RecordClass) or bool(
        database.execute(set_aside, (first, last))
    )


def _begin(core: Core, sealer: Sealer, entropy: Entropy) -> None:
    """Begin a new epoch; a full queue gives something up for it."""
    ordinal = max(core.epochs, default=0) + 1
    if ordinal > ORDINAL_MAX:
        raise LimitError(f"this is opening {ordinal} of the outbox; accepted: up to {ORDINAL_MAX}")
    epoch = Epoch(ordinal, entropy.token(_TOKEN_BYTES))
    while True:
        try:
            with core.change(2) as change:
                keys.store_epoch(change.database, epoch)
            break
        except DamagedError:
            raise
        except StoreError:
            if not any(evict(core, kind, PAGE_BYTES) for kind in core.allowance.eviction):
                raise
    core.epoch, core.sequence = epoch, 0
    core.epochs[ordinal] = epoch
    sealer.begin(epoch)
    core.remember()


def begin_again(core: Core, sealer: Sealer, entropy: Entropy) -> None:
    """A new epoch in an open outbox: all sequences of the old one are used up.

    Raises:
        StoreError: the disk refused.
    """
    _begin(core, sealer, entropy)


def lead_down(file: DatabaseFile, version: int) -> None:
    """Lead an outbox that nobody has open to an older version of its layout.

    Raises:
        StoreError: it is newer than this runtime, the disk refused, or there is no such version.
    """
    database = file.open()
    try:
        tune(database)
        migrate(database, version)
    finally:
        database.close()
