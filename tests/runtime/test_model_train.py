"""What the reference model is made of is called by its truth, kept apart, and named on its card."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.card import parse_card
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.train.rhythms import LABELS, RATE_HZ, WINDOW_SAMPLES, Label, of_rate
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Samples

pytest.importorskip("torch", reason="torch is missing")
pytest.importorskip("onnx", reason="onnx is missing")
wfdb = pytest.importorskip("wfdb", reason="wfdb is missing")

from edgeward.model.train import __main__ as command  # noqa: E402 - after torch was looked for
from edgeward.model.train import material, recorded, simulated  # noqa: E402
from edgeward.model.train.material import Plan, gathered, judged  # noqa: E402
from edgeward.model.train.recorded import Half, Recorded, Span  # noqa: E402

pytestmark = pytest.mark.slow

TINY = Plan(seed=40, patients=20, scripts=2, choosing=2, judging=3, copies=1, epochs=1)
MINUTE = SimulatedPatient(1).record([("sinus", 60)], rate_bpm=75)


def write_record(folder: Path, name: str, notes: list[tuple[float, str, str]]) -> None:
    """A minute of a regular heart in two leads, with marks: seconds, symbol, note."""
    folder.mkdir(exist_ok=True)
    both = np.stack([MINUTE.samples_mv, -MINUTE.samples_mv], 1).astype(np.float64)
    wfdb.wrsamp(
        name, fs=RATE_HZ, units=["mV", "mV"], sig_name=["ECG1", "ECG2"], p_signal=both,
        fmt=["16", "16"], write_dir=str(folder),
    )  # fmt: skip
    places = np.array([round(at * RATE_HZ) for at, _, _ in notes])
    symbols, texts = [one[1] for one in notes], [one[2] for one in notes]
    wfdb.wrann(name, "atr", places, symbol=symbols, aux_note=texts, write_dir=str(folder))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings in the form of the three collections."""
    root = tmp_path_factory.mktemp("recordings")
    malignant = [(0.1, "+", "(N"), (20.0, "+", "(VFL"), (40.0, "+", "(NOISE")]
    for name in ("a", "b", "c"):
        write_record(root / "vfdb", name, malignant)
    beats = [(at / RATE_HZ, "N", "") for at in MINUTE.beats]
    write_record(root / "mitdb", "100", sorted([(0.01, "+", "(N"), *beats]))
    (root / "cinc2015").mkdir()
    names = [f"a{number:03}" for number in range(12)]
    index = [
        {"record": name, "alarm": "Asystole", "true": int(number != 2),
         "channels": ["II", "ABP"], "gain": ["1000/mV", "10/mmHg"]}
        for number, name in enumerate(names)
    ]  # fmt: skip
    (root / "cinc2015" / "INDEX.json").write_text(json.dumps(index))
    rows: dict[str, Any] = {
        name: np.full((2, 7500), number, np.int16) for number, name in enumerate(names)
    }
    rows["a004"][0, -1] = -(1 << 15)
    np.savez(root / "cinc2015" / "Asystole_30s.npz", **rows)
    return root


@pytest.mark.parametrize(
    ("rate_bpm", "label"),
    [(30, "bradycardia"), (58, "bradycardia"), (59, None), (60, "sinus"), (100, "sinus"),
     (102, None), (104, "tachycardia"), (200, "tachycardia")],
)  # fmt: skip
def test_a_rate_has_one_word_or_none(rate_bpm: float, label: str | None) -> None:
    assert of_rate(rate_bpm) == label


def test_scripts_show_every_rhythm_of_many_people() -> None:
    first, again = simulated.scripts(70, 3), simulated.scripts(70, 3)
    assert first.sha256 == again.sha256
    assert first.sha256 != simulated.scripts(71, 3).sha256
    assert set(first.labels.tolist()) == set(range(len(LABELS)))
    assert set(first.patients.tolist()) == {"script/70", "script/71", "script/72"}
    assert np.isfinite(first.windows).all()


def test_a_script_is_called_by_the_rate_of_its_true_beats() -> None:
    beats_s = np.arange(0, 30, 60 / 80)
    assert simulated._called(beats_s, 10.0) is Label.SINUS
    assert simulated._called(beats_s * 2, 10.0) is Label.BRADYCARDIA
    assert simulated._called(beats_s / 2, 5.0) is Label.TACHYCARDIA
    assert simulated._called(beats_s[:2], 20.0) is None


def of_half(folder: Path, collection: str, half: Half) -> list[Recorded]:
    return list(recorded.read(folder, collection, half))


def test_a_half_is_learned_from_and_the_other_one_judged(folder: Path) -> None:
    names = {
        (collection, half): [one.name for one in of_half(folder, collection, half)]
        for collection in recorded.COLLECTIONS
        for half in Half
    }
    assert names["vfdb", Half.TO_LEARN_FROM] == ["vfdb/a", "vfdb/c"]
    assert names["vfdb", Half.TO_JUDGE] == ["vfdb/b"]
    assert names["mitdb", Half.TO_LEARN_FROM] == []
    assert names["mitdb", Half.TO_JUDGE] == ["mitdb/100"]
    both = [set(names["cinc2015", half]) for half in Half]
    assert not both[0] & both[1]
    assert len(both[0] | both[1]) == 12


def test_a_record_is_named_by_the_digest_of_its_samples(folder: Path) -> None:
    (first, _) = of_half(folder, "vfdb", Half.TO_LEARN_FROM)
    assert first.sha256 == sha256_hex((folder / "vfdb" / "a.dat").read_bytes())
    alarms = [one for half in Half for one in of_half(folder, "cinc2015", half)]
    assert len({one.sha256 for one in alarms}) == 12


def test_a_window_is_called_by_what_was_marked(folder: Path) -> None:
    (record, _) = of_half(folder, "vfdb", Half.TO_LEARN_FROM)
    found = list(recorded.windows(record, WINDOW_SAMPLES))
    fluttering = [first for first, label in found if label is Label.VENTRICULAR_FIBRILLATION]
    regular = [first for first, label in found if label is Label.SINUS]
    assert fluttering == [5000, 6250, 7500, 8750]
    assert regular
    assert max(regular) <= 5000 - WINDOW_SAMPLES
    assert len(found) == len(fluttering) + len(regular), "noise has no word"


def test_beats_that_nobody_marked_count_only_where_they_are_regular() -> None:
    uneven = np.cumsum(np.tile([100.0, 300.0], 20))
    lead: Samples = np.zeros(5000, np.float32)
    record = Recorded("x/1", "", (lead,), (Span("(AFIB", 0, 5000),), uneven)
    assert list(recorded.windows(record, WINDOW_SAMPLES)) == []
    marked = replace(record, marked=True)
    assert {label for _, label in recorded.windows(marked, WINDOW_SAMPLES)} == {Label.SINUS}


def test_only_the_end_of_a_true_alarm_is_an_example(folder: Path) -> None:
    alarms = {one.name: one for half in Half for one in of_half(folder, "cinc2015", half)}
    true, false = alarms["cinc2015/a000"], alarms["cinc2015/a002"]
    assert list(recorded.windows(true, 1)) == [(7500 - WINDOW_SAMPLES, Label.ASYSTOLE)]
    assert list(recorded.windows(false, 1)) == []
    assert len(true.leads) == 1, "a pressure is no lead"


def test_what_was_not_recorded_makes_no_example(folder: Path) -> None:
    alarms = of_half(folder, "cinc2015", Half.TO_LEARN_FROM)
    (broken,) = [one for one in alarms if one.name == "cinc2015/a004"]
    assert np.isnan(broken.leads[0][-1])
    assert len(material.of_recordings([broken], 1, every_lead=True)) == 0
    assert not recorded.seen(np.full(WINDOW_SAMPLES, 9.0, np.float32))


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    for collection in recorded.COLLECTIONS:
        with pytest.raises(ModelError, match=f"{collection} cannot be read"):
            of_half(tmp_path, collection, Half.TO_JUDGE)
    assert command.main(["--out", str(tmp_path), "--recordings", str(tmp_path / "none")]) == 2


def test_no_patient_is_in_two_parts(folder: Path) -> None:
    plan = replace(TINY, patients=2, recordings=folder)
    found = gathered(plan)
    parts = {
        "train": set(found.training.patients.tolist()),
        "choose": set(found.choosing.patients.tolist()),
        "judge": {who for _, part in judged(plan) for who in part.patients.tolist()},
    }
    assert all(parts.values())
    assert not parts["train"] & parts["choose"]
    assert not (parts["train"] | parts["choose"]) & parts["judge"]
    recordings = {who for name in ("train", "choose") for who in parts[name] if "/0" not in who}
    named = {one.name for one in found.used}
    assert {who for who in recordings if not who.startswith(("patient/", "script/"))} <= named
    assert {one.role for one in found.used} == {"train, calibrate", "choose"}
    assert not any(one.name.startswith("mitdb/") for one in found.used)


def test_copies_show_the_same_heart_by_other_electrodes(folder: Path) -> None:
    few = simulated.patients(3, 1)
    other = material.varied(few, np.random.default_rng(1))
    assert np.array_equal(other.labels, few.labels)
    assert not np.isclose(other.windows, few.windows).all(axis=1).any()


def test_both_models_are_made_again_from_one_seed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A few patients and one epoch: the way is tried, not how good the model becomes."""
    plan = replace(TINY, recordings=folder)
    assert command.make(plan, tmp_path / "first") == 0
    assert "accuracy, held-out mitdb" in capsys.readouterr().out
    assert command.make(plan, tmp_path / "again") == 0
    files = sorted(one.name for one in (tmp_path / "first").iterdir())
    assert files == [
        "rhythm_reference.json", "rhythm_reference.onnx",
        "rhythm_teacher.json", "rhythm_teacher.onnx",
    ]  # fmt: skip
    for name in files:
        first, again = (tmp_path / one / name for one in ("first", "again"))
        assert first.read_bytes() == again.read_bytes(), name
    told: dict[str, Any] = {}
    for name in ("rhythm_teacher", "rhythm_reference"):
        data = (tmp_path / "first" / f"{name}.json").read_bytes()
        told[name] = json.loads(data)
        engine = OnnxEngine((tmp_path / "first" / f"{name}.onnx").read_bytes(), parse_card(data))
        assert sum(engine.probabilities(MINUTE.samples_mv[:1250])) == pytest.approx(1, abs=1e-5)
    student, teacher = told["rhythm_reference"], told["rhythm_teacher"]
    assert student["reference"] == {"name": teacher["name"], "sha256": teacher["sha256"]}
    assert {one["name"] for one in student["made"]["recordings"]} >= {"vfdb/a", "vfdb/c"}
    assert {one["subgroup"] for one in student["metrics"]} >= {"held-out vfdb", "held-out mitdb"}
    assert all(one["low"] <= one["value"] <= one["high"] for one in student["metrics"])
