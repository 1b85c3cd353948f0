"""Whom no model of beats knows is found out by names, before a run; what has nobody says so."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from edgeward.profile import load_profile
from edgeward_harness.errors import InputError
from edgeward_harness.profile.applicability import Need, applies
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import BUILT_IN, SHIPPED_MODELS
from edgeward_harness.resources import device_profiles, suites
from edgeward_harness.rig.models import open_model, taught_by
from edgeward_harness.rig.recordings.library import open_library
from edgeward_harness.rig.strangers import stranger_fixtures
from edgeward_harness.run.plan import Request, settle
from edgeward_harness.trace.load import load_trace

KNOWN = sorted(taught_by(open_model(SHIPPED_MODELS[Role.BEATS])))
WEARABLE = load_profile("wearable", [device_profiles()]).profile
CASE = load_trace(suites()).cases["TC-ACC-043"]
SAID = "Each recording of mitdb taught the beat model; bring recordings of others."


def collection(root: Path, records: Iterable[str]) -> Path:
    """Records by name alone: nothing in them is read."""
    for name in records:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{name}.hea").touch()
    return root


def models(folder: Path, made: Any) -> Mapping[Role, Path]:
    """The shipped models of beats; the card of the released one says another thing."""
    shipped = SHIPPED_MODELS[Role.BEATS]
    card = {**json.loads(shipped.with_suffix(".json").read_text()), "made": made}
    shutil.copy(shipped, folder / "beats.onnx")
    (folder / "beats.json").write_text(json.dumps(card))
    return {**SHIPPED_MODELS, Role.BEATS: folder / "beats.onnx"}


def planned(recordings: Path) -> Any:
    """Whether the case applies to the reference device with these recordings."""
    unit = settle(Request("wearable", recordings=str(recordings))).unit
    need = Need(CASE.needs.capabilities, fixtures=CASE.needs.fixtures)
    return applies(need, WEARABLE, unit, None)


def test_recordings_of_those_who_taught_the_model_do_not_apply_and_it_is_said_why(
    tmp_path: Path,
) -> None:
    verdict = planned(collection(tmp_path, KNOWN))
    assert not verdict.applies
    assert verdict.reason == f"The bench of reference has no beat-strangers-mitdb. {SAID}"


def test_one_stranger_among_them_is_enough(tmp_path: Path) -> None:
    assert planned(collection(tmp_path, [*KNOWN, "mitdb/100"])).applies


def test_without_recordings_or_models_nobody_is_said_to_have_taught_one(tmp_path: Path) -> None:
    none = applies(Need(fixtures=CASE.needs.fixtures), WEARABLE, BUILT_IN["reference"], None)
    assert "no recordings-mitdb or beat-strangers-mitdb. Recordings are named" in none.reason
    assert SAID not in none.reason
    library = open_library(collection(tmp_path, ["mitdb/100"]))
    assert stranger_fixtures(library, {Role.BEATS: SHIPPED_MODELS[Role.BEATS]}) == ()


def test_a_second_recording_of_a_known_person_is_no_stranger(tmp_path: Path) -> None:
    library = open_library(collection(tmp_path, ["mitdb/202"]))
    assert "mitdb/201" in KNOWN
    assert stranger_fixtures(library, SHIPPED_MODELS) == ()
    made = {"recordings": [{"name": "mitdb/202", "role": "train"}]}
    told = taught_by(open_model(models(tmp_path, made)[Role.BEATS]))
    assert told == {"mitdb/201", "mitdb/202"}


def test_either_model_may_know_somebody_and_who_only_judged_taught_nothing(tmp_path: Path) -> None:
    library = open_library(collection(tmp_path, ["mitdb/100", "vfdb/418"]))
    taught = {"recordings": [{"name": "mitdb/100", "role": "train"}]}
    both = models(tmp_path, taught)
    assert stranger_fixtures(library, both) == ("beat-strangers-vfdb",)
    swapped = {
        **both,
        Role.BEATS: both[Role.BEATS_REFERENCE],
        Role.BEATS_REFERENCE: both[Role.BEATS],
    }
    assert stranger_fixtures(library, swapped) == ("beat-strangers-vfdb",)
    judged = models(tmp_path, {"recordings": [{"name": "mitdb/100", "role": "test"}]})
    assert "beat-strangers-mitdb" in stranger_fixtures(library, judged)


def test_where_names_do_not_tell_the_patients_the_case_finds_out(tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "INDEX.json").write_text("[]")
    library = open_library(tmp_path)
    assert library.patients("mitdb") is None
    assert stranger_fixtures(library, SHIPPED_MODELS) == ("beat-strangers-mitdb",)
    with pytest.raises(InputError, match="found no 'vfdb'; there are mitdb"):
        library.patients("vfdb")


@pytest.mark.parametrize(
    "made", [[], {"recordings": [{}]}, {"recordings": "101"}, {"simulated": {"train": {}}}]
)
def test_a_card_that_says_it_otherwise_is_refused_before_the_run(
    tmp_path: Path, made: object
) -> None:
    library = open_library(collection(tmp_path, ["mitdb/100"]))
    with pytest.raises(
        InputError, match=r"(?s)beats.onnx.*its card: made: .*accepted: recordings as"
    ):
        stranger_fixtures(library, models(tmp_path, made))
