"""From a queue to the parts of a bundle, and from an answer back to the queue.

Rules:
1. Alarms come first, then everything else, each in the order of acceptance, up to the newest record
   at the beginning. All of it is historical. Each part carries the keys of its own records.
2. What a part carried is told as spans: all records of some classes that waited from one sequence
   to another. A record that could not be sent ends a span.
3. An answer forgets what lies in a span of its own batch *and* is said to be durable: a receiver
   that claims more than it was sent takes nothing along.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgeward.canonical import canonical_json
from edgeward.comms.carried.answers import Answered
from edgeward.comms.carried.export import Part
from edgeward.comms.delivery.lanes import ALARMS, OTHERS
from edgeward.comms.delivery.source import Granter, Source
from edgeward.comms.record import Epoch, Gap, Identity, Loss, Queued, RecordClass
from edgeward.comms.wire import Answer, Batch, Grant, read_answer
from edgeward.errors import SealError
from edgeward.ports import Entropy

RECORDS_MAX: Final = 5000
BYTES_MAX: Final = 4 << 20
"""Of one part."""
GAPS_MAX: Final = 1000
_NAME_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class QueueParts:
    """The queue of one device, as parts for one receiver."""

    device: str
    source: Source
    granter: Granter
    receiver: bytes
    """The 32 bytes of its X25519 public key."""
    entropy: Entropy
    part_bytes_max: int = BYTES_MAX

    def __call__(self, done: Sequence[dict[str, Any]]) -> Iterator[Part]:
        """Rule 1, without what is in the bundle already."""
        newest = self.source.newest()
        there = [span for about in done for span in _spans(about)]
        gaps = [] if done else list(self.source.gaps(GAPS_MAX))
        for kinds in (ALARMS, OTHERS):
            for waiting in self._in_order(kinds, newest):
                sent = {one for one in waiting if not _within(one, there)}
                grants = self._grants(sent)
                if sent:
                    yield self._part(kinds, waiting, sent, grants, gaps)
                    gaps = []
        if gaps:
            yield self._part(OTHERS, [], set(), [], gaps)

    def _in_order(self, kinds: Collection[RecordClass], newest: Identity) -> Iterator[list[Queued]]:
        after: Identity | None = None
        while True:
            found = list(
                self.source.queued(
                    kinds, records_max=RECORDS_MAX, bytes_max=self.part_bytes_max, after=after,
                    through=newest, live_after=newest,
                )
            )  # fmt: skip
            if not found:
                return
            yield found
            after = found[-1].identity

    def _grants(self, sent: set[Queued]) -> list[Grant]:
        """The keys of these; a record whose key nobody can grant is taken out."""
        grants: list[Grant] = []
        granted: set[tuple[Epoch, int]] = set()
        for key in self.source.keys(sent):
            try:
                grants.append(Grant(key, self.granter.grant(key, self.receiver)))
            except SealError:
                continue  # its patient was erased
            granted.add((key.epoch, key.number))
        sent -= {one for one in sent if (one.identity.epoch, one.sealed.key) not in granted}
        return grants

    def _part(
        self,
        kinds: Collection[RecordClass],
        waiting: Sequence[Queued],
        sent: set[Queued],
        grants: Sequence[Grant],
        gaps: Sequence[Gap],
    ) -> Part:
        name = self.entropy.token(_NAME_BYTES).hex()
        records = [one for one in waiting if one in sent]
        about = {
            "batch": name,
            "records": len(records),
            "kinds": sorted(int(kind) for kind in kinds),
            "spans": _runs(waiting, sent),
            "gaps": [_gap_plain(gap) for gap in gaps],
        }
        return Part(Batch(self.device, name, records, grants, gaps).to_bytes(), about)


@dataclass(slots=True)
class Taken:
    """What an answer did to the queue."""

    delivered: int = 0
    set_aside: int = 0


def take_answers(source: Source, answered: Answered) -> Taken:
    """Forget what the receiver holds, and set aside what it will never take.

    Repeating it changes nothing. What is set aside waits until the receiver has taken something.

    Raises:
        DeliveryError: an answer is none; what came before it was done.
        StoreError: the disk refuses; the rest is done when this is called again.
    """
    taken = Taken()
    refused: list[tuple[Queued, str]] = []
    abouts = {about["batch"]: about for about in answered.abouts}
    for body in answered.answers:
        about = abouts.get(str(body.get("batch")))
        if about is None:
            continue
        answer = read_answer(canonical_json(body), about["batch"])
        for records in _sent(source, about):
            held = [one for one in records if _holds(answer, one)]
            taken.delivered += source.delivered(held)
            refused += _refused(answer, records)
        source.gaps_told([_gap(told) for told in about["gaps"]])
    for record, reason in refused if taken.delivered else ():
        taken.set_aside += source.quarantine(record, reason)
    return taken


def _sent(source: Source, about: dict[str, Any]) -> Iterator[list[Queued]]:
    """What is left in the queue of what a part carried."""
    kinds = [RecordClass(code) for code in about["kinds"]]
    for token, ordinal, first, last in about["spans"]:
        epoch = Epoch(ordinal, bytes.fromhex(token))
        after, end = Identity(epoch, first - 1), Identity(epoch, last)
        while found := list(
            source.queued(
                kinds, records_max=RECORDS_MAX, bytes_max=BYTES_MAX, after=after, through=end
            )
        ):
            yield found
            after = found[-1].identity


def _holds(answer: Answer, one: Queued) -> bool:
    return answer.holds(one.identity.epoch.token, one.identity.sequence)


def _refused(answer: Answer, records: Sequence[Queued]) -> list[tuple[Queued, str]]:
    told = answer.refused
    return [
        (one, told[name])
        for one in records
        if (name := (one.identity.epoch.token, one.identity.sequence)) in told
        and not _holds(answer, one)
    ]


def _runs(waiting: Sequence[Queued], sent: set[Queued]) -> list[list[Any]]:
    """Rule 2."""
    runs: list[list[Any]] = []
    open_run = False
    for one in waiting:
        epoch, sequence = one.identity.epoch, one.identity.sequence
        start = [epoch.token.hex(), epoch.ordinal]
        if one not in sent:
            open_run = False
        elif open_run and runs[-1][:2] == start:
            runs[-1][3] = sequence
        else:
            runs.append([*start, sequence, sequence])
            open_run = True
    return runs


_Span = tuple[frozenset[int], str, int, int]


def _spans(about: dict[str, Any]) -> list[_Span]:
    kinds = frozenset(about["kinds"])
    return [(kinds, token, first, last) for token, _, first, last in about["spans"]]


def _within(one: Queued, spans: Sequence[_Span]) -> bool:
    token, sequence = one.identity.epoch.token.hex(), one.identity.sequence
    return any(
        one.kind in kinds and token == own and first <= sequence <= last
        for kinds, own, first, last in spans
    )


def _gap_plain(gap: Gap) -> list[Any]:
    epoch = gap.epoch
    kind, reason = int(gap.kind), gap.reason.value
    return [epoch.token.hex(), epoch.ordinal, kind, gap.first, gap.last, gap.count, reason]


def _gap(told: list[Any]) -> Gap:
    token, ordinal, kind, first, last, count, reason = told
    epoch = Epoch(ordinal, bytes.fromhex(token))
    return Gap(epoch, RecordClass(kind), first, last, count, Loss(reason))
