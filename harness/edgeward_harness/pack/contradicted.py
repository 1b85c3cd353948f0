"""Is the gate's answer that a pack keeps the one that its policy gives on what lies beside it?

A signature shows who wrote the answer down, not that it was ever given. So the gate is asked again,
by the policy in the pack and on the moment the pack was made, and each word of it is compared.
Whether that policy, its people and its yardsticks are good enough, only the reader can say.
"""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime

from edgeward_harness.gate.decide import Decision, Ruling
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import Policy
from edgeward_harness.pack.asked import answer
from edgeward_harness.pack.source import Asked, PackSource

Kept = tuple[str, Decision]
"""The title of a policy, and what the gate said by it."""


def contradictions(
    source: PackSource, kept: Kept | None, asked: Asked | None, moment: datetime
) -> Iterator[str]:
    """What in the kept answer of the gate is not what the gate says."""
    if kept is None and asked is None:
        return
    if kept is None or asked is None:
        given, missing = ("policy", "answer") if kept is None else ("answer", "policy")
        yield f"the gate's {given} is kept without its {missing}"
        return
    title, decision = kept
    if title != asked.policy.title:
        yield f"the gate's answer is by {title!r}; the policy kept is {asked.policy.title!r}"
    again = answer(source, asked, moment)
    if [_head(one) for one in decision.rulings] != [_head(one) for one in again.rulings]:
        yield "the gate's answer does not answer each rule of the gate once, in their order"
    elif decision.verdict is not again.verdict:
        yield (
            f"the gate's answer is {decision.verdict}; asked again by the policy in the pack it is "
            f"{again.verdict}"
        )
    yield from _rulings(decision, again)
    if decision.profiles != again.profiles:
        told, known = (", ".join(one.profiles) or "none" for one in (decision, again))
        yield f"the gate's answer is about {told}; the bundles are of {known}"
    if decision.notes != again.notes:
        yield "the gate's answer has other notes than its policy gives"


def _head(one: Ruling) -> tuple[str, str]:
    return one.rule, one.question


def _rulings(decision: Decision, again: Decision) -> Iterator[str]:
    known = {one.rule: one for one in again.rulings}
    for one in decision.rulings:
        now = known.get(one.rule)
        if now is None or now == one:
            continue
        if one.outcome is now.outcome:
            yield f"the gate's answer on {one.rule} is {one.outcome}, and not for what was found"
            continue
        why = f": {now.findings[0].text}" if now.findings else ""
        yield f"the gate's answer on {one.rule} is {one.outcome}; asked again {now.outcome}{why}"


def yardsticks(asked: Asked | None, here: Here) -> Iterator[str]:
    """Where the gate took promises or suites for its own that the reader does not have."""
    if asked is None:
        return
    rules, trust = asked.policy.evidence, asked.policy.trust
    if trust.qualification and asked.here.seeded_sha256 != here.seeded_sha256:
        yield "the gate was asked beside other seeded defects than come with this harness"
    if rules.protocol and asked.here.suites_sha256 != here.suites_sha256:
        yield "the gate was asked beside other suites than are here (--suites)"
    for name, sha256 in sorted(asked.here.profiles.items()) if rules.promises else ():
        if here.profiles.get(name) != sha256:
            yield f"the gate was asked by promises of {name} that are not those here (--profiles)"


def departures(policy: Policy, shipped: Policy) -> Iterator[str]:
    """The rules by which a policy is another one than the shipped one, by their keys."""
    for section in ("evidence", "trust", "trace", "approval"):
        own, known = getattr(policy, section), getattr(shipped, section)
        for one in fields(own):
            if getattr(own, one.name) != getattr(known, one.name):
                yield f"{section}.{one.name}"
