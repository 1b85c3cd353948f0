"""The state before an outage, from the entries that are left of it."""

from collections.abc import Iterable

from edgeward.alarm.change import AlarmChange
from edgeward.alarm.system.state import State


def rebuilt(entries: Iterable[AlarmChange]) -> tuple[State, int]:
    """The state, and how many entries came twice or too late, and were left out.

    A bounded journal keeps the newest entry on everything that is up and all of the latest ones:
    since each holds the whole of what it changed, those before them are not needed. Whether the
    journal lost any that it should have is for the journal to say.
    """
    state, stray = State(), 0
    for entry in entries:
        if (entry.epoch, entry.seq) > (state.epoch, state.seq):
            state.apply(entry)
        else:
            stray += 1
    return state, stray
