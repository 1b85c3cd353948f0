"""`edgeward compress` from a user's function and file to a package that a device could take."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from small_torch import parts

from edgeward.adapters.file_tree import SystemTree
from edgeward.canonical import sha256_hex
from edgeward.device.cli import main
from edgeward.limits import DEFAULT
from edgeward.model.package.dossier import parse_dossier
from edgeward.model.package.golden import parse_golden
from edgeward.model.package.reading import read_folder, sign_folder
from edgeward.model.package.verify import faults_of
from edgeward_harness.resources import device_profiles

START = "import sys; from edgeward.device.cli import main; sys.exit(main())"
NETWORK = """
from torch import nn

def make(width=8):
    return nn.Sequential(
        nn.Unflatten(1, (1, 250)), nn.Conv1d(1, width, 7, 2, 3), nn.BatchNorm1d(width), nn.ReLU(),
        nn.Conv1d(width, 2 * width, 5, 2, 2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
        nn.Linear(2 * width, 4),
    )

make.choices = {"width": (4, 8)}

def nothing():
    return None
"""
TASK = """
name = "rhythms"
version = "1"
intended_use = "A test."
limits = ["Simulated patients only."]
notice = "Nobody to thank."
[input]
signal = "ecg"
unit = "mV"
rate_hz = 50
hop_samples = 50
[data]
name = "simulated patients"
licence = "Apache-2.0"
"""
PROFILE = """
extends = "wearable"
schema = 1
name = "lenient"
title = "A wearable that asks little of a model"

[accuracy]
floor = 0.5
retention_margin = 0.45
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user brings."""
    folder = tmp_path_factory.mktemp("desk")
    dealt = parts()
    pieces = (dealt.training, dealt.choosing, dealt.judging)
    np.savez(
        folder / "data.npz",
        windows=np.concatenate([one.windows for one in pieces]),
        labels=np.concatenate([one.labels for one in pieces]),
        patients=np.concatenate([one.patients for one in pieces]),
        names=np.array(dealt.judging.names),
    )
    (folder / "mine.py").write_text(NETWORK)
    (folder / "task.toml").write_text(TASK)
    profiles = folder / "profiles"
    profiles.mkdir()
    for name in ("base", "wearable"):
        text = (device_profiles() / f"{name}.toml").read_text()
        (profiles / f"{name}.toml").write_text(text)
    (profiles / "lenient.toml").write_text(PROFILE)
    return folder


def line_of(*options: str) -> list[str]:
    """The options of an order that is good, but for these."""
    usual = {
        "--model": "mine:make", "--data": "data.npz", "--task": "task.toml",
        "--profile": "lenient", "--profiles": "profiles", "--out": "out", "--epochs": "6",
    }  # fmt: skip
    given = dict(zip(options[::2], options[1::2], strict=True))
    return [text for pair in (usual | given).items() for text in pair]


def told(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command as a user starts it, in that folder."""
    return subprocess.run(
        [sys.executable, "-c", START, "compress", *line_of(*options)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=500,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("torch_pruning", reason="the extra `compress` is missing")
    return told(folder)


@pytest.mark.slow
def test_a_package_comes_of_it_that_lacks_only_signature_and_evidence(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    assert done.returncode == 0, done.stderr
    assert "taken: " in done.stdout
    report = json.loads((folder / "out/report.json").read_text())
    taken = next(one for one in report["results"] if one["name"] == report["taken"])
    assert taken["misses"] == []
    model = (folder / "out/package/model.onnx").read_bytes()
    assert taken["measured"]["size_bytes"] == len(model)
    signed = folder / "signed"
    shutil.copytree(folder / "out/package", signed)
    sign_folder(SystemTree(signed), generate_private_key(SECP256R1()))
    files = read_folder(SystemTree(signed))
    assert faults_of(files, None, None) == []
    card = json.loads(files["card.json"])
    assert card["evidence"] == []
    assert {one["role"] for one in card["data"]} == {"train, and calibration", "choosing", "test"}
    assert {one["label"] for one in card["metrics"]} == {None, *card["labels"]}
    alike, due = card["answers_alike"], taken["int8"]
    assert (alike["promise"], alike["tolerance"]) == (("whole", 0) if due else ("float", 1e-5))
    assert alike["max_difference"] <= alike["tolerance"]
    dossier, _ = parse_dossier(files["card.json"])
    assert dossier is not None
    assert dossier.kept is not None
    golden, _ = parse_golden(files["golden.bin"], DEFAULT)
    assert golden is not None
    assert golden.tolerance == alike["tolerance"]


@pytest.mark.slow
def test_the_card_says_how_far_the_model_is_from_the_float_one(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    """As the judged windows say it that lie beside it: by whoever asks both models again."""
    from edgeward.model.compress.graphs import run

    assert done.returncode == 0, done.stderr
    small, large = (
        (folder / f"out/{name}/model.onnx").read_bytes() for name in ("package", "reference")
    )
    card = json.loads((folder / "out/package/card.json").read_text())
    windows = np.load(folder / "out/judged.npz", allow_pickle=False)["windows"]
    answers, due = run(small, windows), run(large, windows)
    assert small != large
    assert card["reference"]["sha256"] == sha256_hex(large)
    (said,) = card["against_reference"]
    assert said["windows"] == len(windows)
    assert said["agreeing"] == int((answers.argmax(axis=1) == due.argmax(axis=1)).sum())
    assert said["max_difference"] == round(float(np.abs(answers - due).max()), 6)
    assert "against_reference" not in json.loads((folder / "out/reference/card.json").read_text())


@pytest.mark.slow
def test_what_it_is_judged_with_lies_beside_it(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    card, float_card = (
        json.loads((folder / f"out/{name}/card.json").read_text())
        for name in ("package", "reference")
    )
    assert float_card["arithmetic"] == "float32"
    assert float_card["sha256"] == sha256_hex((folder / "out/reference/model.onnx").read_bytes())
    judged = np.load(folder / "out/judged.npz", allow_pickle=False)
    strangers = set(judged["patients"].tolist())
    assert judged["names"].tolist() == card["labels"]
    for one in (card, float_card):
        roles = {patient["name"]: patient["role"] for patient in one["made"]["recordings"]}
        assert {name for name, role in roles.items() if role == "test"} == strangers


@pytest.mark.slow
def test_a_second_run_teaches_nothing_again_and_takes_nothing_that_is_not_good_enough(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    first = json.loads((folder / "out/report.json").read_text())
    refused = told(folder, "--profile", "wearable")
    assert refused.returncode == 1, refused.stderr
    assert "epoch" not in refused.stderr
    assert "taught before, taken from there" in refused.stderr
    later = json.loads((folder / "out/report.json").read_text())
    sizes, scores = (
        [[one["measured"][what] for one in report["results"]] for report in (first, later)]
        for what in ("size_bytes", "scores")
    )
    assert sizes[0] == sizes[1]
    assert scores[0] == scores[1]
    assert "no model keeps all that wearable asks of one:" in refused.stdout
    assert "accepted: 0.95" in refused.stdout
    assert list((folder / "out/package").iterdir()) == [], "an older package was left as if taken"


BAD = {
    ("--model", "mine"): "found 'mine'; accepted: MODULE:FUNCTION",
    ("--model", "mine:absent"): "has no attribute 'absent'",
    ("--model", "mine:nothing"): "the function made NoneType; accepted: a torch.nn.Module",
    ("--weights", "weights.pt"): "holds no weights of this network",
    ("--data", "absent.npz"): "cannot be read as examples",
    ("--task", "bad.toml"): "bad.toml.name: found 3",
}


@pytest.mark.slow
@pytest.mark.parametrize("options", BAD)
def test_a_bad_order_is_refused_before_anything_is_taught(
    folder: Path,
    options: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch_pruning", reason="the extra `compress` is missing")
    (folder / "weights.pt").write_bytes(b"nothing")
    (folder / "bad.toml").write_text("name = 3\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["compress", *line_of(*options)]) == 2
    told = capsys.readouterr().err
    assert BAD[options] in told
    assert "epoch" not in told
    assert "internal error" not in told


def test_the_command_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compress", "--help"]) == 0
    assert "MODULE:FUNCTION" in capsys.readouterr().out
