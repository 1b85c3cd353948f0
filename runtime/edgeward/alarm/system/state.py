"""The state of the alarm system: what its entries add up to, and nothing else.

Rules:
1. Every entry holds the whole of what it changed, so applying it is putting that in place.
2. A new boot has another monotonic clock. What remained of a pause or an acknowledgement when the
   last entry was told is all that can remain of it, less the time that wall clocks say has passed.
   When wall time has gone back nobody knows, and pauses end at once: the sound comes back.
3. What held before an outage is undecided after it, until it is seen again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from edgeward.alarm.change import Alarm, AlarmChange, Given, Scope, What
from edgeward.alarm.vocabulary import Presence

Key = tuple[str | None, str]
"""Patient and condition."""


@dataclass(slots=True)
class State:
    """Alarms that are up, what operators have settled, what is given."""

    alarms: dict[Key, Alarm] = field(default_factory=dict)
    scopes: dict[str | None, Scope] = field(default_factory=dict)
    given: dict[str | None, Given] = field(default_factory=dict)
    epoch: int = 0
    seq: int = 0
    count: int = 0
    """Alarms that began in this boot."""
    at_ns: int = 0
    wall_ns: int = 0

    def apply(self, entry: AlarmChange) -> None:
        """Put in place what an entry tells."""
        if entry.what is What.STARTED:
            self._start(entry)
        if entry.alarm is not None:
            self._alarm(entry.alarm, entry.what)
        if entry.scope is not None:
            self.scopes[entry.patient] = entry.scope
        if entry.given is not None:
            self._given(entry.given)
        if entry.what is What.DISCHARGED:
            self.scopes.pop(entry.patient, None)
        self.epoch, self.seq = entry.epoch, entry.seq
        self.at_ns, self.wall_ns = entry.at_ns, entry.wall_ns

    def scope(self, patient: str | None) -> Scope:
        """What is settled about a patient; nothing yet, when nobody has."""
        return self.scopes.get(patient) or Scope(patient)

    def _alarm(self, alarm: Alarm, what: What) -> None:
        key = (alarm.patient, alarm.condition)
        if what is What.DECLARED and key not in self.alarms:
            self.count += 1
        if what in (What.ENDED, What.RESET):
            self.alarms.pop(key, None)
        else:
            self.alarms[key] = alarm

    def _given(self, given: Given) -> None:
        if given.audible is None and given.visible is None:
            self.given.pop(given.patient, None)
        else:
            self.given[given.patient] = given

    def _start(self, entry: AlarmChange) -> None:
        passed_ns = entry.wall_ns - self.wall_ns
        shift_ns = entry.at_ns - self.at_ns - max(0, passed_ns)
        known = passed_ns >= 0
        self.alarms = {key: _over(alarm, shift_ns, known) for key, alarm in self.alarms.items()}
        self.scopes = {key: _kept(scope, shift_ns, known) for key, scope in self.scopes.items()}
        self.count = 0


def _over(alarm: Alarm, shift_ns: int, known: bool) -> Alarm:  # noqa: FBT001 - private
    """An alarm from before an outage, on the clock of the new boot."""
    until_ns, covered_ns = alarm.acknowledged_until_ns, alarm.covered_until_ns
    return replace(
        alarm,
        undecided=alarm.presence is not Presence.LATCHED,
        signal_due_ns=alarm.signal_due_ns + shift_ns,
        unattended_ns=alarm.unattended_ns + shift_ns,
        acknowledged_until_ns=_until(until_ns, alarm.unattended_ns, shift_ns, known),
        covered_until_ns=None if covered_ns is None else covered_ns + shift_ns,
    )


def _kept(scope: Scope, shift_ns: int, known: bool) -> Scope:  # noqa: FBT001 - private
    return replace(
        scope,
        since_ns=scope.since_ns + shift_ns,
        until_ns=_until(scope.until_ns, scope.since_ns, shift_ns, known),
        reminded_ns=scope.reminded_ns + shift_ns,
    )


def _until(until_ns: int | None, since_ns: int, shift_ns: int, known: bool) -> int | None:  # noqa: FBT001
    """When a pause ends on the new clock; when in doubt, it has ended when it began."""
    if until_ns is None:
        return None
    return (until_ns if known else since_ns) + shift_ns


def replay(entries: Iterable[AlarmChange]) -> State:
    """The state that entries add up to."""
    state = State()
    for entry in entries:
        state.apply(entry)
    return state
