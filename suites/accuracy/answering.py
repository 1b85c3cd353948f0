"""What the device answers to windows, as it runs: through the protocol, one after the other.

The cases of a run ask different questions of the same answers; a device is asked once for all of
them, and every record carries the description of that device.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.measure.calibration import Sureness
from edgeward_harness.measure.retention import Pairs
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel, Probabilities, Windows
from edgeward_harness.target import DeviceSession

from .examples import Examples, Names, from_file, refuse_known
from .simulated import simulated

PROGRESS_EACH: Final = 50
SCORES: Final = "scores.json"
"""The artifact of a record that holds every probability; -1 stands where there was no answer."""
NO_ANSWER: Final = ""
"""In place of a label."""
_MISSING: Final = np.float32("nan")


@dataclass(frozen=True, slots=True)
class Answers:
    """One answer for each window, in the order asked."""

    labels: Names
    """`NO_ANSWER` where there was none."""
    probabilities: Probabilities
    """In the order of the labels of the released model; NaN where there was no answer."""
    sha256: frozenset[str]
    """Of the models that the device said it had answered with."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The same windows, judged by the device and by the float model it was made from."""

    examples: Examples
    released: BenchModel
    reference: BenchModel
    device: Answers
    float_labels: Names

    def right(self) -> NDArray[np.bool_]:
        """Which windows the device has right."""
        return np.asarray(self.device.labels == self.examples.labels)

    def scores(self) -> dict[str, object]:
        """What each window was, and how likely the device took each label for it; for drawing."""
        told = np.round(np.nan_to_num(self.device.probabilities, nan=-1.0).astype(float), 6)
        return {
            "labels": list(self.released.card.labels),
            "truth": self.examples.labels.tolist(),
            "probabilities": told.tolist(),
        }

    def pairs(self, of: NDArray[np.bool_] | None = None) -> list[Pairs]:
        """Patient by patient, what was lost and gained; of some windows, or of all."""
        before = self.float_labels == self.examples.labels
        after = self.right()
        chosen = np.ones(len(self.examples), dtype=bool) if of is None else of
        _, place = np.unique(self.examples.patients, return_inverse=True)
        names = np.unique(self.examples.patients)
        counts = [
            np.bincount(place[chosen], weights=one[chosen], minlength=len(names))
            for one in (np.ones(len(chosen)), before & ~after, after & ~before)
        ]
        return [
            Pairs(str(name), int(windows), int(lost), int(gained))
            for name, windows, lost, gained in zip(names, *counts, strict=True)
        ]

    def sureness(self) -> list[Sureness]:
        """How sure the device was, wherever it answered."""
        told = self.device.labels != NO_ANSWER
        sure = np.nan_to_num(self.device.probabilities).max(1)
        return self._sureness(sure, self.right(), np.flatnonzero(told))

    def reference_sureness(self) -> list[Sureness]:
        """How sure the float model is."""
        sure = self.reference.probabilities(self.examples.windows).max(1)
        right = np.asarray(self.float_labels == self.examples.labels)
        return self._sureness(sure, right, np.arange(len(sure)))

    def _sureness(
        self, sure: Probabilities, right: NDArray[np.bool_], places: NDArray[np.int64]
    ) -> list[Sureness]:
        patients = self.examples.patients
        return [
            Sureness(str(patients[at]), float(min(sure[at], 1.0)), bool(right[at])) for at in places
        ]


def examples_of(rig: Rig, case: str) -> Examples:
    """The windows of this run: those that the bench brings, or simulated ones."""
    if Role.EXAMPLES in rig.unit.models:
        return from_file(rig.unit.models[Role.EXAMPLES])
    first = rig.seed("patients of the accuracy suite")
    return simulated(rig.model(Role.RELEASED), range(first, first + rig.samples(case)))


_TRIALS: dict[tuple[Any, ...], tuple[Trial, dict[str, Any] | None]] = {}
"""Of this process, by all that they depend on."""


def trial(rig: Rig, case: str) -> Trial:
    """The trial of this run; the device is asked by the first case that needs it.

    Raises:
        Finding: one of the models knows a patient of the windows, or the device broke the protocol.
    """
    key = (rig.unit.name, rig.profile.sha256, rig.run_seed, rig.samples(case))
    if key not in _TRIALS:
        _TRIALS[key] = (tried(rig, examples_of(rig, case)), rig.device_context)
    found, rig.device_context = _TRIALS[key]
    return found


def tried(rig: Rig, examples: Examples) -> Trial:
    """Ask a device for these windows, and the float model too.

    Raises:
        Finding: as `trial`.
    """
    released, reference = rig.model(Role.RELEASED), rig.model(Role.REFERENCE)
    refuse_known(examples, released, reference)
    with rig.open_device() as device:
        answers = ask(device, released, examples.windows, rig)
    return Trial(examples, released, reference, answers, labelled(reference, examples.windows))


def labelled(model: BenchModel, windows: Windows) -> Names:
    """The label that a model gives each window, run by the bench."""
    probabilities = model.probabilities(windows)
    labels: Names = np.array(model.card.labels)[probabilities.argmax(1)]
    return labels


def ask(
    device: DeviceSession, model: BenchModel, windows: Windows, rig: Rig | None = None
) -> Answers:
    """Ask the device for each window."""
    labels, rows, digests = [], [], set()
    for number, window in enumerate(windows):
        answer = infer(device, model, window)
        labels.append(answer.get("label") or NO_ANSWER)
        rows.append(_row(device, model, answer))
        digests.add(str(answer["model_sha256"]))
        if rig is not None and number % PROGRESS_EACH == 0:
            rig.progress(number, len(windows))
    return Answers(np.array(labels), np.stack(rows), frozenset(digests))


def infer(device: DeviceSession, model: BenchModel, window: Windows, **more: str) -> dict[str, Any]:
    """Ask the device for one window."""
    samples = base64.b64encode(np.ascontiguousarray(window, dtype="<f4").tobytes()).decode()
    asked = {"signal": model.card.input.signal, "samples": samples, **more}
    return dict(device.call("infer", asked))


def _row(device: DeviceSession, model: BenchModel, answer: dict[str, Any]) -> Probabilities:
    """The probabilities of an answer, in the order of the model's labels.

    Raises:
        Finding: they are not one for each label, or the label is none of them.
    """
    if answer["outcome"] != "answer":
        return np.full(len(model.card.labels), _MISSING)
    told, label = answer["probabilities"], answer["label"]
    if set(told) != set(model.card.labels) or label not in told:
        shown = f"{label} of {', '.join(sorted(told))}"
        accepted = ", ".join(model.card.labels)
        raise device.finding("An answer of other labels", f"{shown}; released: {accepted}")
    return np.array([told[name] for name in model.card.labels], dtype=np.float32)
