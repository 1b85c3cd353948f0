"""What the bedside tells, as events of the device protocol."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from edgeward.alarm.change import AlarmChange
from edgeward.signal.findings import UNITS, Reading, SignChange
from edgeward.signal.vitals.channel_vitals import Told

if TYPE_CHECKING:  # where nobody asks for beats nothing of a model is needed
    from edgeward.model.beats import LabelledBeat

NO_ANSWER: Final = "Q"
"""The class of a beat of which nothing is known."""


@dataclass(frozen=True, slots=True)
class VitalEvent:
    """A number about a patient, or why there is none."""

    patient: str
    channel: str
    reading: Reading
    at_ns: int
    """When the sample was taken with which it became known."""

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        return {
            "kind": "vital",
            "patient": self.patient,
            "channel": self.channel,
            "vital": self.reading.vital.value,
            **self.shown(),
        }

    def shown(self) -> dict[str, Any]:
        """The number as it is shown: with its unit, its age and its reason."""
        reason = self.reading.reason
        return {
            "value": self.reading.value,
            "unit": UNITS[self.reading.vital],
            "reason": None if reason is None else reason.value,
            "at_ns": self.at_ns,
        }


@dataclass(frozen=True, slots=True)
class SignEvent:
    """A sign begins, ends, can no longer be decided, or is held back: before any alarm of it."""

    patient: str
    told: Told

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        change = self.told.finding
        assert isinstance(change, SignChange)
        return {
            "kind": "sign",
            "patient": self.patient,
            "channel": self.told.channel,
            "sign": change.sign.value,
            "present": change.present,
            "text": change.text,
            "since_ns": self.told.since_ns,
            "at_ns": self.told.at_ns,
        }


@dataclass(frozen=True, slots=True)
class BeatEvent:
    """One beat of the heart, for whoever asked for the beats of its channel."""

    patient: str
    channel: str
    labelled: "LabelledBeat"
    at_ns: int
    """When the sample was taken with which its class became known."""

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        one = self.labelled
        return {
            "kind": "beat",
            "patient": self.patient,
            "channel": self.channel,
            "class": NO_ANSWER if one.label is None else one.label.value,
            "probability": one.probability,
            "rule_class": one.beat.kind.value,
            "sample": one.beat.sample,
            "at_ns": self.at_ns,
        }


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One entry of the alarm journal."""

    change: AlarmChange

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        return {"kind": "alarm", **self.change.to_dict()}


BedsideEvent = VitalEvent | SignEvent | BeatEvent | AlarmEvent
