"""What a device keeps in memory while its disk cannot be opened: bounded, alarms longest.

Nothing of it is sealed, named or delivered: it is handed on, in its order, as soon as there is a
disk. It dies with the power, so each receipt says `volatile`.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from edgeward.comms.record import NEVER_EVICTED, Offered, Receipt, Standing
from edgeward.device.outgoing.records import CLASS_OF, records_of
from edgeward.ports import Clock
from edgeward.process.events import Tellable

BYTES_MAX = 1 << 20
"""Of records that somebody put."""
EVENTS_MAX = 8192
AT_ONCE = 500
_OVERHEAD_BYTES = 200
"""What a record takes beside its payload, so that empty ones fill the memory too."""


class Taking(Protocol):
    """Where it goes in the end."""

    def accept(self, offered: Sequence[Offered]) -> Sequence[Receipt]:
        """Keep records."""
        ...


class Interim:
    """Keeps until there is somebody to hand it to; every thread may call it."""

    __slots__ = ("_clock", "_closed", "_lock", "_numbers", "_put", "_size_bytes", "_urgent", "lost")

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self._clock = clock
        self._lock = threading.Lock()
        self._closed = False
        self._put: deque[Offered] = deque()
        self._size_bytes = 0
        self._urgent: deque[tuple[dict[str, Any], int]] = deque()
        self._numbers: deque[tuple[dict[str, Any], int]] = deque()
        self.lost = 0
        """Events that had to be left out."""

    def __len__(self) -> int:
        return len(self._put) + len(self._urgent) + len(self._numbers)

    def hand_over(self, event: Tellable) -> bool:
        """Have it kept; False once all was handed on. Numbers make room for alarms and events."""
        told = event.to_dict(), self._clock.wall_ns()
        urgent = told[0]["kind"] in CLASS_OF
        with self._lock:
            if self._closed:
                return False
            if len(self._urgent) + len(self._numbers) >= EVENTS_MAX:
                self.lost += 1
                if not (urgent and self._numbers):
                    return True
                self._numbers.popleft()
            (self._urgent if urgent else self._numbers).append(told)
        return True

    def accept(self, offered: Sequence[Offered], reason: str) -> Sequence[Receipt] | None:
        """Keep what somebody puts, as long as there is room; None once all was handed on."""
        with self._lock:
            if self._closed:
                return None
            return [self._one(one, reason) for one in offered]

    def _one(self, one: Offered, reason: str) -> Receipt:
        size_bytes = _size_bytes(one)
        room_bytes = BYTES_MAX if one.kind in NEVER_EVICTED else BYTES_MAX // 2
        if self._size_bytes + size_bytes > room_bytes:
            full = f"{reason}; the memory for what the disk refuses is full"
            return Receipt(Standing.REJECTED, reason=full)
        self._put.append(one)
        self._size_bytes += size_bytes
        return Receipt(Standing.VOLATILE, reason=reason)

    def move_to(self, taking: Taking, done: Callable[[], None]) -> None:
        """Hand all of it on, in its order; `done` comes before anything else can be kept.

        Raises:
            StoreError: it was not taken; what was not handed on yet is still here.
        """
        while True:
            with self._lock:
                waiting: deque[Any] = self._put or self._urgent or self._numbers
                if not waiting:
                    self._closed = True
                    done()
                    return
                part = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
            try:
                taking.accept(part if waiting is self._put else _as_records(part))
            except BaseException:
                with self._lock:
                    waiting.extendleft(reversed(part))
                raise
            if waiting is self._put:
                with self._lock:
                    self._size_bytes -= sum(map(_size_bytes, part))


def _size_bytes(one: Offered) -> int:
    return len(one.payload) + _OVERHEAD_BYTES


def _as_records(told: Iterable[tuple[dict[str, Any], int]]) -> list[Offered]:
    """Each says when it was told, not when the disk came back."""
    records: list[Offered] = []
    together: list[dict[str, Any]] = []
    wall_s, first_ns = -1, 0
    for event, wall_ns in told:
        if wall_ns // 1_000_000_000 != wall_s:
            records += records_of(together, first_ns)
            together, wall_s, first_ns = [], wall_ns // 1_000_000_000, wall_ns
        together.append(event)
    return records + records_of(together, first_ns)
