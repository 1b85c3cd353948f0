"""Entries in the fixed slots of a black box: what the alarm path has written and no disk has yet.

Rules:
1. `put` runs on the alarm path: it writes memory, and waits for nothing and nobody. Everything else
   may run in one other thread. What they share are deques whose every step is atomic.
2. Every slot and every record of the head carries a CRC over its content. What a kill or a power
   cut has torn is seen as torn, and never read as an entry.
3. An entry that is too long for a slot takes several. They count only when all are there.
4. When no slot is free, the oldest waiting entry of the lowest rank makes room, if its rank is not
   above that of the new one; else the new one is lost. Either way one is counted in the head, and
   its number is missing among the others: an overflow can be told after any end.
5. A slot that is free keeps its content until it is needed, the oldest first.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Any
from zlib import crc32

from edgeward.ports import BlackBox

HEAD_BYTES = 4096
SLOT_BYTES = 1024
SLOTS_MIN = 64
SLOTS = 1024
"""The usual number: a megabyte, an hour of alarms in which no disk takes anything."""
ENTRY_BYTES_MAX = 16_000
IN_HAND_SHARE = 4
"""One part in so many of the slots may be under way to the disk; the others can make room."""
BOX_BYTES = HEAD_BYTES + SLOTS * SLOT_BYTES

_MAGIC = b"EDGEWARD BOX 1\n"
_CRC = Struct("<I")
_SLOT = Struct("<QHHHBx")
_LIFE = Struct("<QqqQ3Q?36s")
_MARK = Struct("<QQQQ64s")
_ROOM = SLOT_BYTES - _CRC.size - _SLOT.size
_NOTHING = bytes(_CRC.size + _SLOT.size)
_LIFE_AT = (512, 1024)
_MARK_AT = (1536, 2048)


class Rank(IntEnum):
    """What may make room for what."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Life:
    """A sign of life: when the alarm path last came by."""

    monotonic_ns: int
    wall_ns: int
    boot: str
    """What the monotonic time counts from; empty when that is not known."""
    ended: bool = False
    """Whether it was the last one, in order."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the journal has come: what it must still hold when it is opened again."""

    seq: int
    """The number of the last entry in it."""
    line: int
    segment: int
    chain: str


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """One entry in the box."""

    seq: int
    rank: Rank
    slots: tuple[int, ...]


class SlotRing:
    """The slots of one box. Opened with `begin` once it is known what the journal has."""

    __slots__ = (
        "_free",
        "_lives",
        "_marks",
        "_memory",
        "_next",
        "_pending",
        "_put",
        "faults",
        "life",
        "lost",
        "mark",
        "slots",
    )

    def __init__(self, box: BlackBox) -> None:
        """Read the head of the box, and make one where there is none.

        Raises:
            ValueError: the box is too small to hold anything of use.
        """
        self._memory = box.memory
        self.slots = (len(self._memory) - HEAD_BYTES) // SLOT_BYTES
        if self.slots < SLOTS_MIN:
            least = HEAD_BYTES + SLOTS_MIN * SLOT_BYTES
            raise ValueError(f"a black box of {len(self._memory)} bytes; accepted: {least} or more")
        self.faults: list[str] = []
        """What could not be read."""
        self.life: Life | None = None
        self.mark: Mark | None = None
        self.lost = [0, 0, 0]
        """How many entries of each rank an overflow has cost, ever."""
        self._lives = self._marks = self._put = 0
        self._next = 1
        self._free: deque[int] = deque()
        self._pending: tuple[deque[Held], ...] = (deque(), deque(), deque())
        self._read_head()

    def __len__(self) -> int:
        """How many entries wait."""
        return sum(map(len, self._pending))

    def begin(self, last_seq: int) -> list[tuple[Held, bytes]]:
        """What the box has after this entry, oldest first; it waits again. All else is free."""
        whole, free = self._scan(last_seq)
        for held, _ in whole:
            self._pending[held.rank].append(held)
        self._free.extend(free)
        newest = max((held.seq for held, _ in whole), default=0)
        marked = self.mark.seq if self.mark else 0
        self._next = max(self._next, last_seq + 1, newest + 1, marked + 1)
        self._put = self._next - 1
        return whole

    def put(self, payload: bytes, rank: Rank) -> bool:
        """Write an entry; False when there was no room for it (rule 4). On the alarm path."""
        seq = self._next
        self._next = seq + 1
        parts = -(-len(payload) // _ROOM) or 1
        free = self._free
        while len(free) < parts:
            if not self._make_room(rank):
                self._lose(rank)
                return False
        slots = tuple([free.popleft() for _ in range(parts)])
        for part, slot in enumerate(slots):
            self._write_slot(slot, seq, part, parts, rank, payload)
        self._pending[rank].append(Held(seq, rank, slots))
        self._put = seq
        return True

    def beat(self, life: Life) -> None:
        """Leave a sign of life. On the alarm path."""
        self.life = life
        self._lives += 1
        content = _LIFE.pack(
            self._lives,
            life.monotonic_ns,
            life.wall_ns,
            self._next,
            *self.lost,
            life.ended,
            life.boot.encode("ascii", "replace")[:36],
        )
        self._write(_LIFE_AT[self._lives % 2], content)

    def take(self) -> list[tuple[Held, bytes]]:
        """The oldest entries that wait, in order; they are in hand until they are given back."""
        last, room = self._put, self.slots // IN_HAND_SHARE
        taken: list[Held] = []
        while room > 0 and (held := self._oldest(last)) is not None:
            taken.append(held)
            room -= len(held.slots)
        return [(held, self._payload(held.slots)) for held in sorted(taken)]

    def give_back(self, done: Sequence[Held], mark: Mark) -> None:
        """The disk has these: their slots are free, and the head says how far the journal is."""
        self._marks += 1
        self.mark = mark
        content = _MARK.pack(
            self._marks, mark.seq, mark.line, mark.segment, mark.chain.encode("ascii")
        )
        self._write(_MARK_AT[self._marks % 2], content)
        for held in done:
            self._free.extend(held.slots)

    def _oldest(self, last: int) -> Held | None:
        """Take out the oldest entry up to a number. The alarm path may take the same one first."""
        heads = []
        for line in self._pending:
            try:
                heads.append((line[0].seq, line))
            except IndexError:
                continue
        for seq, line in sorted(heads, key=lambda head: head[0]):
            if seq > last:
                return None
            try:
                held = line.popleft()
            except IndexError:
                continue
            if held.seq <= last:
                return held
            line.appendleft(held)
        return None

    def _make_room(self, rank: Rank) -> bool:
        for lower in range(rank + 1):
            try:
                held = self._pending[lower].popleft()
            except IndexError:
                continue
            for slot in held.slots:
                at = HEAD_BYTES + slot * SLOT_BYTES
                self._memory[at : at + len(_NOTHING)] = _NOTHING
            self._free.extend(held.slots)
            self._lose(held.rank)
            return True
        return False

    def _lose(self, rank: Rank) -> None:
        self.lost[rank] += 1
        if self.life is not None:
            self.beat(self.life)

    def _write_slot(
        self, slot: int, seq: int, part: int, parts: int, rank: Rank, payload: bytes
    ) -> None:
        piece = payload[part * _ROOM : (part + 1) * _ROOM]
        content = _SLOT.pack(seq, part, parts, len(piece), rank) + piece
        self._write(HEAD_BYTES + slot * SLOT_BYTES, content)

    def _write(self, at: int, content: bytes) -> None:
        whole = _CRC.pack(crc32(content)) + content
        self._memory[at : at + len(whole)] = whole

    def _payload(self, slots: Sequence[int]) -> bytes:
        return b"".join(piece for slot in slots if (piece := self._piece(slot)) is not None)

    def _piece(self, slot: int) -> bytes | None:
        """What a slot holds, if it is whole."""
        at = HEAD_BYTES + slot * SLOT_BYTES
        content = bytes(self._memory[at + _CRC.size : at + SLOT_BYTES])
        length = _SLOT.unpack_from(content)[3]
        end = _SLOT.size + length
        (crc,) = _CRC.unpack_from(self._memory, at)
        if length > _ROOM or crc != crc32(content[:end]):
            return None
        return content[_SLOT.size : end]

    def _scan(self, last_seq: int) -> tuple[list[tuple[Held, bytes]], list[int]]:
        """The whole entries after a number, in order, and the other slots, the oldest first."""
        parts: dict[int, dict[int, int]] = defaultdict(dict)
        due: dict[int, tuple[int, int]] = {}
        ages: list[tuple[int, int]] = []
        for slot in range(self.slots):
            at = HEAD_BYTES + slot * SLOT_BYTES
            seq, part, count, _, rank = _SLOT.unpack_from(self._memory, at + _CRC.size)
            whole = seq > 0 and rank <= Rank.HIGH and self._piece(slot) is not None
            if not whole and any(self._memory[at : at + len(_NOTHING)]):
                self.faults.append(f"slot {slot} is torn")
            if whole and seq > last_seq:
                parts[seq][part] = slot
                due[seq] = (count, rank)
            else:
                ages.append((seq if whole else 0, slot))
        entries = []
        for seq, found in sorted(parts.items()):
            count, rank = due[seq]
            slots = tuple(found[part] for part in sorted(found))
            if len(found) == count:
                entries.append((Held(seq, Rank(rank), slots), self._payload(slots)))
                continue
            ages.extend((seq, slot) for slot in slots)
            if self.mark is None or seq > self.mark.seq:
                self.faults.append(f"entry {seq} is torn: {len(found)} of its {count} slots")
        return entries, [slot for _, slot in sorted(ages)]

    def _read_head(self) -> None:
        whole = _MAGIC + _CRC.pack(SLOT_BYTES)
        found = bytes(self._memory[: len(whole)])
        if found != whole:
            if any(self._memory[:HEAD_BYTES]):
                self.faults.append("the head of the black box is not one that can be read")
            self._memory[: len(whole)] = whole
        lives = [one for at in _LIFE_AT if (one := self._read(at, _LIFE)) is not None]
        if lives:
            self._lives, monotonic_ns, wall_ns, self._next, *rest = max(lives)
            self.lost, ended, boot = list(rest[:3]), rest[3], rest[4]
            text = boot.rstrip(b"\0").decode("ascii", "replace")
            self.life = Life(monotonic_ns, wall_ns, text, ended)
        marks = [one for at in _MARK_AT if (one := self._read(at, _MARK)) is not None]
        if marks:
            self._marks, seq, line, segment, chain = max(marks)
            self.mark = Mark(seq, line, segment, chain.decode("ascii", "replace"))

    def _read(self, at: int, struct: Struct) -> tuple[Any, ...] | None:
        content = bytes(self._memory[at + _CRC.size : at + _CRC.size + struct.size])
        (crc,) = _CRC.unpack_from(self._memory, at)
        good = any(content) and crc == crc32(content)
        return struct.unpack(content) if good else None
