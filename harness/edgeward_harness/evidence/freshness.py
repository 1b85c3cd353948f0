"""Whether evidence still speaks for what is written today: fingerprints then against now.

A requirement is stale when its own text has changed, when a case that proves it has, or when it has
a case today that the run did not know. The caller brings today's fingerprints (`of_trace`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgeward_harness.evidence.manifest import Manifest

if TYPE_CHECKING:  # imported where it is used: most readers of evidence have no plans at hand
    from edgeward_harness.trace.model import Trace


@dataclass(frozen=True, slots=True)
class Current:
    """The fingerprints of today, and which cases cite each requirement."""

    requirements: Mapping[str, str]
    cases: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, str] = field(default_factory=dict)
    citing: Mapping[str, frozenset[str]] = field(default_factory=dict)


def of_trace(trace: "Trace") -> Current:
    """Today's fingerprints of a trace."""
    from edgeward_harness.trace.fingerprint import fingerprint

    citing: dict[str, set[str]] = {}
    for case in trace.cases.values():
        for requirement in case.requirements:
            citing.setdefault(requirement, set()).add(case.id)
    return Current(
        requirements={name: fingerprint(one) for name, one in trace.requirements.items()},
        cases={name: fingerprint(one) for name, one in trace.cases.items()},
        controls={name: fingerprint(one) for name, one in trace.controls.items()},
        citing={name: frozenset(cases) for name, cases in citing.items()},
    )


def requirement_changes(
    name: str, cases: tuple[str, ...], then: Manifest, now: Current
) -> list[str]:
    """What has changed about a requirement and its cases since the run; empty when it is fresh."""
    if name not in now.requirements:
        return ["is no longer among the requirements"]
    changes = []
    if now.requirements[name] != then.requirements[name].fingerprint:
        changes.append("its text, criterion, class or risk links have changed since the run")
    for case in cases:
        if case not in now.cases:
            changes.append(f"{case} is no longer planned")
        elif now.cases[case] != then.cases[case].fingerprint:
            changes.append(f"the plan of {case} has changed since the run")
    added = sorted(case for case in now.citing.get(name, ()) if case not in then.cases)
    return changes + [f"{case} was planned after the run" for case in added]


def control_changes(name: str, then: Manifest, now: Current) -> list[str]:
    """What has changed about a risk control since the run; empty when it is fresh."""
    if name not in now.controls:
        return ["is no longer among the risk controls"]
    if now.controls[name] != then.controls[name].fingerprint:
        return ["its text or links have changed since the run"]
    return []
