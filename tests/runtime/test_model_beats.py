"""The class of a beat: by the shipped model with its lag, by rule without one, never invented."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from made_ecg import add_bell, ecg, every

from edgeward.adapters.host import package_file
from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.beats import (
    CARD_FILE,
    MODEL_FILE,
    BeatLabel,
    BeatLabeller,
    LabelledBeat,
    load_beat_model,
)
from edgeward.model.card import ModelCard, parse_card
from edgeward.model.engine import InferenceEngine, Probabilities
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.signal.detect.beats.row import FEATURES
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import BeatClass
from edgeward.signal.ring import Samples

RATE_HZ: Final = 250
SIZE_MAX_BYTES: Final = 100_000
ROUNDED_MAX: Final = 0.03
"""A probability of the shipped model beside that of the float one."""
WIDE_S: Final = (20.7, 27.1, 33.5)
USUAL_S: Final = tuple(
    float(time_s)
    for time_s in every(0.8, 1, 40)
    if all(abs(time_s - wide_s - 0.3) > 0.35 for wide_s in WIDE_S)
)


def wave() -> Samples:
    """Usual beats, and three that come early, wide, large and without a P wave."""
    samples = ecg(USUAL_S, 42, RATE_HZ).astype(np.float64)
    for time_s in WIDE_S:
        add_bell(samples, RATE_HZ, time_s, 1.8, 0.04)
        add_bell(samples, RATE_HZ, time_s + 0.25, -0.5, 0.06)
    return samples.astype(np.float32)


def labelled(
    samples: Samples, model: InferenceEngine | None, cuts: Sequence[int] = (1000,)
) -> list[LabelledBeat]:
    """What becomes known, when the signal comes in blocks of these lengths, again and again."""
    detector, labeller = QrsDetector(RATE_HZ), BeatLabeller(RATE_HZ, model)
    found: list[LabelledBeat] = []
    first = turn = 0
    while first < len(samples):
        block = samples[first : first + cuts[turn % len(cuts)]]
        valid = np.isfinite(block)
        told = labeller.push(block, valid, detector.push(block, valid))
        assert all(first <= one.at < first + len(block) for one in told)
        lag = labeller.lag_samples or detector.lag_samples
        assert all(one.at - one.beat.sample <= lag for one in told)
        found += told
        first, turn = first + len(block), turn + 1
    assert all(a.at <= b.at for a, b in pairwise(found))
    return found


def near(found: Sequence[LabelledBeat], time_s: float) -> BeatLabel | None:
    """The label of the beat at a time."""
    one = min(found, key=lambda one: abs(one.beat.sample / RATE_HZ - time_s))
    assert abs(one.beat.sample / RATE_HZ - time_s) < 0.06
    return one.label


def test_the_shipped_model_is_small_and_says_what_it_is() -> None:
    card = json.loads(package_file(CARD_FILE))
    assert len(package_file(MODEL_FILE)) <= SIZE_MAX_BYTES
    assert card["notice"].startswith("Not for clinical use")
    assert card["features"] == [one.name for one in FEATURES]
    assert card["labels"] == [str(one) for one in BeatLabel]
    assert len(card["made"]["recordings"]) == 22
    assert all(len(one["sha256"]) == 64 for one in card["made"]["recordings"])
    metrics = {(one["name"], one["label"]): one for one in card["metrics"]}
    assert metrics["sensitivity", "V"]["low"] < metrics["sensitivity", "V"]["value"]
    assert all(0 <= one["low"] <= one["value"] <= one["high"] <= 1 for one in card["metrics"])


def test_the_float_model_that_the_card_names_lies_with_the_suite() -> None:
    folder = Path(__file__).parents[2] / "suites" / "accuracy" / "models"
    student = json.loads(package_file(CARD_FILE))
    teacher = json.loads((folder / "beat_teacher.json").read_bytes())
    model = (folder / "beat_teacher.onnx").read_bytes()
    assert student["reference"] == {"name": teacher["name"], "sha256": sha256_hex(model)}
    assert teacher["made"]["recordings"] == student["made"]["recordings"]
    found = labelled(wave(), OnnxEngine(model, parse_card(json.dumps(teacher).encode())))
    assert [near(found, time_s) for time_s in WIDE_S] == [BeatLabel.VENTRICULAR] * 3


def test_the_shipped_model_says_what_the_float_model_says() -> None:
    samples = wave()[: 24 * RATE_HZ]
    folder = Path(__file__).parents[2] / "suites" / "accuracy" / "models"
    card = parse_card((folder / "beat_teacher.json").read_bytes())
    due = labelled(samples, OnnxEngine((folder / "beat_teacher.onnx").read_bytes(), card))
    told = labelled(samples, load_beat_model())
    assert [one.label for one in told] == [one.label for one in due]
    both = [(a.probability, b.probability) for a, b in zip(told, due, strict=True)]
    known = np.array([pair for pair in both if None not in pair], dtype=np.float64)
    assert np.abs(known[:, 0] - known[:, 1]).max() <= ROUNDED_MAX


def test_the_card_says_that_patients_who_taught_nothing_lose_less_than_a_point() -> None:
    against = json.loads(package_file(CARD_FILE))["against_reference"]
    assert set(against["kept"]) == {"N", "S", "V"}
    for figure in against["kept"].values():
        assert -0.01 < figure["low"] <= figure["value"] <= figure["high"] < 0.01
    assert 0.999 < against["agreeing"] < 1


def test_wide_early_beats_are_ventricular_and_the_usual_ones_normal() -> None:
    found = labelled(wave(), load_beat_model())
    assert [near(found, time_s) for time_s in WIDE_S] == [BeatLabel.VENTRICULAR] * 3
    usual = {near(found, time_s) for time_s in USUAL_S if 8 < time_s < 38}
    assert usual == {BeatLabel.NORMAL}
    assert all(one.probability is None or 0 < one.probability <= 1 for one in found)


def test_labels_are_the_same_however_the_signal_is_cut() -> None:
    samples = wave()[: 25 * RATE_HZ]
    samples[4000:4003] = np.nan
    model = load_beat_model()
    assert labelled(samples, model, [7, 300, 61]) == labelled(samples, model, [len(samples)])


def test_without_a_model_the_rules_say_it_at_once() -> None:
    found = labelled(wave(), None)
    assert all(one.at == one.beat.at for one in found)
    assert {one.label for one in found if one.beat.kind is BeatClass.UNKNOWN} == {None}
    assert [near(found, time_s) for time_s in WIDE_S] == [BeatLabel.VENTRICULAR] * 3
    assert near(found, USUAL_S[-2]) is BeatLabel.NORMAL


class Broken:
    """A model that fails, or answers no numbers."""

    batch_max = 1

    def __init__(self, card: ModelCard, answer: tuple[float, ...]) -> None:
        """Answers this, or fails when it is nothing."""
        self.card = card
        self._answer = answer

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        """What it was given."""
        if not self._answer:
            raise ModelError("broken")
        return self._answer

    def probabilities_many(self, windows: Samples) -> Probabilities:
        """Never asked."""
        raise ModelError("broken")


@pytest.mark.parametrize("answer", [(), (float("nan"), 0.1, 0.2, 0.3, 0.4)])
def test_a_model_that_gives_no_answer_makes_no_label(answer: tuple[float, ...]) -> None:
    found = labelled(wave()[: 15 * RATE_HZ], Broken(load_beat_model().card, answer))
    assert found
    assert {one.label for one in found} == {None}
    assert {bool(one.fault) for one in found if one.at > 10 * RATE_HZ} == {True}
    assert not found[0].fault  # nobody was asked


def test_beats_that_wait_when_nothing_comes_any_more_have_no_label() -> None:
    samples = wave()[: 15 * RATE_HZ]
    detector, labeller = QrsDetector(RATE_HZ), BeatLabeller(RATE_HZ, load_beat_model())
    sound = np.isfinite(samples)
    beats = detector.push(samples, sound)
    known = labeller.push(samples, sound, beats)
    left = labeller.leave()
    assert [one.beat for one in (*known, *left)] == beats
    assert [(one.label, one.at) for one in left] == [(None, len(samples) - 1)]
    assert labeller.leave() == []
    assert BeatLabeller(RATE_HZ).leave() == []


def test_a_model_of_other_rows_and_labels_is_refused_with_every_fault() -> None:
    card = load_beat_model().card
    other = replace(
        card, labels=("N", "X"), input=replace(card.input, window_samples=len(FEATURES) + 1)
    )
    with pytest.raises(ModelError) as caught:
        BeatLabeller(RATE_HZ, Broken(other, ()))
    assert f"accepted: {len(FEATURES)}" in str(caught.value)
    assert "found label 'X'; accepted: F, N, Q, S, V" in str(caught.value)
