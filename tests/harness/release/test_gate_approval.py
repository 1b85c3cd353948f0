"""The gate asks people: others than the author, of exactly this, and in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from approval_lab import SIGNED_AT, Desk, Somebody, desk
from gate_lab import NOW, Ask, unmet
from quorum_lab import BEFORE, PLAN, REVIEW, Hold, hold, of_bundle, of_plan, rules, sealed, told

from edgeward_harness.approval.add import Who
from edgeward_harness.approval.keys import Signer, load_signer
from edgeward_harness.approval.people import Person, Wanted
from edgeward_harness.approval.plan import (
    plan_before,
    plan_of,
    plan_subject,
)
from edgeward_harness.approval.words import Meaning
from edgeward_harness.evidence.entries import CaseEntry
from edgeward_harness.gate.beside import Beside

__all__ = ["desk", "hold", "sealed"]


def test_a_review_by_another_person_is_enough(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody()
    assert unmet(hold([one], REVIEW)) == {"quorum": "refused"}
    desk.sign(one, of_bundle(sealed))
    assert unmet(hold([one], REVIEW)) == {}


def test_nobody_approves_what_their_key_sealed(
    desk: Desk, sealed: Any, hold: Hold, lab: Any
) -> None:
    own = load_signer(lab.signing_key, lambda _: "")
    author = Somebody(Person("p1", "P1", ("reviewer",), key=own.key.keyid), own, lab.signing_key)
    desk.sign(author, of_bundle(sealed))
    decision = hold([author], REVIEW)
    assert unmet(decision) == {"quorum": "refused"}
    assert "the same key signed the run: nobody approves their own work" in told(decision)


def test_an_author_by_role_approves_nothing(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody()
    desk.sign(one, of_bundle(sealed))
    author = Person("p1", "P1", ("reviewer", "author"), key=one.person.key)
    decision = hold([author], REVIEW)
    assert "p1 is an author: nobody approves their own work" in told(decision)


def test_one_key_under_two_names_counts_once(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody("p1", curve=True, days=100)
    two = Person("p2", "P2", ("reviewer",), ca=one.person.ca)
    desk.sign(one, of_bundle(sealed))
    desk.sign(one, of_bundle(sealed), who=Who("P2", "p2", "reviewer"))
    desk.sign(one, of_bundle(sealed))
    decision = hold([one, two], Wanted(Meaning.REVIEWED_RESULTS, "reviewer", 2))
    assert "expected 2 of the role reviewer who reviewed the results, found 1" in told(decision)
    assert "its certificate is of p1, not p2" in told(decision)
    assert "the same person or key is counted already" in told(decision)


def test_who_signed_as_something_else_is_not_counted(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody()
    both = Person("p1", "P1", ("reviewer", "quality"), key=one.person.key)
    desk.sign(one, of_bundle(sealed), who=one.who("quality"))
    assert unmet(hold([both], REVIEW)) == {"quorum": "refused"}
    desk.sign(one, of_bundle(sealed), who=one.who("reviewer"))
    assert unmet(hold([both], REVIEW)) == {}


def test_two_people_are_two(desk: Desk, sealed: Any, hold: Hold) -> None:
    pair = [desk.somebody("p1"), desk.somebody("p2", curve=True)]
    for one in pair:
        desk.sign(one, of_bundle(sealed))
    assert unmet(hold(pair, Wanted(Meaning.REVIEWED_RESULTS, "reviewer", 2))) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "p2"}, "p1 is not among the people of the policy"),
        ({"name": "Other"}, "signed as 'P1', the policy knows 'Other'"),
        ({"roles": ("quality",)}, "p1 has not the role reviewer"),
        ({"key": "a" * 64}, f"the policy knows {'a' * 64}"),
        ({"key": "", "ca": "b" * 64}, "has no chain of certificates up to a root"),
    ],
)
def test_the_policy_must_know_the_person(
    desk: Desk, sealed: Any, hold: Hold, changes: dict[str, Any], said: str
) -> None:
    one = desk.somebody()
    desk.sign(one, of_bundle(sealed))
    fields = {"id": "p1", "name": "P1", "roles": ("reviewer",), "key": one.person.key, **changes}
    decision = hold([Person(**fields)], REVIEW)
    assert unmet(decision) == {"quorum": "refused"}
    assert said in told(decision)


def test_the_approval_of_another_bundle_is_none(desk: Desk, hold: Hold, lab: Any) -> None:
    one = desk.somebody()
    desk.sign(one, of_bundle(lab.seal(name="another")))
    decision = hold([one], REVIEW)
    assert "it is of something else" in told(decision)


@pytest.mark.parametrize(
    ("at", "now", "said"),
    [
        (datetime(2026, 3, 2, 9, 16, tzinfo=UTC), NOW, "before the run ended"),
        (NOW + timedelta(hours=1), NOW, "which is yet to come"),
    ],
)
def test_results_are_approved_when_they_are_there(
    desk: Desk, sealed: Any, hold: Hold, at: datetime, now: datetime, said: str
) -> None:
    one = desk.somebody()
    desk.sign(one, of_bundle(sealed), at=at)
    decision = hold([one], REVIEW, now=now)
    assert unmet(decision) == {"quorum": "refused"}
    assert said in told(decision)


def test_a_plan_is_approved_before_it_is_run(desk: Desk, sealed: Any, hold: Hold) -> None:
    late, early = desk.somebody("p1"), desk.somebody("p2")
    people = [late, early]
    assert unmet(hold(people, PLAN)) == {"plan": "refused"}
    desk.sign(early, of_plan(sealed), Meaning.APPROVED_PLAN, BEFORE)
    assert unmet(hold(people, PLAN)) == {}


def test_a_plan_approved_after_the_run_began_is_not(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody()
    desk.sign(one, of_plan(sealed), Meaning.APPROVED_PLAN, SIGNED_AT)
    decision = hold([one], PLAN)
    assert unmet(decision) == {"plan": "refused"}
    assert "after the run began" in told(decision)


@pytest.mark.parametrize(
    "change",
    [
        lambda lab, m: {"depth": "campaign"},
        lambda lab, m: {"tool": {**m.tool, "suites_sha256": lab.sha("edited")}},
        lambda lab, m: {"requirements": dict(list(m.requirements.items())[1:])},
        lambda lab, m: {"deviations": (lab.deviation(),)},
        lambda lab, m: {"cases": {**m.cases, "TC-LAT-001": one_sample(m.cases["TC-LAT-001"])}},
        lambda lab, m: {"profile": lab.profile_entry("bedside_monitor", title="Other")},
    ],
)
def test_a_plan_changed_since_it_was_approved_is_another(
    desk: Desk, lab: Any, ask: Ask, change: Any
) -> None:
    one = desk.somebody()
    desk.sign(one, of_plan(lab.seal()), Meaning.APPROVED_PLAN, BEFORE)
    changed = lab.seal(name="changed", **change(lab, lab.manifest()))
    decision = ask(changed, beside=Beside(desk.read()), approval=rules([one], PLAN))
    assert unmet(decision)["plan"] == "refused"


def one_sample(case: CaseEntry) -> CaseEntry:
    return replace(case, samples=1)


def test_which_suites_of_a_plan_are_run_is_no_part_of_it(desk: Desk, lab: Any, ask: Ask) -> None:
    one = desk.somebody()
    desk.sign(one, of_plan(lab.seal(seed=1)), Meaning.APPROVED_PLAN, BEFORE)
    other = lab.seal(name="other", seed=2, started_utc="2026-03-02T09:00:00.000Z")
    decision = ask(other, beside=Beside(desk.read()), approval=rules([one], PLAN))
    assert "plan" not in unmet(decision)


def test_a_key_without_a_passphrase_can_be_refused(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody()
    bare = Signer(one.signer.key, (), 1, one.signer._private)
    desk.sign(Somebody(one.person, bare, one.pem), of_bundle(sealed))
    assert unmet(hold([one], REVIEW)) == {}
    decision = hold([one], REVIEW, two_components=True)
    assert "the key was not behind a passphrase" in told(decision)


def test_a_time_stamp_can_be_asked_for(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody()
    desk.sign(one, of_bundle(sealed))
    decision = hold([one], REVIEW, authority="c" * 64)
    assert unmet(decision) == {"trail": "refused", "quorum": "refused"}
    assert "it has no time stamp of the authority" in told(decision)


def test_a_trail_that_does_not_hold_refuses_whatever_is_asked(
    desk: Desk, sealed: Any, hold: Hold
) -> None:
    desk.sign(desk.somebody(), of_bundle(sealed))
    next(desk.folder.glob("*.json")).unlink()
    assert unmet(hold([])) == {"trail": "refused"}


@pytest.mark.slow
def test_the_plan_before_the_run_is_the_plan_of_its_manifest(lab: Any) -> None:
    """Held on the shipped suites: what a run writes down gives the digest that was approved."""
    from edgeward.profile import load_profile
    from edgeward_harness import resources
    from edgeward_harness.profile.unit import find_unit
    from edgeward_harness.run.collect import Collected
    from edgeward_harness.run.manifest import build_manifest
    from edgeward_harness.run.plan import RunPlan
    from edgeward_harness.run.scope import Scope
    from edgeward_harness.run.tree import tree_sha256
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.vocabulary import Depth

    trace = load_trace(resources.suites())
    loaded = load_profile("wearable", [resources.device_profiles()])
    plan = RunPlan(
        nonce="0" * 32,
        loaded=loaded,
        unit=find_unit(None, None),
        depth=Depth.QUICK,
        seed=1,
        out=lab.folder,
        key=None,
        formats=(),
        suites_folder=resources.suites(),
        trace=trace,
    )
    manifest = build_manifest(plan, Collected(), Scope((), complete=True), {})
    profile = (loaded.profile.name, loaded.profile.sha256)
    before = plan_before(trace, profile, "quick", tree_sha256(resources.suites()))
    assert plan_of(manifest) == before
    assert plan_subject(before) == plan_subject(
        plan_of(type(manifest).from_bytes(manifest.to_bytes()))
    )
