"""The gate asks people: others than the author, of exactly this, and in time."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from approval_lab import SIGNED_AT, Desk, Somebody, desk
from gate_lab import NOW, Ask, unmet

from edgeward.canonical import sha256_hex
from edgeward_harness.approval.add import Who
from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.keys import PersonKey, Signer, load_signer
from edgeward_harness.approval.people import Person, Wanted
from edgeward_harness.approval.plan import (
    deviation_subject,
    plan_before,
    plan_of,
    plan_subject,
)
from edgeward_harness.approval.statement import Subject
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.entries import CaseEntry
from edgeward_harness.gate.beside import Beside
from edgeward_harness.gate.decide import RULES, Decision
from edgeward_harness.gate.policy import Allowed

__all__ = ["desk"]

BEFORE = datetime(2026, 3, 1, tzinfo=UTC)
"""The bundles of these tests begin on 2 March, 09:14:07, and end at 09:16:49."""
REVIEW = Wanted(Meaning.REVIEWED_RESULTS, "reviewer", 1)
PLAN = Wanted(Meaning.APPROVED_PLAN, "reviewer", 1)
WAIVER = Wanted(Meaning.ACCEPTED_DEVIATION, "quality", 1)


def of_bundle(sealed: Any) -> Subject:
    """A bundle as it is signed."""
    sha256 = sha256_hex((sealed.path / "statement.dsse.json").read_bytes())
    return Subject(SubjectKind.BUNDLE, "statement.dsse.json", sha256, {})


def of_plan(sealed: Any) -> Subject:
    """The plan of a bundle as it is signed."""
    return plan_subject(plan_of(open_bundle(sealed.path).manifest))


def told(decision: Decision) -> str:
    return "\n".join(decision.reasons)


def rules(people: Iterable[Somebody | Person], *quorum: Wanted, **changes: Any) -> dict[str, Any]:
    """A policy's section that asks these people for that."""
    known = [one if isinstance(one, Person) else one.person for one in people]
    said = {want.meaning for want in quorum}
    return {
        "people": tuple(known),
        "quorum": quorum,
        "plan_approved_before_run": Meaning.APPROVED_PLAN in said,
        "waivers_signed": Meaning.ACCEPTED_DEVIATION in said,
        **changes,
    }


@pytest.fixture
def sealed(lab: Any) -> Any:
    return lab.seal()


Hold = Callable[..., Decision]


@pytest.fixture
def hold(ask: Ask, desk: Desk, sealed: Any) -> Hold:
    """Decide on the bundle with what was signed at the desk."""

    def held(people: Iterable[Any], *quorum: Wanted, now: datetime = NOW, **more: Any) -> Decision:
        beside = Beside(desk.read())
        return ask(sealed, now=now, beside=beside, approval=rules(people, *quorum, **more))

    return held


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


SHORT = ("REQ-LAT-002", "REQ-LAT-003", "REQ-LAT-007")


@pytest.fixture
def waived(lab: Any) -> Any:
    """A bundle that falls short, and whose manifest accepts it."""
    deviation = lab.deviation(requirements=SHORT)
    return lab.seal(lab.story(late=25), name="waived", deviations=(deviation,), controls={})


LENIENT = {
    "standings": (Allowed.VERIFIED, Allowed.WAIVED),
    "waivers": ("DEV-001",),
    "inapplicable": (),
}


def test_a_waiver_needs_a_signature_under_its_very_words(
    desk: Desk, waived: Any, ask: Ask, lab: Any
) -> None:
    one = desk.somebody("p1", "quality")

    def asked(now: datetime = NOW) -> Decision:
        approval = rules([one], WAIVER)
        return ask(waived, now=now, beside=Beside(desk.read()), approval=approval, trace=LENIENT)

    assert unmet(asked()) == {"waived": "refused"}
    edited = lab.deviation(requirements=SHORT, expires="2027-12-31")
    desk.sign(one, deviation_subject(edited), Meaning.ACCEPTED_DEVIATION)
    assert "it is of something else" in told(asked())
    entry = lab.deviation(requirements=SHORT)
    desk.sign(one, deviation_subject(entry), Meaning.ACCEPTED_DEVIATION)
    assert unmet(asked()) == {}
    over = asked(datetime(2027, 1, 4, tzinfo=UTC))
    assert unmet(over)["waived"] == "refused"
    assert "DEV-001 expired 4 days ago, on 2026-12-31" in told(over)


def test_the_self_audit_can_be_asked_for(ask: Ask, sealed: Any) -> None:
    def asked(found: tuple[str, ...] | None) -> Decision:
        return ask(sealed, beside=Beside(audit=found), approval={"audit": True})

    assert "the self-audit was not made" in told(asked(None))
    assert "rule 16: REQ-1 has no test" in told(asked(("rule 16: REQ-1 has no test",)))
    assert unmet(asked(())) == {}


def test_what_was_verified_before_is_verified_still(ask: Ask, lab: Any, sealed: Any) -> None:
    from gate_lab import exhibits

    (before,) = exhibits(lab.seal(name="before"))
    digest = before.statement_sha256

    def asked(now: Any, baseline: Any = before, expected: str = digest) -> Decision:
        beside = Beside(baseline=baseline)
        return ask(now, beside=beside, approval={"baseline": expected})

    assert unmet(asked(sealed)) == {}
    assert "was not given" in told(asked(sealed, None))
    assert "is not the release before: its digest is" in told(asked(sealed, before, "d" * 64))
    plan = lab.manifest()
    names = [name for name in plan.requirements if name != "REQ-LAT-001"]
    less = lab.seal(
        name="less",
        requirements={name: plan.requirements[name] for name in names},
        cases={name.replace("REQ", "TC"): plan.cases[name.replace("REQ", "TC")] for name in names},
        items={name.replace("REQ", "TC"): plan.items[name.replace("REQ", "TC")] for name in names},
        controls={},
    )
    assert "REQ-LAT-001 was verified in the release before, and is not there" in told(asked(less))


def test_every_finding_says_what_would_mend_it(ask: Ask, lab: Any, desk: Desk) -> None:
    short = lab.seal(
        lab.story(late=25), name="short", depth="quick", started_utc="2025-01-01T00:00:00.000Z"
    )
    (short.path / "key.pub").unlink()
    broken = lab.seal(name="broken")
    (broken.path / "records.jsonl").write_bytes(b"{}")
    decision = ask(
        short,
        broken,
        beside=Beside(desk.read()),
        approval=rules([], REVIEW, PLAN, audit=True, baseline="a" * 64, authority="b" * 64),
        evidence={"profiles": ("gateway",), "build_sha256": "c" * 64, "require_on_target": True},
    )
    findings = [one for ruling in decision.rulings for one in ruling.findings]
    assert len({ruling.rule for ruling in decision.rulings if ruling.findings}) >= 12
    assert [one.text for one in findings if not one.fix] == []
    assert len(RULES) == 24


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


def test_an_expired_certificate_counts_no_more(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody("p1", curve=True, days=8)
    desk.sign(one, of_bundle(sealed))
    assert unmet(hold([one], REVIEW, now=SIGNED_AT + timedelta(days=7))) == {}
    decision = hold([one], REVIEW, now=NOW)
    assert unmet(decision) == {"quorum": "refused"}
    assert "its certificate was not valid on 2026-03-20: 2026-02-03 to 2026-03-13" in told(decision)


def test_a_stamped_signature_outlives_its_certificate(desk: Desk) -> None:
    from edgeward_harness.approval.people import doubts

    one = desk.somebody("p1", curve=True, days=8)
    signed = desk.sign(one)
    stamped = Signed(signed.file, signed.sha256, signed.approval, signed.keyid, SIGNED_AT)
    assert doubts(signed, [one.person], NOW)
    assert doubts(stamped, [one.person], NOW) == ()


@pytest.mark.parametrize("usage", [True, False])
def test_a_certificate_must_be_for_signatures(
    desk: Desk, sealed: Any, hold: Hold, usage: bool
) -> None:
    one = desk.somebody("p1", days=100, usage=usage)
    desk.sign(one, of_bundle(sealed))
    assert ("quorum" in unmet(hold([one], REVIEW))) is not usage


def test_a_root_that_only_bears_the_name_is_none(desk: Desk, sealed: Any, hold: Hold) -> None:
    one = desk.somebody("p1", days=100)
    desk.sign(one, of_bundle(sealed))
    other = Person("p1", "P1", ("reviewer",), ca="d" * 64)
    assert "its certificates end in the root" in told(hold([other], REVIEW))


def test_a_public_key_is_no_secret_and_no_other(desk: Desk) -> None:
    one, two = desk.somebody("p1"), desk.somebody("p2", curve=True)
    for signer in (one.signer, two.signer):
        signature = signer.sign(b"data")
        assert signer.key.accepts(signature, b"data")
        assert not signer.key.accepts(signature, b"date")
        assert not signer.key.accepts(b"", b"data")
        assert "PRIVATE" not in repr(signer)
    assert not PersonKey(b"nothing").accepts(b"", b"data")
