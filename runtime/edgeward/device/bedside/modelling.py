"""What a model finds in a channel, beside the rules: one more pair of eyes, which decides nothing.

Rules:
1. A model is asked only where somebody wanted it (`patient.attach`). The shipped one has learned
   from simulated patients and few recorded ones, so nobody gets its findings unasked: in 5 hours of
   quiet simulated patients it finds nothing, in 11 hours of mitdb 17 slow or fast hearts and 2
   ventricular tachycardias.
2. Its finding is an alarm condition of its own, `model_finding`. It raises none of the alarms of
   the rules and holds none of them back.
3. Each finding carries the model, its version, the threshold, the score, and whether the input was
   what the model is made for.
4. A finding begins when `AGREEING` windows in a row say the same, each with the threshold or more,
   and ends when as many in a row do not say it.
5. A window with an invalid sample, or while the channel cannot be read, is not asked about: what
   was found cannot be decided any more.
6. A model that fails is a technical alarm, and never an answer.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeward.alarm.change import ModelUsed
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.standard_conditions import MODEL_FINDING
from edgeward.alarm.system.system import AlarmSystem
from edgeward.errors import StreamError
from edgeward.signal.channel import Channel
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.sample_clock import NS_PER_SECOND
from edgeward.signal.vitals.channel_vitals import ChannelVitals
from edgeward.signal.windows import Window, Windower

if TYPE_CHECKING:  # the engine is loaded by whoever gives it
    from edgeward.model.engine import InferenceEngine

THRESHOLD = 0.99
AGREEING = 10
"""Windows: ten seconds of the shipped model."""
NORMAL = frozenset({"sinus"})
"""Labels that are no finding."""
MODEL_FAULT = "model_fault"


@dataclass(frozen=True, slots=True)
class _Said:
    """What was made of one window."""

    label: str | None
    """None: it could not be judged, or the model was not sure."""
    score: float
    judged: bool
    last: int
    fault: str = ""


class _Watch:
    """A model at one channel of a patient."""

    def __init__(self, patient: str, channel: ChannelVitals, engine: "InferenceEngine") -> None:
        self.patient = patient
        self.channel = channel
        taken = engine.card.input
        self.windower = Windower(taken.window_samples, taken.hop_samples)
        self.found: str | None = None
        """What it tells now."""
        self.fault = ""
        self._label: str | None = None
        self._agreeing = 0
        self._others = 0

    def take(self, said: _Said) -> bool | None:
        """Rule 4: whether what `found` says is there after this window."""
        if not said.judged:
            self._label, self._agreeing, self._others = None, 0, 0
            return None if self.found else False
        sure = said.label is not None and said.label not in NORMAL
        self._agreeing = self._agreeing + 1 if sure and said.label == self._label else int(sure)
        self._label = said.label if sure else None
        same = self.found is not None and said.label == self.found
        self._others = 0 if same else self._others + 1
        if self._agreeing >= AGREEING:
            self.found = self._label
            self._others = 0
        elif self._others >= AGREEING:
            self.found = None
        return self.found is not None


class Models:
    """All channels at which a model is asked."""

    def __init__(self, alarms: AlarmSystem, engine: "InferenceEngine | None") -> None:
        """Ask this model, if there is one."""
        self._alarms = alarms
        self._engine = engine
        self._watches: dict[tuple[str, str], _Watch] = {}

    def check(self, channel: Channel) -> None:
        """Refuse a channel that the model cannot judge.

        Raises:
            StreamError: there is no model, or it takes something else.
        """
        accepted = "false: there is no model here"
        if self._engine is not None:
            taken = self._engine.card.input
            if (channel.signal.value, channel.rate_hz) == (taken.signal, taken.rate_hz):
                return
            accepted = f"false, or {taken.signal} at {taken.rate_hz} Hz"
        raise StreamError(
            f"channel {channel.name!r}: found model true for {channel.signal.value} at"
            f" {channel.rate_hz} Hz; accepted: {accepted}"
        )

    def attach(self, patient: str, channel: ChannelVitals) -> None:
        """Ask about this channel from its first sample on."""
        assert self._engine is not None  # checked before
        self._watches[patient, channel.channel.name] = _Watch(patient, channel, self._engine)

    def detach(self, patient: str, channel: str, now: Moment) -> None:
        """Ask no more; what was found cannot be decided any more."""
        watch = self._watches.pop((patient, channel), None)
        if watch is not None:
            self._observe(watch, None, now.mono_ns, now)

    def discharge(self, patient: str) -> None:
        """Ask no more about a patient, who is gone."""
        self._watches = {key: one for key, one in self._watches.items() if key[0] != patient}

    def push(
        self,
        key: tuple[str, str],
        first: int,
        samples: Samples,
        mask: Mask | None,
        acquired_ns: int,
        now: Moment,
    ) -> None:
        """Ask about every window that a block completes; it was taken by the channel before."""
        watch = self._watches.get(key)
        if watch is None:
            return
        values = watch.channel.channel.to_canonical(samples)
        said: list[_Said] = []
        watch.windower.push(first, values, mask, lambda one: said.append(self._ask(watch, one)))
        newest = first + len(samples) - 1
        for one in said:
            behind = newest - one.last
            at_ns = acquired_ns - behind * NS_PER_SECOND // watch.channel.channel.rate_hz
            self._tell_fault(watch, one.fault, at_ns, now)
            before = watch.found
            present = watch.take(one)
            if present or before is not None:
                self._observe(watch, present, at_ns, now, one.score)

    def look(self, now: Moment) -> None:
        """Of a channel that is silent nothing can be decided."""
        for watch in self._watches.values():
            if watch.channel.silent and watch.found is not None:
                self._observe(watch, None, now.mono_ns, now)

    def disclosed(self) -> list[dict[str, Any]]:
        """What a person has to know of the model."""
        if self._engine is None:
            return []
        card = self._engine.card
        return [
            {
                "model_id": card.name,
                "version": card.version,
                "sha256": card.sha256,
                "signal": card.input.signal,
                "rate_hz": card.input.rate_hz,
                "findings": [label for label in card.labels if label not in NORMAL],
                "threshold": THRESHOLD,
                "windows_agreeing": AGREEING,
                "window_samples": card.input.window_samples,
                "hop_samples": card.input.hop_samples,
            }
        ]

    def _ask(self, watch: _Watch, window: Window) -> _Said:
        """Rules 3, 5 and 6."""
        assert self._engine is not None
        if watch.channel.blinded or window.valid_samples < len(window.samples):
            return _Said(None, 0.0, judged=False, last=window.last)
        try:
            scores = self._engine.probabilities(window.samples)
        except Exception as error:  # whatever a model does, the rules go on
            text = f"{type(error).__name__}: {error}"[:200]
            return _Said(None, 0.0, judged=False, last=window.last, fault=text)
        score = max(scores)
        if not all(0.0 <= one <= 1.0 for one in scores):  # false for what is no number
            text = "its answer is no probability"
            return _Said(None, 0.0, judged=False, last=window.last, fault=text)
        label = self._engine.card.labels[scores.index(score)] if score >= THRESHOLD else None
        return _Said(label, score, judged=True, last=window.last)

    def _tell_fault(self, watch: _Watch, fault: str, at_ns: int, now: Moment) -> None:
        if bool(fault) is bool(watch.fault):
            return
        watch.fault = fault
        seen = Observation(
            watch.patient,
            MODEL_FAULT,
            bool(fault),
            at_ns,
            text=fault,
            source=self._source(watch),
        )
        self._alarms.observe(seen, now)

    def _observe(
        self,
        watch: _Watch,
        present: bool | None,  # noqa: FBT001 - of an observation
        at_ns: int,
        now: Moment,
        score: float = 0.0,
    ) -> None:
        assert self._engine is not None
        card = self._engine.card
        seen = Observation(
            watch.patient,
            MODEL_FINDING,
            present,
            at_ns,
            text=f"{watch.found}, found by a model" if present else "",
            source=self._source(watch),
            model=ModelUsed(card.name, card.version, THRESHOLD, score, valid=present is not None),
        )
        self._alarms.observe(seen, now)

    def _source(self, watch: _Watch) -> str:
        assert self._engine is not None
        return f"{self._engine.card.name} at {watch.channel.channel.name}"
