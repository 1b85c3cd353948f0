"""Alarms of this device that are told to people elsewhere: one end for each delegation.

Rules:
1. What is settled stands in the scopes of the alarm system, so it is in the journal and is there
   again after a restart. The ends follow it.
2. What becomes of an alarm on its way is an entry of the journal: offered, asked further,
   unanswered, confirmed, its sound left to somebody, its sound given here again.
3. A confirmation is kept with what is settled, as long as the alarm is up: nobody is asked twice
   only because the device was started anew.
4. A link that is lost, and an alarm that nobody confirmed, are technical alarms of this device.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from edgeward.alarm.change import Delegated, What
from edgeward.alarm.delegation.local import LocalEnd
from edgeward.alarm.delegation.messages import read_answer
from edgeward.alarm.delegation.plan import DelegationPlan, Event, News
from edgeward.alarm.delegation.technical import of_device, over
from edgeward.alarm.moment import Moment
from edgeward.alarm.signals import SignalState
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError, StreamError

ENDS_OF_EPOCH = 1_000_000
"""Ends are numbered over all starts of the device: what is newer has a greater number."""
CONFIRMED_MAX = 64
WHO_CHARS_MAX = 64
_NS_PER_MS = 1_000_000
_NOTED = {
    News.OFFERED: What.OFFERED,
    News.ESCALATED: What.ASKED,
    News.UNANSWERED: What.UNANSWERED,
    News.TAKEN_OVER: What.TAKEN_OVER,
    News.RESTORED: What.TAKEN_BACK,
}
Patient = str | None


def plan_of(settled: Delegated) -> DelegationPlan:
    """The plan of what is settled.

    Raises:
        AlarmError: it cannot be; every fault at once.
    """
    return DelegationPlan(
        settled.to,
        refresh_ns=settled.refresh_ns,
        confirm_ns=settled.confirm_ns,
        delegable=(Priority.HIGH, Priority.MEDIUM) if settled.sound else (),
    )


class Delegations:
    """The ends at which the alarms of this device arise."""

    def __init__(self, name: str, alarms: AlarmSystem) -> None:
        """Follow what is settled in this alarm system, under the name of this device."""
        self._name = name
        self._alarms = alarms
        self._ends: dict[Patient, tuple[Delegated, LocalEnd]] = {}
        self._made = 0

    @property
    def active(self) -> bool:
        """Whether anything is told elsewhere."""
        return bool(self._ends)

    def look(self, now: Moment) -> None:
        """Follow what is settled and what is up, and let time pass on the links."""
        self._follow(now)
        for patient, (_, end) in self._ends.items():
            self._note(patient, end.take(self._state(patient), now.mono_ns), now)
            for seen in of_device(end, now.mono_ns):
                self._alarms.observe(seen, now)

    def refresh(self, patient: Patient, to: str, answer: Any, now: Moment) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON is looked at
        """Take what a receiver has answered, if it has; what is to be brought to it, if anything.

        Raises:
            AlarmError: nothing is delegated there.
            StreamError: it is no answer of this receiver; every fault at once.
        """
        end = self.end(patient)
        if to not in end.plan.receivers:
            raise StreamError(f"to: found {to!r}; accepted: {', '.join(end.plan.receivers)}")
        if answer is not None:
            try:
                read_answer(answer, (to,), end.name)
            except AlarmError as error:
                raise StreamError(str(error)) from error
            self._note(patient, end.receive(answer, now.mono_ns), now)
        self.look(now)
        offers = end.outgoing(now.mono_ns, to)
        return offers[0][1] if offers else None

    def end(self, patient: Patient) -> LocalEnd:
        """The end for the alarms of a patient.

        Raises:
            AlarmError: they are not delegated.
        """
        if patient not in self._ends:
            known = ", ".join(str(each) for each in self._ends) or "none"
            raise AlarmError([f"found patient {patient}; accepted: one delegated ({known[:200]})"])
        return self._ends[patient][1]

    def given(self, state: SignalState, now_ns: int) -> SignalState:
        """What is to be given here, of what would be without any delegation."""
        for _, end in self._ends.values():
            state = end.local(state, now_ns)
        return state

    def shown(self, patient: Patient, now_ns: int) -> list[dict[str, Any]]:
        """How each delegation of a patient stands; for None, all of them."""
        return [
            {
                "patient": of,
                "device": end.name,
                "to": list(settled.to),
                "refresh_within_ms": settled.refresh_ns // _NS_PER_MS,
                "confirm_within_ms": settled.confirm_ns // _NS_PER_MS,
                "sound": settled.sound,
                "by": settled.by,
                "lost": list(end.lost(now_ns)),
                "waiting": list(end.waiting()),
                "unanswered": list(end.unanswered()),
                "elsewhere": list(end.elsewhere(self._state(of), now_ns)),
                "confirmed": [{"alarm": each[0], "by": each[2]} for each in self._confirmed(of)],
            }
            for of, (settled, end) in self._ends.items()
            if patient in (None, of)
        ]

    def _state(self, patient: Patient) -> SignalState:
        return self._alarms.signals() if patient is None else self._alarms.signals(patient)

    def _follow(self, now: Moment) -> None:
        """Rule 1."""
        scopes = self._alarms.state.scopes.items()
        wanted = {
            patient: replace(scope.delegated, confirmed=())
            for patient, scope in scopes
            if scope.delegated is not None
        }
        for patient, (settled, end) in [*self._ends.items()]:
            if wanted.get(patient) != settled:
                del self._ends[patient]
                for seen in over(of_device(end, now.mono_ns)):
                    self._alarms.observe(seen, now)
        for patient, settled in wanted.items():
            if patient not in self._ends:
                self._ends[patient] = (settled, self._new(patient, settled, now))

    def _new(self, patient: Patient, settled: Delegated, now: Moment) -> LocalEnd:
        self._made += 1
        confirmed = {(alarm, count): who for alarm, count, who in self._confirmed(patient)}
        return LocalEnd(
            self._name if patient is None else f"{self._name}/{patient}",
            plan_of(settled),
            self._alarms.state.epoch * ENDS_OF_EPOCH + self._made,
            now.mono_ns,
            confirmed,
        )

    def _confirmed(self, patient: Patient) -> tuple[tuple[str, int, str], ...]:
        delegated = self._alarms.state.scope(patient).delegated
        return () if delegated is None else delegated.confirmed

    def _note(self, patient: Patient, events: Iterable[Event], now: Moment) -> None:
        """Rule 2."""
        for event in events:
            if event.what is News.CONFIRMED:
                self._keep(patient, event, now)
            elif event.what in _NOTED:
                self._alarms.note(_NOTED[event.what], event.alarm, now, text=event.peer)

    def _keep(self, patient: Patient, event: Event, now: Moment) -> None:
        """Rule 3."""
        scope = self._alarms.state.scope(patient)
        if scope.delegated is None:
            return
        up = {alarm.id: alarm.occurrence for alarm in self._alarms.alarms}
        before = [
            each
            for each in scope.delegated.confirmed
            if up.get(each[0]) == each[1] and each[0] != event.alarm
        ]
        who = event.who[:WHO_CHARS_MAX]
        confirmed = (*before, (event.alarm, up.get(event.alarm, 0), who))[-CONFIRMED_MAX:]
        kept = replace(scope, delegated=replace(scope.delegated, confirmed=confirmed))
        text = f"{event.alarm} at {event.peer}"
        self._alarms.settle(What.CONFIRMED, kept, now, who=who, text=text)
