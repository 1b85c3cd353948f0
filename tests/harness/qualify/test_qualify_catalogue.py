"""The catalogue is complete: each requirement has a defect, each unit and each promise a place."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.profile.unit import load_units
from edgeward_harness.qualify.bench import lay_out, moved_profile, moved_together, some_recordings
from edgeward_harness.qualify.campaign import plan
from edgeward_harness.qualify.catalogue import BENCH, FOLDER, Catalogue, load_catalogue
from edgeward_harness.qualify.defect import Kind
from edgeward_harness.qualify.limits import promises
from edgeward_harness.qualify.trial import marked_tests
from edgeward_harness.qualify.wire import SAID
from edgeward_harness.target.results import RESULTS

SPECIAL = {
    "sound", "sound_of_patients", "keeps_its_word", "short_hops", "tells_later_kinds",
    "stalls_its_host", "reference_design", "reference_design_mended", "forgets_by_telling",
    "stops_slowly",
}  # fmt: skip
"""Units without a defect, the whole of the reference design, and what `agent-check` finds."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_each_requirement_has_a_defect_or_an_argument(catalogue: Catalogue) -> None:
    assert catalogue.uncovered() == []


def test_each_case_has_a_defect(catalogue: Catalogue) -> None:
    """A control is no defect: it shows that a case can hold, not that it can fall."""
    seen = {case for one in catalogue.defects if one.kind is not Kind.CONTROL for case in one.cases}
    assert sorted(catalogue.trace.cases.keys() - seen) == []


def test_each_unit_of_the_bench_is_in_the_catalogue(catalogue: Catalogue) -> None:
    units = tomllib.loads((catalogue.folder / BENCH).read_text(encoding="utf-8"))["unit"]
    assert units.keys() - {one.unit for one in catalogue.defects} == SPECIAL


def test_each_promise_of_a_profile_is_moved_or_argued(catalogue: Catalogue) -> None:
    moved = {one.id.partition(":")[2] for one in catalogue.defects if one.kind is Kind.LIMIT}
    argued = {one.what for one in catalogue.argued}
    assert promises().keys() - moved - argued == set()
    assert not moved & argued


def test_each_suite_has_a_control_and_each_operator_a_use(catalogue: Catalogue) -> None:
    suites = {one.suite for one in catalogue.trace.cases.values()}
    controls = {one.suite for one in catalogue.defects if one.kind is Kind.CONTROL}
    assert controls == suites
    used = {one.id.split(":")[1] for one in catalogue.defects if one.kind is Kind.WIRE}
    assert used <= SAID.keys()
    assert {"freeze", "drop", "repeat", "skip", "shift", "negate", "halve"} <= used


def test_each_answer_of_the_protocol_is_altered_or_argued(catalogue: Catalogue) -> None:
    wires = [one.id.split(":", 2)[2] for one in catalogue.defects if one.kind is Kind.WIRE]
    places = [*wires, *(one.what.partition(" ")[2] for one in catalogue.argued)]
    left = [
        method
        for method in RESULTS
        if not any(re.match(rf"{re.escape(method)}([.:]|$)", place) for place in places)
    ]
    assert left == []


def test_each_case_has_its_test(catalogue: Catalogue) -> None:
    tests = marked_tests(resources.suites())
    assert catalogue.trace.cases.keys() <= tests.keys()
    assert tests["TC-LAT-001"] == "latency/test_window_to_result.py::test_median"


@pytest.mark.slow
def test_every_bench_can_be_laid_out_and_every_profile_moved(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """But those that are made of models: those take a while."""
    from edgeward.profile import load_profile

    for number, run in enumerate(plan(catalogue.defects).together):
        first, folder = run[0], tmp_path / str(number)
        folder.mkdir()
        if not first.make:
            units = load_units(lay_out(first, catalogue.folder, folder))
            assert first.unit in units
        name = moved_profile(first.profile, moved_together(run), folder)
        if first.limits:
            profile = load_profile(name, [folder, resources.device_profiles()]).profile
            assert profile.name == name


def test_promises_that_other_cases_judge_are_moved_together(catalogue: Catalogue) -> None:
    limits = [one for one in catalogue.defects if one.kind is Kind.LIMIT]
    runs = [run for run in plan(limits).together if run[0].suite == "latency"]
    assert [len(run) for run in runs] == [3]
    assert moved_together(runs[0])["budget.latency.window_to_result.max_ms"] == 0.001


def test_defects_of_one_unit_share_a_run(catalogue: Catalogue) -> None:
    runs = [run for run in plan(catalogue.defects).together if run[0].unit == "storms"]
    assert len(runs) == 1
    assert len(runs[0]) > 1
    timed = plan(catalogue.defects).alone
    assert all(one.alone for run in timed for one in run)


def test_of_collections_that_are_named_only_some_recordings_are_taken(tmp_path: Path) -> None:
    for name in ("mitdb/203.dat", "mitdb/208.dat", "mitdb/100.dat", "other/1.dat"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_bytes(b"x")
    few = some_recordings(tmp_path / "all", {"mitdb": ("203", "208")}, tmp_path)
    assert sorted(path.relative_to(few).as_posix() for path in few.rglob("*.dat")) == [
        "mitdb/203.dat", "mitdb/208.dat",
    ]  # fmt: skip
    assert (few / "other" / "1.dat").read_bytes() == b"x"


DEFECT = '[[defect]]\nid = "x"\nwords = "y"\n'
MOVED = '[[limit]]\npath = "budget.nothing"\nto = "least"\ncases = ["TC-LAT-001"]\n'


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("latency.toml", '[[defect]]\nid = "x"\n', "words: missing"),
        ("latency.toml", DEFECT + 'unit = "sound"\ncases = ["TC-ALM-001"]\n',
         "found TC-ALM-001, accepted: cases of latency"),
        ("latency.toml", DEFECT + 'unit = "nobody"\ncases = ["TC-LAT-001"]\n',
         "found the unit 'nobody'"),
        ("latency.toml", "[[fault]]\n", "accepted: [[defect]] only"),
        ("limits.toml", MOVED, "no promise of a profile"),
        ("limits.toml", '[[limit]]\npath = "budget.memory_mb"\n', "accepted: one of the two"),
        ("wire.toml", '[[wire]]\noperator = "twist"\nat = "infer.label"\ncases = ["TC-ACC-001"]\n',
         "found 'twist', accepted: negate"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    folder = Path(shutil.copytree(resources.seeded(), tmp_path / "seeded"))
    (folder / FOLDER / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_catalogue(folder)
    assert said in str(caught.value)


def test_a_wire_alters_what_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(resources.seeded())
    from device_wire import Wire

    wire = Wire("halve", "resources.rss_bytes.value")
    assert wire.request({"id": 1, "method": "resources"})
    answer = {"id": 1, "result": {"rss_bytes": {"value": 10, "provenance": "measured"}}}
    wire.answer(answer)
    assert answer["result"] == {"rss_bytes": {"value": 5, "provenance": "measured"}}
    wire = Wire("drop", "events:result")
    events = [{"cursor": n, "kind": "result" if n % 2 else "vital"} for n in range(1, 9)]
    assert wire.request({"id": 2, "method": "events"})
    told = {"id": 2, "result": {"events": events}}
    wire.answer(told)
    assert [one["cursor"] for one in told["result"]["events"]] == [1, 2, 3, 4, 6, 7, 8]  # type: ignore[index]
    assert not Wire("skip", "alarm.reset").request({"id": 3, "method": "alarm.reset"})
    sys.modules.pop("device_wire")
