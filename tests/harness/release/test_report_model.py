"""The report says what the assessment says: every state, every gap, never more than was shown."""

from dataclasses import replace
from typing import Any

import pytest

from edgeward_harness.evidence.assess import assess, assess_against
from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.freshness import Current
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import AGAINST, Standing
from edgeward_harness.measure.judge import Judgement, Verdict
from edgeward_harness.report.build import build_report, use_of_limit
from edgeward_harness.report.headline import named
from edgeward_harness.report.model import Report, plain
from edgeward_harness.report.words import WORDS, Tone, word_for


def standings(report: Report) -> dict[str, str]:
    return {row.id: row.standing for row in report.requirements}


def topics(report: Report) -> str:
    return "\n".join(f"{caveat.topic}: {caveat.text}" for caveat in report.not_proven)


def test_a_run_that_passed_says_so_in_one_sentence(lab: Any) -> None:
    report = lab.report()
    assert report.headline.word == "Verified"
    assert report.headline.sentence == (
        "7 of 7 requirements of latency hold on bedside_monitor (emulated, reference unit)."
    )
    assert report.headline.exit_code == 0


def without(lab: Any, *cases: str, **changes: Any) -> Any:
    """The plan of a device that has no place for these cases."""
    plan = lab.manifest(**changes)
    items = dict(plan.items)
    for case in cases:
        items[case] = items[case]._replace(inapplicable="cannot be frozen")
    return replace(plan, items=items)


def test_what_does_not_apply_is_named_and_is_no_exception(lab: Any) -> None:
    report = lab.report(plan=without(lab, "TC-LAT-006", "TC-LAT-007"))
    assert report.headline.word == "Verified"
    assert report.headline.sentence == (
        "5 of 5 requirements of latency hold on bedside_monitor (emulated, reference unit)."
        " Not applicable: REQ-LAT-006, REQ-LAT-007."
    )
    assert report.shown[0].startswith("5 of 5 requirements that apply are verified")


def test_a_run_that_passed_with_a_waiver_has_passed_with_exceptions(lab: Any) -> None:
    told = lab.story(states={"TC-LAT-003": State.FAILED})
    report = lab.report(told, without(lab, "TC-LAT-007", deviations=(lab.deviation(),)))
    assert report.headline.verdict == "passed"
    assert report.headline.word == "Passed with exceptions"
    assert report.headline.tone != Tone.GOOD
    assert report.headline.icon == "waived"
    assert report.headline.sentence.startswith("5 of 6 requirements of latency hold on")
    assert report.headline.sentence.endswith(". Not applicable: REQ-LAT-007. Waived: REQ-LAT-003.")


def test_what_does_not_apply_is_named_beside_a_failure_and_counted_beyond_eight(lab: Any) -> None:
    report = lab.report(lab.story(late=25), without(lab, "TC-LAT-006"))
    assert report.headline.word == "Refused"
    assert " of 6 requirements of latency do not hold" in report.headline.sentence
    assert report.headline.sentence.endswith(" Not applicable: REQ-LAT-006.")
    assert named([f"R{n}" for n in range(10)]) == "R0, R1, R2, R3, R4, R5, R6, R7 and 2 more"


def test_neighbours_by_number_are_named_as_a_row() -> None:
    names = ["A-001", "A-030", "A-031", "A-032", "B-033", "B-034", "C"]
    assert named(names) == "A-001, A-030 to A-032, B-033, B-034, C"
    assert named([f"R{n}" for n in range(8)] + ["A-1", "A-2", "A-3"]).endswith("R7 and 3 more")


def test_a_late_device_is_refused_and_the_requirements_are_named(lab: Any) -> None:
    report = lab.report(lab.story(late=25))
    failed = [name for name, standing in standings(report).items() if standing == "failed"]
    assert report.headline.word == "Refused"
    assert report.headline.sentence.startswith(f"{len(failed)} of 7 requirements of latency do not")
    assert {"REQ-LAT-002", "REQ-LAT-003"} <= set(failed)
    assert "requirements: failed: REQ-LAT-002" in topics(report)


def test_an_interrupted_run_is_incomplete_and_shows_what_never_ran(lab: Any) -> None:
    report = lab.report(lab.interrupted())
    assert report.headline.word == "Incomplete"
    assert report.headline.reasons == ("the run was interrupted",)
    assert list(standings(report).values()).count("not_executed") == 4
    assert {case.state for case in report.cases} == {"passed", "not_executed"}
    assert "The run was interrupted" in topics(report)


def test_a_killed_run_says_that_it_did_not_end(lab: Any) -> None:
    report = lab.report(lab.story(ended=False))
    assert report.headline.word == "Incomplete"
    assert "The run did not end" in topics(report)


def test_noise_leaves_a_case_unjudged_and_names_it(lab: Any) -> None:
    report = lab.report(lab.noisy())
    assert report.headline.word == "Not judged"
    assert standings(report)["REQ-LAT-002"] == "cannot_judge"
    assert "Cases left unjudged: TC-LAT-002" in topics(report)


def test_a_quick_run_is_never_called_verified(lab: Any) -> None:
    report = lab.report(plan=lab.manifest(depth="quick"))
    assert report.headline.verdict == "passed"
    assert report.headline.word == "Quick look passed"
    assert report.headline.tone != Tone.GOOD
    assert "Any release claim" in topics(report)


def test_the_gaps_are_told_even_when_everything_passed(lab: Any) -> None:
    told = topics(lab.report())
    for gap in (
        "The target hardware",
        "Limits not enforced here: The device was not held to CPU share: 80 %",
        "Only bedside_monitor was run",
        "Only latency was in scope",
        "A quiet host",
        "produces evidence",
    ):
        assert gap in told


def test_what_was_taken_on_target_is_told_of_one_unit_only(lab: Any) -> None:
    plan = lab.manifest()
    unit = replace(plan.unit, realization="on_target", serial="SN-7")
    told = topics(lab.report(plan=replace(plan, unit=unit)))
    assert "One unit was judged (serial SN-7)" in told
    assert "The target hardware" not in told


def test_deviations_and_selections_are_told(lab: Any) -> None:
    plan = lab.manifest(deviations=(lab.deviation(),), scope_complete=False)
    told = topics(lab.report(plan=plan))
    assert "1 deviation: DEV-001" in told
    assert "Cases were left out" in told


STATES = {
    "TC-LAT-001": State.PASSED,
    "TC-LAT-002": State.KNOWN_ANOMALY,
    "TC-LAT-003": State.UNEXPECTED_PASS,
    "TC-LAT-004": State.SKIPPED,
    "TC-LAT-005": State.ERROR,
    "TC-LAT-006": State.CANNOT_JUDGE,
}


def test_every_state_of_an_item_keeps_its_own_word(lab: Any) -> None:
    told = lab.story(states=STATES)
    told.judgements["TC-LAT-007"] = []
    report = lab.report(told)
    shown = {case.id: case.state for case in report.cases}
    assert shown == {
        **{case: state.value for case, state in STATES.items()},
        "TC-LAT-007": "no_evidence",
    }
    assert [row.id for row in report.requirements if row.standing == "verified"] == ["REQ-LAT-001"]


def test_a_second_attempt_is_shown_beside_the_first(lab: Any) -> None:
    told = lab.story(states={"TC-LAT-005": State.FAILED}, again={"TC-LAT-005": State.PASSED})
    report = lab.report(told)
    case = next(case for case in report.cases if case.id == "TC-LAT-005")
    assert case.state == "flaky"
    assert [attempt.state for attempt in case.items[0].attempts] == ["failed", "passed"]


def test_what_does_not_apply_and_what_was_not_collected_have_their_place(lab: Any) -> None:
    plan = without(lab, "TC-LAT-006")
    items = dict(plan.items)
    del items["TC-LAT-007"]
    report = lab.report(plan=replace(plan, items=items))
    shown = {case.id: case for case in report.cases}
    assert shown["TC-LAT-006"].state == "not_applicable"
    assert shown["TC-LAT-006"].items[0].reasons == ("cannot be frozen",)
    assert shown["TC-LAT-007"].state == "not_executed"
    assert shown["TC-LAT-007"].items == ()


def test_a_case_that_cites_nothing_known_is_an_orphan(lab: Any) -> None:
    plan = lab.manifest()
    cases = dict(plan.cases)
    cases["TC-LAT-007"] = replace(cases["TC-LAT-007"], requirements=("REQ-LAT-999",))
    report = lab.report(plan=replace(plan, cases=cases))
    assert standings(report)["REQ-LAT-999"] == "orphan"
    assert next(case for case in report.cases if case.id == "TC-LAT-007").orphan


def test_stale_and_waived_are_not_verified(lab: Any) -> None:
    bundle = lab.write(lab.story(late=25), lab.manifest(deviations=(lab.deviation(),)))
    today = Current({name: lab.sha("changed") for name in bundle.manifest.requirements})
    report = build_report(bundle, assess_against(bundle, today))
    seen = set(standings(report).values())
    assert "stale" in seen
    assert "verified" not in seen
    assert standings(build_report(bundle, assess(bundle)))["REQ-LAT-003"] == "waived"


def test_a_pass_that_its_numbers_contradict_is_shown_as_failed(lab: Any) -> None:
    told = lab.story(late=25)
    name, judged = told.judgements["TC-LAT-002"][0]
    told.judgements["TC-LAT-002"] = [(name, replace(judged, verdict=Verdict.PASSED))]
    told.states["TC-LAT-002"] = State.PASSED
    report = lab.report(told)
    row = next(row for row in report.requirements if row.id == "REQ-LAT-002")
    assert row.standing == "failed"
    assert row.key is not None
    assert row.key.verdict == "failed"
    assert "its numbers say otherwise" in row.key.why


def test_the_worst_measurement_decides_a_row(lab: Any) -> None:
    report = lab.report()
    row = next(row for row in report.requirements if row.id == "REQ-LAT-004")
    assert row.key is not None
    assert row.key.measurement.name == "hidden_delay_p50"  # the only one that uses up a budget


def test_parameters_of_a_case_stand_side_by_side(lab: Any) -> None:
    plan = lab.manifest()
    items = {name: item for name, item in plan.items.items() if name != "TC-LAT-001"}
    for parameter in ("rest", "exercise", "pacing"):
        name = f"TC-LAT-001[{parameter}]"
        items[name] = ItemEntry(name, "TC-LAT-001", parameter)
    told = lab.story(states={"TC-LAT-001[pacing]": State.FAILED})
    report = lab.report(told, replace(plan, items=items))
    case = next(case for case in report.cases if case.id == "TC-LAT-001")
    assert [(item.parameter, item.state) for item in case.items] == [
        ("rest", "passed"),
        ("exercise", "passed"),
        ("pacing", "failed"),
    ]
    assert standings(report)["REQ-LAT-001"] == "failed"


def test_a_case_tells_what_its_test_and_its_plan_say(lab: Any) -> None:
    case = lab.report().cases[0]
    assert case.goal == (
        "The delay from the last sample of a window to its result is within the budget."
    )
    assert case.procedure.startswith("Paced windows of a simulated patient")
    assert case.rationale.strip().startswith("No shape of the distribution")
    assert (case.stage, case.samples) == ("release", 1000)
    proofs = {case.id: (case.implements, case.proves_effective) for case in lab.report().cases}
    for hazard in lab.report().hazards:
        for control in hazard.controls:
            assert all(control.id in proofs[one.case][0] for one in control.implementation.cases)
            assert all(control.id in proofs[one.case][1] for one in control.effectiveness.cases)
    assert any(shown for shown, _ in proofs.values())
    assert any(works for _, works in proofs.values())


def test_a_procedure_that_nobody_wrote_is_among_the_gaps(lab: Any) -> None:
    assert "not written" not in topics(lab.report())
    plan = lab.manifest()
    cases = dict(plan.cases)
    cases["TC-LAT-003"] = replace(cases["TC-LAT-003"], procedure="No result comes too late.")
    cases["TC-LAT-004"] = replace(cases["TC-LAT-004"], procedure=None)
    report = lab.report(plan=replace(plan, cases=cases))
    assert "2 procedures not written: TC-LAT-003, TC-LAT-004. What was done" in topics(report)
    goals = {case.id: case.goal for case in report.cases}
    assert goals["TC-LAT-003"] == "No result comes too late."
    assert goals["TC-LAT-004"] == ""


def test_hazards_show_both_proofs_of_each_control(lab: Any) -> None:
    report = lab.report(lab.story(late=25))
    first = report.hazards[0]
    assert list(first.facts) == ["situation", "harm", "severity"]
    assert {control.id: control.standing for control in first.controls} == {
        "RC-001": "failed",
        "RC-002": "verified",
    }
    assert first.controls[0].implementation.cases[0].state == "failed"


def test_restarts_and_units_of_one_build_are_one_device(lab: Any) -> None:
    bundle = lab.write()
    one = bundle.contexts["c1"]
    other = dict(one.device, device={**one.device["device"], "serial": "REF-2", "epoch": 9})
    newer = dict(other, software={"name": "edgeward", "version": "0.2.0"})
    contexts = {"c1": one, "c2": replace(one, device=other), "c3": replace(one, device=newer)}
    report = build_report(replace(bundle, contexts=contexts), assess(bundle))
    assert [device.contexts for device in report.devices] == [("c1", "c2"), ("c3",)]
    assert report.devices[0].units == ("REF-0001, ref-1", "REF-2, ref-1")


@pytest.mark.parametrize("described", [{}, {"device": 3, "models": {"a": 1}, "software": None}])
def test_a_device_may_describe_itself_in_any_way(lab: Any, described: dict[str, Any]) -> None:
    bundle = lab.write()
    odd = replace(bundle.contexts["c1"], device=described)
    report = build_report(replace(bundle, contexts={"c1": odd}), assess(bundle))
    assert report.devices[0].units == ("a unit that does not name itself",)


def test_the_model_becomes_plain_json_values(lab: Any) -> None:
    value = plain(lab.report())
    assert value["headline"]["verdict"] == "passed"
    assert value["cases"][1]["items"][0]["attempts"][0]["measurements"][0]["verdict"] == "passed"
    with pytest.raises(TypeError, match="set"):
        plain({"a": {1}})


def test_every_state_and_standing_has_a_word_of_its_own() -> None:
    states = {*map(str, State), *map(str, Standing)}
    assert states <= WORDS.keys()
    assert len({word.word for word in WORDS.values()}) == len(WORDS)
    assert [word.state for word in WORDS.values() if word.tone is Tone.GOOD] == ["verified"]
    bad = {word.state for word in WORDS.values() if word.tone is Tone.BAD}
    assert bad == {str(standing) for standing in AGAINST}
    assert word_for("of_tomorrow").tone is Tone.OPEN


@pytest.mark.parametrize(
    ("method", "unit", "limit", "bound", "share"),
    [
        ("order-statistic upper bound of the 99th percentile", "ms", 50.0, 10.0, 0.2),
        ("lower bound of the share, patients resampled", "%", 95.0, 99.0, 0.2),
        ("lower bound of the share, patients resampled", "%", 95.0, 100.0, 0.0),
        ("lower bound of the rate", "1/s", 40.0, 80.0, 0.5),
    ],
)
def test_what_must_be_reached_uses_up_what_may_be_missing(
    method: str, unit: str, limit: float, bound: float, share: float
) -> None:
    judged = Judgement(
        Verdict.PASSED, unit, 9, method, "a limit", bound, 0.95, limit=limit, bound=bound
    )
    found = use_of_limit(Measurement.of("any", "REQ-LAT-001", judged))
    assert found == pytest.approx(share)
