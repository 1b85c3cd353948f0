"""Recordings read where they lie: what is told of them is what is in the files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.signal.channel import Signal
from edgeward_harness.errors import InputError
from edgeward_harness.measure.scoring.beats import AamiClass
from edgeward_harness.rig.recordings.excerpt import excerpt
from edgeward_harness.rig.recordings.library import open_library
from edgeward_harness.rig.recordings.manifest import Manifest, load_manifest
from edgeward_harness.rig.recordings.recording import BedsideAlarm, Stretch
from edgeward_harness.rig.recordings.wfdb_folder import about_of, wfdb_package


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with one record of 10 s, written by the package that reads it."""
    folder, wfdb = tmp_path / "some", wfdb_package()
    folder.mkdir()
    time_s = np.arange(2500) / 250
    signals = np.stack([np.sin(time_s), 80 + 20 * np.sin(time_s), np.cos(time_s)], axis=1)
    wfdb.wrsamp(
        "r1", fs=250, units=["mV", "mmHg", "furlong"], sig_name=["MLII", "ABP", "WALK"],
        p_signal=signals, fmt=["16"] * 3, write_dir=str(folder),
    )  # fmt: skip
    wfdb.wrann(
        "r1", "atr", np.array([10, 200, 400, 600, 900]), symbol=["+", "N", "V", "[", "]"],
        aux_note=["(N", "", "", "", ""], write_dir=str(folder),
    )  # fmt: skip
    return tmp_path


def test_a_record_is_read_with_what_people_marked_in_it(written: Path) -> None:
    (found,) = open_library(written).read("some")
    assert (found.name, found.patient) == ("r1", "some/r1")
    kinds = [(wave.name, wave.signal, wave.unit) for wave in found.waves]
    assert kinds == [("MLII", Signal.ECG, "mV"), ("ABP", Signal.PRESSURE, "mmHg")]
    assert [*found.beats.samples] == [200, 400]
    assert [*found.beats.classes] == [AamiClass.NORMAL, AamiClass.VENTRICULAR]
    assert found.unmarked == ((600, 900),)
    assert found.rhythms == (Stretch("N", 10, 2500),)
    ecg = found.wave(Signal.ECG)
    assert ecg is not None
    assert ecg.seconds == 10
    assert float(ecg.samples[100]) == pytest.approx(np.sin(0.4), abs=1e-3)
    assert found.files.keys() == {"some/r1.hea", "some/r1.dat", "some/r1.atr"}


def test_a_record_whose_marks_name_no_rhythm_has_none(written: Path) -> None:
    wfdb_package().wrann(
        "r1", "atr", np.array([200, 400]), symbol=["N", "V"], write_dir=str(written / "some")
    )
    (found,) = open_library(written).read("some")
    assert found.rhythms == ()
    assert [*found.beats.samples] == [200, 400]


def test_a_file_that_is_not_what_the_manifest_says_is_refused(written: Path) -> None:
    data = (written / "some" / "r1.dat").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    good = open_library(written, Manifest({"some/r1.dat": digest}, "manifest.toml"))
    (found,) = good.read("some")
    assert found.files["some/r1.dat"] == digest
    (written / "some" / "r1.dat").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(InputError, match=f"found the digest [0-9a-f]+, expected {digest}"):
        list(good.read("some"))


def test_a_manifest_tells_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text('[files]\n"a" = "12"\n"b" = 3\n')
    with pytest.raises(InputError) as caught:
        load_manifest(path)
    assert "'a'" in str(caught.value)
    assert "'b'" in str(caught.value)
    path.write_text("files = 1\n")
    with pytest.raises(InputError, match="expected a table of digests by path"):
        load_manifest(path)
    path.write_text('[files]\n"a" = "' + "0" * 64 + '"\n')
    assert load_manifest(path).digests == {"a": "0" * 64}


def test_challenge_alarms_are_read_in_their_units(tmp_path: Path) -> None:
    folder = tmp_path / "alarms"
    folder.mkdir()
    stored = np.array([[500, -(1 << 15)], [50, 100]], np.int16)
    np.savez(folder / "Asystole_30s.npz", a1=stored)
    entry = {"record": "a1", "alarm": "Asystole", "true": 1, "channels": ["II", "PLETH"],
             "gain": ["1000/mV", "50/NU"]}  # fmt: skip
    (folder / "INDEX.json").write_text(json.dumps([entry]))
    (found,) = open_library(tmp_path).read("alarms")
    assert found.alarm == BedsideAlarm("Asystole", true=True)
    ecg, pulse = found.waves
    assert (ecg.signal, pulse.signal) == (Signal.ECG, Signal.PPG)
    assert ecg.samples[0] == pytest.approx(0.5)
    assert np.isnan(ecg.samples[1])
    assert [*pulse.samples] == [1.0, 2.0]
    (folder / "INDEX.json").write_text(json.dumps([{**entry, "record": "a2"}]))
    with pytest.raises(InputError, match="a2: not there as the index says"):
        list(open_library(tmp_path).read("alarms"))


def test_what_is_no_library_is_refused(tmp_path: Path, written: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        open_library(tmp_path / "nowhere")
    (tmp_path / "empty" / "folder").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no collection"):
        open_library(tmp_path / "empty")
    with pytest.raises(InputError, match="found no 'other'; there are some"):
        open_library(written).read("other")
    (written / "some" / "r1.dat").write_bytes(b"12")
    with pytest.raises(InputError, match="is no readable WFDB record"):
        list(open_library(written).read("some"))


@pytest.mark.slow
def test_the_recordings_at_hand_are_read_whole() -> None:
    root = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not root.is_dir():
        pytest.skip(f"no recordings at {root}")
    library = open_library(root)
    assert {"mitdb", "vfdb", "cinc2015", "bidmc", "aami_ec13"} <= library.readers.keys()
    record = next(library.read("mitdb"))
    assert record.beats.samples
    assert record.waves[0].rate_hz == 360
    alarms = list(library.read("cinc2015"))
    assert {one.alarm.kind for one in alarms if one.alarm} >= {"Asystole", "Tachycardia"}
    assert all(wave.seconds == 30 for one in alarms for wave in one.waves)
    monitored = next(library.read("bidmc"))
    assert len(monitored.breaths) == 2
    assert {"HR", "SpO2"} <= monitored.numbers.keys()
    assert [one.name for one in library.read("aami_ec13")] == ["aami3a", "aami3b"]


def test_a_breath_that_an_annotator_did_not_mark_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "bidmc"
    folder.mkdir()
    named: dict[str, Any] = {"01_RESP": np.zeros(250, np.float32)}
    np.savez(folder / "signals_125hz.npz", **named)
    (folder / "bidmc_01_Breaths.csv").write_text("ann1, ann2\n10,12\nNaN,130\n200,\n")
    (folder / "bidmc_01_Numerics.csv").write_text("Time [s], HR, SpO2\n0,94,\n1,NaN,97\n")
    (found,) = open_library(tmp_path).read("bidmc")
    assert found.breaths == ((10, 200), (12, 130))
    assert found.numbers["HR"][0] == 94
    assert np.isnan([found.numbers["HR"][1], found.numbers["SpO2"][0]]).all()


@pytest.mark.parametrize(
    ("comment", "about"),
    [
        ("75 F 1011 654 x1", {"sex": "F", "age": "65 to 79"}),
        ("43 m", {"sex": "M", "age": "18 to 44"}),
        ("89 M", {"sex": "M", "age": "80 and more"}),
        ("-1 M 1953 2851 x1", {"sex": "M"}),
        ("Produced by xform", {}),
    ],
)
def test_a_header_may_say_whose_recording_it_is(comment: str, about: dict[str, str]) -> None:
    assert about_of([comment, "Digoxin"]) == about
    assert about_of([]) == {}


def bidmc(folder: Path, *numbers: str) -> None:
    """A collection of patients of intensive care, each with a pulse wave of her own."""
    folder.mkdir(parents=True)
    waves: dict[str, Any] = {f"{one}_PLETH": np.full(250, float(one)) for one in numbers}
    np.savez(folder / "signals_125hz.npz", **waves)
    for one in numbers:
        (folder / f"bidmc_{one}_Breaths.csv").write_text("breaths ann1,breaths ann2\n1,2\n")
        (folder / f"bidmc_{one}_Numerics.csv").write_text("Time [s],HR,SpO2\n0,80,97\n")


def test_an_excerpt_of_an_archive_has_the_patients_that_are_named_as_they_were(
    tmp_path: Path,
) -> None:
    bidmc(tmp_path / "all" / "bidmc", "01", "03", "05")
    (tmp_path / "some").mkdir()
    excerpt(tmp_path / "all" / "bidmc", ("03", "05"), tmp_path / "some" / "bidmc")
    whole = {one.name: one for one in open_library(tmp_path / "all").read("bidmc")}
    some = list(open_library(tmp_path / "some").read("bidmc"))
    assert [one.name for one in some] == ["bidmc03", "bidmc05"]
    for one in some:
        assert one.numbers == whole[one.name].numbers
        (wave,), (same,) = one.waves, whole[one.name].waves
        assert wave.samples.tolist() == same.samples.tolist()


def test_an_excerpt_of_an_index_has_its_entries_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "all" / "cinc2015"
    folder.mkdir(parents=True)
    stored = np.array([[100, 200]], dtype=np.int16)
    np.savez(folder / "Asystole_30s.npz", a1=stored, a2=2 * stored, a3=3 * stored)
    np.savez(folder / "Tachycardia_30s.npz", t1=stored)
    entries = [
        {"record": name, "alarm": alarm, "true": 1, "channels": ["II"], "gain": ["100/mV"]}
        for name, alarm in (("a3", "Asystole"), ("t1", "Tachycardia"), ("a1", "Asystole"))
    ]
    (folder / "INDEX.json").write_text(json.dumps(entries))
    (tmp_path / "some").mkdir()
    excerpt(folder, ("a1", "a3"), tmp_path / "some" / "cinc2015")
    some = list(open_library(tmp_path / "some").read("cinc2015"))
    assert [(one.name, one.waves[0].samples.tolist()) for one in some] == [
        ("a3", [3.0, 6.0]), ("a1", [1.0, 2.0]),
    ]  # fmt: skip
    assert not (tmp_path / "some" / "cinc2015" / "Tachycardia_30s.npz").exists()
