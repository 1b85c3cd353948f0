"""Annunciators of an integrator: a function of theirs, or a place to fetch the newest state from.

A function runs in the alarm system's own thread, so it must return at once. Whatever may wait, such
as a display behind a slow line, a nurse call or a file, takes the state from a `Newest` instead.
"""

from collections.abc import Callable

from edgeward.alarm.signals import SignalState


class Callback:
    """Calls a function whenever what is given has changed."""

    __slots__ = ("_call", "_last")

    def __init__(self, call: Callable[[SignalState, int], None]) -> None:
        """Take the function; it gets a state and the instant it is shown at."""
        self._call = call
        self._last: tuple[object, ...] | None = None

    def show(self, state: SignalState, now_ns: int) -> None:
        """Call it, unless nothing but the time has changed; one that raises is called again."""
        marks = tuple(
            (each.patient, each.state, each.reminded_ns, each.switched_off)
            for each in state.inactive
        )
        given = (state.audible_alarm, state.audible, state.visible_alarm, state.visible)
        news = (*given, state.shown, marks)
        if news == self._last:
            return
        self._call(state, now_ns)
        self._last = news


class Newest:
    """Keeps the newest state for one reader in another thread; nobody waits for anybody.

    One that is not fetched in time is replaced: a slow reader sees fewer states, never old ones.
    """

    __slots__ = ("_seen", "_slot")

    def __init__(self) -> None:
        """Begin with nothing to fetch."""
        self._slot: tuple[int, SignalState, int] | None = None
        self._seen = 0

    def show(self, state: SignalState, now_ns: int) -> None:
        """Keep it, instead of the one before."""
        self._slot = ((self._slot[0] if self._slot else 0) + 1, state, now_ns)

    def take(self) -> tuple[SignalState, int] | None:
        """The newest state and when it was shown; None when it was fetched before."""
        slot = self._slot
        if slot is None or slot[0] == self._seen:
            return None
        self._seen = slot[0]
        return slot[1], slot[2]
