"""Is the trail what was written? What was removed, moved, changed or cut off is found and named.

Rules:
1. Every line proves itself, names the line before, and has the next number.
2. A checkpoint is a line with a signed head of the line before it. Who changes a line and ties all
   later ones anew cannot sign the next checkpoint.
3. The trail goes at least as far as the head that lies apart, and holds the line that it names. A
   trail that begins after line 1 begins where the signed roll-up ends.
4. Bytes at the very end that are no line are what a cut of the power has left: they are told, and
   are no fault as long as rule 3 holds.
5. Not found: a trail, a head and a roll-up that were all put back to one earlier moment. Whoever
   has received a later head can tell.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edgeward.comms.audit.lines import CHECKPOINT, Head, Line, read, read_head
from edgeward.comms.audit.shelf import RollUp, segments, stored_head, stored_roll_up
from edgeward.ports import Store

FAULTS_MAX = 64
"""Faults that are told; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    number: int
    """The first line it is about."""
    what: str
    """`changed`, `missing`, `moved`, `replaced`, `cut off` or `unsigned`."""
    text: str


@dataclass(slots=True)
class Checked:
    """What was found."""

    lines: int = 0
    """Lines that prove themselves."""
    last: int = 0
    """The number of the last one."""
    chain: str = ""
    """And its chain."""
    signed_through: int = 0
    """The last line that a signature covers."""
    counts: dict[str, int] = field(default_factory=dict)
    """Lines by action."""
    torn: bytes = b""
    """Rule 4."""
    faults: list[Fault] = field(default_factory=list)
    """In the order of the trail; no more than `FAULTS_MAX`."""
    faults_count: int = 0

    @property
    def first_bad(self) -> int | None:
        """The first line that something is wrong with; None where the trail holds."""
        return min((fault.number for fault in self.faults), default=None)

    def add(self, number: int, what: str, text: str) -> None:
        """One more fault."""
        self.faults_count += 1
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(number, what, text))


def verify(
    lines: Store, apart: Store, key: Ed25519PublicKey, device: str, received: Head | None = None
) -> Checked:
    """Rules 1 to 4 over a whole trail, and a head that a receiver holds, where there is one.

    Raises:
        StoreError: it cannot be read.
    """
    roll_up = stored_roll_up(lines, device, key)
    checked = Checked()
    if isinstance(roll_up, str):
        checked.add(1, "unsigned", roll_up)
        roll_up = RollUp()
    chains = check_lines(checked, lines, segments(lines), roll_up, key, device)
    head = stored_head(apart, key)
    if isinstance(head, str):
        checked.add(checked.last, "unsigned", head)
    elif head is None and checked.last:
        checked.add(checked.last, "unsigned", "no head lies apart from the trail")
    for one in (head, received):
        if isinstance(one, Head):
            _hold_against(checked, one, chains, device)
    return checked


def check_lines(
    checked: Checked,
    store: Store,
    names: list[str],
    before: RollUp,
    key: Ed25519PublicKey,
    device: str,
) -> dict[int, str]:
    """Rules 1, 2 and 4 over some segments in a row; the chains of their lines."""
    checked.last, checked.chain = before.through, before.chain
    checked.signed_through = before.through
    chains = {before.through: before.chain}
    found = [(name, raw, read(raw)) for name in names for raw in pieces(store.read(name) or b"")]
    numbers = {line.number for _, _, line in found if line is not None}
    for place, (name, raw, line) in enumerate(found):
        if line is None:
            if place == len(found) - 1 and not raw.endswith(b"\n"):
                checked.torn = raw
            else:
                text = (
                    f"{name}: {len(raw)} bytes where line {checked.last + 1} belongs: {raw[:40]!r}"
                )
                checked.add(checked.last + 1, "changed", text)
        elif line.number > before.through:
            _judge(checked, line, name, numbers)
            _judge_signature(checked, line, name, key, device)
            chains[line.number] = line.chain
    return chains


def _judge(checked: Checked, line: Line, name: str, numbers: set[int]) -> None:
    """Rule 1; the trail goes on from this line, whatever was before it."""
    expected = checked.last + 1
    if line.number < expected:
        checked.add(line.number, "moved", f"{name}: line {line.number} after {checked.last}")
        return
    if line.number > expected:
        gone = next((n for n in range(expected, line.number) if n not in numbers), None)
        what, at = ("moved", expected) if gone is None else ("missing", gone)
        if not any(fault.number == at and fault.what == "changed" for fault in checked.faults):
            text = f"{name}: line {line.number} where {expected} belongs"
            checked.add(at, what, text)
    elif line.prev != checked.chain:
        text = f"{name}: line {line.number} was written after another line {checked.last}"
        checked.add(max(checked.last, 1), "replaced", text)
    checked.lines += 1
    checked.counts[line.action] = checked.counts.get(line.action, 0) + 1
    checked.last, checked.chain = line.number, line.chain


def _judge_signature(
    checked: Checked, line: Line, name: str, key: Ed25519PublicKey, device: str
) -> None:
    """Rule 2."""
    if line.action != CHECKPOINT:
        return
    head = read_head(line.detail, key)
    if head == Head(device, line.number - 1, line.prev):
        checked.signed_through = line.number
        return
    text = f"{name}: checkpoint {line.number} does not sign what it stands after"
    checked.add(checked.signed_through + 1, "replaced", text)


def _hold_against(checked: Checked, head: Head, chains: dict[int, str], device: str) -> None:
    """Rule 3."""
    if head.device != device:
        checked.add(1, "unsigned", f"a head of {head.device!r}; accepted: one of {device!r}")
    elif head.through > checked.last:
        text = f"lines {checked.last + 1} to {head.through} are cut off"
        checked.add(checked.last + 1, "cut off", text)
    elif head.through in chains and chains[head.through] != head.chain:
        text = f"line {head.through} is not the one that was signed"
        checked.add(checked.signed_through + 1, "replaced", text)
    else:
        checked.signed_through = max(checked.signed_through, head.through)


def pieces(content: bytes) -> list[bytes]:
    """What lies between the newlines of a segment, each with its own."""
    *whole, rest = content.split(b"\n")
    return [one for one in (*(raw + b"\n" for raw in whole), rest) if one.strip(b"\n")]
