"""The device runs the model that was released: the same bytes, the same bits."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward_harness.measure.judge import judge_check
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import (
    IN_FLOAT,
    IN_WHOLE_NUMBERS,
    BenchModel,
    Probabilities,
)
from edgeward_harness.run.measure import Measure

from .agreement import in_words, is_whole, noise, within
from .answering import NO_ANSWER, Answers, ask, examples_of, infer, trial
from .recording import count, rests_on


@pytest.mark.case("TC-ACC-001")
def test_released(measure: Measure, rig: Rig) -> None:
    """Each answer of the device is that of the released model, run by the bench.

    Method: windows of patients of every label, and windows of noise from 0.01 to 9 mV, go to the
    device one by one; the bench runs the released file on the same samples. A model in whole
    numbers must answer with the same bits, one in float within 1e-5; the label told must be the one
    with the highest probability; the digest told must be that of the released file. Where its card
    says int8, the layers are counted in the graph that the engine executes: none may run in float.
    """
    released = rig.model(Role.RELEASED)
    examples = examples_of(rig, "TC-ACC-001")
    windows = np.concatenate([examples.windows, noise(rig, released, len(examples) // 4)])
    with rig.open_device() as device:
        answers = ask(device, released, windows, rig)
    rests_on(measure, examples, released)
    faults = list(_other(released, answers, released.probabilities(windows)))
    expected = f"as the released model answers, {in_words(released)}"
    count(measure, "windows_answered_otherwise", faults, len(windows), expected)
    digests = ", ".join(sorted(answers.sha256))
    measure.record(
        "model_told",
        judge_check(
            holds=answers.sha256 == {released.sha256}, expected=released.sha256,
            observed=digests, n=len(windows),
        ),
    )  # fmt: skip
    _record_layers(measure, released)


def _record_layers(measure: Measure, released: BenchModel) -> None:
    layers, whole = released.layers(), is_whole(released)
    in_float = sum(layers[name] for name in IN_FLOAT)
    on_whole = sum(layers[name] for name in IN_WHOLE_NUMBERS)
    measure.attach_json("executed-operators", dict(sorted(layers.items())))
    holds = not whole or (in_float == 0 and on_whole > 0)
    expected = "no layer in float, as its card says int8" if whole else "any: its card says float"
    observed = f"{on_whole} layers on whole numbers, {in_float} in float"
    judged = judge_check(holds=holds, expected=expected, observed=observed, n=on_whole + in_float)
    measure.record("layers_executed", judged)


def _other(released: BenchModel, answers: Answers, expected: Probabilities) -> Iterator[str]:
    names = np.array(released.card.labels)
    for at, (row, due) in enumerate(zip(answers.probabilities, expected, strict=True)):
        told = answers.labels[at]
        if told == NO_ANSWER:
            continue  # whether it may be silent is another case's question
        apart = float(np.abs(row - due).max())
        if not apart <= within(released):
            yield f"window {at}: {told}, off by {apart:.3g}"
        elif told != names[row.argmax()]:
            yield f"window {at}: {told} told, {names[row.argmax()]} most probable"


@pytest.mark.case("TC-ACC-008")
def test_repeatable(measure: Measure, rig: Rig) -> None:
    """The same window is answered with the same bits: again, in another order, after a restart.

    Method: windows are asked for in one order, then in another with windows in between that no
    model takes, and of a device that was started before. Label and probabilities must not differ in
    a bit.
    """
    released = rig.model(Role.RELEASED)
    asked = trial(rig, "TC-ACC-008")
    examples = asked.examples
    order = np.random.default_rng(rig.seed("order")).permutation(len(examples))
    with rig.open_device() as device:
        first = ask(device, released, examples.windows, rig)
        infer(device, released, np.full_like(examples.windows[0], np.nan))
        second = ask(device, released, examples.windows[order], rig)
    rests_on(measure, examples, released)
    faults = [
        *_unlike("in another order", first, second, order),
        *_unlike("after a restart", first, asked.device, np.arange(len(examples))),
    ]
    count(measure, "answers_that_change", faults, 2 * len(examples), "the same bits")


def _unlike(when: str, one: Answers, other: Answers, order: NDArray[np.int64]) -> Iterator[str]:
    for at, place in enumerate(order):
        same = np.array_equal(one.probabilities[place], other.probabilities[at], equal_nan=True)
        if not same or one.labels[place] != other.labels[at]:
            yield f"window {place}, {when}: {one.labels[place]}, then {other.labels[at]}"
