"""What a person may do to the alarm system. Each action is told with who did it, or refused.

Rules:
1. Every refusal says what was found and what would be accepted, and changes nothing.
2. Whoever takes signals away takes them away from one patient, and never without a mark.
3. A pause ends by itself, after two minutes at most. What lasts longer is called to mind.
4. A condition that may not be switched off is not switched off by any of these.
"""

from dataclasses import replace

from edgeward.alarm.alarm_limits import Side, VitalLimits, check
from edgeward.alarm.change import Alarm, Delegated, Listened, Scope, What
from edgeward.alarm.settings import limits_in_force, with_limits
from edgeward.alarm.standard_conditions import limit_condition
from edgeward.alarm.system import life
from edgeward.alarm.system.core import Core
from edgeward.alarm.system.self_check import PAUSE_NS_MAX
from edgeward.alarm.system.state import Key
from edgeward.alarm.vocabulary import Category, Inactivation, Level, Presence, Priority
from edgeward.errors import AlarmError
from edgeward.limits import DEFAULT
from edgeward.signal.findings import UNITS, Vital

PATIENTS_MAX = 1024
"""About whom anything is settled at once."""
LISTENED_MAX = 16
"""Other devices whose alarms are given here."""


class Operator:
    """One person at one moment. `AlarmSystem.by` makes it."""

    def __init__(self, core: Core, who: str) -> None:
        """Act for this person.

        Raises:
            AlarmError: nobody is named.
        """
        if not who.strip() or len(who) > DEFAULT.stream_name_chars_max:
            raise _refusal(
                f"an action by {who!r}",
                f"a name of 1 to {DEFAULT.stream_name_chars_max} characters",
            )
        self._core = core
        self._who = who

    def acknowledge(self, alarm_id: str) -> None:
        """Answer this occurrence: it is silent until it ends, gets worse, or time is up.

        What it covers stands for itself from then on, and is heard unless it was answered before.

        Raises:
            AlarmError: there is no such alarm, or it is not signalled as present.
        """
        alarm = self._alarm(alarm_id)
        if not _calls(alarm):
            raise _refusal(
                f"acknowledge alarm {alarm.id}, which is {_standing(alarm)}",
                "an alarm that is on or covered; a latched one is reset",
            )
        self._acknowledge(alarm)
        self._core.settle()

    def acknowledge_all(self, patient: str | None) -> int:
        """Answer all that is signalled as present for a patient, and what that covers: how many."""
        on = [alarm for alarm in self._of(patient) if _calls(alarm)]
        for alarm in on:
            self._acknowledge(alarm)
        self._core.settle()
        return len(on)

    def reset(self, alarm_id: str) -> None:
        """End the signals of a condition that is over, or that can no longer be decided.

        Raises:
            AlarmError: there is no such alarm, or its condition is seen to hold.
        """
        alarm = self._alarm(alarm_id)
        if alarm.presence is not Presence.LATCHED and not alarm.undecided:
            raise _refusal(
                f"reset alarm {alarm.id}, which is {_standing(alarm)}",
                "a latched alarm, or one that cannot be decided; others can be acknowledged",
            )
        self._core.drop_doubts((alarm.patient, alarm.condition))
        self._core.change(What.RESET, life.ended(alarm), who=self._who)
        self._core.settle()

    def audio_pause(self, patient: str | None, duration_ns: int = PAUSE_NS_MAX) -> None:
        """No sound for a time; what is new and more urgent, or threatens life, ends it.

        Raises:
            AlarmError: it is too long.
        """
        self._pause(What.AUDIO_PAUSED, Inactivation.AUDIO_PAUSED, patient, duration_ns)

    def alarm_pause(self, patient: str | None, duration_ns: int = PAUSE_NS_MAX) -> None:
        """Neither sound nor light for a time, but of what may not be switched off.

        Raises:
            AlarmError: it is too long.
        """
        self._pause(What.ALARM_PAUSED, Inactivation.ALARM_PAUSED, patient, duration_ns)

    def audio_off(self, patient: str | None) -> None:
        """No sound until somebody resumes, but of what may not be switched off."""
        self._inactivate(What.AUDIO_OFF, Inactivation.AUDIO_OFF, patient, None)

    def alarm_off(self, patient: str | None) -> None:
        """Neither sound nor light until somebody resumes, but of what may not be switched off."""
        self._inactivate(What.ALARM_OFF, Inactivation.ALARM_OFF, patient, None)

    def resume(self, patient: str | None) -> None:
        """Give signals again.

        Raises:
            AlarmError: none were taken away.
        """
        scope = self._scope(patient)
        if scope.inactivation is Inactivation.NONE:
            raise _refusal(f"resume for patient {patient}", "one whose signals are paused or off")
        self._core.resume(scope, who=self._who)
        self._core.settle()

    def switch_off(self, patient: str | None, condition: str) -> None:
        """Judge one condition of a patient no longer.

        Raises:
            AlarmError: there is no such condition, it may not be switched off, or it is off.
        """
        scope = self._scope(patient)
        if not self._core.definition(condition).may_switch_off:
            raise _refusal(f"switch off {condition}", "a condition that may be switched off")
        if condition in scope.switched_off:
            raise _refusal(f"switch off {condition}, which is off", "one that is on")
        off = tuple(sorted([*scope.switched_off, condition]))
        self._core.settle_scope(
            What.SWITCHED_OFF, replace(scope, switched_off=off), who=self._who, text=condition
        )
        self._end((patient, condition), "switched off")
        self._core.settle()

    def switch_on(self, patient: str | None, condition: str) -> None:
        """Judge a condition again; one that is met begins at once.

        Raises:
            AlarmError: there is no such condition, or it is on.
        """
        scope = self._scope(patient)
        self._core.definition(condition)
        if condition not in scope.switched_off:
            raise _refusal(f"switch on {condition}, which is on", "one that is switched off")
        on = tuple(each for each in scope.switched_off if each != condition)
        self._core.settle_scope(
            What.SWITCHED_ON, replace(scope, switched_off=on), who=self._who, text=condition
        )
        self._core.look_again((patient, condition))
        self._core.settle()

    def set_limits(self, patient: str | None, vital: Vital, limits: VitalLimits, unit: str) -> None:
        """Set all limits of a vital.

        Raises:
            AlarmError: they cannot be used; every fault at once.
        """
        check(vital, limits, unit)
        scope = self._scope(patient)
        before = limits_in_force(scope, vital)
        self._core.settle_scope(
            What.LIMITS,
            with_limits(scope, vital, limits),
            who=self._who,
            text=f"{vital} {_told(before)} -> {_told(limits)} {UNITS[vital]}",
        )
        self._end_without_limit(patient)
        self._core.settle()

    def set_category(self, patient: str | None, category: Category) -> None:
        """Say whose limits apply; limits set for this patient give way to those of the category."""
        scope = self._scope(patient)
        self._core.settle_scope(
            What.CATEGORY,
            replace(scope, category=category, limits=()),
            who=self._who,
            text=f"{scope.category} -> {category}, with its limits",
        )
        self._end_without_limit(patient)
        self._core.settle()

    def discharge(self, patient: str | None) -> None:
        """The patient is gone: every alarm ends, nothing that was settled is left."""
        for alarm in self._of(patient):
            self._core.change(What.ENDED, life.ended(alarm), who=self._who, text="discharged")
        self._core.forget(patient)
        self._core.tell(What.DISCHARGED, patient, who=self._who)
        self._core.settle()

    def delegate(self, patient: str | None, to: Delegated) -> None:
        """Have the alarms of a patient, or of all, told elsewhere too.

        Raises:
            AlarmError: they are told elsewhere already.
        """
        scope = self._scope(patient)
        if scope.delegated is not None:
            raise _refusal(
                f"delegate the alarms of patient {patient}, which are told to"
                f" {', '.join(scope.delegated.to)}",
                "those that are told nowhere else; end that first",
            )
        told = replace(scope, delegated=replace(to, by=self._who))
        self._core.settle_scope(What.DELEGATED, told, who=self._who, text=f"to {', '.join(to.to)}")
        self._core.settle()

    def undelegate(self, patient: str | None) -> None:
        """Have them told here alone.

        Raises:
            AlarmError: they are.
        """
        scope = self._scope(patient)
        if scope.delegated is None:
            raise _refusal(f"end the delegation of patient {patient}", "one that is delegated")
        self._core.settle_scope(What.UNDELEGATED, replace(scope, delegated=None), who=self._who)
        self._core.settle()

    def listen(self, to: Listened) -> None:
        """Give the alarms of another device here too.

        Raises:
            AlarmError: they are given already, or those of too many others.
        """
        scope = self._scope(None)
        if any(each.device == to.device for each in scope.listened):
            raise _refusal(f"listen to {to.device!r}, which is heard", "a device that is not yet")
        if len(scope.listened) >= LISTENED_MAX:
            raise _refusal(f"listen to {to.device!r} too", f"{LISTENED_MAX} devices")
        more = (*scope.listened, replace(to, by=self._who))
        self._core.settle_scope(
            What.LISTENING, replace(scope, listened=more), who=self._who, text=f"to {to.device}"
        )
        self._core.settle()

    def unlisten(self, device: str) -> None:
        """Give the alarms of another device no longer.

        Raises:
            AlarmError: they are not given.
        """
        scope = self._scope(None)
        rest = tuple(each for each in scope.listened if each.device != device)
        if len(rest) == len(scope.listened):
            heard = ", ".join(each.device for each in scope.listened) or "none"
            raise _refusal(f"no longer listen to {device!r}", f"one that is heard: {heard}")
        self._core.settle_scope(
            What.UNLISTENED, replace(scope, listened=rest), who=self._who, text=f"to {device}"
        )
        self._core.settle()

    def _acknowledge(self, alarm: Alarm) -> None:
        definition = self._core.definition(alarm.condition)
        answered = life.acknowledged(alarm, definition, self._core.now.mono_ns)
        self._core.change(What.ACKNOWLEDGED, answered, who=self._who)

    def _pause(
        self, what: What, state: Inactivation, patient: str | None, duration_ns: int
    ) -> None:
        if not 0 < duration_ns <= PAUSE_NS_MAX:
            raise _refusal(f"a pause of {duration_ns} ns", f"1 to {PAUSE_NS_MAX} ns")
        self._inactivate(what, state, patient, self._core.now.mono_ns + duration_ns)

    def _inactivate(
        self, what: What, state: Inactivation, patient: str | None, until_ns: int | None
    ) -> None:
        up = [each.priority for each in self._of(patient) if each.presence is not Presence.OFF]
        now_ns = self._core.now.mono_ns
        scope = replace(
            self._scope(patient),
            inactivation=state,
            since_ns=now_ns,
            until_ns=until_ns,
            by=self._who,
            ceiling=min(up, key=lambda each: each.rank, default=Priority.LOW),
            reminded_ns=now_ns,
        )
        self._core.settle_scope(what, scope, who=self._who)
        self._core.settle()

    def _end(self, key: Key, text: str) -> None:
        alarm = self._core.state.alarms.get(key)
        if alarm is not None:
            self._core.drop_doubts(key)
            self._core.change(What.ENDED, life.ended(alarm), who=self._who, text=text)

    def _end_without_limit(self, patient: str | None) -> None:
        """End what rests on a limit that is switched off: no reading will say that it is over."""
        scope = self._core.state.scope(patient)
        for vital in Vital:
            for side in Side:
                self._end_side_without_limit(scope, vital, side)

    def _end_side_without_limit(self, scope: Scope, vital: Vital, side: Side) -> None:
        limits = dict(zip(Level, limits_in_force(scope, vital).of(side), strict=True))
        known = {
            limit_condition(vital, side, level) for level in Level if limits[level] is not None
        }
        for condition in {limit_condition(vital, side, level) for level in Level} - known:
            self._core.forget_one((scope.patient, condition))
            self._end((scope.patient, condition), "limit switched off")

    def _alarm(self, alarm_id: str) -> Alarm:
        for alarm in self._core.state.alarms.values():
            if alarm.id == alarm_id:
                return alarm
        up = ", ".join(alarm.id for alarm in self._core.state.alarms.values())
        raise _refusal(f"alarm {alarm_id!r}", f"one that is up: {up or 'there is none'}")

    def _of(self, patient: str | None) -> list[Alarm]:
        alarms = self._core.state.alarms.values()
        return [alarm for alarm in alarms if alarm.patient == patient]

    def _scope(self, patient: str | None) -> Scope:
        state = self._core.state
        if patient not in state.scopes and len(state.scopes) >= PATIENTS_MAX:
            raise _refusal("one patient more", f"{PATIENTS_MAX}; discharge those who are gone")
        return state.scope(patient)


def _calls(alarm: Alarm) -> bool:
    """Whether it is present and nobody has answered it, covered or not."""
    return alarm.presence is Presence.ON or alarm.covered_by is not None


def _standing(alarm: Alarm) -> str:
    if alarm.presence is Presence.OFF:
        return "not signalled yet"
    return alarm.presence.value


def _told(limits: VitalLimits) -> str:
    return "/".join("off" if value is None else f"{value:g}" for _, value in limits.pairs())


def _refusal(found: str, accepted: str) -> AlarmError:
    shown = found if len(found) <= 4 * DEFAULT.shown_chars_max else found[:200] + "..."
    return AlarmError([f"found: {shown}; accepted: {accepted}"])
