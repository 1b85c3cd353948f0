"""The alarm journal: append-only, chained, bounded, and complete to the last HIGH after any kill.

Rules:
1. `record` and `beat` run on the alarm path: they write to the black box, in memory, and wait for
   no disk. What `record` has taken survives the end of the process at any instruction.
2. `flush` runs on the slow path: it moves entries from the box into the journal, in order, and
   frees their slots once the disk says that it has them. While it refuses, alarms go on; entries
   wait in the box, and what the box cannot hold is counted by rank (see `slots`).
3. `open` keeps every line that proves itself, names all that is wrong, wipes nothing, and adds what
   the box has and the journal has not. It raises for no fault of the disk or of the content.
4. A power cut may take the box, and with it what was recorded after the last flush; nothing older.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from json import loads
from typing import Any

from edgeward.alarm.journal.alive import Alive
from edgeward.alarm.journal.chain import Damage, DamageKind
from edgeward.alarm.journal.outage import Outage, outage_since
from edgeward.alarm.journal.segments import read_journal, recorded
from edgeward.alarm.journal.slots import ENTRY_BYTES_MAX, Held, Life, SlotRing
from edgeward.alarm.journal.standing import (
    Entry,
    Recorded,
    StandingOf,
    Standings,
    alarm_standing,
    rank_of,
)
from edgeward.alarm.journal.writer import Batch, Keeping, Writer
from edgeward.canonical import canonical_json
from edgeward.errors import StoreError
from edgeward.ports import AppendLog, BlackBox, Clock

BATCHES_MAX = 64
"""Writes in one flush; what is left waits for the next."""
SHOWN_MAX = 32
"""Damages that the entry about them lists; the rest is counted."""
SHOWN_CHARS_MAX = 2000
"""Of an entry that cannot be written as it is."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found when the journal was opened."""

    entries: tuple[Recorded, ...]
    """All that is kept, oldest first; those that only the box had are the last ones."""
    standing: tuple[Recorded, ...]
    """The newest entry on everything that is not over: what the alarm system goes on from."""
    from_box: int
    """How many of the entries only the box had."""
    outage: Outage | None
    """None: no sign of life was found, as where nothing has run before."""
    last_life: Life | None
    """The last sign of life, on the clocks of its time."""
    damage: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class Flushed:
    """What one flush has done."""

    written: int
    waiting: int
    """Entries that only the box has."""
    lost: tuple[int, ...]
    """Entries lost to overflows, ever, by rank from LOW to HIGH."""
    fault: str | None
    """Why the disk does not take them: a technical condition as long as it lasts."""


class Journal:
    """One thread records, another one flushes."""

    __slots__ = ("_alive", "_batch", "_boot", "_clock", "_held", "_ring", "_writer")

    def __init__(
        self, ring: SlotRing, writer: Writer, alive: Alive, clock: Clock, boot: str
    ) -> None:
        """Put the parts together; `open` finds them."""
        self._ring = ring
        self._writer = writer
        self._alive = alive
        self._clock = clock
        self._boot = boot
        self._batch: Batch | None = None
        self._held: tuple[Held, ...] = ()

    @classmethod
    def open(
        cls,
        log: AppendLog,
        box: BlackBox,
        clock: Clock,
        *,
        boot: str | None = None,
        keeping: Keeping | None = None,
        standing_of: StandingOf = alarm_standing,
    ) -> "tuple[Journal, Recovered]":
        """Read what there is, and go on after it (rule 3).

        Raises:
            ValueError: the box is too small to be one.
        """
        keeping, ring = keeping or Keeping(), SlotRing(box)
        now = Life(clock.monotonic_ns(), clock.wall_ns(), boot or "")
        alive = Alive(log, keeping.alive_ns)
        mark = alive.newest_mark(ring.mark)
        content = read_journal(log, mark)
        content.damage += alive.damage
        ring.lost = [max(pair) for pair in zip(ring.lost, content.lost, strict=True)]
        last_seq = content.entries[-1].seq if content.entries else 0
        boxed = [_decoded(held, payload) for held, payload in ring.begin(last_seq)]
        content.damage += [Damage(DamageKind.TORN, "the black box", text) for text in ring.faults]
        standings = Standings(standing_of, keeping.standing_max)
        standings.fold(content.entries)
        journal = cls(ring, Writer(log, keeping, standings, content, mark), alive, clock, now.boot)
        since = alive.last_life(ring.life, now, keeping.beat_ns)
        outage = outage_since(since[0], now, since[1]) if since else None
        journal._begin(outage, content.damage)
        return journal, Recovered(
            entries=(*content.entries, *boxed),
            standing=standings.with_more(boxed).ordered(),
            from_box=len(boxed),
            outage=outage,
            last_life=since[0] if since else None,
            damage=tuple(content.damage),
        )

    def record(self, entry: Entry) -> bool:
        """Take an entry; False when an overflow has cost it. On the alarm path; never raises."""
        at_ns, wall_ns = self._clock.monotonic_ns(), self._clock.wall_ns()
        return self._ring.put(_payload(at_ns, wall_ns, entry), rank_of(entry))

    def beat(self) -> None:
        """Leave a sign of life. On the alarm path, at least once in each `Keeping.beat_ns`."""
        self._ring.beat(Life(self._clock.monotonic_ns(), self._clock.wall_ns(), self._boot))

    def flush(self) -> Flushed:
        """Move what waits into the journal; a fault is told, and tried again the next time."""
        written, fault = 0, None
        try:
            for _ in range(BATCHES_MAX):
                if not self._compose():
                    break
                written += self._write()
            self._alive.sign(self._ring.life, self._writer.mark)
            self._writer.retire()
        except StoreError as error:
            fault = str(error)
        return Flushed(written, self.waiting, tuple(self._ring.lost), fault)

    @property
    def waiting(self) -> int:
        """Entries that only the box has."""
        return len(self._ring) + len(self._held)

    def close(self) -> Flushed:
        """The end, in order: what waits is written, and the last sign of life says so."""
        now_ns, wall_ns = self._clock.monotonic_ns(), self._clock.wall_ns()
        self._ring.beat(Life(now_ns, wall_ns, self._boot, ended=True))
        self._alive.due()
        return self.flush()

    def _begin(self, outage: Outage | None, damage: Iterable[Damage]) -> None:
        """The first entries of this start: how long nobody watched, and what is wrong."""
        self.beat()
        if outage is not None:
            self.record(outage.to_dict())
        grave = [f"{one.kind.value}: {one.where}: {one.text}" for one in damage if not one.benign]
        if grave:
            self.record({"kind": "damage", "count": len(grave), "found": grave[:SHOWN_MAX]})

    def _compose(self) -> bool:
        """Have a batch in hand: the one in doubt, or the next one."""
        if self._batch is None:
            taken = self._ring.take()
            self._held = tuple(held for held, _ in taken)
            entries = [_decoded(held, payload) for held, payload in taken]
            self._batch = self._writer.compose(entries, self._ring.lost)
        return self._batch is not None

    def _write(self) -> int:
        """Bring the batch in hand to the disk, and free its slots."""
        assert self._batch is not None
        self._writer.write(self._batch)
        done, self._batch, self._held = self._held, None, ()
        self._ring.give_back(done, self._writer.mark)
        return len(done)


def _payload(at_ns: int, wall_ns: int, entry: Entry) -> bytes:
    """What a slot holds of an entry; what cannot be written as it is, as text."""
    body: dict[str, Any] = {"at_ns": at_ns, "entry": entry, "wall_ns": wall_ns}
    try:
        payload = canonical_json(body)
        if len(payload) <= ENTRY_BYTES_MAX:
            return payload
        reason = f"{len(payload)} bytes; accepted: up to {ENTRY_BYTES_MAX}"
        text = payload.decode()
    except (ValueError, TypeError, RecursionError) as error:
        reason, text = f"{type(error).__name__}: {error}", ascii(entry)
    shown = {"unwritable": reason[:SHOWN_CHARS_MAX], "text": text[:SHOWN_CHARS_MAX]}
    return canonical_json({**body, "entry": shown})


def _decoded(held: Held, payload: bytes) -> Recorded:
    """The entry in a slot; one that is whole and yet not ours is kept as text."""
    try:
        one = recorded({**loads(payload), "seq": held.seq})
    except (ValueError, TypeError, RecursionError):
        one = None
    text = payload[:SHOWN_CHARS_MAX].decode("ascii", "replace")
    return one or Recorded(held.seq, 0, 0, {"unwritable": "no entry of ours", "text": text})
