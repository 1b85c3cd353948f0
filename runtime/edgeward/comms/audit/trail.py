"""The audit trail of a device: what was added is on the disk, or waits for it and is not lost.

Rules:
1. `add` never refuses for the disk's sake: what cannot be written waits in memory, in order, and
   says so. When too much waits, the newest is counted, and the count is an entry.
2. What a write has left behind when the disk could not say how it ended is looked at before the
   next one: a whole line stays, a torn one is cut. No line is there twice.
3. Opening wipes nothing. Damage, and what was cut, is told in the entry about the opening; the
   trail goes on after the number that was signed last, so that a hole stays a hole for ever.
4. Every so many entries, and after so long, a checkpoint is signed. Whoever delivers takes the
   signed heads from `take_heads`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.canonical import canonical_json, sha256_hex
from edgeward.comms.audit.lines import CHECKPOINT, Head, Line, read, signed, tie, written
from edgeward.comms.audit.shelf import (
    RollUp,
    segment_name,
    segments,
    stored_head,
    stored_roll_up,
    write_head,
    write_roll_up,
)
from edgeward.comms.audit.verify import Checked, check_lines, pieces, verify
from edgeward.comms.phi import identifying_fields
from edgeward.errors import LimitError, StoreError
from edgeward.ports import AppendLog, Clock, Store

OPENED: Final = "audit.opened"
LOST: Final = "audit.lost"
PENDING_MAX: Final = 1024
HEADS_MAX: Final = 64
DETAIL_BYTES_MAX: Final = 4096
_ACTION = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
_Entry = tuple[int, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How much of the trail is kept, and how often it is signed."""

    segment_lines: int = 1024
    segments: int = 16
    checkpoint_lines: int = 64
    checkpoint_ns: int = 3_600_000_000_000


class AuditTrail:
    """Adds to the trail of one device; the only one who does."""

    __slots__ = (
        "_apart", "_clock", "_device", "_doubt", "_head_due", "_heads", "_in_segment", "_keeping",
        "_key", "_last", "_lines", "_lost", "_pending", "_segment", "_signed_ns", "_unsigned",
        "_unsure",
    )  # fmt: skip

    def __init__(
        self,
        lines: AppendLog,
        apart: Store,
        clock: Clock,
        key: Ed25519PrivateKey,
        device: str,
        keeping: Keeping | None = None,
    ) -> None:
        """Open the trail, and say in it what was found.

        Args:
            lines: where the trail lies.
            apart: where its newest signed head lies; another store.
            clock: for the times of entries, and for the next checkpoint.
            key: what the device signs with.
            device: whose trail it is.
            keeping: how much is kept.

        Raises:
            StoreError: it cannot be read.
        """
        self._lines, self._apart, self._clock = lines, apart, clock
        self._key, self._device = key, device
        self._keeping = keeping or Keeping()
        self._pending: list[_Entry] = []
        self._unsure: list[Line] = []
        self._heads: list[dict[str, Any]] = []
        self._lost = self._unsigned = self._in_segment = 0
        self._head_due = self._doubt = False
        self._signed_ns = clock.monotonic_ns()
        self._open()

    @property
    def waiting(self) -> int:
        """Entries that are not on the disk yet."""
        return len(self._pending) + len(self._unsure)

    def add(self, action: str, detail: Mapping[str, Any] | None = None) -> bool:
        """Add an entry; whether it is on the disk.

        Raises:
            ValueError: the action is no word, or the detail says who a patient is.
            LimitError: the detail is too long.
        """
        told = dict(detail or {})
        if not _ACTION.fullmatch(action):
            raise ValueError(f"{action!r} is no action; accepted: words as in 'keys.erased'")
        fields = sorted(identifying_fields(told))
        if fields:
            raise ValueError(f"an audit entry with {', '.join(fields)}; accepted: the subject")
        size = len(canonical_json(told))
        if size > DETAIL_BYTES_MAX:
            raise LimitError(f"an audit entry of {size} bytes; accepted: {DETAIL_BYTES_MAX}")
        if self.waiting >= PENDING_MAX:
            self._lost += 1
            return False
        self._pending.append((self._clock.wall_ns(), action, told))
        try:
            self.flush()
        except StoreError:
            return False
        return True

    def flush(self) -> None:
        """Write what waits, and a checkpoint where one is due.

        Raises:
            StoreError: the disk refuses; it goes on waiting.
        """
        self._settle()
        if self._lost:
            self._pending.append((self._clock.wall_ns(), LOST, {"entries": self._lost}))
            self._lost = 0
        due = self._clock.monotonic_ns() - self._signed_ns >= self._keeping.checkpoint_ns
        due = due and bool(self._unsigned or self._pending)
        if due or self._unsigned + len(self._pending) >= self._keeping.checkpoint_lines:
            self.checkpoint()
        elif self._pending:
            self._write(self._tied())
        self._keep_head()

    def checkpoint(self) -> None:
        """Write what waits, and sign the trail as far as it then goes.

        Raises:
            StoreError: the disk refuses; it goes on waiting.
        """
        self._settle()
        lines = self._tied()
        last = lines[-1] if lines else self._last
        head = signed(Head(self._device, last.number, last.chain), self._key)
        lines.append(tie(last.number + 1, self._clock.wall_ns(), CHECKPOINT, head, last.chain))
        self._write(lines)
        self._keep_head()

    def take_heads(self) -> list[dict[str, Any]]:
        """The heads that were signed since the last call, oldest first: to be delivered."""
        heads, self._heads = self._heads, []
        return heads

    def _tied(self) -> list[Line]:
        lines, last = [], self._last
        for at_ns, action, detail in self._pending:
            last = tie(last.number + 1, at_ns, action, detail, last.chain)
            lines.append(last)
        self._pending.clear()
        return lines

    def _write(self, lines: list[Line]) -> None:
        """Append lines; until the disk has answered, nobody knows which of them are there."""
        self._unsure = lines
        if self._in_segment >= self._keeping.segment_lines:
            self._segment, self._in_segment = segment_name(lines[0].number), 0
        self._doubt = True
        self._lines.append(self._segment, b"".join(map(written, lines)))
        self._written()

    def _written(self) -> None:
        lines, self._unsure, self._doubt = self._unsure, [], False
        if not lines:
            return
        self._last = lines[-1]
        self._in_segment += len(lines)
        self._unsigned += len(lines)
        self._head_due = True
        for line in lines:
            if line.action == CHECKPOINT:
                self._heads = [*self._heads, line.detail][-HEADS_MAX:]
                self._unsigned = 0
                self._signed_ns = self._clock.monotonic_ns()

    def _settle(self) -> None:
        """Rule 2."""
        if not self._doubt:
            return
        found = pieces(self._lines.read(self._segment) or b"")
        whole = [raw for raw in found if raw.endswith(b"\n")]
        if len(whole) < len(found):
            self._lines.write(self._segment, b"".join(whole))
        there = {line.chain for raw in whole if (line := read(raw)) is not None}
        left = [line for line in self._unsure if line.chain not in there]
        if left:
            self._lines.append(self._segment, b"".join(map(written, left)))
        self._written()

    def _keep_head(self) -> None:
        """Sign how far the trail goes, apart from it; and keep no more of it than is kept."""
        if self._head_due:
            write_head(
                self._apart, Head(self._device, self._last.number, self._last.chain), self._key
            )
            self._head_due = False
        names = segments(self._lines)
        while len(names) > self._keeping.segments:
            self._roll_up(names.pop(0))

    def _roll_up(self, name: str) -> None:
        public = self._key.public_key()
        before = stored_roll_up(self._lines, self._device, public)
        if isinstance(before, str):
            before = RollUp(faults=1, first_fault=before)
        checked = Checked()
        check_lines(checked, self._lines, [name], before, public, self._device)
        counts = {
            action: before.counts.get(action, 0) + checked.counts.get(action, 0)
            for action in {**before.counts, **checked.counts}
        }
        first = before.first_fault or next((one.text for one in checked.faults), "")
        faults = before.faults + checked.faults_count
        told = RollUp(checked.last, checked.chain, counts, faults, first)
        write_roll_up(self._lines, self._device, told, self._key)
        self._lines.delete(name)

    def _open(self) -> None:
        """Rule 3."""
        public = self._key.public_key()
        found = verify(self._lines, self._apart, public, self._device)
        names = segments(self._lines)
        self._doubt = bool(found.torn)
        head = stored_head(self._apart, public)
        number, chain = found.last, found.chain
        if isinstance(head, Head) and head.through > number:
            number, chain = head.through, head.chain
        self._last = Line(number, 0, "", {}, "", chain)
        self._in_segment = len(pieces(self._lines.read(names[-1]) or b"")) if names else 0
        self._segment = names[-1] if names else segment_name(number + 1)
        self._unsigned = number - found.signed_through
        about: dict[str, Any] = {"lines": found.lines, "faults": found.faults_count}
        if found.faults:
            about |= {"first_bad": found.first_bad, "first_fault": found.faults[0].text[:512]}
        if found.torn:
            about |= {"torn_bytes": len(found.torn), "torn_digest": sha256_hex(found.torn)}
        self.add(OPENED, about)
