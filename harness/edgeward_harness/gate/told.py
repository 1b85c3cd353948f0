"""A decision as it is told: lines for a terminal, and the same for programs. Pure."""

from collections.abc import Iterable
from typing import Any

from edgeward_harness.gate.decide import Decision, Ruling
from edgeward_harness.gate.exhibit import Exhibit

FINDINGS_MAX = 12
"""Findings told for a rule; --json has them all."""
FIXES_MAX = 3
"""Different fixes told for a rule."""
WORDS = {"met": "met", "refused": "REFUSED", "undecided": "UNDECIDED"}
VERDICTS = {"released": "RELEASE", "refused": "REFUSED", "undecided": "UNDECIDED"}


def about(exhibit: Exhibit) -> str:
    """A bundle in one line."""
    bundle, assessment = exhibit.bundle, exhibit.assessment
    if bundle is None or assessment is None:
        return f"bundle  {exhibit.name}: cannot be read"
    manifest = bundle.manifest
    told = (
        manifest.profile.name,
        manifest.unit.realization.replace("_", " "),
        f"depth {manifest.depth}",
        f"run {manifest.run[:12]}",
        assessment.verdict.value.replace("_", " "),
    )
    return f"bundle  {exhibit.name}: {', '.join(told)}"


def rulings(decision: Decision) -> list[str]:
    """Every rule with what it found, and what would mend it."""
    lines = []
    for ruling in decision.rulings:
        lines.append(f"{WORDS[ruling.outcome]:<11}{ruling.rule:<14}{ruling.question}")
        lines += _findings(ruling)
        lines += [f"{'':<13}fix: {fix}" for fix in fixes_of(ruling)]
    return lines


def fixes_of(ruling: Ruling) -> list[str]:
    """The first different fixes of a rule."""
    return list(dict.fromkeys(one.fix for one in ruling.findings if one.fix))[:FIXES_MAX]


def _findings(ruling: Ruling) -> Iterable[str]:
    told = [f"{'':<11}- {one.text}" for one in ruling.findings[:FINDINGS_MAX]]
    more = len(ruling.findings) - FINDINGS_MAX
    return told if more <= 0 else [*told, f"{'':<11}- and {more:,} more (--json has them all)"]


def headline(decision: Decision) -> str:
    """The verdict and why, in one line."""
    short = [ruling.rule for ruling in decision.rulings if ruling.outcome != "met"]
    told = f"{', '.join(decision.profiles)}: all {len(decision.rulings)} rules are met"
    if short:
        told = f"{len(short)} of {len(decision.rulings)} rules not met: {', '.join(short)}"
    return f"{VERDICTS[decision.verdict]}: {told}"


def as_json(decision: Decision, policy: str) -> dict[str, Any]:
    """All of it, for programs; `policy` is the title of the rules."""
    return {
        "verdict": decision.verdict.value,
        "exit_status": decision.exit_code,
        "policy": policy,
        "profiles": list(decision.profiles),
        "notes": list(decision.notes),
        "rules": [
            {
                "rule": ruling.rule,
                "question": ruling.question,
                "outcome": ruling.outcome.value,
                "findings": [
                    {"text": one.text, "outcome": one.outcome.value, "fix": one.fix}
                    for one in ruling.findings
                ],
            }
            for ruling in decision.rulings
        ],
    }
