"""What the tests of the gate share: a place to decide at, and how to decide there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from edgeward_harness.evidence.keys import load_public_keys
from edgeward_harness.gate.beside import Beside
from edgeward_harness.gate.case import Outcome
from edgeward_harness.gate.decide import Decision, decide
from edgeward_harness.gate.exhibit import Exhibit, examine
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import Policy, load_policy
from edgeward_harness.resources import suites

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SEEDED = "03" * 32
"""The defects that the record of `qualification_lab` names."""


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped rules that ask nobody, for the one suite that these bundles are of."""
    shipped = load_policy(suites() / "gate_policy_trial.toml")
    return replace(shipped, evidence=replace(shipped.evidence, suites=("latency",)))


Ask = Callable[..., Decision]


@pytest.fixture
def here(lab: Any) -> Here:
    """A place with the profiles, suites and harness that the bundles of these tests name."""
    names = ("bedside_monitor", "wearable")
    return Here(
        profiles={name: lab.profile_entry(name).sha256 for name in names},
        suites_sha256=lab.sha("suites"),
        harness_sha256=lab.sha("harness"),
        seeded_sha256=SEEDED,
    )


@pytest.fixture
def ask(policy: Policy, here: Here) -> Ask:
    """Decide on sealed bundles; changes of the policy are given as `section={field: value}`."""

    def decided(
        *sealed: Any,
        now: datetime = NOW,
        at: Here = here,
        beside: Beside | None = None,
        **changes: dict[str, Any],
    ) -> Decision:
        rules = policy
        for section, fields in changes.items():
            rules = replace(rules, **{section: replace(getattr(rules, section), **fields)})
        return decide(rules, exhibits(*sealed, now=now), now, here=at, beside=beside)

    return decided


def exhibits(*sealed: Any, now: datetime = NOW) -> tuple[Exhibit, ...]:
    """The bundles as the gate sees them, every signer trusted."""
    keys = load_public_keys([one.public_key for one in sealed])
    return examine([one.path for one in sealed], keys, None, now.date())


def unmet(decision: Decision) -> dict[str, str]:
    """The rules that are not met, each with what it says."""
    return {
        ruling.rule: ruling.outcome.value
        for ruling in decision.rulings
        if ruling.outcome is not Outcome.MET
    }
