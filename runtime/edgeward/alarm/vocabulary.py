"""The closed words of the alarm system. What they are told as never changes."""

from enum import StrEnum


class Kind(StrEnum):
    """What an alarm condition is about."""

    PHYSIOLOGICAL = "physiological"
    """The patient."""
    TECHNICAL = "technical"
    """What stands between the patient and the answer: electrodes, sensors, link, the device."""


class Priority(StrEnum):
    """How soon somebody has to be there."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the most urgent, so that sorting by rank puts it first."""
        return _RANKS[self]

    def above(self, other: "Priority | None") -> bool:
        """Whether this is more urgent than the other; anything is more urgent than nothing."""
        return other is None or self.rank < other.rank

    @property
    def raised(self) -> "Priority":
        """The next more urgent one; HIGH stays HIGH."""
        return Priority.HIGH if self is not Priority.LOW else Priority.MEDIUM


_RANKS = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


class Presence(StrEnum):
    """Where the signals of an alarm stand."""

    ON = "on"
    """The condition holds, and nobody has acknowledged this occurrence of it."""
    LATCHED = "latched"
    """The condition is over; the signals stay until they are reset on purpose."""
    ACKNOWLEDGED = "acknowledged"
    """The condition holds; somebody has taken notice of this occurrence, for a limited time."""
    OFF = "off"
    """No signals: the signal delay still runs, another alarm covers it, or it has ended."""


class Activation(StrEnum):
    """Whether signals may be given at all."""

    ON = "on"
    PAUSED = "paused"
    """For a time that is shown, then on again by itself."""
    OFF = "off"
    """Until somebody ends it; a reminder is given meanwhile."""


class Inactivation(StrEnum):
    """The states in which an operator has taken signals away. Each is marked as long as it lasts.

    What may not be switched off is signalled all the same, in all of them but a pause of the audio.
    """

    NONE = "none"
    AUDIO_PAUSED = "audio_paused"
    """No sound for at most two minutes; ended by whatever breaks through."""
    ALARM_PAUSED = "alarm_paused"
    """Neither sound nor light for a limited time."""
    AUDIO_OFF = "audio_off"
    ALARM_OFF = "alarm_off"
    """Neither sound nor light until somebody ends it."""

    @property
    def audible(self) -> Activation:
        """What it leaves of the sound."""
        return _AUDIBLE[self]

    @property
    def visible(self) -> Activation:
        """What it leaves of the light."""
        return _VISIBLE[self]

    @property
    def timed(self) -> bool:
        """Whether it ends by itself."""
        return self.audible is Activation.PAUSED

    @property
    def reminded(self) -> bool:
        """Whether it lasts until somebody ends it, so that it has to be called to mind."""
        return self.audible is Activation.OFF


_AUDIBLE = {
    Inactivation.NONE: Activation.ON,
    Inactivation.AUDIO_PAUSED: Activation.PAUSED,
    Inactivation.ALARM_PAUSED: Activation.PAUSED,
    Inactivation.AUDIO_OFF: Activation.OFF,
    Inactivation.ALARM_OFF: Activation.OFF,
}
_VISIBLE = {
    Inactivation.NONE: Activation.ON,
    Inactivation.AUDIO_PAUSED: Activation.ON,
    Inactivation.ALARM_PAUSED: Activation.PAUSED,
    Inactivation.AUDIO_OFF: Activation.ON,
    Inactivation.ALARM_OFF: Activation.OFF,
}


class Latching(StrEnum):
    """What stays of an alarm when its condition is over and nobody had acknowledged it."""

    NONE = "none"
    """Nothing: it ends by itself."""
    VISUAL = "visual"
    """A silent message."""
    FULL = "full"
    """Sound and light."""
    BY_PRIORITY = "by_priority"
    """HIGH in full, MEDIUM as a silent message, LOW not at all."""


class Level(StrEnum):
    """How far a value is beyond its limits."""

    WARNING = "warning"
    CRITICAL = "critical"


class Category(StrEnum):
    """Whose limits apply."""

    ADULT = "adult"
    PAEDIATRIC = "paediatric"
    NEONATE = "neonate"
