"""What may stand between records and a standing: deviations, change since, two proofs."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from evidence_lab import (
    CASE,
    REQ,
    bundle,
    case,
    control,
    deviation,
    fingerprint,
    manifest,
    record,
)

from edgeward_harness.evidence.assess import Assessment, assess, assess_against
from edgeward_harness.evidence.freshness import Current
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import WORST_FIRST, Standing, standing_of, worst

OTHER = "REQ-LAT-002"
SECOND = "TC-LAT-002"
NOT_PASSED = [state for state in State if state not in (State.PASSED, State.NOT_APPLICABLE)]


def standing(found: Assessment, name: str = REQ) -> str:
    return found.requirements[name].standing.value


def why(found: Assessment, name: str = REQ) -> str:
    return " | ".join(found.requirements[name].reasons)


class TestDeviations:
    def of(self, *deviations: object, state: str = "failed", **day: Any) -> Assessment:
        planned = manifest(
            {CASE: case(REQ), SECOND: case(OTHER, name=SECOND)}, deviations=deviations
        )
        return assess(bundle(planned, record(CASE, state), record(SECOND)), **day)

    def test_an_accepted_failure_is_waived_and_not_verified(self) -> None:
        found = self.of(deviation(REQ))
        assert (standing(found), found.verdict) == ("waived", "passed")
        assert why(found).startswith(
            "failed, accepted by DEV-001 (quality, until 2026-12-31): accepted for this trial"
        )
        assert found.deviations_used == ("DEV-001",)

    def test_it_covers_only_what_it_names(self) -> None:
        assert standing(self.of(deviation(OTHER))) == "failed"
        assert standing(self.of(deviation(REQ, cases=[SECOND]))) == "failed"
        assert standing(self.of(deviation(OTHER, cases=[CASE]))) == "failed"
        assert standing(self.of(deviation(REQ, cases=[CASE]))) == "waived"
        assert standing(self.of(deviation(cases=[CASE]))) == "waived"

    def test_it_holds_up_to_the_day_it_expires(self) -> None:
        assert standing(self.of(deviation(REQ, expires="2026-01-31"))) == "waived"
        late = self.of(deviation(REQ, expires="2026-01-30"))
        assert (standing(late), late.exit_code) == ("failed", 1)
        assert why(late).startswith("DEV-001 (quality, until 2026-01-30) has expired")
        assert standing(self.of(deviation(REQ), today=date(2027, 1, 1))) == "failed"

    @pytest.mark.parametrize("state", [state.value for state in NOT_PASSED])
    def test_no_state_but_our_own_error_is_beyond_acceptance(self, state: str) -> None:
        planned = manifest(deviations=(deviation(REQ),))
        told = [] if state == "not_executed" else [record(CASE, state)]
        expected = "error" if state == "error" else "waived"
        assert standing(assess(bundle(planned, *told))) == expected

    def test_a_verified_requirement_stays_verified(self) -> None:
        found = self.of(deviation(REQ), state="passed")
        assert (standing(found), found.deviations_used) == ("verified", ())

    def test_waivers_alone_never_pass(self) -> None:
        alone = manifest(deviations=(deviation(REQ),))
        found = assess(bundle(alone, record(CASE, "failed")))
        assert (found.verdict, found.reasons) == ("incomplete", ("no requirement is verified",))


class TestFreshness:
    def now(self, **changes: Any) -> Current:
        fresh = Current(
            requirements={REQ: fingerprint(REQ)},
            cases={CASE: fingerprint(CASE)},
            controls={"RC-001": fingerprint("control")},
            citing={REQ: frozenset({CASE})},
        )
        return replace(fresh, **changes)

    def of(self, state: str = "passed", **changes: Any) -> Assessment:
        planned = manifest(controls={"RC-001": control([CASE], [CASE])})
        return assess_against(bundle(planned, record(CASE, state)), self.now(**changes))

    def test_what_has_not_changed_is_verified(self) -> None:
        found = self.of()
        assert (standing(found), found.verdict) == ("verified", "passed")
        assert found.controls["RC-001"].standing == "verified"

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"requirements": {REQ: "0" * 64}}, "its text, criterion, class or risk links"),
            ({"requirements": {}}, "no longer among the requirements"),
            ({"cases": {CASE: "0" * 64}}, f"the plan of {CASE} has changed"),
            ({"cases": {}}, f"{CASE} is no longer planned"),
            ({"citing": {REQ: frozenset({CASE, "TC-NEW"})}}, "TC-NEW was planned after the run"),
        ],
    )
    def test_what_has_changed_is_stale(self, changes: dict[str, Any], told: str) -> None:
        found = self.of(**changes)
        assert (standing(found), found.verdict, found.exit_code) == ("stale", "incomplete", 2)
        assert told in why(found)

    def test_a_failure_stays_a_failure_when_the_text_has_changed(self) -> None:
        found = self.of("failed", requirements={REQ: "0" * 64})
        assert standing(found) == "failed"
        assert "have changed since the run" in why(found)

    def test_a_waiver_does_not_outlive_the_text(self) -> None:
        planned = manifest(deviations=(deviation(REQ),))
        now = self.now(requirements={REQ: "0" * 64})
        assert standing(assess_against(bundle(planned, record(CASE, "failed")), now)) == "stale"

    def test_a_requirement_written_since_is_not_executed(self) -> None:
        found = self.of(requirements={REQ: fingerprint(REQ), OTHER: fingerprint(OTHER)})
        assert (standing(found, OTHER), why(found, OTHER)) == (
            "not_executed",
            "was written after the run",
        )
        assert found.verdict == "incomplete"

    def test_a_changed_control_is_stale(self) -> None:
        assert self.of(controls={"RC-001": "0" * 64}).controls["RC-001"].standing == "stale"
        assert self.of(controls={}).controls["RC-001"].reasons == (
            "is no longer among the risk controls",
        )


@pytest.mark.parametrize(
    ("there", "works", "states", "expected"),
    [
        ([CASE], [SECOND], ("passed", "passed"), ("verified", "verified", "verified")),
        ([CASE], [SECOND], ("passed", "failed"), ("failed", "verified", "failed")),
        ([CASE], [SECOND], ("skipped", "failed"), ("failed", "skipped", "failed")),
        ([CASE], [SECOND], ("skipped", "passed"), ("skipped", "skipped", "verified")),
        ([CASE], [], ("passed", "passed"), ("not_executed", "verified", "not_executed")),
        ([], [SECOND], ("passed", "passed"), ("not_executed", "not_executed", "verified")),
        ([CASE, "TC-X"], [SECOND], ("passed", "passed"), ("partial", "partial", "verified")),
    ],
)
def test_a_control_needs_both_proofs(
    there: list[str], works: list[str], states: tuple[str, str], expected: tuple[str, str, str]
) -> None:
    planned = manifest(
        {CASE: case(REQ), SECOND: case(OTHER, name=SECOND)},
        controls={"RC-001": control(there, works)},
    )
    records = [record(CASE, states[0]), record(SECOND, states[1])]
    found = assess(bundle(planned, *records)).controls["RC-001"]
    assert (found.standing, found.implementation, found.effectiveness) == expected


def test_the_table_orders_every_state_once_and_every_standing_has_a_meaning() -> None:
    assert sorted(WORST_FIRST) == sorted(State)
    for state in NOT_PASSED:
        assert worst({State.PASSED, State.NOT_APPLICABLE, state}) is state
        if state is not State.NOT_EXECUTED:
            assert standing_of({State.PASSED, state}) == Standing(state.value)
    assert worst(set()) is State.NOT_EXECUTED
