"""Waivers, certificates, the self-audit and the release before; what would mend each finding."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from approval_lab import SIGNED_AT, Desk, desk
from gate_lab import NOW, Ask, unmet
from quorum_lab import PLAN, REVIEW, WAIVER, Hold, hold, of_bundle, rules, sealed, told

from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.keys import PersonKey
from edgeward_harness.approval.people import Person
from edgeward_harness.approval.plan import (
    deviation_subject,
)
from edgeward_harness.approval.words import Meaning
from edgeward_harness.gate.beside import Beside
from edgeward_harness.gate.decide import RULES, Decision
from edgeward_harness.gate.policy import Allowed

__all__ = ["desk", "hold", "sealed"]

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
        trust={"qualification": True},
    )
    findings = [one for ruling in decision.rulings for one in ruling.findings]
    assert len({ruling.rule for ruling in decision.rulings if ruling.findings}) >= 12
    assert [one.text for one in findings if not one.fix] == []
    assert len(RULES) == 25


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
