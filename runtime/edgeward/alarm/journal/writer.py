"""Writes the lines of the alarm journal: batches, segments, and what is carried over.

Rules:
1. A line is composed once. A write whose end is in doubt is repeated with the same bytes, after a
   newline that closes what the first one may have left.
2. A new segment begins with its head and with every entry that still stands, in the same write as
   the first new lines. Only once it is on the disk does the oldest segment go.
3. After damage, a new segment is begun: what was found is left as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeward.alarm.journal.chain import ORIGIN, tie
from edgeward.alarm.journal.segments import Content, LineKind, segment_name
from edgeward.alarm.journal.slots import Mark
from edgeward.alarm.journal.standing import Recorded, Standings
from edgeward.ports import AppendLog

SCHEMA = "edgeward-alarm-journal/1"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept, and for how long."""

    segment_bytes: int = 256 << 10
    """A segment that holds so much of new lines takes no more."""
    segments_max: int = 16
    """Older ones go: with these sizes some 4,000 entries stay, and all that stands."""
    standing_max: int = 1024
    """Entries that are carried over; the oldest go first, and that is counted."""
    alive_ns: int = 10_000_000_000
    """Between two signs of life on the disk."""
    beat_ns: int = 1_000_000_000
    """Between two signs of life in the box, at the most."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines on their way to the disk, and what is true once it has them."""

    segment: int
    data: bytes
    new_bytes: int
    """Of them, what is not carried over from earlier segments."""
    mark: Mark
    entries: tuple[Recorded, ...]


class Writer:
    """Goes on where the journal ends. Used by one thread."""

    __slots__ = (
        "_keeping",
        "_log",
        "_new_bytes",
        "_rotate",
        "_segments",
        "_torn",
        "mark",
        "standings",
        "told_lost",
    )

    def __init__(
        self,
        log: AppendLog,
        keeping: Keeping,
        standings: Standings,
        content: Content,
        mark: Mark | None,
    ) -> None:
        """Begin after what was read, or after the mark where that says more."""
        self._log = log
        self._keeping = keeping
        self.standings = standings
        self.told_lost = content.lost
        tail = content.tail
        seq = content.entries[-1].seq if content.entries else 0
        newest = content.segments[-1] if content.segments else 0
        self.mark = Mark(seq, tail.number if tail else 0, newest, tail.chain if tail else ORIGIN)
        if mark is not None and mark.line > self.mark.line:
            self.mark = Mark(max(seq, mark.seq), mark.line, max(newest, mark.segment), mark.chain)
        self._segments = list(content.segments)
        self._torn = content.torn
        self._new_bytes = content.new_bytes
        in_newest = tail is not None and tail.where.startswith(segment_name(newest))
        self._rotate = not in_newest or any(not one.benign for one in content.damage)

    def compose(self, entries: Sequence[Recorded], lost: Sequence[int]) -> Batch | None:
        """The lines for these entries, in a new segment when it is time; None for nothing new."""
        bodies: list[dict[str, Any]] = []
        if tuple(lost) != self.told_lost:
            bodies.append({"kind": LineKind.LOST.value, "lost": list(lost)})
        bodies += [{"kind": LineKind.ENTRY.value, **one.to_dict()} for one in entries]
        if not bodies:
            return None
        segment, opening = self.mark.segment, list[dict[str, Any]]()
        if self._rotate or self._new_bytes >= self._keeping.segment_bytes:
            segment += 1
            opening = self._opening(segment)
        number, chain = self.mark.line, self.mark.chain
        lines = []
        for body in (*opening, *bodies):
            number += 1
            line, chain = tie(body, number, chain)
            lines.append(line + b"\n")
        self.told_lost = tuple(lost)
        mark = Mark(entries[-1].seq if entries else self.mark.seq, number, segment, chain)
        new_bytes = sum(map(len, lines[len(opening) :]))
        return Batch(segment, b"".join(lines), new_bytes, mark, tuple(entries))

    def write(self, batch: Batch) -> None:
        """Put a batch on the disk.

        Raises:
            StoreError: it is in doubt; to be written again before any other.
        """
        if batch.segment != self.mark.segment:
            self._begin(batch.segment)
        torn, self._torn = self._torn, True
        self._log.append(segment_name(batch.segment), b"\n" * torn + batch.data)
        self._torn = False
        self._new_bytes += batch.new_bytes
        self.mark = batch.mark
        self.standings.fold(batch.entries)

    def retire(self) -> None:
        """Let the segments go that are beyond what is kept.

        Raises:
            StoreError: the disk refused; one more is kept until it does not.
        """
        while len(self._segments) > self._keeping.segments_max:
            self._log.delete(segment_name(self._segments[0]))
            del self._segments[0]

    def _begin(self, segment: int) -> None:
        self._segments.append(segment)
        self._new_bytes = 0
        self._rotate = self._torn = False
        self.mark = Mark(self.mark.seq, self.mark.line, segment, self.mark.chain)

    def _opening(self, segment: int) -> list[dict[str, Any]]:
        """Rule 2: the head, and what still stands."""
        kept = [*self._segments, segment][-self._keeping.segments_max :]
        standing = self.standings.ordered()
        head = {
            "kind": LineKind.HEAD.value,
            "schema": SCHEMA,
            "segment": segment,
            "oldest": kept[0],
            "carried": len(standing),
            "lost": list(self.told_lost),
        }
        carried = [{"kind": LineKind.CARRIED.value, **one.to_dict()} for one in standing]
        return [head, *carried]
