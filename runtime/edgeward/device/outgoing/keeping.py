"""From what the device tells to what its outbox keeps: the clinical thread only hands over.

Alarms and events are kept as soon as the keeping thread comes round, which a hand-over brings
about; numbers wait for each other for a second, and are thinned (`thinning`). Waveforms are packed
when all else is kept (`waves`). Numbers and waveforms are compressed as hard as the link is slow;
alarms and events always in the quickest way.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from edgeward.comms.record import Offered, Receipt, Standing
from edgeward.device.outgoing.records import CLASS_OF, records_of
from edgeward.device.outgoing.thinning import Thinning
from edgeward.device.outgoing.waves import Waves
from edgeward.errors import StoreError
from edgeward.ports import Clock
from edgeward.process.events import Tellable

WAITING_MAX = 8192
AT_ONCE = 500
NUMBERS_NS = 1_000_000_000


class Accepting(Protocol):
    """What takes records in."""

    def accept(self, offered: Sequence[Offered]) -> Sequence[Receipt]:
        """A receipt for each, in order."""
        ...


class Keeping:
    """One thread hands over and never waits; another one comes round and may."""

    __slots__ = (
        "_clock", "_heard", "_numbers", "_outbox", "_since_ns", "_waiting", "_wake", "level",
        "lost", "refused", "thinning", "waves",
    )  # fmt: skip

    def __init__(
        self,
        outbox: Accepting,
        clock: Clock,
        wake: Callable[[], None],
        heard: Callable[[list[dict[str, Any]]], None] = lambda _: None,
    ) -> None:
        """Keep in this outbox.

        Args:
            outbox: takes the records in.
            clock: says how long numbers have waited for each other.
            wake: has the other thread come round at once.
            heard: is told the events too, on that thread, before they are kept.
        """
        self._outbox = outbox
        self._clock = clock
        self._wake = wake
        self._heard = heard
        self._waiting: deque[Tellable] = deque()
        self._numbers: list[dict[str, Any]] = []
        self._since_ns = 0
        self.thinning: Thinning | None = None
        """Leaves out numbers that have not moved; None: nothing is left out."""
        self.waves = Waves()
        self.level: Callable[[], int] = lambda: 1
        """How hard to compress now, but for alarms and events."""
        self.lost = 0
        """Events for which there was no place in the hand-over."""
        self.refused = 0
        """Records that the outbox did not take."""

    def hand_over(self, event: Tellable) -> None:
        """Have it kept; waits for nothing."""
        if len(self._waiting) >= WAITING_MAX:
            self.lost += 1
            return
        self._waiting.append(event)
        self._wake()

    def round(self) -> bool:
        """Keep what is due; whether something was kept."""
        events: list[dict[str, Any]] = []
        while self._waiting and len(events) < AT_ONCE:
            events.append(self._waiting.popleft().to_dict())
        self._heard(events)
        thinning = self.thinning
        if thinning is not None:
            events = [event for event in events if thinning.is_due(event)]
        due = [event for event in events if event["kind"] in CLASS_OF]
        now_ns = self._clock.monotonic_ns()
        if not self._numbers:
            self._since_ns = now_ns
        self._numbers += [event for event in events if event["kind"] not in CLASS_OF]
        if now_ns - self._since_ns >= NUMBERS_NS or len(self._numbers) >= AT_ONCE:
            due += self._numbers
            self._numbers = []
        if due:
            thinned = None if thinning is None else thinning.told()
            self._keep(records_of(due, self._clock.wall_ns(), self.level(), thinned))
        return self._keep_waves() or bool(due)

    def _keep_waves(self, *, everything: bool = False) -> bool:
        now_ns, wall_ns = self._clock.monotonic_ns(), self._clock.wall_ns()
        records = self.waves.records(now_ns, wall_ns, self.level(), everything=everything)
        if records:
            self._keep(records)
        return bool(records)

    def _keep(self, records: list[Offered]) -> None:
        try:
            receipts = self._outbox.accept(records)
        except StoreError:
            self.refused += len(records)
            raise
        self.refused += sum(one.standing is Standing.REJECTED for one in receipts)

    def flush(self) -> None:
        """Keep everything, whatever it could still wait for."""
        while self._waiting:
            self.round()
        if self._numbers:
            self._since_ns = self._clock.monotonic_ns() - NUMBERS_NS
            self.round()
        while self.waves.waiting or self._keep_waves(everything=True):
            self._keep_waves(everything=True)

    @property
    def busy(self) -> bool:
        """Whether there is more to come round for."""
        return bool(self._waiting or self.waves.waiting)
