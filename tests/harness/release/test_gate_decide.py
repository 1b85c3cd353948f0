"""The gate: every rule is refused once, only evidence releases, no stored word is believed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gate_lab import NOW, Ask, exhibits, unmet

from edgeward_harness.evidence.assess import assess_against
from edgeward_harness.evidence.entries import UnitEntry
from edgeward_harness.evidence.freshness import Current
from edgeward_harness.evidence.record import State
from edgeward_harness.gate.decide import RULES, ReleaseVerdict, decide
from edgeward_harness.gate.exhibit import examine
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import Allowed, Policy


def test_sound_evidence_is_released_with_a_note_on_what_it_is(lab: Any, ask: Ask) -> None:
    decision = ask(lab.seal())
    assert decision.verdict is ReleaseVerdict.RELEASED
    assert decision.exit_code == 0
    assert decision.reasons == ()
    assert decision.profiles == ("bedside_monitor",)
    assert "Only evidence taken on target supports a release claim" in decision.notes[0]


def test_every_rule_is_asked_and_named_once(lab: Any, ask: Ask) -> None:
    decision = ask(lab.seal())
    names = [ruling.rule for ruling in decision.rulings]
    assert names == [rule.name for rule in RULES]
    assert len(set(names)) == len(names)


def test_the_guide_lists_the_rules_as_they_are() -> None:
    guide = Path(__file__).parents[3] / "docs" / "guides" / "report-and-gate.md"
    rows = [f"| {rule.name} | {rule.question} |" for rule in RULES]
    assert "\n".join(rows) in guide.read_text(encoding="utf-8")


def test_without_a_bundle_there_is_no_release(ask: Ask) -> None:
    assert unmet(ask()) == {"evidence": "refused"}


def test_a_late_device_is_refused_by_requirement_and_control(lab: Any, ask: Ask) -> None:
    decision = ask(lab.seal(lab.story(late=25)))
    assert unmet(decision) == {"requirements": "refused", "controls": "refused"}
    assert decision.exit_code == 1
    assert any("REQ-LAT-002 is failed" in reason for reason in decision.reasons)
    assert any("RC-001 is failed" in reason for reason in decision.reasons)


def test_noise_leaves_the_release_undecided(lab: Any, ask: Ask) -> None:
    decision = ask(lab.seal(lab.noisy()))
    assert set(unmet(decision).values()) == {"undecided"}
    assert decision.exit_code == 2


def test_a_broken_bench_leaves_the_release_undecided(lab: Any, ask: Ask) -> None:
    decision = ask(lab.seal(lab.story(states={"TC-LAT-001": State.ERROR})))
    assert decision.verdict is ReleaseVerdict.UNDECIDED


def test_a_failure_beside_noise_is_still_a_refusal(lab: Any, ask: Ask) -> None:
    told = lab.noisy()
    told.states["TC-LAT-005"] = State.FAILED
    assert ask(lab.seal(told)).verdict is ReleaseVerdict.REFUSED


@pytest.mark.parametrize("told", ["interrupted", "killed"])
def test_an_incomplete_run_is_refused(lab: Any, ask: Ask, told: str) -> None:
    went = lab.interrupted() if told == "interrupted" else lab.story(ended=False)
    decision = ask(lab.seal(went))
    assert unmet(decision)["complete"] == "refused"
    assert unmet(decision)["run"] == "refused"


def test_a_selection_is_refused(lab: Any, ask: Ask) -> None:
    assert unmet(ask(lab.seal(scope_complete=False))) == {"run": "refused"}


FILES = ("manifest.json", "records.jsonl", "statement.dsse.json", "report.html", "key.pub")


@pytest.mark.parametrize("file", FILES)
def test_one_changed_byte_is_a_refusal(lab: Any, ask: Ask, file: str) -> None:
    sealed = lab.seal(reports=True)
    data = bytearray((sealed.path / file).read_bytes())
    data[len(data) // 2] ^= 0x01
    (sealed.path / file).write_bytes(bytes(data))
    decision = ask(replace(sealed, public_key=lab.signing_key.with_suffix(".pub")))
    assert unmet(decision)["integrity"] == "refused"


def test_a_dropped_record_is_a_refusal(lab: Any, ask: Ask) -> None:
    sealed = lab.seal(lab.story(late=25))
    records = sealed.path / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(line for line in lines if b'"TC-LAT-002"' not in line))
    assert unmet(ask(sealed))["integrity"] == "refused"


def test_a_stored_verdict_is_not_believed(lab: Any, ask: Ask) -> None:
    sealed = lab.seal(lab.story(late=25), reports=True)
    twin = json.loads((sealed.path / "report.json").read_bytes())
    twin["headline"]["verdict"] = "passed"
    (sealed.path / "report.json").write_text(json.dumps(twin))
    assert set(unmet(ask(sealed))) == {"integrity", "requirements", "controls"}


def test_an_empty_folder_proves_nothing(lab: Any, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sealed = replace(lab.seal(), path=tmp_path / "empty")
    assert ask(sealed).verdict is ReleaseVerdict.REFUSED


def test_an_unknown_signer_is_refused_unless_the_policy_does_not_ask(
    lab: Any, here: Here, policy: Policy
) -> None:
    sealed = lab.seal()
    strangers = examine([sealed.path], (), None, NOW.date())
    assert unmet(decide(policy, strangers, NOW, here=here)) == {"signer": "refused"}
    lax = replace(policy, trust=replace(policy.trust, trusted_signer=False))
    decision = decide(lax, strangers, NOW, here=here)
    assert decision.verdict is ReleaseVerdict.RELEASED
    assert any("does not ask who signed" in note for note in decision.notes)


def test_the_same_run_counts_once(lab: Any, ask: Ask) -> None:
    sealed = lab.seal()
    assert unmet(ask(sealed, sealed)) == {"evidence": "refused"}


def test_each_required_profile_needs_its_bundle(lab: Any, ask: Ask) -> None:
    needs = {"profiles": ("bedside_monitor", "wearable")}
    first = lab.seal()
    decision = ask(first, evidence=needs)
    assert unmet(decision) == {"profiles": "refused", "suites": "refused"}
    second = lab.seal(name="wearable", profile="wearable")
    both = ask(first, second, evidence=needs)
    assert both.verdict is ReleaseVerdict.RELEASED
    assert both.profiles == ("bedside_monitor", "wearable")


def test_one_bad_bundle_among_good_ones_refuses(lab: Any, ask: Ask) -> None:
    late = lab.seal(lab.story(late=25), name="wearable", profile="wearable")
    assert ask(lab.seal(), late).verdict is ReleaseVerdict.REFUSED


def test_each_required_suite_must_have_been_run(lab: Any, ask: Ask) -> None:
    decision = ask(lab.seal(), evidence={"suites": ("latency", "alarms")})
    assert unmet(decision) == {"suites": "refused"}


@pytest.mark.parametrize(
    ("depth", "least", "verdict"),
    [
        ("quick", "standard", "refused"),
        ("standard", "standard", "released"),
        ("campaign", "standard", "released"),
        ("standard", "campaign", "refused"),
        ("thorough", "quick", "refused"),
    ],
)
def test_the_depth_must_carry_the_claim(
    lab: Any, ask: Ask, depth: str, least: str, verdict: str
) -> None:
    decision = ask(lab.seal(depth=depth), evidence={"depth_min": least})
    assert decision.verdict == verdict


@pytest.mark.parametrize(
    ("realization", "on_target", "verdict"),
    [
        ("simulated", False, "refused"),
        ("emulated", False, "released"),
        ("emulated", True, "refused"),
        ("on_target", True, "released"),
    ],
)
def test_the_device_must_be_near_enough_to_the_product(
    lab: Any, ask: Ask, realization: str, on_target: bool, verdict: str
) -> None:
    unit = UnitEntry("unit", "process", realization, "SN-1", ("agent",))
    decision = ask(lab.seal(unit=unit), evidence={"require_on_target": on_target})
    assert decision.verdict == verdict
    assert ("realization" in unmet(decision)) == (verdict == "refused")


def test_a_context_less_real_than_its_unit_is_seen(lab: Any, policy: Policy, here: Here) -> None:
    (one,) = exhibits(lab.seal())
    assert one.bundle is not None
    context = replace(one.bundle.contexts["c1"], realization="simulated")
    bundle = replace(one.bundle, contexts={"c1": context})
    changed = replace(one, verification=replace(one.verification, bundle=bundle))
    assert unmet(decide(policy, [changed], NOW, here=here)) == {"realization": "refused"}


def test_bundles_must_rest_on_one_build(lab: Any, ask: Ask) -> None:
    newer = {"software": {"name": "edgeward", "version": "0.2.0", "build_sha256": lab.sha("new")}}
    pair = (lab.seal(), lab.seal(lab.story(device=newer), name="new", profile="wearable"))
    assert unmet(ask(*pair)) == {"build": "refused"}
    assert ask(*pair, evidence={"same_build": False}).verdict is ReleaseVerdict.RELEASED


def test_a_device_that_names_no_build_is_refused(lab: Any, ask: Ask) -> None:
    told = lab.story(device={"software": {"name": "edgeward"}})
    assert unmet(ask(lab.seal(told)))["build"] == "refused"


@pytest.mark.parametrize(
    ("days", "verdict"), [(60, "released"), (200, "refused"), (-30, "refused")]
)
def test_evidence_grows_old_and_does_not_come_from_the_future(
    lab: Any, ask: Ask, days: int, verdict: str
) -> None:
    started = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    assert ask(lab.seal(), now=started + timedelta(days=days)).verdict == verdict


@pytest.fixture
def today(lab: Any) -> Callable[..., Current]:
    """Today's fingerprints: those of the run, with changes."""

    def current(**changes: str) -> Current:
        plan = lab.manifest()

        def prints(table: Mapping[str, Any]) -> dict[str, str]:
            return {name: changes.get(name, entry.fingerprint) for name, entry in table.items()}

        return Current(
            requirements=prints(plan.requirements),
            cases=prints(plan.cases),
            controls=prints(plan.controls),
            citing={name: frozenset({name.replace("REQ", "TC")}) for name in plan.requirements},
        )

    return current


@pytest.mark.parametrize("changed", [None, "REQ-LAT-003", "TC-LAT-003", "RC-002"])
def test_a_text_or_plan_changed_since_the_run_is_stale(
    lab: Any, policy: Policy, here: Here, today: Callable[..., Current], changed: str | None
) -> None:
    (one,) = exhibits(lab.seal())
    assert one.bundle is not None
    now = today(**({changed: lab.sha("other")} if changed else {}))
    against = replace(one, assessment=assess_against(one.bundle, now, today=NOW.date()))
    expected = {} if changed is None else {"fresh": "refused"}
    found = unmet(decide(policy, [against], NOW, here=here))
    assert {rule: found[rule] for rule in found if rule == "fresh"} == expected
    lax = replace(policy, trace=replace(policy.trace, fresh=False))
    (plain,) = exhibits(lab.seal(name="again"))
    assert decide(lax, [plain], NOW, here=here).verdict is ReleaseVerdict.RELEASED


def test_a_requirement_written_since_the_run_is_missed(
    lab: Any, policy: Policy, here: Here
) -> None:
    wanted = {"latency": frozenset({"REQ-LAT-001", "REQ-LAT-008"})}
    decision = decide(policy, exhibits(lab.seal()), NOW, wanted, here)
    assert unmet(decision) == {"fresh": "refused"}
    assert "REQ-LAT-008" in decision.reasons[0]


def test_what_does_not_apply_needs_the_policy_to_say_so(lab: Any, ask: Ask) -> None:
    plan = lab.manifest()
    item = plan.items["TC-LAT-001"]._replace(inapplicable="no such input")
    sealed = lab.seal(items={**plan.items, "TC-LAT-001": item})
    strict = {"standings": (Allowed.VERIFIED,), "inapplicable": ()}
    assert unmet(ask(sealed, trace=strict)) == {"requirements": "refused"}
    both = {"standings": (Allowed.VERIFIED, Allowed.NOT_APPLICABLE)}
    others = {**both, "inapplicable": ("REQ-LAT-002",)}
    assert unmet(ask(sealed, trace=others)) == {"inapplicable": "refused"}
    named = {**both, "inapplicable": ("REQ-LAT-001",)}
    assert ask(sealed, trace=named).verdict is ReleaseVerdict.RELEASED


def test_a_run_in_which_nothing_applies_is_never_released(lab: Any, ask: Ask) -> None:
    items = {
        name: item._replace(inapplicable="no such input")
        for name, item in lab.manifest().items.items()
    }
    told = lab.story()
    told.judgements.clear()
    both = {
        "standings": (Allowed.VERIFIED, Allowed.NOT_APPLICABLE),
        "inapplicable": tuple(lab.manifest().requirements),
        "controls_proven": False,
    }
    decision = ask(lab.seal(told, items=items), trace=both)
    assert "requirements" in unmet(decision)
    assert any("no requirement is verified" in reason for reason in decision.reasons)


def waived(lab: Any, **changes: Any) -> Any:
    told = lab.story(states={"TC-LAT-001": State.FAILED})
    deviation = lab.deviation(requirements=("REQ-LAT-001",), **changes)
    return lab.seal(told, deviations=(deviation,))


@pytest.mark.parametrize(
    ("standings", "waivers", "verdict"),
    [
        (("verified",), (), "refused"),
        (("verified", "waived"), ("DEV-001",), "released"),
        (("verified", "waived"), ("DEV-002",), "refused"),
    ],
)
def test_a_waiver_counts_only_when_the_policy_names_it(
    lab: Any, ask: Ask, standings: tuple[str, ...], waivers: tuple[str, ...], verdict: str
) -> None:
    rules = {"standings": tuple(map(Allowed, standings)), "waivers": waivers, "inapplicable": ()}
    assert ask(waived(lab), trace=rules).verdict == verdict


def test_an_expired_waiver_counts_no_more(lab: Any, ask: Ask) -> None:
    both = (Allowed.VERIFIED, Allowed.WAIVED)
    rules = {"standings": both, "waivers": ("DEV-001",), "inapplicable": ()}
    decision = ask(waived(lab, expires="2026-03-10"), trace=rules)
    assert unmet(decision) == {"requirements": "refused"}


def test_a_control_needs_both_proofs(lab: Any, ask: Ask) -> None:
    plan = lab.manifest()
    bare = replace(plan.controls["RC-003"], effectiveness=())
    sealed = lab.seal(controls={**plan.controls, "RC-003": bare})
    assert unmet(ask(sealed)) == {"controls": "refused"}
    assert ask(sealed, trace={"controls_proven": False}).verdict is ReleaseVerdict.RELEASED


def test_a_control_of_a_suite_that_was_not_asked_for_is_left_to_it(lab: Any, ask: Ask) -> None:
    plan = lab.manifest()
    foreign = replace(plan.cases["TC-LAT-001"], suite="alarms", requirements=())
    control = replace(
        plan.controls["RC-003"], implementation=("TC-ALM-001",), effectiveness=("TC-ALM-001",)
    )
    sealed = lab.seal(
        cases={**plan.cases, "TC-ALM-001": foreign},
        controls={**plan.controls, "RC-003": control},
    )
    assert ask(sealed).verdict is ReleaseVerdict.RELEASED
