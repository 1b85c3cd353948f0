"""Beats of recordings: whom a model knows is left out, and a defect shows on the others.

The recordings are simulated patients in the form of a collection, so that nobody's data is needed.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from suites.accuracy.hearts import RATE_HZ, heart
from suites.accuracy.leads import Lead

from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.measure.scoring.beats import AamiClass
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS

from .twin_lab import failed_measurements, judge

wfdb = pytest.importorskip("wfdb", reason="the extra `recordings` is not installed")
pytestmark = pytest.mark.slow

KNOWN, STRANGERS = ("s0",), ("s1", "s2")
DEFECTS = {"beats_off_by_one": "beats_told_otherwise", "beats_without_s": "loss_of_S"}
SECONDS = 400
"""Five minutes are left out."""
SYMBOL = {AamiClass.NORMAL: "N", AamiClass.SUPRAVENTRICULAR: "A", AamiClass.VENTRICULAR: "V"}


def write(folder: Path, name: str) -> None:
    """One recording of a patient who has the same course again and again."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    lead = heart(seed)
    samples = np.tile(lead.samples, 1 + SECONDS * RATE_HZ // len(lead.samples))
    end = SECONDS * RATE_HZ
    marks = [one for one in beats(lead) if one[0] < end]
    wfdb.wrsamp(
        name, fs=RATE_HZ, units=["mV"], sig_name=["MLII"], write_dir=str(folder), fmt=["16"],
        p_signal=samples[:end, None].astype(np.float64),
    )  # fmt: skip
    wfdb.wrann(
        name, "atr", np.array([at for at, _ in marks]), [symbol for _, symbol in marks],
        write_dir=str(folder),
    )  # fmt: skip


def beats(lead: Lead) -> Iterator[tuple[int, str]]:
    """The marks of all its courses."""
    for first in range(0, SECONDS * RATE_HZ, len(lead.samples)):
        for at, kind in zip(lead.beats.samples, lead.beats.classes, strict=True):
            yield first + at, SYMBOL[kind]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one collection, in which a model of beats knows one patient."""
    root = tmp_path_factory.mktemp("recordings")
    (root / "mitdb").mkdir()
    for name in (*KNOWN, *STRANGERS):
        write(root / "mitdb", name)
    return root


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Units whose card of the released model names the patient who is known."""
    folder = tmp_path_factory.mktemp("bench")
    released = SHIPPED_MODELS[Role.BEATS]
    card = json.loads(released.with_suffix(".json").read_text())
    card["made"]["recordings"] += [{"name": f"mitdb/{one}", "role": "train"} for one in KNOWN]
    shutil.copy(released, folder / "beats.onnx")
    (folder / "beats.json").write_text(json.dumps(card))
    device = Path(__file__).parent / "devices/device_accuracy.py"
    commands = {name: [sys.executable, str(device), name] for name in DEFECTS}
    commands["sound"] = [sys.executable, "-P", "-m", "edgeward.device"]
    path = folder / "bench.toml"
    path.write_text(
        "".join(
            f'[unit.{name}]\ndriver = "process"\ncommand = {json.dumps(command)}\n'
            f'fixtures = ["simulated-clock"]\n[unit.{name}.models]\nbeats = "beats.onnx"\n'
            f'beats_reference = "{SHIPPED_MODELS[Role.BEATS_REFERENCE]}"\n'
            for name, command in commands.items()
        )
    )
    return path


def notes(tmp_path: Path) -> str:
    taken = [one for record in open_bundle(tmp_path / "out").records for one in record.measurements]
    return "\n".join(f"{one.name}: {one.note}" for one in taken)


def test_a_sound_device_loses_nothing_on_strangers(
    tmp_path: Path, bench: Path, recordings: Path
) -> None:
    _, assessment, output = judge(
        tmp_path, "sound", "recorded_beats", suite="accuracy", bench=bench, recordings=recordings
    )
    assert assessment.requirements["REQ-ACC-043"].standing is Standing.VERIFIED, output
    told = notes(tmp_path)
    assert told.count("of 2 patients") == 6
    assert told.count("1 recordings left out as known; N: Se ") == 3


@pytest.mark.parametrize(("unit", "seen_by"), DEFECTS.items())
def test_a_defect_is_found_on_strangers(
    tmp_path: Path, bench: Path, recordings: Path, unit: str, seen_by: str
) -> None:
    _, assessment, output = judge(
        tmp_path, unit, "recorded_beats", suite="accuracy", bench=bench, recordings=recordings
    )
    assert assessment.requirements["REQ-ACC-043"].standing is Standing.FAILED, output
    assert seen_by in failed_measurements(tmp_path), output


def test_with_nobody_but_those_whom_a_model_knows_the_case_does_not_apply(
    tmp_path: Path, bench: Path, recordings: Path
) -> None:
    alone = known_alone(tmp_path, recordings)
    _, assessment, output = judge(
        tmp_path, "sound", "recorded_beats", suite="accuracy", bench=bench, recordings=alone
    )
    found = assessment.requirements["REQ-ACC-043"]
    assert found.standing is Standing.NOT_APPLICABLE, output
    assert "Each recording of mitdb taught the beat model; bring recordings of others." in output


def test_a_bench_that_claims_strangers_and_has_none_is_not_judged(
    tmp_path: Path, bench: Path, recordings: Path
) -> None:
    """A fixture claimed by hand is no proof: the case finds nobody by itself."""
    claiming = bench.with_name("claiming.toml")
    claiming.write_text(
        bench.read_text().replace(
            '["simulated-clock"]', '["simulated-clock", "beat-strangers-mitdb"]'
        )
    )
    _, assessment, output = judge(
        tmp_path, "sound", "recorded_beats", suite="accuracy", bench=claiming,
        recordings=known_alone(tmp_path, recordings),
    )  # fmt: skip
    assert assessment.requirements["REQ-ACC-043"].standing is Standing.CANNOT_JUDGE, output
    assert "each recording of mitdb taught one of the models of beats" in output


def known_alone(tmp_path: Path, recordings: Path) -> Path:
    """A folder with nobody in it but those whom a model knows."""
    alone = tmp_path / "alone" / "mitdb"
    alone.mkdir(parents=True)
    for name in KNOWN:
        for part in (recordings / "mitdb").glob(f"{name}.*"):
            (alone / part.name).symlink_to(part)
    return alone.parent
