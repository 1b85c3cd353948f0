"""Other processors answer with the same bits, so that what a bench saw holds for each device."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward_harness.errors import HarnessError
from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.answering import answers
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.elsewhere import PROCESSORS, Asked, answers_of, missing
from edgeward_harness.rig.models import BenchModel, Probabilities, Windows
from edgeward_harness.run.measure import Measure

from .agreement import in_words, noise, within
from .answering import NO_ANSWER, ask, examples_of
from .recording import SHOWN, rests_on

TIMES: Final = (1, 2, 5)
"""How high each patient's window is asked. What saturates is the product of large numbers."""


@pytest.mark.case("TC-ACC-013")
def test_processors(measure: Measure, rig: Rig) -> None:
    """Each other processor that the bench can ask answers as the device did, and as the bench does.

    Method: windows of patients of every label, as they are, twice and five times as high, and
    windows of noise from 0.01 to 9 mV, go to the device one by one. The released file is then run
    on each processor that can be emulated here, and its answers are held against those of the
    device, and against those of the bench's own processor, where windows count too that the device
    does not take. A model in whole numbers must give the same bits; one in float promises none, and
    is held within 1e-5. Which processors were asked, and why others were not, is kept.
    """
    absent = {name: missing(name) for name in PROCESSORS if missing(name)}
    asked, note = [name for name in PROCESSORS if name not in absent], _not_asked(absent)
    if not asked:
        raise HarnessError(f"there is no other processor here, {note}")
    measure.attach_json("processors", {"asked": asked, "not_asked": absent})
    released = rig.model(Role.RELEASED)
    examples = examples_of(rig, "TC-ACC-013")
    windows = _windows(rig, released, examples.windows)
    with rig.open_device() as device:
        told = ask(device, released, windows, rig)
    rests_on(measure, examples, released)
    here = answers(released.data, windows)
    judged = told.labels != NO_ANSWER
    for number, name in enumerate(asked):
        rig.progress(number, len(asked))
        [there] = answers_of(name, [Asked(released.data, windows)])
        as_device = list(otherwise(released, there, told.probabilities, judged))
        as_bench = list(otherwise(released, there, here, np.ones_like(judged)))
        _count(measure, released, f"{name}_than_device", as_device, int(judged.sum()), note)
        _count(measure, released, f"{name}_than_bench", as_bench, len(windows), note)


def _windows(rig: Rig, released: BenchModel, found: Windows) -> Windows:
    """As many as the plan says of those found, at each height, and a third as many of noise."""
    most = rig.samples("TC-ACC-013") * len(released.card.labels)
    few = found[:: max(1, len(found) // most)][:most]
    high = [few * np.float32(times) for times in TIMES]
    return np.concatenate([*high, noise(rig, released, len(few))])


def otherwise(
    released: BenchModel, there: Probabilities, due: Probabilities, of: NDArray[np.bool_]
) -> Iterator[str]:
    """Each window of these that was answered otherwise there than it is due."""
    names = released.card.labels
    for at in np.flatnonzero(of):
        apart = float(np.abs(there[at] - due[at]).max())
        if not apart <= within(released):
            labels = names[int(there[at].argmax())], names[int(due[at].argmax())]
            yield f"window {at}: {labels[0]} there, {labels[1]} here, off by {apart:.3g}"


def _count(
    measure: Measure, released: BenchModel, whose: str, other: list[str], windows: int, note: str
) -> None:
    """Record how many windows were answered otherwise there, and what the bench could not ask."""
    detail = "; ".join([*other[:SHOWN], note])
    expected = f"the same answer, {in_words(released)}"
    name = f"otherwise_on_{whose}".replace("-", "_").lower()
    measure.record(name, judge_failures(len(other), windows, expected, detail=detail))


def _not_asked(absent: Mapping[str, str]) -> str:
    told = ", ".join(f"{name} ({why})" for name, why in absent.items())
    return f"not asked: {told or 'none'}"
