"""A model is told by the digest of its bytes, in whichever form it comes."""

import json
from pathlib import Path
from typing import Any

import pytest

from edgeward.canonical import sha256_hex
from edgeward.model.package.archive import pack
from edgeward.model.package.layout import CARD, MODEL, NAMES
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.model import Trouble
from edgeward_harness.inventory.models import models_in, take_model

WEIGHTS = b"weights"
TAKEN = {"signal": "ecg", "unit": "mV", "rate_hz": 250, "window_samples": 9, "hop_samples": 3}
SAID: dict[str, Any] = {
    "name": "rhythm",
    "version": "3",
    "sha256": sha256_hex(WEIGHTS),
    "labels": ["sinus"],
    "input": TAKEN,
}


def beside(folder: Path, said: dict[str, Any]) -> Path:
    (folder / "rhythm.json").write_text(json.dumps(said))
    (folder / "rhythm.onnx").write_bytes(WEIGHTS)
    return folder / "rhythm.json"


def as_folder(folder: Path, said: dict[str, Any]) -> Path:
    (folder / CARD).write_text(json.dumps(said))
    (folder / MODEL).write_bytes(WEIGHTS)
    return folder


def as_file(folder: Path, said: dict[str, Any]) -> Path:
    files = dict.fromkeys(NAMES, b"") | {CARD: json.dumps(said).encode(), MODEL: WEIGHTS}
    (folder / "rhythm.edgemodel").write_bytes(pack(files))
    return folder / "rhythm.edgemodel"


FORMS = [beside, as_folder, as_file]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_model(tmp_path: Path, form: Any) -> None:
    found = take_model(form(tmp_path, SAID))
    assert (found.model.title, found.model.sha256) == ("rhythm 3", sha256_hex(WEIGHTS))
    assert found.findings == ()


@pytest.mark.parametrize("form", FORMS)
def test_a_card_of_another_model_is_found_and_the_bytes_count(tmp_path: Path, form: Any) -> None:
    found = take_model(form(tmp_path, {**SAID, "sha256": "0" * 64}))
    assert [one.trouble for one in found.findings] == [Trouble.CHANGED]
    assert found.model.sha256 == sha256_hex(WEIGHTS)


def test_only_a_card_with_a_model_beside_it_is_one_of_a_package(tmp_path: Path) -> None:
    beside(tmp_path, SAID)
    (tmp_path / "settings.json").write_text("{}")
    assert [one.model.name for one in models_in(tmp_path)] == ["rhythm"]


@pytest.mark.parametrize("name", ["rhythm.onnx", "alone.json", "broken.edgemodel", "empty", "none"])
def test_what_is_no_model_is_refused(tmp_path: Path, name: str) -> None:
    beside(tmp_path, SAID)
    (tmp_path / "alone.json").write_text("{}")
    (tmp_path / "broken.edgemodel").write_bytes(b"PK")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        take_model(tmp_path / name)


def test_a_card_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        take_model(beside(tmp_path, {"name": "rhythm"}))
