"""The state before an outage, from whatever entries are left of it."""

from collections.abc import Iterable

from edgeward.alarm.change import AlarmChange
from edgeward.alarm.state import State


def rebuilt(entries: Iterable[AlarmChange]) -> tuple[State, tuple[str, ...]]:
    """The state, and what is wrong with the entries: some missing, or out of their order.

    Entries may begin anywhere: a journal is bounded. A hole between them is damage; what comes
    twice or too late is left out.
    """
    state = State()
    missing = stray = 0
    for entry in entries:
        before = (state.epoch, state.seq)
        if (entry.epoch, entry.seq) <= before:
            stray += 1
            continue
        expected = state.seq + 1 if entry.epoch == state.epoch else 1
        missing += entry.seq - expected if state.epoch else 0
        state.apply(entry)
    damage = []
    if missing:
        damage.append(f"{missing} entries of the alarm journal are missing")
    if stray:
        damage.append(f"{stray} entries of the alarm journal are out of order")
    return state, tuple(damage)
