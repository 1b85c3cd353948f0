"""What time it is, as far as a device can be sure: clocks lie, and certificates end.

Rules:
1. There is a *floor*: an instant that has surely passed. It begins with the time of the build, and
   is moved by what was proved only: a receiver's answer over a connection that was judged, or a
   signed statement with its date. It lies on the disk, and never goes back.
2. While the device runs, the floor moves with the monotonic clock.
3. Once a receiver has told the time since the start, the floor *is* the time, and nobody looks at
   the wall clock any more.
4. Before that, a wall clock that stands before the floor is wrong: the time is the floor or any
   later one. One that stands up to `ahead_ns` after it is taken for right. One that stands later is
   doubted: the time is somewhere between the two.
5. A certificate has expired when the earliest time that can be is after its end; it is not yet
   valid when the latest time that can be is before its beginning.
6. A receiver is believed only when the time that it tells lies within the dates of its own
   certificate: a wrong or stolen one moves the floor to the end of that certificate at most.

So a clock that jumps by ten years locks nobody out, since the floor rules; and what ended before
the floor stays refused. What ended after the floor, and is shown to a device whose clock is wrong
and which has heard from nobody since its start, is found out by the time that it tells itself: only
a greeting is sent before that, and no record. Who holds a stolen key and lies about the time too is
kept out by the pins, which are changed when a key is lost.
"""

import contextlib
import json
from dataclasses import dataclass

from edgeward.canonical import canonical_json
from edgeward.errors import StoreError
from edgeward.ports import Clock, Store

BLOB = "secure-time"
DAY_NS = 86_400 * 1_000_000_000
AHEAD_NS = 120 * DAY_NS
"""How far after the floor a wall clock is taken for right: the longest usual time off the network,
ninety days, and a month."""
KEEP_NS = DAY_NS // 24
"""The floor is written when it has moved by so much: a disk does not last for ever."""


@dataclass(frozen=True, slots=True)
class Span:
    """When it can be, in nanoseconds since 1970 UTC."""

    earliest_ns: int
    latest_ns: int | None
    """None where nothing is known of it."""

    @property
    def sure(self) -> bool:
        """Whether both are one."""
        return self.latest_ns == self.earliest_ns

    def fault(self, begin_ns: int, end_ns: int) -> str | None:
        """Rule 5: `expired`, `not yet valid`, or None."""
        if self.earliest_ns > end_ns:
            return "expired"
        if self.latest_ns is not None and self.latest_ns < begin_ns:
            return "not yet valid"
        return None


class SecureTime:
    """The time of one device."""

    __slots__ = ("_ahead_ns", "_clock", "_floor_ns", "_kept_ns", "_since_ns", "_store", "_told")

    def __init__(
        self, clock: Clock, store: Store, *, built_ns: int, ahead_ns: int = AHEAD_NS
    ) -> None:
        """Begin with the floor that lies in the store; one that cannot be read was never there."""
        self._clock, self._store, self._ahead_ns = clock, store, ahead_ns
        self._kept_ns = max(built_ns, _kept(store))
        self._floor_ns = self._kept_ns
        self._since_ns = clock.monotonic_ns()
        self._told = False

    @property
    def floor_ns(self) -> int:
        """An instant that has surely passed."""
        return self._floor_ns + self._clock.monotonic_ns() - self._since_ns

    def now(self) -> Span:
        """Rules 3 and 4."""
        floor_ns = self.floor_ns
        wall_ns = floor_ns if self._told else self._clock.wall_ns()
        if wall_ns < floor_ns:
            return Span(floor_ns, None)
        if wall_ns <= floor_ns + self._ahead_ns:
            return Span(wall_ns, wall_ns)
        return Span(floor_ns, wall_ns)

    def proved(self, instant_ns: int) -> None:
        """Something signed was made at this instant: it has passed."""
        self._raise_to(instant_ns)

    def told(self, now_ns: int, begin_ns: int, end_ns: int) -> str | None:
        """A judged receiver says that it is now, with a certificate of these dates: rule 6.

        What is wrong with its certificate at that time, if anything; then nothing is believed.
        """
        fault = Span(now_ns, now_ns).fault(begin_ns, end_ns)
        if fault is None:
            self._raise_to(now_ns)
            self._told = True
        return fault or self.now().fault(begin_ns, end_ns)

    def keep(self) -> bool:
        """Write the floor when it has moved by an hour; False when the disk refused."""
        floor_ns = self.floor_ns
        if floor_ns < self._kept_ns + KEEP_NS:
            return True
        with contextlib.suppress(StoreError):  # it stays in memory, and is written when it can be
            self._store.write(BLOB, canonical_json({"floor_ns": floor_ns}))
            self._kept_ns = floor_ns
            return True
        return False

    def _raise_to(self, instant_ns: int) -> None:
        if instant_ns > self.floor_ns:
            self._floor_ns, self._since_ns = instant_ns, self._clock.monotonic_ns()
        self.keep()


def _kept(store: Store) -> int:
    try:
        told = json.loads(store.read(BLOB) or b"{}")
        floor_ns = told.get("floor_ns", 0)
    except (StoreError, ValueError, AttributeError):
        return 0
    return floor_ns if isinstance(floor_ns, int) else 0
