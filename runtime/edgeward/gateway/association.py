"""Patient-device association as a journalled transaction.

Rules:
1. A change is on the disk before it takes effect. All its moves take effect together, or none: two
   devices that were mixed up are swapped in one transaction.
2. When the disk does not say whether it has a change, the samples it is about are nobody's until
   the same line has been written again, by `settle` or before the next change. Then the change
   takes effect as it was asked for. After a restart, what the disk has counts.
3. Lines are chained. Where one is missing or was altered, nobody knows whose devices are from there
   on, and nobody they are, until each is associated anew. What was found is put aside, not wiped.
4. The journal is bounded: after so many lines the state takes the place of all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads

from edgeward.alarm.journal.chain import ORIGIN, Damage, DamageKind, Line, judge, pieces, tie
from edgeward.alarm.journal.slots import Mark
from edgeward.alarm.plain import from_plain, to_plain
from edgeward.canonical import canonical_json
from edgeward.errors import AlarmError, GatewayError, InDoubtError, StoreError
from edgeward.gateway.bindings import Bindings, Bound, Boundary, Move, Piece, StreamSpans
from edgeward.ports import AppendLog, Clock

NAME = "associations.jsonl"
MARK = "associations.mark.json"
DAMAGED = "associations.damaged.jsonl"
"""The last journal that was found damaged."""
LINES_MAX = 1000

At = Mapping[str, int]
"""For each stream of a device, the sample that it takes next."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One line: moves that take effect together."""

    at_ns: int
    wall_ns: int
    who: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One line: the state that all lines before it add up to."""

    spans: tuple[StreamSpans, ...]
    bound: tuple[Bound, ...]


class Associations:
    """Whose each sample is. Used by one thread, one that may wait for a disk."""

    __slots__ = ("_bindings", "_chain", "_clock", "_doubt", "_line", "_lines", "_log", "_torn")

    def __init__(self, log: AppendLog, clock: Clock) -> None:
        """Know of nobody; `open` reads what is known."""
        self._log = log
        self._clock = clock
        self._bindings = Bindings()
        self._line, self._chain = 0, ORIGIN
        self._lines = 0
        self._torn = False
        self._doubt: tuple[Transaction, bytes, str] | None = None

    @classmethod
    def open(cls, log: AppendLog, clock: Clock) -> "tuple[Associations, tuple[Damage, ...]]":
        """Go on from what the journal says; all that is wrong with it.

        Raises:
            StoreError: the disk cannot be read.
        """
        one = cls(log, clock)
        return one, tuple(one._read())

    def associate(self, device: str, patient: str, at: At, *, who: str = "") -> None:
        """A device that is nobody's belongs to a patient; or its streams have begun anew.

        Raises:
            GatewayError: it belongs to somebody else, or rule 2 or 3 of `bindings` forbids it.
            InDoubtError: rule 2.
        """
        bound = self._bound(device)
        faults = []
        if bound and bound.patient is not None:
            again = bound.patient == patient and bool(set(at) - set(bound.streams))
            if not again:
                faults.append(
                    f"device {device!r} belongs to {bound.patient!r}; accepted: transfer it, or"
                    " dissociate it first"
                )
        self._commit((_move(device, patient, at),), faults, who)

    def transfer(self, device: str, patient: str, at: At, *, who: str = "") -> None:
        """A device of one patient belongs to another.

        Raises:
            GatewayError: it is nobody's, or that patient's, or a rule of `bindings` forbids it.
            InDoubtError: rule 2.
        """
        bound = self._bound(device)
        faults = []
        if bound is None or bound.patient in (None, patient):
            owner = repr(bound.patient) if bound and bound.patient else "nobody"
            faults.append(f"device {device!r} belongs to {owner}; accepted: one of another patient")
        self._commit((_move(device, patient, at),), faults, who)

    def dissociate(self, device: str, at: At, *, who: str = "") -> None:
        """A device of a patient is nobody's.

        Raises:
            GatewayError: it is nobody's already, or a rule of `bindings` forbids it.
            InDoubtError: rule 2.
        """
        bound = self._bound(device)
        faults = []
        if bound is None or bound.patient is None:
            faults.append(f"device {device!r} belongs to nobody; accepted: one of a patient")
        self._commit((_move(device, None, at),), faults, who)

    def swap(self, device: str, at: At, other: str, other_at: At, *, who: str = "") -> None:
        """Two devices of two patients that were mixed up.

        Raises:
            GatewayError: one of them is nobody's, both belong to one, or `bindings` forbids it.
            InDoubtError: rule 2.
        """
        one, two = self._bound(device), self._bound(other)
        owners = [bound.patient if bound else None for bound in (one, two)]
        faults = []
        if None in owners or owners[0] == owners[1]:
            found = f"{device!r} and {other!r} belong to {owners}"
            faults.append(f"{found}; accepted: two devices of two patients")
        moves = (Move(device, owners[1], _at(at)), Move(other, owners[0], _at(other_at)))
        self._commit(moves, faults, who)

    def attribute(self, device: str, stream: str, first: int, count: int) -> tuple[Piece, ...]:
        """Whose these samples are, in order. What is told here stays true.

        Raises:
            GatewayError: the samples have no such indices.
        """
        if first < 0 or count < 0:
            raise GatewayError([f"found {count} samples from {first} on; accepted: from 0 on"])
        return self._bindings.attribute(
            device, stream, first, count, self._doubt_at(device, stream)
        )

    def patient_of(self, device: str) -> str | None:
        """Who a device belongs to by now."""
        bound = self._bound(device)
        return bound.patient if bound else None

    def devices_of(self, patient: str) -> tuple[str, ...]:
        """Which devices belong to a patient by now."""
        bound = self._bindings.bound.values()
        return tuple(sorted(one.device for one in bound if one.patient == patient))

    def copied(self) -> Bindings:
        """What is known, for a thread that may not wait for the disk: a copy of its own."""
        return Bindings(dict(self._bindings.spans), dict(self._bindings.bound))

    @property
    def in_doubt(self) -> bool:
        """Whether a change is not known to be on the disk."""
        return self._doubt is not None

    def settle(self) -> None:
        """Write again what is in doubt; nothing happens when nothing is.

        Raises:
            InDoubtError: the disk still refuses.
        """
        if self._doubt is None:
            return
        transaction, line, chain = self._doubt
        try:
            self._log.append(NAME, b"\n" * self._torn + line + b"\n")
        except StoreError as error:
            self._torn = True
            raise InDoubtError(
                [f"{error}; its samples are nobody's until it is settled"]
            ) from error
        self._doubt, self._torn = None, False
        self._bindings.apply(transaction.moves)
        self._line, self._chain = self._line + 1, chain
        self._lines += 1

    def tidy(self) -> None:
        """What is not urgent: how far the journal is, and its bound (rule 4).

        Raises:
            StoreError: the disk refused; it is tried again the next time.
        """
        if self._doubt is None and self._lines > LINES_MAX:
            self._snapshot()
        mark = Mark(0, self._line, 0, self._chain)
        self._log.write(MARK, canonical_json(to_plain(mark)))

    def _commit(self, moves: tuple[Move, ...], faults: Sequence[str], who: str) -> None:
        """Rule 1."""
        self.settle()
        if found := [*faults, *self._bindings.faults(moves)]:
            raise GatewayError(found)
        now_ns, wall_ns = self._clock.monotonic_ns(), self._clock.wall_ns()
        transaction = Transaction(now_ns, wall_ns, who, moves)
        line, chain = tie({"moves": to_plain(transaction)}, self._line + 1, self._chain)
        self._doubt = (transaction, line, chain)
        self.settle()

    def _bound(self, device: str) -> Bound | None:
        return self._bindings.bound.get(device)

    def _doubt_at(self, device: str, stream: str) -> int | None:
        if self._doubt is None:
            return None
        for move in self._doubt[0].moves:
            for one in move.at:
                if (move.device, one.stream) == (device, stream):
                    return one.index
        return None

    def _snapshot(self) -> None:
        state = self._bindings
        snapshot = Snapshot(tuple(state.spans.values()), tuple(state.bound.values()))
        line, chain = tie({"state": to_plain(snapshot)}, self._line + 1, self._chain)
        self._log.write(NAME, line + b"\n")
        self._line, self._chain, self._lines, self._torn = self._line + 1, chain, 1, False

    def _read(self) -> list[Damage]:
        raw, damage = self._log.read(NAME) or b"", list[Damage]()
        mark = self._read_mark(damage)
        found = judge(tuple(pieces(NAME, raw)), mark)
        damage += found.damage
        self._torn = bool(raw) and not raw.endswith(b"\n")
        self._lines = len(found.lines)
        for line in found.lines:
            self._apply(line, damage)
        if mark is not None and mark.line > self._line:
            self._line, self._chain = mark.line, mark.chain
        if any(not one.benign for one in damage):
            self._put_aside(raw, damage)
        return damage

    def _apply(self, line: Line, damage: list[Damage]) -> None:
        """Rule 3, line by line."""
        try:
            if "state" in line.body:
                state = from_plain(Snapshot, line.body["state"])
                spans = {(one.device, one.stream): one for one in state.spans if one.spans}
                self._bindings = Bindings(spans, {one.device: one for one in state.bound})
            else:
                if not self._line and line.number > 1:
                    text = f"what comes before line {line.number} is missing"
                    damage.append(Damage(DamageKind.MISSING, f"before {line.where}", text))
                if (line.number, line.prev) != (self._line + 1, self._chain):
                    self._bindings.lose()
                self._bindings.apply(from_plain(Transaction, line.body.get("moves")).moves)
        except AlarmError as error:
            damage.append(Damage(DamageKind.ALTERED, line.where, str(error)))
            self._bindings.lose()
        self._line, self._chain = line.number, line.chain

    def _read_mark(self, damage: list[Damage]) -> Mark | None:
        raw = self._log.read(MARK)
        try:
            return None if raw is None else from_plain(Mark, loads(raw))
        except (ValueError, RecursionError, AlarmError):
            damage.append(Damage(DamageKind.ALTERED, MARK, f"no mark: {raw!r:.80}"))
            return None

    def _put_aside(self, raw: bytes, damage: list[Damage]) -> None:
        """Keep what was found, and go on from what is sure."""
        self._bindings.lose()
        try:
            self._log.write(DAMAGED, raw)
            self._snapshot()
            self.tidy()
        except StoreError as error:
            damage.append(Damage(DamageKind.UNREADABLE, DAMAGED, str(error)))


def _at(at: At) -> tuple[Boundary, ...]:
    return tuple(Boundary(stream, at[stream]) for stream in sorted(at))


def _move(device: str, patient: str | None, at: At) -> Move:
    return Move(device, patient, _at(at))
