"""What a receiver can prove of a device: what it has, what it was told is gone, what is missing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from edgeward_harness.rig.sink.decode import CLASSES
from edgeward_harness.rig.sink.ledger import Ledger

WORDS = {code: word for word, code in CLASSES.items()}
Range = tuple[int, int]


@dataclass(slots=True)
class Lane:
    """The records of one class in one epoch."""

    received: int = 0
    historical: int = 0
    offered_again: int = 0
    """Offered once more, with the same bytes."""
    conflicts: int = 0
    """Offered once more, with other bytes."""
    out_of_order: int = 0
    """Live ones that came after a later live one, and historical ones likewise."""
    given_up: int = 0
    """How many the device says it gave up."""


@dataclass(slots=True)
class EpochAccount:
    """One opening of a device's outbox."""

    token: str
    ordinals: tuple[int, ...]
    last: int = 0
    """The highest sequence that was received or told as a gap."""
    missing: list[Range] = field(default_factory=list)
    """Neither received nor in a gap."""
    unexplained: int = 0
    """Not received, and more than the counts of the gaps admit."""
    gaps: list[dict[str, Any]] = field(default_factory=list)
    lanes: dict[str, Lane] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """All epochs of one device."""

    device: str
    epochs: list[EpochAccount] = field(default_factory=list)
    unreadable: int = 0
    """Records and keys that did not open."""
    foreign: int = 0
    """Batches in this device's name that somebody else sent."""

    def outcomes(self) -> dict[str, int]:
        """How many records had each outcome."""
        lanes = [lane for epoch in self.epochs for lane in epoch.lanes.values()]
        again = sum(lane.offered_again for lane in lanes)
        received = sum(lane.received for lane in lanes)
        missing = [part for epoch in self.epochs for part in epoch.missing]
        return {
            "delivered": received,
            "offered again": again,
            "told as gap": sum(lane.given_up for lane in lanes),
            "missing": sum(last - first + 1 for first, last in missing)
            + sum(epoch.unexplained for epoch in self.epochs),
            "conflict": sum(lane.conflicts for lane in lanes),
            "out of order": sum(lane.out_of_order for lane in lanes),
            "unreadable": self.unreadable,
            "foreign": self.foreign,
        }

    def faults(self) -> list[str]:
        """What a device must never do, in words; nothing when all is well."""
        bad = ("missing", "conflict", "out of order", "unreadable", "foreign")
        outcomes = self.outcomes()
        faults = [f"{self.device}: {outcomes[word]} {word}" for word in bad if outcomes[word]]
        return faults + [
            f"{self.device}: epoch {epoch.token} has the ordinals {epoch.ordinals}"
            for epoch in self.epochs
            if len(epoch.ordinals) != 1
        ]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"outcomes": self.outcomes(), "faults": self.faults()}


def account(ledger: Ledger, device: str) -> Account:
    """What the ledger proves of a device."""
    told = ledger.rows("SELECT what FROM refusals WHERE device = ?", device)
    refusals = Counter(what for (what,) in told)
    result = Account(
        device,
        unreadable=refusals["unreadable"] + refusals["key"],
        foreign=refusals["foreign"],
    )
    ordinals: dict[bytes, list[int]] = {}
    for token, ordinal in ledger.rows(
        "SELECT token, ordinal FROM epochs WHERE device = ? ORDER BY ordinal, token", device
    ):
        ordinals.setdefault(token, []).append(ordinal)
    for token, known in ordinals.items():
        result.epochs.append(_epoch(ledger, device, token, tuple(known)))
    return result


def arrivals(ledger: Ledger, device: str) -> list[tuple[str, int, str, bool]]:
    """Every record in the order in which it came: token, sequence, class, historical."""
    return [
        (token.hex(), sequence, WORDS[kind], bool(flags & 1))
        for token, sequence, kind, flags in ledger.rows(
            "SELECT token, sequence, kind, flags FROM records WHERE device = ? ORDER BY arrived",
            device,
        )
    ]


def _epoch(ledger: Ledger, device: str, token: bytes, ordinals: Sequence[int]) -> EpochAccount:
    epoch = EpochAccount(token.hex(), tuple(ordinals), lanes={word: Lane() for word in CLASSES})
    where = (device, token)
    held = _received(ledger, where, epoch)
    for kind, same in ledger.rows(
        "SELECT kind, same FROM again WHERE device=? AND token=?", *where
    ):
        lane = epoch.lanes[WORDS[kind]]
        lane.offered_again += same
        lane.conflicts += not same
    told: list[Range] = []
    for kind, first, last, count, reason in ledger.rows(
        "SELECT kind, first, last, count, reason FROM gaps WHERE device=? AND token=?"
        " ORDER BY first, kind",
        *where,
    ):
        told.append((first, last))
        epoch.lanes[WORDS[kind]].given_up += count
        epoch.gaps.append({"class": WORDS[kind], "first": first, "last": last, "count": count,
                           "reason": reason})  # fmt: skip
    epoch.last = max([last for _, last in told + held], default=0)
    epoch.missing = list(uncovered(joined(told + held), epoch.last))
    lacking = sum(last - first + 1 for first, last in uncovered(held, epoch.last))
    admitted = sum(lane.given_up for lane in epoch.lanes.values())
    certain = sum(last - first + 1 for first, last in epoch.missing)
    epoch.unexplained = max(0, lacking - certain - admitted)
    return epoch


def _received(ledger: Ledger, where: tuple[str, bytes], epoch: EpochAccount) -> list[Range]:
    """Count what was received, and whether it came in order; the ranges that it covers."""
    latest: dict[tuple[int, int], int] = {}
    sequences = []
    for sequence, kind, flags in ledger.rows(
        "SELECT sequence, kind, flags FROM records WHERE device=? AND token=? ORDER BY arrived",
        *where,
    ):
        lane, stream = epoch.lanes[WORDS[kind]], (kind, flags)
        lane.received += 1
        lane.historical += flags & 1
        lane.out_of_order += sequence < latest.get(stream, 0)
        latest[stream] = max(sequence, latest.get(stream, 0))
        sequences.append((sequence, sequence))
    return joined(sequences)


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers in as few ranges as there can be."""
    result: list[Range] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = result[-1][0], max(last, result[-1][1])
        else:
            result.append((first, last))
    return result


def uncovered(covered: Sequence[Range], last: int) -> Iterator[Range]:
    """What of 1 to `last` is in none of the joined ranges."""
    expected = 1
    for first, end in covered:
        if first > expected:
            yield expected, first - 1
        expected = end + 1
    if expected <= last:
        yield expected, last
