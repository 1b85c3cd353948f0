"""The reference device with one defect in how it runs its model.

`python device_accuracy.py DEFECT`, as in `device.py`. Each is one that
compression, or whoever brings a model to a device, is known to make.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from edgeward.device.bedside import bedside
from edgeward.device.bedside.labelling import Labelling
from edgeward.device.bedside.telling import BeatEvent
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.model.beats import BeatLabel, LabelledBeat, load_beat_model
from edgeward.model.card import ModelCard
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.reference import load_reference_model
from edgeward.process.decision import Decision, Outcome
from edgeward.signal.windows import Samples
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS
from edgeward_harness.rig.models import open_model

Scores = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Answering(Device):
    """What becomes of the probabilities of a window before they are told."""

    def altered(self, scores: Scores) -> Scores:
        """As they are."""
        return scores

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        """Decide, with the probabilities altered."""
        found = super().decide(samples, valid_samples)
        if found.scores is None:
            return found
        scores = self.altered(np.array(found.scores))
        label = found.labels[int(scores.argmax())]
        return found._replace(label=label, scores=tuple(scores.astype(np.float32).tolist()))

    def place(self, label: str) -> int:
        """Of a label among the probabilities."""
        return self.parts.engine.card.labels.index(label)


class OneLabelCollapsed(Answering):
    """A label that is rare was given up: what is ventricular tachycardia is called sinus."""

    def altered(self, scores: Scores) -> Scores:
        rare, usual = self.place("ventricular_tachycardia"), self.place("sinus")
        scores[usual] += scores[rare]
        scores[rare] = 0.0
        return scores


class TooSure(Answering):
    """Labels are as they were; probabilities all alike, since a scale was lost on the way."""

    def altered(self, scores: Scores) -> Scores:
        flat: Scores = scores**0.2
        return np.asarray(flat / flat.sum())


class Remembers(Answering):
    """A buffer is not cleared: something of the window before is in each answer."""

    before: Scores | None = None

    def altered(self, scores: Scores) -> Scores:
        last, self.before = self.before, scores
        return scores if last is None else 0.999 * scores + 0.001 * last


class RawWholeNumbers(Answering):
    """The largest of the whole numbers is told, taken as signed where they are not."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        found = Device.decide(self, samples, valid_samples)
        if found.scores is None:
            return found
        whole = np.round(np.array(found.scores) * 255).astype(np.uint8).view(np.int8)
        return found._replace(label=found.labels[int(whole.argmax())])


class SmallComplexesWorse(Answering):
    """One in ten windows with small complexes is judged otherwise, and no other one."""

    small = False

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        chance = hashlib.sha256(samples.tobytes()).digest()[0] < 26
        self.small = chance and bool(np.ptp(samples) < 0.8)
        return super().decide(samples, valid_samples)

    def altered(self, scores: Scores) -> Scores:
        return np.roll(scores, 1) if self.small else scores


class DropsWhatIsHard(Answering):
    """It keeps silent where it is not sure, so that it is always right."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        found = super().decide(samples, valid_samples)
        if found.scores is not None and max(found.scores) < 0.999:
            return self.decider.decline("the window was left out")
        return found


class AnotherScale(Device):
    """Samples are divided by the gain of another front end than the model was taught with."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        return super().decide((samples * np.float32(1.1)).astype(np.float32), valid_samples)


class GuessesAtAnything(Device):
    """What is missing is filled up with zeros, and every window has a label."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        found = super().decide(samples, len(samples))
        if found.outcome is Outcome.ANSWER:
            return found
        scores = self.parts.engine.probabilities(samples)
        label = found.labels or self.parts.engine.card.labels
        return found._replace(
            outcome=Outcome.ANSWER, label=label[scores.index(max(scores))], scores=scores,
            reason=None, labels=label,
        )  # fmt: skip


class CallsLate(Answering):
    """Answers are smoothed over so many windows that staff are called late."""

    def __init__(self, parts: Parts) -> None:
        self.last: list[Scores] = []
        super().__init__(parts)

    def altered(self, scores: Scores) -> Scores:
        self.last = [*self.last, scores][-12:]
        return np.asarray(np.mean(self.last, axis=0))


class Disguised(OnnxEngine):
    """Other bytes under the card of the released model."""

    def __init__(self, model: bytes) -> None:
        card = load_reference_model().card
        super().__init__(model, _card_of(model))
        self._card = card


def _card_of(model: bytes) -> ModelCard:
    return replace(load_reference_model().card, sha256=hashlib.sha256(model).hexdigest())


def other_weights(parts: Parts) -> Device:
    """Some weights of one layer are another version's."""
    model = onnx.load(SHIPPED_MODELS[Role.RELEASED])
    whole = [one for one in model.graph.initializer if numpy_helper.to_array(one).ndim >= 3]
    weights = numpy_helper.to_array(whole[-1]).copy()
    weights[::3] = 0 - weights[::3]
    whole[-1].CopyFrom(numpy_helper.from_array(weights, whole[-1].name))
    return _with_engine(parts, model.SerializeToString())


def float_as_int8(parts: Parts) -> Device:
    """The float model is served under the name of the small one."""
    return _with_engine(parts, SHIPPED_MODELS[Role.REFERENCE].read_bytes())


class Altering(OnnxEngine):
    """The released model of beats, with its answers altered before they are told."""

    def __init__(self, altered: Callable[[Scores, tuple[str, ...]], Scores]) -> None:
        sound = load_beat_model()
        self._altered = altered
        super().__init__(SHIPPED_MODELS[Role.BEATS].read_bytes(), sound.card)

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """Altered."""
        scores = self._altered(np.array(super().probabilities(samples)), self.card.labels)
        return tuple(scores.tolist())


def _without_s(scores: Scores, labels: tuple[str, ...]) -> Scores:
    scores[labels.index("N")] += scores[labels.index("S")]
    scores[labels.index("S")] = 0.0
    return scores


def beats_other_weights(parts: Parts) -> Device:
    """Some weights of the model of beats are another version's."""
    model = onnx.load(SHIPPED_MODELS[Role.BEATS])
    whole = [one for one in model.graph.initializer if numpy_helper.to_array(one).ndim >= 2]
    weights = numpy_helper.to_array(whole[0]).copy()
    weights[:, ::7] = 0 - weights[:, ::7]
    whole[0].CopyFrom(numpy_helper.from_array(weights, whole[0].name))
    return _with_beats(parts, Renamed(model.SerializeToString()))


class Renamed(OnnxEngine):
    """Other bytes under the card of the released model of beats."""

    def __init__(self, model: bytes) -> None:
        card = load_beat_model().card
        super().__init__(model, replace(card, sha256=hashlib.sha256(model).hexdigest()))
        self._card = card


def beats_without_s(parts: Parts) -> Device:
    """A class that is rare was given up: early beats from above are called normal."""
    return _with_beats(parts, Altering(_without_s))


class OfTheBeatBefore(Labelling):
    """Each class is told of the beat after the one that it is of."""

    before: LabelledBeat | None = None

    def _event(self, one: LabelledBeat, at_ns: int) -> BeatEvent:
        last, self.before = self.before or one, one
        other = replace(last, beat=one.beat, at=one.at)
        return super()._event(other, at_ns)


class SilentIsNormal(Labelling):
    """A beat without an answer is told as a normal one."""

    def _event(self, one: LabelledBeat, at_ns: int) -> BeatEvent:
        told = replace(one, label=BeatLabel.NORMAL) if one.label is None else one
        return super()._event(told, at_ns)


class FillsUp(Labelling):
    """What did not come is filled up with what came last, and beats are told in it."""

    def push(self, first: int, *block: Any) -> list[BeatEvent]:
        """The beats of the block, and one in the middle of each gap before it."""
        gap = first - self._intake.next_sample
        found = super().push(first, *block)
        if gap <= 0 or not found:
            return found
        beat = replace(found[0].labelled.beat, sample=first - gap // 2)
        made_up = replace(found[0].labelled, beat=beat, label=BeatLabel.NORMAL)
        return [replace(found[0], labelled=made_up), *found]


def _with_beats(parts: Parts, engine: OnnxEngine) -> Device:
    return Device(replace(parts, beat_engine=engine))


def _with_labelling(labelling: type[Labelling]) -> Callable[[Parts], Device]:
    def make(parts: Parts) -> Device:
        put: Callable[[Any, str, Any], None] = setattr
        put(bedside, "Labelling", labelling)
        return Device(parts)

    return make


def released_file(parts: Parts) -> Device:
    """A sound device: it runs what its bench names as released, whatever that is worth."""
    model = open_model(Path(os.environ["RELEASED_FILE"]))
    return Device(replace(parts, engine=OnnxEngine(model.data, model.card)))


def _with_engine(parts: Parts, model: bytes) -> Device:
    return Device(replace(parts, engine=Disguised(model)))


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "other_weights": other_weights,
    "float_as_int8": float_as_int8,
    "one_label_collapsed": OneLabelCollapsed,
    "too_sure": TooSure,
    "remembers": Remembers,
    "raw_whole_numbers": RawWholeNumbers,
    "small_complexes_worse": SmallComplexesWorse,
    "drops_what_is_hard": DropsWhatIsHard,
    "another_scale": AnotherScale,
    "guesses_at_anything": GuessesAtAnything,
    "calls_late": CallsLate,
    "beats_other_weights": beats_other_weights,
    "beats_without_s": beats_without_s,
    "beats_off_by_one": _with_labelling(OfTheBeatBefore),
    "beats_never_silent": _with_labelling(SilentIsNormal),
    "beats_in_nothing": _with_labelling(FillsUp),
    "released_file": released_file,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
