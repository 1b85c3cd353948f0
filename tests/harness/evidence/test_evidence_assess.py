"""What records prove: nothing but a pass folds into verified."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from evidence_lab import (
    CASE,
    DEVICE,
    REQ,
    bundle,
    case,
    check,
    item,
    latency,
    manifest,
    record,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward_harness.evidence.assess import Assessment, assess
from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.measure.judge import Verdict

OTHER = "REQ-LAT-002"
SECOND = "TC-LAT-002"
THREE = tuple(f"{CASE}[{letter}]" for letter in "abc")
NOT_PASSED = [state for state in State if state not in (State.PASSED, State.NOT_APPLICABLE)]


def one(*measurements: Measurement, state: str = "passed", reason: str = "") -> Assessment:
    """The assessment of a run of one item."""
    told = record(CASE, state, reason=reason)
    return assess(bundle(manifest(), told._replace(measurements=measurements)))


def standing(found: Assessment, name: str = REQ) -> str:
    return found.requirements[name].standing.value


def why(found: Assessment, name: str = REQ) -> str:
    return " | ".join(found.requirements[name].reasons)


def test_passed_with_evidence_on_every_item_is_verified() -> None:
    found = assess(bundle(manifest(items=THREE), *map(record, THREE)))
    assert (standing(found), found.verdict, found.exit_code) == ("verified", "passed", 0)
    assert found.requirements[REQ].items == THREE
    assert found.requirements[REQ].reasons == found.reasons == ()
    assert found.complete


@pytest.mark.parametrize(
    ("state", "expected", "verdict", "exit_code"),
    [
        ("failed", "failed", "failed", 1),
        ("error", "error", "cannot_judge", 2),
        ("cannot_judge", "cannot_judge", "cannot_judge", 2),
        ("skipped", "skipped", "incomplete", 2),
        ("known_anomaly", "known_anomaly", "failed", 1),
        ("unexpected_pass", "unexpected_pass", "failed", 1),
        ("no_evidence", "no_evidence", "incomplete", 2),
        ("flaky", "flaky", "failed", 1),
    ],
)
def test_one_item_of_three_decides(state: str, expected: str, verdict: str, exit_code: int) -> None:
    records = [record(THREE[0]), record(THREE[1], state, reason="as seen"), record(THREE[2])]
    found = assess(bundle(manifest(items=THREE), *records))
    assert (standing(found), found.verdict, found.exit_code) == (expected, verdict, exit_code)
    assert why(found) == f"{THREE[1]}: as seen"
    assert found.reasons == (f"{REQ} is {expected.replace('_', ' ')}",)
    assert found.cases[CASE].state == state


def test_some_items_without_a_record_are_partial_and_none_at_all_is_not_executed() -> None:
    some = assess(bundle(manifest(items=THREE), record(THREE[0])))
    assert (standing(some), some.verdict) == ("partial", "incomplete")
    assert why(some) == f"{THREE[1]}: no record | {THREE[2]}: no record"
    none = assess(bundle(manifest(items=THREE)))
    assert (standing(none), none.verdict, none.exit_code) == ("not_executed", "incomplete", 2)


def test_a_case_that_was_not_collected_is_not_executed() -> None:
    cases = {CASE: case(REQ), SECOND: case(REQ, OTHER, name=SECOND)}
    found = assess(bundle(manifest(cases, items=[CASE]), record()))
    assert (standing(found), standing(found, OTHER)) == ("partial", "not_executed")
    assert why(found, OTHER) == f"{SECOND}: was not collected"
    assert found.cases[SECOND].state == "not_executed"


def test_a_requirement_without_a_case_is_not_executed() -> None:
    found = assess(bundle(manifest(known=[REQ, OTHER]), record()))
    assert (standing(found, OTHER), why(found, OTHER)) == (
        "not_executed",
        "no case is planned for it",
    )
    assert found.verdict == "incomplete"


@pytest.mark.parametrize(
    "measurements",
    [(), (check(n=0),), (replace(check(), expected=""),), (replace(check(), expected=None),)],
)
def test_a_pass_without_a_counted_measurement_is_no_evidence(
    measurements: Sequence[Measurement],
) -> None:
    found = one(*measurements)
    assert (standing(found), found.verdict) == ("no_evidence", "incomplete")
    assert "without a single counted measurement" in why(found)


@pytest.mark.parametrize("state", [s.value for s in State if s.value not in ("not_executed",)])
def test_a_failed_measurement_fails_the_item_whatever_its_record_says(state: str) -> None:
    found = one(check(), check(holds=False), state=state, reason="as seen")
    expected = "known_anomaly" if state == "known_anomaly" else "failed"
    assert (standing(found), found.exit_code) == (expected, 1)
    assert "check: expected an answer, observed silence" in why(found)


@pytest.mark.parametrize(
    "measurement",
    [
        latency(50.1),
        latency(None),
        replace(latency(4.1), limit=3.0),
        replace(latency(4.1), method="exact lower bound", expected="x >= 50"),
        replace(latency(None), method="no exceedance in the sample", observed=50.5),
        replace(latency(None), method="no exceedance in the sample", observed="never"),
        replace(latency(None), method="no failure in the sample", observed=1.0, limit=0.0),
        replace(latency(None), method="mean", expected="mean < 3 ms", limit=3.0),
        replace(latency(2.0), method="share", expected="share ≥ 3 %", limit=3.0),
        replace(latency(None), method="share", expected="share >= 3 %", observed=True),
    ],
)
def test_a_pass_that_its_own_numbers_deny_is_a_failure(measurement: Measurement) -> None:
    found = one(check(), measurement)
    assert (standing(found), found.exit_code) == ("failed", 1)
    assert "recorded as passed, but its numbers say otherwise" in why(found)


@pytest.mark.parametrize(
    "measurement",
    [
        latency(50.0),
        replace(latency(60.0), method="exact lower bound", expected="x >= 50"),
        replace(latency(None), method="no exceedance in the sample", observed=50),
        replace(latency(None), method="mean", expected="mean <= 50 ms"),
        replace(latency(None), method="by eye", expected="looks right", observed="does"),
        replace(latency(99.0), limit=None),
        replace(check(), expected="a < b", observed="c", limit=1.0),
    ],
)
def test_numbers_that_carry_a_pass_or_say_nothing_leave_it(measurement: Measurement) -> None:
    assert standing(one(measurement)) == "verified"


def test_noise_is_not_a_pass_and_not_a_failure() -> None:
    found = one(check(), latency(60.0, verdict="cannot_judge"))
    assert (standing(found), found.verdict, found.exit_code) == (
        "cannot_judge",
        "cannot_judge",
        2,
    )
    assert "latency: expected p99 <= 50 ms, observed 3.2, bound 60" in why(found)


def test_a_failure_is_never_made_better_by_its_numbers() -> None:
    assert standing(one(latency(4.1, verdict="failed"))) == "failed"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["failed", "passed"], "flaky"),
        (["passed", "passed"], "flaky"),
        (["passed", "failed"], "flaky"),
        (["failed", "failed"], "failed"),
    ],
)
def test_more_than_one_attempt_is_flaky_unless_all_failed(states: list[str], expected: str) -> None:
    records = [record(CASE, state, attempt=n) for n, state in enumerate(states, 1)]
    found = assess(bundle(manifest(), *records))
    assert (standing(found), found.verdict) == (expected, "failed")


def test_what_does_not_apply_is_told_with_its_reason() -> None:
    absent = item(CASE, inapplicable="needs the capability stream")
    cases = {CASE: case(REQ), SECOND: case(OTHER, name=SECOND)}
    found = assess(bundle(manifest(cases, [absent, SECOND]), record(SECOND)))
    assert (standing(found), why(found)) == (
        "not_applicable",
        f"{CASE}: needs the capability stream",
    )
    assert found.verdict == "passed"
    alone = assess(bundle(manifest(items=[absent])))
    assert (alone.verdict, alone.reasons) == ("incomplete", ("no requirement is verified",))


def test_one_parameter_that_does_not_apply_leaves_the_others_to_decide() -> None:
    items = [item(THREE[0], inapplicable="no"), item(THREE[1])]
    assert standing(assess(bundle(manifest(items=items), record(THREE[1])))) == "verified"


def test_what_does_not_apply_but_ran_is_never_evidence() -> None:
    absent = item(CASE, inapplicable="no stream")
    assert standing(assess(bundle(manifest(items=[absent]), record()))) == "error"
    assert standing(assess(bundle(manifest(items=[absent]), record(CASE, "failed")))) == "failed"


def test_not_applicable_at_run_time_needs_a_reason() -> None:
    assert standing(one(state="not_applicable", reason="no stream")) == "not_applicable"
    assert standing(one(state="not_applicable")) == "error"


def test_a_measurement_speaks_for_its_requirement_only() -> None:
    cases = {CASE: case(REQ, OTHER)}
    told = record(CASE, "passed", check(requirement=REQ))
    found = assess(bundle(manifest(cases), told))
    assert (standing(found), standing(found, OTHER)) == ("verified", "no_evidence")
    assert why(found, OTHER) == f"{CASE} has no counted measurement for it"
    both = assess(bundle(manifest(cases), record(CASE, "passed", check(requirement=""))))
    assert (standing(both), standing(both, OTHER)) == ("verified", "verified")


def test_an_orphan_is_a_case_that_cites_nothing_known() -> None:
    cases = {CASE: case(REQ), SECOND: case("REQ-TYPO", name=SECOND)}
    found = assess(bundle(manifest(cases, known=[REQ]), record(), record(SECOND)))
    assert found.cases[SECOND].orphan
    assert standing(found, "REQ-TYPO") == "orphan"
    assert found.verdict == "incomplete"
    bare = {CASE: case(REQ), SECOND: case(name=SECOND)}
    found = assess(bundle(manifest(bare), record(), record(SECOND)))
    assert found.reasons == (f"{SECOND} cites no known requirement",)
    broken = assess(bundle(manifest(bare), record(), record(SECOND, "failed")))
    assert (broken.verdict, broken.exit_code) == ("failed", 1)


def test_a_run_that_was_cut_short_never_passes_but_a_finding_in_it_stands() -> None:
    for cut in ({"ended": False}, {"interrupted": True}):
        found = assess(bundle(manifest(), record(), **cut))
        assert (standing(found), found.verdict, found.exit_code) == ("verified", "incomplete", 2)
        assert not found.complete
        broken = assess(bundle(manifest(), record(CASE, "failed"), **cut))
        assert (broken.verdict, broken.exit_code) == ("failed", 1)


def test_a_selection_by_hand_never_passes() -> None:
    found = assess(bundle(manifest(scope_complete=False), record()))
    assert (found.verdict, found.reasons) == (
        "incomplete",
        ("part of the suites was left out by hand",),
    )


def test_records_of_two_builds_never_pass_together() -> None:
    software = {"name": "edgeward", "version": "0.1.0", "build_sha256": "99" * 32}
    other = Context({**DEVICE, "software": software}, "emulated")
    contexts = {"c1": Context(DEVICE, "emulated"), "c2": other}
    found = assess(bundle(manifest(), record(), contexts=contexts))
    assert found.reasons == ("the records rest on 2 different builds of the device",)


def test_only_the_suites_asked_for_are_in_scope() -> None:
    cases = {CASE: case(REQ), SECOND: case(OTHER, suite="alarms", name=SECOND)}
    planned = manifest(cases, [CASE], known=[REQ, OTHER, "REQ-BARE"])
    found = assess(bundle(planned, record()))
    assert (list(found.requirements), found.verdict) == ([REQ], "passed")
    assert found.beyond == (OTHER, "REQ-BARE")
    everything = assess(bundle(replace(planned, suites=("latency", "alarms")), record()))
    assert (set(everything.requirements), everything.beyond) == ({REQ, OTHER, "REQ-BARE"}, ())
    assert everything.verdict == "incomplete"
    assert assess(bundle(replace(planned, suites=()), record())).beyond == ()


PLANNED = manifest({CASE: case(REQ), SECOND: case(REQ, OTHER, name=SECOND)}, items=[*THREE, SECOND])
ANY_RECORD = st.builds(
    lambda name, state, verdict, bound: record(name, state)._replace(
        measurements=(replace(latency(bound), verdict=Verdict(verdict)),)
    ),
    st.sampled_from([*THREE, SECOND, "TC-UNKNOWN"]),
    st.sampled_from([state.value for state in State if state is not State.NOT_EXECUTED]),
    st.sampled_from(["passed", "failed", "cannot_judge"]),
    st.sampled_from([4.0, 60.0, None]),
)


@given(st.lists(ANY_RECORD, max_size=8), st.booleans())
@settings(deadline=None, max_examples=150)
def test_verified_means_that_every_item_passed_once_with_good_numbers(
    records: list[Record], ended: bool
) -> None:
    found = assess(bundle(PLANNED, *records, ended=ended))
    by_item = {name: [r for r in records if r.item == name] for name in PLANNED.items}
    good = {
        name: len(told) == 1
        and told[0].state == "passed"
        and told[0].measurements[0] == latency(4.0)
        for name, told in by_item.items()
    }
    assert (standing(found) == "verified") == all(good.values())
    assert (standing(found, OTHER) == "verified") == good[SECOND]
    assert (found.verdict == "passed") == (all(good.values()) and ended)


def test_the_plan_is_not_needed_to_be_honest() -> None:
    empty = Manifest.from_bytes(manifest({}, []).to_bytes())
    found = assess(bundle(empty))
    assert (found.verdict, found.exit_code) == ("incomplete", 2)
