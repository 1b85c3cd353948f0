"""The manifest: canonical, strict, every fault at once."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from evidence_lab import CASE, REQ, case, control, deviation, item, manifest

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.strict import encode


def full() -> Manifest:
    return manifest(
        {CASE: case(REQ), "TC-LAT-002": case(REQ, name="TC-LAT-002")},
        [CASE, item("TC-LAT-002[a]", inapplicable="needs a stream")],
        controls={"RC-001": control([CASE], ["TC-LAT-002"])},
        hazards={"HAZ-001": {"title": "late alarm", "severity": "serious"}},
        deviations=(deviation(REQ),),
    )


def test_why_an_item_does_not_apply_may_take_many_words() -> None:
    told = manifest(items=[CASE, item(f"{CASE}[a]", inapplicable="needs a fixture, " * 50)])
    assert Manifest.from_bytes(told.to_bytes()) == told


def test_a_manifest_reads_back_as_it_was_written() -> None:
    assert Manifest.from_bytes(full().to_bytes()) == full()


def test_what_is_not_canonical_is_refused_with_the_place() -> None:
    data = full().to_bytes()
    with pytest.raises(InputError, match="canonical form from byte 1 on"):
        Manifest.from_bytes(b"{ " + data[1:])
    pretty = json.dumps(json.loads(data), indent=1).encode()
    with pytest.raises(InputError, match="canonical form"):
        Manifest.from_bytes(pretty)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"nul",
        b"NaN",
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":1,"a":1}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 5000,
        b"[]",
        b"{}",
        b"null",
    ],
)
def test_hostile_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(InputError):
        Manifest.from_bytes(data)


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda m: m.update(schema="edgeward-manifest/2"), "manifest.schema"),
        (lambda m: m.update(run="xyz"), "32 lower-case hex"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m.pop("seed"), "manifest.seed: missing"),
        (lambda m: m.update(seed=-1), "manifest.seed"),
        (lambda m: m["started"].pop("utc"), "started.utc: missing"),
        (lambda m: m["tool"].pop("build_sha256"), "tool.build_sha256"),
        (lambda m: m["scope"].update(complete="yes"), "scope.complete"),
        (lambda m: m["profile"].update(sha256="00" * 32), "of `resolved`"),
        (lambda m: m["profile"]["resolved"].update(name="other"), "of `resolved`"),
        (lambda m: m["profile"].pop("name"), "profile.name: missing"),
        (lambda m: m["unit"].update(realization="real"), "unit.realization"),
        (lambda m: m["requirements"][REQ].pop("text"), f"requirements.{REQ}.text"),
        (lambda m: m["requirements"].update({"": m["requirements"][REQ]}), "requirements: found"),
        (lambda m: m["hazards"].update(H=1), "hazards.H"),
        (lambda m: m["cases"][CASE].pop("rationale"), f"cases.{CASE}.rationale: missing"),
        (lambda m: m["cases"][CASE].update(rationale=["a"]), f"cases.{CASE}.rationale: found"),
        (lambda m: m["cases"][CASE].update(rationale="x" * 10_001), "at most 10000 characters"),
        (lambda m: m["cases"][CASE].pop("stage"), f"cases.{CASE}.stage: missing"),
        (lambda m: m["cases"][CASE].pop("samples"), f"cases.{CASE}.samples: missing"),
        (lambda m: m["cases"][CASE].update(samples=True), "2^63-1 or null"),
        (lambda m: m["cases"][CASE].update(samples=-1), "2^63-1 or null"),
        (lambda m: m["cases"][CASE].update(goal="x"), f"cases.{CASE}.'goal': unknown"),
        (lambda m: m["cases"][CASE].pop("procedure"), f"cases.{CASE}.procedure: missing"),
        (lambda m: m["cases"][CASE].update(procedure="x" * 10_001), "at most 10000 characters"),
        (lambda m: m["cases"][CASE].update(code_sha256="0"), "64 lower-case hex digits or null"),
        (lambda m: m["controls"]["RC-001"].update(hazards=[1]), "RC-001.hazards"),
        (lambda m: m["items"].append(m["items"][0]), "listed twice"),
        (lambda m: m["items"][0].update(case="TC-NONE"), "one of `cases`"),
        (lambda m: m["items"][0].update(parameter="b"), "the case and its parameter"),
        (lambda m: m["items"][1].update(inapplicable=""), "1 to 10000 characters of text"),
        (lambda m: m["items"][1].update(inapplicable=None), "inapplicable: found None"),
        (lambda m: m["items"][0].update(applies=True), "'applies': unknown"),
        (lambda m: m["deviations"][0].update(expires="2026-02-30"), "expires"),
        (lambda m: m["deviations"][0].update(expires=None), "expires"),
        (lambda m: m["deviations"][0].update(requirements=[]), "no requirement and no case"),
        (lambda m: m["deviations"][0].update(reason=""), "why it was accepted"),
        (lambda m: m["deviations"].append(m["deviations"][0]), "DEV-001: listed twice"),
    ],
)
def test_each_rule_is_refused_once_and_named(change: Change, named: str) -> None:
    value = copy.deepcopy(full().to_json())
    change(value)
    with pytest.raises(InputError) as refused:
        Manifest.from_bytes(encode(value))
    assert any(named in fault for fault in refused.value.faults), refused.value.faults


def test_every_fault_of_a_manifest_is_told_at_once() -> None:
    value = full().to_json()
    value["unit"]["realization"] = "real"
    value["items"][0]["case"] = "TC-NONE"
    value["deviations"][0]["owner"] = ""
    with pytest.raises(InputError) as refused:
        Manifest.from_json(value)
    assert len(refused.value.faults) == 4  # the item neither has a case nor its name


def test_a_case_of_an_unknown_requirement_is_kept() -> None:
    assert Manifest.from_bytes(manifest(known=[]).to_bytes()).requirements == {}
