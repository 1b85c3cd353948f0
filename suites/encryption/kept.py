"""Records that a case had kept, and what became of each by the receiver's own ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from edgeward_harness.rig.receiving import Put, Receiving, payload_of, put
from edgeward_harness.rig.sink.opening import UnreadableError, read_payload
from edgeward_harness.target import DeviceSession

KINDS: Final = ("waveform", "trend", "event", "alarm", "audit")
DURABLE: Final = "durable"


@dataclass(slots=True)
class Kept:
    """What a device said it keeps, by identity."""

    device: str
    puts: dict[tuple[str, int], Put] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """Records it would not keep, and identities it gave twice."""

    def put(
        self, session: DeviceSession, records: list[tuple[str, bytes]], patient: str | None = None
    ) -> list[Put]:
        """Have records kept."""
        done = put(session, records, patient)
        for one in done:
            if one.standing != DURABLE:
                self.faults.append(f"a record was {one.standing}")
                continue
            if one.identity in self.puts:
                self.faults.append(f"{one.identity} names two records")
            self.puts[one.identity] = one
        return done

    def some(self, session: DeviceSession, number: int, about: str, **more: object) -> list[Put]:
        """Have so many plain records kept, of each class in its turn."""
        patient = more.pop("patient", None)
        records = [
            (KINDS[each % len(KINDS)], payload_of({"about": about, "n": each, **more}))
            for each in range(number)
        ]
        return self.put(session, records, None if patient is None else str(patient))

    def arrived(self, rx: Receiving) -> bool:
        """Whether the receiver holds all of them."""
        return self.puts.keys() <= rx.received(self.device)

    def judged(
        self, rx: Receiving, *, damaged: bool = False, without: Iterable[Put] = ()
    ) -> list[str]:
        """What is wrong with each: not there, changed, made up.

        Of what was damaged the receiver may be told gaps; what it cannot open, it has not taken.
        """
        left_out = {one.identity for one in without}
        payloads = rx.payloads(self.device)
        faults = list(self.faults)
        told = _gaps(rx, self.device) if damaged else {}
        for identity, one in self.puts.items():
            if identity in left_out:
                continue
            there = payloads.get(identity)
            if there is None and not _covered(identity, one.kind, told):
                faults.append(f"{one.kind} {identity} neither came nor was told as a gap")
            elif there is not None and there != one.payload:
                faults.append(f"{one.kind} {identity} came changed")
        faults += [
            f"{one} was made up"
            for one in payloads.keys() - self.puts.keys()
            if not tells_of_itself(payloads[one])
        ]
        account = rx.account(self.device)
        outcomes = account.outcomes()
        bad = ["conflict", "out of order", "foreign", *([] if damaged else ["unreadable"])]
        return faults + [f"{outcomes[word]} {word}" for word in bad if outcomes[word]]


def tells_of_itself(payload: bytes) -> bool:
    """Whether a record is one that a device makes without being asked, by docs/delivery.md."""
    try:
        return bool({"audit", "events"} & read_payload(payload).told.keys())
    except UnreadableError:
        return False


def _gaps(rx: Receiving, device: str) -> dict[tuple[str, str], list[tuple[int, int]]]:
    told: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for epoch in rx.account(device).epochs:
        for gap in epoch.gaps:
            told.setdefault((epoch.token, gap["class"]), []).append((gap["first"], gap["last"]))
    return told


def _covered(
    identity: tuple[str, int], kind: str, told: Mapping[tuple[str, str], list[tuple[int, int]]]
) -> bool:
    token, sequence = identity
    return any(first <= sequence <= last for first, last in told.get((token, kind), ()))
