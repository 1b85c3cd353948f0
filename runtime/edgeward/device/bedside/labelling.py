"""The beats of one channel, each told once, when its class is known.

Rules:
1. In an ECG the class is that of the beat model: known with the next beat, or 2.5 s after it. The
   verdict of the rules stands beside it. Alarms rest on the rules alone, and never wait for this.
2. Where the model gives no answer the class is `Q` and has no probability. What did not come holds
   no beat, so that nothing is told of it.
3. In a pulse wave, or without a model, the class is that of the rules, and known with the beat.
4. Beats that still wait when the channel is detached are told then, without an answer. Of a patient
   who is discharged nothing more is told.
5. Memory is bounded: the last seconds of the signal (`signal.detect.beats.context`).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from edgeward.alarm.observation import Observation
from edgeward.device.bedside.modelling import MODEL_FAULT
from edgeward.device.bedside.telling import BeatEvent
from edgeward.limits import Limits
from edgeward.model.beats import BeatLabeller, LabelledBeat
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import Beat
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.sample_clock import NS_PER_SECOND
from edgeward.signal.vitals.channel_vitals import Told
from edgeward.signal.vitals.intake import Intake

if TYPE_CHECKING:  # the engine is loaded by whoever gives it
    from edgeward.model.engine import InferenceEngine

_FAULT_CHARS: Final = 200


class Labelling:
    """Whoever asked for the beats of a channel is told them by this."""

    __slots__ = (
        "_channel",
        "_fault",
        "_intake",
        "_labeller",
        "_patient",
        "_source",
        "_told_fault",
    )

    def __init__(
        self, patient: str, channel: Channel, limits: Limits, engine: "InferenceEngine | None"
    ) -> None:
        """Expect sample 0.

        Raises:
            ModelError: the model takes or answers something else.
        """
        asked = engine if channel.signal is Signal.ECG else None
        self._patient = patient
        self._channel = channel
        self._intake = Intake(channel, limits)
        self._labeller = BeatLabeller(channel.rate_hz, asked)
        self._source = channel.name if asked is None else f"{asked.card.name} at {channel.name}"
        self._fault = ""
        self._told_fault = ""

    def push(
        self,
        first: int,
        samples: Samples,
        mask: Mask | None,
        acquired_ns: int,
        told: Iterable[Told],
    ) -> list[BeatEvent]:
        """A block that the channel has taken, what was found with it, and the beats to be told."""
        left = [one.finding for one in told if one.channel == self._channel.name]
        beats = [one for one in left if isinstance(one, Beat)]
        found: list[LabelledBeat] = []
        for values, valid in self._intake.take(first, samples, mask):
            end = self._intake.next_sample
            found += self._labeller.push(values, valid, [one for one in beats if one.at < end])
            beats = [one for one in beats if one.at >= end]
        for asked in found:
            if asked.fault or asked.label is not None:
                self._fault = asked.fault
        newest, rate_hz = self._intake.next_sample - 1, self._channel.rate_hz
        return [
            self._event(one, acquired_ns - (newest - one.at) * NS_PER_SECOND // rate_hz)
            for one in found
        ]

    def leave(self, now_ns: int) -> list[BeatEvent]:
        """Rule 4."""
        self._fault = ""
        return [self._event(one, now_ns) for one in self._labeller.leave()]

    def change(self, now_ns: int) -> Observation | None:
        """That the model fails, or does so no more, if it was not told yet."""
        if bool(self._fault) is bool(self._told_fault):
            return None
        self._told_fault = self._fault
        text = self._fault[:_FAULT_CHARS]
        present = bool(text)
        return Observation(
            self._patient, MODEL_FAULT, present, now_ns, text=text, source=self._source
        )

    def _event(self, one: LabelledBeat, at_ns: int) -> BeatEvent:
        return BeatEvent(self._patient, self._channel.name, one, at_ns)
