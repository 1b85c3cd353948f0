"""Hazards, the controls that answer them, and whether both proofs of each control are there."""

from collections.abc import Mapping, Sequence
from typing import Any

from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.report.facts import text_of
from edgeward_harness.report.model import CaseLink, ControlView, HazardView, Proof

_TOLD_FIRST = ("situation", "harm", "severity")


def hazard_views(
    manifest: Manifest, assessment: Assessment, states: Mapping[str, str]
) -> tuple[HazardView, ...]:
    """Every hazard with its controls; a hazard without a control is shown as such."""
    controls: dict[str, list[ControlView]] = {}
    for name, entry in manifest.controls.items():
        standing = assessment.controls[name]
        view = ControlView(
            id=name,
            title=entry.title,
            standing=str(standing.standing),
            reasons=tuple(standing.reasons),
            implementation=Proof(str(standing.implementation), links(entry.implementation, states)),
            effectiveness=Proof(str(standing.effectiveness), links(entry.effectiveness, states)),
        )
        for hazard in entry.hazards:
            controls.setdefault(hazard, []).append(view)
    return tuple(
        HazardView(
            id=name,
            title=text_of(hazard.get("title", "")),
            facts=_facts(hazard),
            controls=tuple(controls.get(name, ())),
        )
        for name, hazard in manifest.hazards.items()
    )


def _facts(hazard: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a hazard, in the order it is told: how it comes about first."""
    names = [*(name for name in _TOLD_FIRST if name in hazard), *hazard]
    return {name: hazard[name] for name in names if name not in ("title", "fingerprint")}


def links(cases: Sequence[str], states: Mapping[str, str]) -> tuple[CaseLink, ...]:
    """Cases with what became of them; one that is not planned here was not executed here."""
    return tuple(CaseLink(case, states.get(case, "not_executed")) for case in cases)
