"""The parts of the suite `accuracy` that no device is needed for."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from suites.accuracy.agreement import in_words, within
from suites.accuracy.answering import NO_ANSWER, Answers, Trial
from suites.accuracy.examples import Examples, from_file, joined, refuse_known
from suites.accuracy.recorded import gathered, windows_of
from suites.accuracy.recording import sensitivity
from suites.accuracy.simulated import drawn, simulated
from suites.accuracy.test_alarms_alike import Call, calls
from suites.accuracy.test_processors import otherwise

from edgeward.model.nearness import FLOAT
from edgeward.signal.channel import Signal
from edgeward_harness.errors import CannotJudge, Finding, InputError
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.measure.scoring.beats import AamiClass, Labelled
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS
from edgeward_harness.rig.models import BenchModel, open_model, taught_by
from edgeward_harness.rig.recordings.recording import Recording, Stretch, Wave

RATE_HZ = 250


@pytest.fixture(scope="module")
def released() -> BenchModel:
    return open_model(SHIPPED_MODELS[Role.RELEASED])


def _with_card(model: BenchModel, **said: Any) -> BenchModel:
    return BenchModel(model.path, model.data, model.card, {**model.said, **said})


# whose windows


def test_simulated_patients_are_the_same_for_the_same_seeds(released: BenchModel) -> None:
    one, other = simulated(released, range(5, 8)), simulated(released, range(7, 9))
    assert one.labels[:6].tolist() == list(released.card.labels)
    assert one.windows.shape == (18, 1250)
    assert np.array_equal(one.windows[12:], other.windows[:6])
    assert {str(name) for name, _ in one.subgroups()} >= {f"noise: {drawn(5)[1]['noise']}"}
    assert sum(int(of.sum()) for name, of in one.subgroups() if name.startswith("noise")) == 18


def test_a_model_of_something_else_is_told_to_bring_its_examples(released: BenchModel) -> None:
    other = replace(released.card, labels=("tired", "awake"))
    with pytest.raises(CannotJudge, match=r"no simulated patient shows what this model judges"):
        simulated(BenchModel(released.path, released.data, other, {}), range(1))


def test_whom_a_model_knows_is_read_from_its_card(released: BenchModel) -> None:
    made = {
        "recordings": [{"name": "vfdb/418", "role": "train"}, {"name": "vfdb/420", "role": "test"}],
        "simulated": {
            "train": {"first_patient": 10, "patients": 2, "scripts": 3},
            "judge": {"first_patient": 90, "patients": 5},
        },
    }
    assert taught_by(_with_card(released, made=made)) == {
        "vfdb/418", "simulated 10", "simulated 11", "simulated 12",
    }  # fmt: skip
    assert taught_by(_with_card(released, made={})) == set()


def test_the_shipped_models_say_whom_they_learned_from() -> None:
    for role in (Role.RELEASED, Role.REFERENCE):
        known = taught_by(open_model(SHIPPED_MODELS[role]))
        assert any(name.startswith("simulated ") for name in known)
        assert not any(name.startswith("mitdb/") for name in known)


def test_a_set_with_a_patient_whom_a_model_knows_is_refused(released: BenchModel) -> None:
    examples = simulated(released, range(10, 14))
    made = {"simulated": {"train": {"first_patient": 13, "patients": 1}}}
    with pytest.raises(Finding, match=r"1 of 4 patients taught rhythm-reference .*simulated 13"):
        refuse_known(examples, released, _with_card(released, made=made))
    refuse_known(examples, released)


# examples that a bench brings


def _file(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "examples.npz"
    usual = {
        "windows": np.zeros((3, 4), np.float32), "labels": np.array([0, 1, 1]),
        "patients": np.array(["a", "a", "b"]), "names": np.array(["well", "ill"]),
        "group:sex": np.array(["f", "f", "m"]),
    }  # fmt: skip
    np.savez(path, **{name: value for name, value in (usual | arrays).items() if value is not None})
    return path


def test_examples_come_from_a_file(tmp_path: Path) -> None:
    found = from_file(_file(tmp_path))
    assert found.labels.tolist() == ["well", "ill", "ill"]
    assert [(name, int(of.sum())) for name, of in found.subgroups()] == [
        ("sex: f", 2),
        ("sex: m", 1),
    ]
    assert found.origin is None


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"patients": None}, "'patients'"),
        ({"patients": np.array(["a"])}, r"patients of shape \(1,\), for 3 windows"),
        ({"labels": np.array([0, 1, 9])}, "out of bounds"),
        ({"windows": np.full((3, 4), np.nan)}, "all must be finite"),
        ({"windows": np.zeros(3)}, r"windows of shape \(3,\)"),
        ({"group:sex": np.array(["f"])}, r"group:sex of shape"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, arrays: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        from_file(_file(tmp_path, **arrays))


def test_no_file_is_no_examples(tmp_path: Path) -> None:
    (tmp_path / "other.npz").write_text("no archive")
    for name in ("none.npz", "other.npz"):
        with pytest.raises(InputError, match=r"accepted: a .npz file with windows"):
            from_file(tmp_path / name)


def test_sets_are_joined_with_what_each_knows() -> None:
    def of(name: str, **groups: Any) -> Examples:
        return Examples(np.zeros((2, 3), np.float32), np.array(["x", "y"]), np.array([name] * 2),
                        SIMULATED, groups)  # fmt: skip

    both = joined([of("a", sex=np.array(["f", "f"])), of("b", lead=np.array(["I", "I"]))])
    assert both.patients.tolist() == ["a", "a", "b", "b"]
    assert both.groups["sex"].tolist() == ["f", "f", "", ""]
    assert [name for name, _ in both.subgroups()] == ["sex: f", "lead: I"]


# what is lost


def _trial(released: BenchModel) -> Trial:
    """Of three labels, with answers that differ here and there, and some that are missing."""
    draw = np.random.default_rng(2)
    labels = draw.choice(["a", "b", "c"], 300)
    told, before = (np.where(draw.random(300) < share, labels, "a") for share in (0.8, 0.9))
    told[::29] = NO_ANSWER
    windows = np.zeros((300, 4), np.float32)
    examples = Examples(windows, labels, draw.choice(["p", "q"], 300), SIMULATED)
    answers = Answers(told, np.full((300, 3), 1 / 3, np.float32), frozenset({"x"}))
    return Trial(examples, released, released, answers, before)


@pytest.mark.slow
def test_sensitivities_are_those_of_scikit_learn(released: BenchModel) -> None:
    from sklearn.metrics import recall_score

    asked = _trial(released)
    truth, told = asked.examples.labels, asked.device.labels
    expected = recall_score(truth, told, labels=["a", "b", "c"], average=None, zero_division=0)
    found = [sensitivity(asked, label).value for label in ("a", "b", "c")]
    assert found == pytest.approx([100 * one for one in expected])


@pytest.mark.slow
def test_what_is_lost_is_counted_patient_by_patient(released: BenchModel) -> None:
    from sklearn.metrics import accuracy_score

    asked = _trial(released)
    truth, told, before = asked.examples.labels, asked.device.labels, asked.float_labels
    for one in asked.pairs(truth == "b"):
        of = (truth == "b") & (asked.examples.patients == one.name)
        right = (
            accuracy_score(truth[of], labels[of], normalize=False) for labels in (told, before)
        )
        after, first = right
        assert one.windows == of.sum()
        assert one.lost - one.gained == first - after
    assert sum(one.windows for one in asked.pairs()) == 300
    assert len(asked.sureness()) == int((told != NO_ANSWER).sum())


# recorded patients


def _recorded(rhythms: tuple[Stretch, ...], beats: Labelled = Labelled((), ())) -> Recording:  # noqa: B008
    samples = np.sin(np.arange(60 * RATE_HZ) / 9).astype(np.float32)
    wave = Wave("II", Signal.ECG, "mV", RATE_HZ, samples)
    digest = hashlib.sha256(b"x").hexdigest()
    return Recording("vfdb", "418", "vfdb/418", (wave,), {"418.dat": digest}, beats, (), rhythms)


def test_a_window_has_the_label_of_the_stretch_that_it_lies_in(released: BenchModel) -> None:
    stretches = (Stretch("VFL", 0, 12 * RATE_HZ), Stretch("NOISE", 12 * RATE_HZ, 30 * RATE_HZ),
                 Stretch("VT", 30 * RATE_HZ, 34 * RATE_HZ))  # fmt: skip
    found = windows_of(_recorded(stretches), released, SIMULATED)
    assert found is not None
    assert found.labels.tolist() == ["ventricular_fibrillation"] * 2
    assert found.groups["lead"].tolist() == ["II", "II"]


@pytest.mark.parametrize(
    ("interval_s", "label"),
    [(1.5, "bradycardia"), (0.8, "sinus"), (0.4, "tachycardia"), (1.02, "")],
)
def test_a_normal_rhythm_has_the_label_of_its_rate(
    released: BenchModel, interval_s: float, label: str
) -> None:
    at = np.arange(0, 60 * RATE_HZ, round(interval_s * RATE_HZ)).tolist()
    beats = Labelled(at, [AamiClass.NORMAL] * len(at))
    found = windows_of(_recorded((Stretch("N", 0, 60 * RATE_HZ),), beats), released, SIMULATED)
    labels = set() if found is None else set(found.labels.tolist())
    assert labels == ({label} if label else set())


def test_recordings_that_a_model_knows_are_left_out_and_counted(released: BenchModel) -> None:
    one = _recorded((Stretch("VF", 0, 30 * RATE_HZ),))
    found, left_out = gathered([one], released, {"vfdb/418"}, SIMULATED)
    assert (found, left_out) == (None, 1)
    found, left_out = gathered([one], released, {"vfdb/420"}, SIMULATED)
    assert found is not None
    assert (len(found), left_out) == (6, 0)


# calls


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("sinus sinus vt sinus vt sinus", []),
        ("sinus vt vt vt sinus vt vt", [Call("vt", 2)]),
        ("sinus vt vt sinus sinus vt vt", [Call("vt", 2), Call("vt", 6)]),
        ("vt vt vf vf", [Call("vt", 1), Call("vf", 3)]),
    ],
)
def test_a_label_is_called_from_the_second_window_in_a_row(labels: str, found: list[Call]) -> None:
    assert list(calls(np.array(labels.split()))) == found


# on other processors


@pytest.mark.parametrize(
    ("arithmetic", "apart", "found"),
    [("int8", 0, 0), ("int8", 1e-7, 2), ("float32", 9e-6, 0), ("float32", 2e-5, 2), ("", 0, 0)],
)
def test_only_whole_numbers_promise_the_same_bits_elsewhere(
    released: BenchModel, arithmetic: str, apart: float, found: int
) -> None:
    """Of three windows, the last of which the device did not take."""
    model = _with_card(released, arithmetic=arithmetic)
    due = np.zeros((3, len(released.card.labels)), dtype=np.float32)
    due[2] = np.nan
    told = list(otherwise(model, due + np.float32(apart), due, np.array([True, True, False])))
    assert len(told) == found
    assert within(model) == (0 if arithmetic == "int8" else FLOAT.difference_max)
    assert ("its card says float" in in_words(model)) is (arithmetic != "int8")


def test_what_no_number_is_never_the_same_elsewhere(released: BenchModel) -> None:
    due = np.zeros((1, len(released.card.labels)), dtype=np.float32)
    assert list(otherwise(released, due * np.float32("nan"), due, np.array([True])))
