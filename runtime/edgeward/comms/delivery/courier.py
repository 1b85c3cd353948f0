"""Delivers: at least once on the wire, and never gives up.

Rules:
1. A record is forgotten on the receiver's own answer to the very batch that carried it.
2. One batch is under way at a time, so records of one class and lane arrive in their order.
3. A failure changes nothing but the time of the next attempt, and how much is tried at once.
4. A record that is refused alone, time and again, is set aside only after the receiver has taken
   another one.
5. An answer may take some times as long as the one before it: a link that has died without a word
   holds an alarm for seconds. Where that was wrong, the link is slower than it was: each time less
   is sent, and waited for twice as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from edgeward.comms.delivery.grants import Grants, KeyName
from edgeward.comms.delivery.lanes import ALARMS, OTHERS, Lanes, Room, size_of
from edgeward.comms.delivery.pace import Pace
from edgeward.comms.delivery.retry import Retry
from edgeward.comms.delivery.source import Granter, Source
from edgeward.comms.delivery.state import Counts, State, state_after
from edgeward.comms.delivery.suspects import Suspects
from edgeward.comms.delivery.transport import (
    FOR_EVER_NS,
    Hello,
    RefusedError,
    StrangerError,
    TooLargeError,
    Transport,
    UnreachableError,
)
from edgeward.comms.record import Gap, Queued
from edgeward.comms.wire import Answer, Batch, Grant, read_answer
from edgeward.errors import DeliveryError
from edgeward.ports import Clock, Entropy

GAPS_MAX = 64
"""Gaps told in one batch."""
NAME_BYTES = 16
TELLING_BYTES = 4096
"""A shorter batch says how long an answer takes, not what the link carries."""
PATIENCE = 10
"""So many times what the last answer took."""
FIRST_BYTES = 1 << 16
"""The first batch, before anything is known of the link."""


@dataclass(slots=True)
class Courier:
    """Delivers what waits in a source to one receiver. One thread calls `round` again and again."""

    device: str
    source: Source
    granter: Granter
    transport: Transport
    clock: Clock
    entropy: Entropy
    pace: Pace
    receiver_key: bytes | None = None
    """The key of the receiver where it is known beforehand: another one is a stranger's."""
    greeted: Callable[[Hello], None] = lambda _: None
    """Is told what a receiver says of itself."""
    state: State = State.UNKNOWN
    trouble: str = ""
    """Why it is not online."""
    counts: Counts = field(default_factory=Counts)
    _bytes_per_s: float = inf
    _retry: Retry = field(init=False)
    _suspects: Suspects = field(init=False)
    _lanes: Lanes = field(init=False)
    _grants: Grants = field(init=False)
    _records_max: int = field(init=False)
    _bytes_max: int = field(init=False)
    _patience_ns: int = FOR_EVER_NS
    """Rule 5; before the first answer nobody knows what the link is like."""
    _offences: int = 0
    """How often in a row one record alone was refused."""
    _heard_ns: int = 0
    _fresh_since_ns: int | None = None

    def __post_init__(self) -> None:
        """Begin with whole batches; failures and a slow link make them smaller."""
        self._retry = Retry(self.pace.retry_first_ns, self.pace.retry_max_ns, self.entropy)
        self._suspects = Suspects(self.pace.suspects_max)
        self._lanes = Lanes(self.source, self._suspects)
        self._grants = Grants(self.source, self.granter)
        self._records_max = self.pace.batch_records_max
        self._bytes_max = min(FIRST_BYTES, self.pace.batch_bytes_max)

    @property
    def bytes_per_s(self) -> float | None:
        """What the link carried last, without limit as long as nobody knows; None without one."""
        return self._bytes_per_s if self.state is State.ONLINE else None

    def round(self) -> int:
        """Do what is due, at most one exchange; then the nanoseconds until something is due.

        Whoever accepts an alarm meanwhile has it called again at once.
        """
        now_ns = self.clock.monotonic_ns()
        if self._retry.due_ns is not None:
            if self._lanes.waits(ALARMS):
                self._retry.hurry(now_ns, self.pace.urgent_ns)
            if now_ns < self._retry.due_ns:
                return self._retry.due_ns - now_ns
        try:
            return self._work(now_ns)
        except DeliveryError as error:
            return self._failed(error)

    def _work(self, now_ns: int) -> int:
        if self.state is not State.ONLINE or now_ns - self._heard_ns >= self.pace.heartbeat_ns:
            self._greet()
        records = self._chosen(now_ns)
        whole = self._records_max == self.pace.batch_records_max
        gaps = self.source.gaps(GAPS_MAX) if whole or not records else ()
        if records or gaps:
            self._send(records, gaps)
            return 0
        if suspected := self._suspects.convicted():  # nobody is there to show that it takes others
            raise RefusedError(suspected[0][1])
        self._retry.succeeded()
        heartbeat_ns = max(0, self._heard_ns + self.pace.heartbeat_ns - now_ns)
        fresh_ns = self._fresh_due_ns(now_ns)
        return heartbeat_ns if fresh_ns is None else min(heartbeat_ns, fresh_ns)

    def _greet(self) -> None:
        """Make sure that it is the receiver; what waits is a backlog if it was not there before."""
        self.counts.hellos += 1
        hello = self.transport.hello()
        if self.receiver_key not in (None, hello.receiver_key):
            raise StrangerError(
                f"the receiver shows key {hello.receiver_key.hex()[:16]}…, and not the one that"
                " this device was given"
            )
        self._grants.to(hello.receiver_key)
        if self.state is not State.ONLINE:
            self._lanes.boundary = self.source.newest()
            self._fresh_since_ns = None
        self.state, self.trouble = State.ONLINE, ""
        self._heard_ns = self.clock.monotonic_ns()
        self.greeted(hello)

    def _chosen(self, now_ns: int) -> list[Queued]:
        room = Room(self._records_max, self._bytes_max)
        alarms = self._lanes.alarms(room)
        left = room.less(alarms)
        if left.records <= 0 or left.bytes <= 0:
            return alarms
        live = bool(alarms) or self._fresh_due_ns(now_ns) == 0
        others = self._lanes.others(left, self.pace.backlog_share, live=live)
        if alarms and size_of(others) > left.bytes:
            return alarms  # a record larger than what is left waits for a batch of its own
        return alarms + others

    def _fresh_due_ns(self, now_ns: int) -> int | None:
        """How long live records may still wait for company; None when there are none."""
        lingering_ns = [
            self.pace.linger_ns[kind]
            for kind in OTHERS
            if self._lanes.waits(frozenset({kind}))
        ]  # fmt: skip
        if not lingering_ns:
            self._fresh_since_ns = None
            return None
        if self._fresh_since_ns is None:
            self._fresh_since_ns = now_ns
        return max(0, self._fresh_since_ns + min(lingering_ns) - now_ns)

    def _send(self, records: Sequence[Queued], gaps: Sequence[Gap]) -> None:
        grants, lost = self._grants.needed(records)
        if lost:
            self._give_up_unreadable(records, lost)
            return
        batch = Batch(
            self.device, self.entropy.token(NAME_BYTES).hex(), records, grants, gaps
        )  # fmt: skip
        body, began_ns = batch.to_bytes(), self.clock.monotonic_ns()
        self.counts.exchanges += 1
        self.counts.sent_bytes += len(body)
        try:
            answer = read_answer(self.transport.exchange(body, self._patience_ns), batch.name)
        except (TooLargeError, RefusedError) as error:
            self._halve(records, error)
            return
        except UnreachableError:
            self._patience_ns = min(2 * self._patience_ns, FOR_EVER_NS)
            self._bytes_max = max(self._bytes_max // 2, self.pace.batch_bytes_min)
            raise
        self._offences = 0
        self._adapt(len(body), self.clock.monotonic_ns() - began_ns)
        self._take(answer, records, grants, gaps)

    def _take(
        self, answer: Answer, records: Sequence[Queued], grants: Sequence[Grant],
        gaps: Sequence[Gap],
    ) -> None:  # fmt: skip
        """Forget what the receiver holds; set aside what it will never take."""
        held = [
            one
            for one in records
            if answer.holds(one.identity.epoch.token, one.identity.sequence)
        ]
        self.source.gaps_told(gaps)
        self._grants.confirmed(grants)
        self._grants.forget(answer.keys_unknown)
        for one in records:
            reason = answer.refused.get((one.identity.epoch.token, one.identity.sequence))
            if reason is not None and one not in held:
                self._suspect(one, RefusedError(reason))
        if records and not held:
            if answer.refused:
                return
            raise UnreachableError("the receiver answers, and holds none of what it was sent")
        self.source.delivered(held)
        self.counts.delivered += len(held)
        self._fresh_since_ns = None
        self._heard_ns = self.clock.monotonic_ns()
        self._retry.succeeded()
        self._records_max = min(self._records_max * 2, self.pace.batch_records_max)
        if held:
            self._set_aside()

    def _set_aside(self) -> None:
        """Rule 4: the receiver works, so what it refused is at fault."""
        for record, reason in self._suspects.convicted():
            self.source.quarantine(record, reason)
            self.counts.set_aside += 1

    def _give_up_unreadable(
        self, records: Sequence[Queued], lost: dict[KeyName, str]
    ) -> None:
        """Nobody can be told the key of these any more: they say nothing to anybody."""
        for one in records:
            reason = lost.get((one.identity.epoch, one.sealed.key))
            if reason is not None:
                self.source.quarantine(one, reason)
                self.counts.set_aside += 1

    def _halve(self, records: Sequence[Queued], error: DeliveryError) -> None:
        """Try half of it, down to the one record at which the receiver takes offence."""
        if not records:
            raise error
        if len(records) == 1:
            self._offences += 1
            if self._offences == self.pace.offences_max:
                self._offences = 0
                self._suspect(records[0], error)
            return
        self._records_max = len(records) // 2

    def _suspect(self, record: Queued, error: DeliveryError) -> None:
        if not self._suspects.add(record, str(error)):
            raise error

    def _adapt(self, sent_bytes: int, took_ns: int) -> None:
        """As much as the link carries in the time that an alarm may wait for it; rule 5."""
        self._patience_ns = max(self.pace.answer_ns, PATIENCE * took_ns)
        if sent_bytes >= TELLING_BYTES:
            self._bytes_per_s = sent_bytes * 1e9 / max(took_ns, 1)
        fits = sent_bytes * self.pace.exchange_ns // max(took_ns, 1)
        wanted = max(self.pace.batch_bytes_min, min(fits, self._bytes_max * 2))
        self._bytes_max = min(wanted, self.pace.batch_bytes_max)

    def _failed(self, error: DeliveryError) -> int:
        """Rule 3."""
        self.counts.failures += 1
        self.state, self.trouble = state_after(error), str(error)
        asked_ns = error.retry_after_ns if isinstance(error, UnreachableError) else None
        now_ns = self.clock.monotonic_ns()
        self._retry.failed(now_ns, asked_ns)
        self.transport.close()
        assert self._retry.due_ns is not None
        return self._retry.due_ns - now_ns
