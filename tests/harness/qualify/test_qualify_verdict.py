"""What a bundle says of a seeded defect: caught for its own reason, or not caught."""

import pytest
from evidence_lab import CASE, REQ, bundle, case, check, item, latency, manifest, record

from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.qualify.defect import Defect, Kind
from edgeward_harness.qualify.verdict import Outcome, judge


def seeded(**changes: object) -> Defect:
    plain: dict[str, object] = {"id": "late", "words": "Late.", "suite": "latency", "unit": "late"}
    return Defect(**{**plain, "cases": (CASE,), **changes})  # type: ignore[arg-type]


RED = latency(60.0, verdict="failed")
CAUGHT = bundle(manifest(), record(CASE, "failed", RED))
PASSED = bundle(manifest(), record())
UNSURE = bundle(manifest(), record(CASE, "cannot_judge", latency(60.0, verdict="cannot_judge")))
ERROR = bundle(manifest(), record(CASE, "error", reason="ours"))
BEYOND = bundle(manifest(items=[item(CASE, inapplicable="no meter here")]))


@pytest.mark.parametrize(
    ("of", "changes", "outcome"),
    [
        (CAUGHT, {}, Outcome.CAUGHT),
        (CAUGHT, {"measurements": ("latency",), "only": True}, Outcome.CAUGHT),
        (CAUGHT, {"measurements": ("another",)}, Outcome.ASTRAY),
        (CAUGHT, {"measurements": (), "only": True}, Outcome.ASTRAY),
        (CAUGHT, {"measurements": ("latency",), "finding": "nobody says this"}, Outcome.ASTRAY),
        (CAUGHT, {"kind": Kind.CONTROL}, Outcome.ACCUSED),
        (PASSED, {}, Outcome.SURVIVED),
        (PASSED, {"kind": Kind.CONTROL}, Outcome.HELD),
        (UNSURE, {}, Outcome.UNDECIDED),
        (ERROR, {}, Outcome.ERROR),
        (BEYOND, {}, Outcome.OUT_OF_REACH),
        (bundle(manifest()), {}, Outcome.ERROR),
    ],
)
def test_each_end_has_its_outcome(of: Bundle, changes: dict[str, object], outcome: Outcome) -> None:
    told = judge(seeded(**changes), of)
    assert told.outcome is outcome, told.reason


def test_a_case_that_fell_beside_another_that_holds_is_no_catch() -> None:
    """Each case that the catalogue names must fall."""
    other = "TC-LAT-002"
    planned = {CASE: case(REQ), other: case("REQ-LAT-002", name=other)}
    of = bundle(manifest(planned), record(CASE, "failed", RED), record(other))
    assert judge(seeded(cases=(CASE, other)), of).outcome is Outcome.SURVIVED
    assert judge(seeded(), of).outcome is Outcome.CAUGHT


def test_what_is_out_of_reach_accuses_no_sound_device() -> None:
    other = "TC-LAT-002"
    planned = {CASE: case(REQ), other: case("REQ-LAT-002", name=other)}
    items = [item(CASE), item(other, inapplicable="no meter here")]
    of = bundle(manifest(planned, items), record())
    assert judge(seeded(cases=(CASE, other), kind=Kind.CONTROL), of).outcome is Outcome.HELD


def test_a_failed_check_counts_as_a_failed_measurement() -> None:
    of = bundle(manifest(), record(CASE, "failed", check(holds=False)))
    assert judge(seeded(measurements=("check",), only=True), of).outcome is Outcome.CAUGHT
