"""The outbox: what it takes it keeps until a receiver has it, or says what became of it.

Every method may be called by every thread. Where damage shows, it is repaired on the spot
(`edgeward.comms.outbox.salvage`) and the call is done again.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from edgeward.comms.outbox import erasing, handing, keys, quotas, shelf
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.core import Core
from edgeward.comms.outbox.drafting import draw_up
from edgeward.comms.outbox.gaps import forget_gap, gaps_in
from edgeward.comms.outbox.opening import begin_again, open_core
from edgeward.comms.outbox.place import (
    SEQUENCE_MAX,
    last_place,
    ordinal_of,
    place_of,
    sequence_of,
)
from edgeward.comms.outbox.salvage import Salvaged
from edgeward.comms.outbox.storing import Stored, flush, keep_in_memory, store
from edgeward.comms.outbox.tally import Count
from edgeward.comms.outbox.writer import frames_of
from edgeward.comms.record import (
    DataKey,
    Gap,
    Identity,
    Offered,
    Offers,
    Queued,
    Receipt,
    Receipts,
    RecordClass,
    Sealer,
    Standing,
)
from edgeward.errors import DamagedError, StoreError
from edgeward.ports import DatabaseFile, Entropy

T = TypeVar("T")
_KEYS_MAX = 20
_KEY_BYTES = 512
_GAPS_MAX = 1000
_GAPS_TOLD_MAX = 3
_SEALING_BYTES = 64
"""What sealing adds to a payload, at the most."""
_LAST_PLACE = (1 << 63) - 1


class Outbox:
    """Durable store-and-forward, in one folder, within an allowance."""

    __slots__ = (
        "_allowance",
        "_broken",
        "_core",
        "_entropy",
        "_file",
        "_lock",
        "_sealer",
        "salvaged",
    )

    def __init__(
        self, file: DatabaseFile, sealer: Sealer, entropy: Entropy, allowance: Allowance
    ) -> None:
        """Open it, or begin it; a new epoch either way.

        Raises:
            StoreError: the disk refused, or what lies there is newer than this runtime.
        """
        self._file, self._sealer, self._entropy = file, sealer, entropy
        self._allowance = allowance
        self._lock = threading.RLock()
        self._broken = False
        self.salvaged: list[Salvaged]
        """What was repaired since this was opened."""
        self._core, self.salvaged = open_core(file, sealer, entropy, allowance)

    # -- taking --------------------------------------------------------------------------------

    def accept(self, offered: Sequence[Offered]) -> Receipts:
        """Take records, all in one transaction; each answer says what may be relied on.

        Raises:
            StoreError: nothing was taken; where the disk alone refused, that is no error.
        """
        offers = Offers.of(offered)
        return self._healed(lambda core: self._accept(core, offers))

    def retry(self) -> int:
        """Bring onto the disk what waits in memory, and take the reserve again; how many records.

        Raises:
            StoreError: the disk still refuses; nothing is lost by it.
        """

        def again(core: Core) -> int:
            if core.writer.pinned:  # else what has to be flushed may never find room
                with contextlib.suppress(StoreError):
                    core.writer.reserve()
            count = flush(core)
            core.writer.reserve()
            return count

        return self._healed(again)

    def standing(self, identity: Identity, kind: RecordClass) -> Standing | None:
        """What the outbox promises of a record now; None when it does not have it any more."""

        def ask(core: Core) -> Standing | None:
            place = place_of(identity.epoch.ordinal, identity.sequence, kind)
            if place in core.ring:
                return Standing.VOLATILE
            return Standing.DURABLE if shelf.one(core.database, kind, place) else None

        return self._healed(ask)

    # -- handing over --------------------------------------------------------------------------

    def queued(
        self,
        kinds: Iterable[RecordClass],
        *,
        records_max: int,
        bytes_max: int,
        after: Identity | None = None,
        through: Identity | None = None,
        live_after: Identity | None = None,
    ) -> list[Queued]:
        """Records that wait, of these classes, in their order; at least one where one waits.

        Those behind `after` and up to `through`. What is not behind `live_after` is historical.
        No transaction stays open: a record may be given up while it is under way.

        Raises:
            StoreError: the disk cannot be read.
        """
        start = -1 if after is None else _behind(after)
        end = _LAST_PLACE if through is None else _behind(through)
        border = -1 if live_after is None else _behind(live_after)

        def take(core: Core) -> list[Queued]:
            taken: list[Queued] = []
            size_bytes = 0
            for place, kind, sealed in core.waiting(tuple(kinds), start, end):
                size_bytes += len(sealed.blob)
                if taken and (len(taken) >= records_max or size_bytes > bytes_max):
                    break
                identity = Identity(core.epochs[ordinal_of(place)], sequence_of(place))
                taken.append(Queued(identity, kind, sealed, historical=place <= border))
            return taken

        return self._healed(take)

    def newest(self) -> Identity:
        """The last identity that was drawn: at link-up, all up to here is historical."""
        with self._lock:
            return Identity(self._core.epoch, self._core.sequence)

    def keys(self, records: Iterable[Queued]) -> list[DataKey]:
        """The data keys of records, each once; one that is gone is left out.

        Raises:
            StoreError: the disk cannot be read.
        """
        places = sorted(
            {place_of(one.identity.epoch.ordinal, one.sealed.key, one.kind) for one in records}
        )
        return self._healed(lambda core: core.keys_at(places))

    def all_keys(self) -> list[DataKey]:
        """Every data key that is kept, for a new wrapping; those too that wait for the disk.

        Raises:
            StoreError: the disk cannot be read.
        """
        return self._healed(
            lambda core: [*keys.all_keys(core.database, core.epochs), *core.pending.keys]
        )

    def rewrap(self, wrapped: Sequence[DataKey]) -> None:
        """Keep data keys under another wrapping. It may be done again after any interruption.

        Raises:
            StoreError: the disk refused; some may be kept under the new wrapping already.
        """

        def again(core: Core) -> None:
            for start in range(0, len(wrapped), _KEYS_MAX):
                part = wrapped[start : start + _KEYS_MAX]
                with core.change(frames_of(_KEYS_MAX * _KEY_BYTES, 2)) as change:
                    keys.store_keys(change.database, part)

        self._healed(again)

    def gaps(self, limit: int = _GAPS_MAX) -> list[Gap]:
        """What its receiver does not know yet that it will never get, oldest first.

        Raises:
            StoreError: the disk cannot be read.
        """
        return self._healed(lambda core: gaps_in(core.database, core.epochs, limit))

    def gaps_told(self, told: Sequence[Gap]) -> None:
        """A receiver knows these; one that has grown in the meantime is told again.

        Raises:
            StoreError: the disk refused; they are told again.
        """

        def forget(core: Core) -> None:
            for start in range(0, len(told), _GAPS_TOLD_MAX):
                with core.change(frames_of(0, 2 * _GAPS_TOLD_MAX)) as change:
                    for gap in told[start : start + _GAPS_TOLD_MAX]:
                        forget_gap(change.database, gap)

        self._healed(forget)

    def delivered(self, sent: Sequence[Queued]) -> int:
        """A receiver has these for good; how many of them were still here.

        Raises:
            StoreError: the disk refused; those that are left are sent again, and change nothing.
        """

        def forget(core: Core) -> int:
            handing.hold_against_seals(core, self._sealer, sent)
            return handing.delivered(core, sent)

        return self._healed(forget)

    def quarantine(self, record: Queued, reason: str) -> bool:
        """A receiver will never take this one: set it aside and tell of it; False if it is gone.

        Raises:
            StoreError: the disk refused; nothing was changed.
        """

        def put_away(core: Core) -> bool:
            handing.hold_against_seals(core, self._sealer, [record])
            return handing.quarantine(core, record, reason)

        return self._healed(put_away)

    def erase(self, subject: bytes) -> int:
        """Remove the records of a patient whose key was destroyed; how many.

        Raises:
            StoreError: the disk refused; the rest is removed at the next call or start.
        """
        return self._healed(lambda core: erasing.erase(core, subject))

    # -- upkeep --------------------------------------------------------------------------------

    def counts(self) -> dict[RecordClass, Count]:
        """What became of every record ever accepted."""
        with self._lock:
            core = self._core
            return {
                kind: tally.shown(core.ring.count(kind)) for kind, tally in core.tallies.items()
            }

    def audit(self) -> list[str]:
        """Count what lies on the disk one by one; what does not agree with `counts`.

        Raises:
            StoreError: the disk cannot be read.
        """
        return self._healed(lambda core: [*handing.audit(core), *quotas.audit(core)])

    @property
    def checkpoint_due(self) -> bool:
        """Whether `checkpoint` has something to do."""
        return self._core.writer.log_due

    def checkpoint(self) -> None:
        """Empty the log. On a thread of its own it costs those who accept nearly nothing.

        Raises:
            StoreError: the disk refused; the log keeps what it holds.
        """
        self._healed(lambda core: core.writer.settle())
        self._healed_beside(self._core)
        self._healed(lambda core: core.writer.empty_log(settled=True))

    def size_bytes(self) -> int:
        """What all of it takes on the disk now; never more than is allowed."""
        return self._file.size_bytes()

    def close(self) -> None:
        """Bring onto the disk what can be brought, and let go of it."""
        with self._lock:
            with contextlib.suppress(StoreError):
                flush(self._core)
                self._core.writer.settle()
            self._core.writer.close()
            self._file.let_go()

    # -- within --------------------------------------------------------------------------------

    def _accept(self, core: Core, offers: Offers) -> Receipts:
        count = len(offers.kinds)
        size_bytes = sum(map(len, offers.payloads)) + _SEALING_BYTES * count
        if size_bytes > core.room.transaction_bytes_max:
            reason = (
                f"{size_bytes} bytes offered at once; accepted:"
                f" up to {core.room.transaction_bytes_max}"
            )
            each = dict.fromkeys(range(count), Receipt(Standing.REJECTED, reason=reason))
            return Receipts(core.epoch, 0, count, each)
        if core.sequence + count > SEQUENCE_MAX:
            begin_again(core, self._sealer, self._entropy)
        if core.ring:
            _flush_if_possible(core)
        epoch, first, stored = core.epoch, core.sequence + 1, Stored()
        batch = draw_up(core, self._sealer, offers, stored)
        if core.ring:
            keep_in_memory(core, batch.drafts(), "the disk refuses older records", stored)
        else:
            store(core, batch, stored)
        return stored.receipts(epoch, first, count)

    def _healed(self, work: Callable[[Core], T]) -> T:
        """Do it; where damage shows, repair it and do it again."""
        with self._lock:
            if self._broken:
                with contextlib.suppress(StoreError):
                    self._open_again()
            try:
                return work(self._core)
            except DamagedError:
                self._core.writer.close()
                self._broken = True
                self._file.set_aside()
                self._open_again()
                return work(self._core)

    def _open_again(self) -> None:
        """Salvage; what waits in memory goes on waiting."""
        old = self._core
        core, salvaged = open_core(
            self._file, self._sealer, self._entropy, self._allowance, old.ring
        )
        core.pending.keys, core.pending.lost = (
            old.pending.keys + core.pending.keys, old.pending.lost,
        )  # fmt: skip
        self._core, self._broken = core, False
        self.salvaged += salvaged

    def _healed_beside(self, core: Core) -> None:
        """The bulk of the log, while others go on writing; damage shows again to who heals it."""
        with contextlib.suppress(DamagedError):
            core.writer.empty_most()


def _flush_if_possible(core: Core) -> None:
    """A disk that refuses leaves the records in memory; damage is for the caller to heal."""
    try:
        flush(core)
    except DamagedError:
        raise
    except StoreError:
        return


def _behind(identity: Identity) -> int:
    return last_place(identity.epoch.ordinal, identity.sequence)
