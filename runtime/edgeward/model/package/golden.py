"""Golden windows: inputs, and the probabilities that this model gave where it was measured.

A device that answers them otherwise would run another model than the evidence is about. With a
tolerance of 0 the answers have to be the same bits, which a model in integers can promise on every
processor; one in floating point states how far it may differ.

The file is one line of JSON, then the windows and the answers as little-endian float32.
"""

from dataclasses import dataclass

import numpy as np

from edgeward.canonical import canonical_json
from edgeward.errors import ModelError
from edgeward.limits import Limits
from edgeward.model.card import ModelCard
from edgeward.model.engine import BATCH_MAX, InferenceEngine, Probabilities, probe_windows
from edgeward.model.nearness import DIFFERENCE_MAX
from edgeward.model.package.fields import Fields, parse_json
from edgeward.model.package.layout import GOLDEN, fault, told
from edgeward.signal.windows import Samples

TOLERANCE_MAX = DIFFERENCE_MAX
_HEAD_BYTES_MAX = 100_000
_FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Golden:
    """What a device must answer."""

    labels: tuple[str, ...]
    tolerance: float
    """How far a probability may be off; 0 for the same bits."""
    windows: Samples
    answers: Probabilities


def make_golden(engine: InferenceEngine, windows: Samples, tolerance: float) -> Golden:
    """The golden windows of a model: these ones, with what it answers here.

    Raises:
        ModelError: the model failed.
    """
    answers = np.array([engine.probabilities(window) for window in windows], dtype=np.float32)
    return Golden(engine.card.labels, tolerance, windows, answers)


def golden_bytes(golden: Golden) -> bytes:
    """The file; equal windows and answers give equal bytes."""
    head = {
        "labels": list(golden.labels),
        "tolerance": golden.tolerance,
        "window_samples": golden.windows.shape[1],
        "windows": len(golden.windows),
    }
    parts = (golden.windows, golden.answers)
    return b"\n".join(
        (canonical_json(head), b"".join(one.astype(_FLOAT).tobytes() for one in parts))
    )


def parse_golden(data: bytes, limits: Limits) -> tuple[Golden | None, list[str]]:
    """The golden windows of a file, or every reason why it holds none."""
    faults: list[str] = []
    line, newline, body = data[:_HEAD_BYTES_MAX].partition(b"\n")
    if not newline:
        return None, [told(GOLDEN, "no line of JSON at its begin", "one, then the numbers")]
    fields = Fields(parse_json(line, GOLDEN, faults), GOLDEN, faults)
    labels, count = fields.texts("labels"), fields.count("windows")
    samples = fields.count("window_samples")
    tolerance = fields.number("tolerance", 0, TOLERANCE_MAX)
    if count > limits.golden_windows_max:
        fields.refuse("windows", f"at most golden_windows_max = {limits.golden_windows_max}")
    if faults:
        return None, faults
    body = data[len(line) + 1 :]
    due = count * (samples + len(labels)) * _FLOAT.itemsize
    if len(body) != due:
        return None, [told(GOLDEN, f"{len(body)} bytes of numbers", f"{due}, as its line says")]
    numbers = np.frombuffer(body, _FLOAT).astype(np.float32)
    windows = numbers[: count * samples].reshape(count, samples)
    return Golden(labels, tolerance, windows, numbers[windows.size :].reshape(count, -1)), []


def fitting_faults(golden: Golden, card: ModelCard) -> list[str]:
    """Where golden windows are those of another model than the card's."""
    faults = []
    if golden.labels != card.labels:
        accepted = f"{list(card.labels)}, which the card says"
        faults.append(fault(f"{GOLDEN}.labels", list(golden.labels), accepted))
    if golden.windows.shape[1] != card.input.window_samples:
        accepted = f"{card.input.window_samples}, which the card says"
        faults.append(fault(f"{GOLDEN}.window_samples", golden.windows.shape[1], accepted))
    if not (np.isfinite(golden.windows).all() and np.isfinite(golden.answers).all()):
        faults.append(told(GOLDEN, "numbers that are not finite", "finite ones"))
    return faults


def answer_faults(engine: InferenceEngine, golden: Golden) -> list[str]:
    """Where this device answers otherwise, or no probabilities: one by one and several at once."""
    try:
        alone = np.array([engine.probabilities(one) for one in golden.windows], dtype=np.float32)
        together = np.concatenate(
            [
                engine.probabilities_many(golden.windows[at : at + BATCH_MAX])
                for at in range(0, len(golden.windows), BATCH_MAX)
            ]
        )
        probes = probe_windows(golden.windows.shape[1], BATCH_MAX)
        probed = engine.probabilities_many(probes)
    except ModelError as error:
        return [told("the model on this device", str(error), "an answer to each golden window")]
    ways = (("one by one", alone), ("several at once", together))
    faults = [text for how, found in ways for text in _differences(how, found, golden)]
    for where, found in (("golden", alone), ("probe", probed)):
        good = np.isfinite(found) & (found >= 0) & (found <= 1)
        if not good.all():
            number = int(np.argmin(good.all(axis=1)))
            what = f"{[float(one) for one in found[number]]} to the {where} window {number}"
            faults.append(told("the model on this device", what, "probabilities from 0 to 1"))
    return faults


def _differences(how: str, found: Probabilities, golden: Golden) -> list[str]:
    if golden.tolerance == 0:
        good = (found.view(np.uint32) == golden.answers.view(np.uint32)).all(axis=1)
        accepted = "the same bits"
    else:
        with np.errstate(invalid="ignore"):
            good = (np.abs(found - golden.answers) <= golden.tolerance).all(axis=1)
        accepted = f"at most {golden.tolerance:g} off"
    if good.all():
        return []
    number = int(np.argmin(good))
    what = (
        f"{int((~good).sum())} of {len(good)} golden windows answered otherwise, {how}, first"
        f" window {number}: {found[number].tolist()}"
    )
    due = golden.answers[number].tolist()
    return [f"the model on this device: found {what}; accepted: {accepted}: {due}"]
