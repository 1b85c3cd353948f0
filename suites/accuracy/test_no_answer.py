"""What cannot be read is not guessed at."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest
from numpy.random import Generator

from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel, Windows
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceRefused, DeviceSession

from .answering import examples_of, infer
from .recording import count, rests_on

HUM_HZ: Final = (50.0, 60.0)
"""Asked about where a front end lets it through: below half of the sampling rate."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A window that nobody can judge."""

    what: str
    samples: Windows
    valid: Windows | None = None

    def mask(self) -> dict[str, str]:
        """The mask, as the protocol carries it."""
        if self.valid is None:
            return {}
        return {"valid": base64.b64encode(self.valid.astype(np.uint8).tobytes()).decode()}


Breaks = Callable[[BenchModel, Windows, Generator], Iterator[Broken]]
"""What is made of the model, a sound window and chance."""


@pytest.mark.case("TC-ACC-007")
def test_no_answer(measure: Measure, rig: Rig) -> None:
    """A window with an invalid sample gets no answer, one of another length is refused.

    Method: windows of patients with one or more samples that are masked, not a number or
    infinite. Each must be answered with `no_answer` and a reason. Windows of another length must be
    refused. In between, a sound window must be answered.
    """
    released = rig.model(Role.RELEASED)
    lengths: list[str] = []
    with rig.open_device() as device:
        sound = _ask_between(measure, rig, device, "TC-ACC-007", lambda _, *each: _invalid(*each))
        for samples in (sound[0][:-1], np.append(sound[0], sound[0][:1]), sound[0][:0]):
            try:
                lengths.append(f"{len(samples)} samples: {infer(device, released, samples)}"[:80])
            except DeviceRefused:
                continue
    count(measure, "windows_of_another_length_taken", lengths, 3, "a refusal of each")


@pytest.mark.case("TC-ACC-012")
def test_no_signal(measure: Measure, rig: Rig) -> None:
    """What is certainly no patient's signal gets no answer, and never a label.

    Method: windows in which nothing moves, at any level, of mains hum, of white noise and of a
    front end between its rails. Each must be answered with `no_answer` and a reason. In between, a
    sound window must be answered.
    """
    with rig.open_device() as device:
        _ask_between(measure, rig, device, "TC-ACC-012", lambda one, _, draw: _no_signal(one, draw))


def _ask_between(
    measure: Measure, rig: Rig, device: DeviceSession, case: str, breaks: Breaks
) -> Windows:
    """Ask for what is broken, with sound windows of patients in between."""
    released = rig.model(Role.RELEASED)
    examples = examples_of(rig, case)
    most = rig.samples(case) * len(released.card.labels)
    sound = examples.windows[:: max(1, len(examples) // most)][:most]
    draw = np.random.default_rng(rig.seed("what is broken"))
    made_up: list[str] = []
    silent: list[str] = []
    broken = 0
    for number, window in enumerate(sound):
        for one in breaks(released, window, draw):
            broken += 1
            made_up += _told(one, infer(device, released, one.samples, **one.mask()))
        outcome = infer(device, released, window)["outcome"]
        silent += [] if outcome == "answer" else [f"window {number}: {outcome}"]
        rig.progress(number + 1, len(sound))
    rests_on(measure, examples, released)
    count(measure, "labels_made_up", made_up, broken, "no_answer, with a reason")
    count(measure, "sound_windows_without_an_answer", silent, len(sound), "an answer to each")
    return sound


def _told(one: Broken, answer: dict[str, Any]) -> Iterator[str]:
    if answer["outcome"] != "no_answer":
        yield f"{one.what}: {answer.get('label')}"
    elif not answer.get("reason"):
        yield f"{one.what}: no answer, and no reason"


def _invalid(window: Windows, draw: Generator) -> Iterator[Broken]:
    at = int(draw.integers(len(window)))
    for value in (np.nan, np.inf, -np.inf):
        samples = window.copy()
        samples[at] = value
        yield Broken(f"{value} at {at}", samples)
    one = np.ones(len(window), dtype=np.float32)
    one[at] = 0
    yield Broken(f"sample {at} masked", window, one)
    yield Broken("every sample masked", window, np.zeros(len(window), dtype=np.float32))


def _no_signal(model: BenchModel, draw: Generator) -> Iterator[Broken]:
    taken = model.card.input
    count_samples = taken.window_samples
    time_s = np.arange(count_samples) / taken.rate_hz
    level = float(draw.uniform(-10, 10))
    height, phase = float(draw.uniform(0.7, 5)), float(draw.uniform(0, 6))
    yield Broken(f"nothing moves, at {level:.2f}", np.full(count_samples, level, np.float32))
    for hertz in (one for one in HUM_HZ if 2 * one < taken.rate_hz):
        wave = height * np.sin(2 * np.pi * hertz * time_s + phase)
        yield Broken(f"{hertz:g} Hz of {height:.1f} mV", wave.astype(np.float32))
        rails = np.where(np.sin(2 * np.pi * hertz * time_s + phase) > 0, 10, -10)
        yield Broken(f"between its rails at {hertz:g} Hz", rails.astype(np.float32))
    noise = height * draw.standard_normal(count_samples)
    yield Broken(f"white noise of {height:.1f} mV", noise.astype(np.float32))
