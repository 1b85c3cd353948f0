"""Models that the bench knows: read with their card, run here, their layers counted."""

import json
from pathlib import Path

import numpy as np
import pytest

from edgeward.adapters.host import package_file
from edgeward.profile import load_profile
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.profile.applicability import Need, applies
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import (
    BEAT_REFERENCE,
    BUILT_IN,
    FLOAT_REFERENCE,
    MODEL_HISTORY,
    load_units,
)
from edgeward_harness.resources import device_profiles
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import IN_FLOAT, IN_WHOLE_NUMBERS, open_model

SHIPPED = BUILT_IN["reference"].models


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(package_file("model/rhythm_reference.onnx"))
    path.with_suffix(".json").write_bytes(package_file("model/rhythm_reference.json"))
    return path


def test_a_model_is_run_as_it_is_on_a_device(model: Path) -> None:
    found = open_model(model)
    windows = np.random.default_rng(1).normal(0, 0.3, (300, found.card.input.window_samples))
    answers = found.probabilities(windows.astype(np.float32))
    assert answers.shape == (300, len(found.card.labels))
    assert answers.sum(1) == pytest.approx(1, abs=1e-4)


def test_the_released_model_runs_on_whole_numbers_and_its_reference_does_not() -> None:
    released, reference = (open_model(SHIPPED[one]) for one in (Role.RELEASED, Role.REFERENCE))
    assert released.arithmetic == "int8"
    assert sum(released.layers()[name] for name in IN_WHOLE_NUMBERS) >= 3
    assert not sum(released.layers()[name] for name in IN_FLOAT)
    assert sum(reference.layers()[name] for name in IN_FLOAT) >= 3
    assert released.card.labels == reference.card.labels


def test_a_card_may_lie_in_a_package(model: Path) -> None:
    model.with_suffix(".json").rename(model.with_name("card.json"))
    assert open_model(model).card.name == "rhythm-reference"


def test_bytes_that_are_not_those_of_the_card_are_refused(model: Path) -> None:
    card = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**card, "sha256": "0" * 64}))
    with pytest.raises(InputError, match=r"its bytes have SHA-256 [0-9a-f]{64}, model.json says 0"):
        open_model(model)


def test_a_model_without_a_card_is_refused(model: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"card.json"):
        open_model(model)


# on a bench


def _bench(tmp_path: Path, models: str) -> Path:
    path = tmp_path / "bench.toml"
    path.write_text(f'[unit.mine]\ndriver = "process"\ncommand = ["agent"]\nmodels = {models}\n')
    return path


def test_what_can_be_asked_of_a_model_follows_from_its_files(model: Path, tmp_path: Path) -> None:
    two = '{ released = "model.onnx", reference = "model.onnx" }'
    unit = load_units(_bench(tmp_path, two))["mine"]
    assert FLOAT_REFERENCE in unit.at_hand
    assert MODEL_HISTORY not in unit.at_hand
    four = two.replace(" }", ', last = "model.onnx", original = "model.onnx" }')
    assert MODEL_HISTORY in load_units(_bench(tmp_path, four))["mine"].at_hand
    one = load_units(_bench(tmp_path, '{ released = "model.onnx" }'))["mine"]
    assert FLOAT_REFERENCE not in one.at_hand
    assert one.models == {Role.RELEASED: model}
    assert BEAT_REFERENCE not in one.at_hand


def test_a_unit_without_models_of_beats_is_not_asked_and_told_how_to_name_them(
    model: Path, tmp_path: Path
) -> None:
    profile = load_profile("bedside_monitor", [device_profiles()]).profile
    unit = load_units(_bench(tmp_path, f'{{ beats = "{model.name}" }}'))["mine"]
    judged = applies(Need(fixtures=(BEAT_REFERENCE,)), profile, unit, None)
    assert not judged.applies
    assert "no beat-reference" in judged.reason
    assert "models.beats and models.beats_reference of the unit" in judged.reason
    assert applies(Need(fixtures=(BEAT_REFERENCE,)), profile, BUILT_IN["reference"], None).applies


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ('{ newest = "model.onnx" }', "a table of paths under released, reference, last, original"),
        ('{ released = "none.onnx" }', r"unit.mine.models.released: found no file .none.onnx"),
        ('"model.onnx"', "a table of paths"),
        ("{ released = 7 }", "look at released"),
    ],
)
def test_files_that_cannot_be_meant_are_told(tmp_path: Path, models: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_units(_bench(tmp_path, models))


def test_a_case_that_asks_for_what_is_not_there_is_our_fault() -> None:
    profile = load_profile("bedside_monitor", [device_profiles()]).profile
    rig = Rig(profile, BUILT_IN["reference"], run_seed=1, sample_sizes={})
    assert rig.model(Role.RELEASED).card.name == "rhythm-reference"
    with pytest.raises(HarnessError, match="names no model as last"):
        rig.model(Role.LAST)
