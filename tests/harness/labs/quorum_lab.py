"""A bundle before the gate, and the people who must have said yes to it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from approval_lab import Desk, Somebody
from gate_lab import NOW, Ask

from edgeward.canonical import sha256_hex
from edgeward_harness.approval.people import Person, Wanted
from edgeward_harness.approval.plan import (
    plan_of,
    plan_subject,
)
from edgeward_harness.approval.statement import Subject
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.gate.beside import Beside
from edgeward_harness.gate.decide import Decision

__all__ = ["hold", "sealed"]

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
