"""What the alarm system tells: one entry for each change, enough of them to rebuild its state.

Rules:
1. An entry holds the whole of what changed, as it is after the change. The state of the alarm
   system is nothing but its entries, applied in order; a journal of them loses nothing.
2. An entry is immutable and JSON-able. `AlarmChange.from_dict(entry.to_dict())` equals the entry.
3. Instants are monotonic nanoseconds of the boot `epoch`. Wall time is there to be shown.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeward.alarm.plain import from_plain, to_plain
from edgeward.alarm.vocabulary import Category, Inactivation, Kind, Level, Presence, Priority


class What(StrEnum):
    """What happened."""

    STARTED = "started"
    """The alarm system began to run; what is up from before it is undecided until seen again."""
    ALIVE = "alive"
    """It still ran at this moment before an outage, as was found out after it. Told before the
    start that follows, on the clock and in the boot of its time."""
    KEPT = "kept"
    """From before an outage, as it is on the clock of the new boot; holds an alarm or a scope."""
    # An alarm, in the order of a life; the entry holds `alarm`.
    DECLARED = "declared"
    """A condition counts as met: an alarm begins, or a latched one has a new occurrence."""
    SIGNALLED = "signalled"
    """Its signals begin."""
    COVERED = "covered"
    """Another alarm tells the same happening, no less urgently: this one makes no sound of its own,
    and no light if it had none before."""
    UNCOVERED = "uncovered"
    """No more: it makes its own signals from now on."""
    LEVEL = "level"
    """The value has got farther from or nearer to its limits."""
    ESCALATED = "escalated"
    """Nobody answered for too long; it is more urgent now."""
    UNDECIDED = "undecided"
    """It can no longer be decided whether the condition holds; the alarm stays."""
    DECIDED = "decided"
    """It is seen to hold again."""
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_ENDED = "acknowledgement_ended"
    """Time is up, or it became more urgent: the signals are back."""
    LATCHED = "latched"
    """The condition is over; the signals stay."""
    RESET = "reset"
    """Latched signals were ended on purpose."""
    ENDED = "ended"
    """The alarm is over; its id is never used again."""
    # What an operator has settled; the entry holds `scope`.
    AUDIO_PAUSED = "audio_paused"
    ALARM_PAUSED = "alarm_paused"
    AUDIO_OFF = "audio_off"
    ALARM_OFF = "alarm_off"
    RESUMED = "resumed"
    """Signals are given again: somebody asked for it, time is up, or something broke through."""
    REMINDED = "reminded"
    """Signals are off; the reminder is due."""
    SWITCHED_OFF = "switched_off"
    """One condition is no longer judged."""
    SWITCHED_ON = "switched_on"
    LIMITS = "limits"
    CATEGORY = "category"
    DISCHARGED = "discharged"
    """The patient is gone; nothing of the settings is left."""
    DELEGATED = "delegated"
    """The patient's alarms are told to people elsewhere from now on."""
    UNDELEGATED = "undelegated"
    CONFIRMED = "confirmed"
    """A person elsewhere has confirmed an alarm; the text names it, and where that was."""
    LISTENING = "listening"
    """Alarms of another device are given here from now on."""
    UNLISTENED = "unlistened"
    # Of an alarm on its way to people elsewhere; the entry holds `alarm`, its text says to whom.
    OFFERED = "offered"
    ASKED = "asked"
    """Nobody has confirmed it in time: one more is asked."""
    UNANSWERED = "unanswered"
    """All were asked and nobody has confirmed it; its sound is given here."""
    TAKEN_OVER = "taken_over"
    """Its signals are given elsewhere, and its sound is left to them."""
    TAKEN_BACK = "taken_back"
    """No longer: its sound is given here."""
    SELF_TEST = "self_test"
    """Lights and sounds were tried; the text says what was observed of them."""
    # Of an alarm of another device; the text says which.
    ARRIVED = "arrived"
    # What is given; the entry holds `given`.
    ANNUNCIATION = "annunciation"
    """Another sound or light than before is to be given for this patient."""


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """The model a finding rests on, so that a person can judge what it is worth."""

    model_id: str
    version: str
    threshold: float
    """The score from which on it speaks."""
    score: float
    valid: bool
    """Whether its input was inside what the model was made for."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, from the moment its condition counts until it is over."""

    id: str
    """`epoch-number`, never used twice on a device."""
    patient: str | None
    """None: it concerns the device."""
    condition: str
    kind: Kind
    priority: Priority
    """Now: by its level, and one step more when nobody answered."""
    worst: Priority
    """The most urgent it was in this occurrence, since anybody answered."""
    level: Level
    presence: Presence
    holds: bool
    """Whether the condition holds, or held when it was last decided."""
    undecided: bool
    occurrence: int
    """1, and one more each time the condition comes back before the alarm is over."""
    epoch: int
    """The boot in which t1, t2 and t3 were taken."""
    met_ns: int
    """t1: the sample with which this occurrence was first met."""
    declared_ns: int
    """t2: it counted as met."""
    signalled_ns: int | None
    """t3: its signals began; None while the signal delay runs."""
    escalated: bool
    signal_due_ns: int
    """On the clock of the present boot, as are the next two."""
    unattended_ns: int
    """Since when nobody has answered."""
    acknowledged_until_ns: int | None
    value: float | None
    unit: str
    limits: tuple[tuple[str, float | None], ...]
    """Those that applied when the value was judged."""
    text: str
    source: str
    model: ModelUsed | None
    covered_by: str | None = None
    """The id of the alarm that tells the same happening in its place."""
    covered_until_ns: int | None = None
    """When that ends at the latest, since the condition of the other is over; on the clock of the
    present boot."""

    @property
    def number(self) -> tuple[int, int]:
        """The id as numbers, in the order in which alarms began."""
        epoch, _, count = self.id.partition("-")
        return int(epoch), int(count)


@dataclass(frozen=True, slots=True)
class Delegated:
    """Who is told of a patient's alarms elsewhere."""

    to: tuple[str, ...]
    """In the order in which they are asked."""
    refresh_ns: int
    confirm_ns: int
    sound: bool
    """Whether the sound of HIGH and MEDIUM is left to whoever proves that they give it."""
    by: str
    confirmed: tuple[tuple[str, int, str], ...] = ()
    """Alarm, occurrence and person, of alarms that are still up."""


@dataclass(frozen=True, slots=True)
class Listened:
    """Another device whose alarms are given here."""

    device: str
    name: str
    """By which that device knows this one."""
    refresh_ns: int
    by: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What an operator has settled about one patient, or about the device itself."""

    patient: str | None
    category: Category = Category.ADULT
    limits: tuple[tuple[str, tuple[tuple[str, float | None], ...]], ...] = ()
    """By vital; only those set otherwise than the category's defaults. None: switched off."""
    inactivation: Inactivation = Inactivation.NONE
    since_ns: int = 0
    until_ns: int | None = None
    """When a pause ends, on the clock of the present boot."""
    by: str = ""
    ceiling: Priority = Priority.LOW
    """The most urgent that was up when the audio was paused; anything above it breaks through."""
    reminded_ns: int = 0
    switched_off: tuple[str, ...] = ()
    """Conditions that are not judged."""
    delegated: Delegated | None = None
    listened: tuple[Listened, ...] = ()
    """Of the device itself only."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be heard and seen for one patient: the most urgent of each."""

    patient: str | None
    audible: Priority | None
    audible_alarm: str | None
    visible: Priority | None
    visible_alarm: str | None


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """One entry."""

    epoch: int
    """Which boot of the device; higher with each."""
    seq: int
    """Counts the entries of this boot, from 1, without a hole."""
    at_ns: int
    wall_ns: int
    what: What
    patient: str | None
    who: str
    """The operator; empty when the system did it by itself."""
    text: str = ""
    alarm: Alarm | None = None
    scope: Scope | None = None
    given: Given | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "AlarmChange":
        """Read back what `to_dict` wrote.

        Raises:
            AlarmError: it is no such document; every fault at once.
        """
        return from_plain(cls, document)
