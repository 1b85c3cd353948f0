"""From what a pack is made from to its documents: each built once, in the order of their numbers.

Documents 21 and 00 come last, as they speak about the others; they stand at their own places.
"""

from collections.abc import Callable
from importlib import import_module

from edgeward_harness.gate.decide import Decision
from edgeward_harness.pack.model import Document, Pack
from edgeward_harness.pack.source import PackSource

Builder = Callable[[PackSource], Document]

_PLAIN = (
    "doc01_class",
    "doc02_plan",
    "doc03_requirements",
    "doc04_risk_controls",
    "doc06_protocols",
    "doc07_records",
    "doc12_security_risk",
    "doc14_versions",
    "doc16_build",
    "doc17_target",
    "doc18_certificate",
    "doc20_audit_trail",
)
"""Documents that rest on the source alone."""
_WORDS = {"released": "released", "refused": "not released", "undecided": "undecided"}
NOT_ASKED = "provisional: no gate was asked"


def build_pack(source: PackSource) -> Pack:
    """Every document of the pack."""
    documents = [_builder(name)(source) for name in _PLAIN]
    about = source.submission.about
    return Pack(
        title=about.title,
        device=about.device or "device not named",
        release=about.release or "release not named",
        as_of=source.as_of.isoformat(),
        root_sha256=source.root_sha256,
        state=state_of(source.decision),
        documents=tuple(sorted(documents, key=lambda one: one.number)),
        facts=_facts(source),
    )


def _builder(name: str) -> Builder:
    """The builder of a document, imported for itself: some bring in a drawing library."""
    build: Builder = import_module(f"edgeward_harness.pack.documents.{name}").build
    return build


def state_of(decision: Decision | None) -> str:
    """What stands on each page."""
    return NOT_ASKED if decision is None else _WORDS[decision.verdict.value]


def _facts(source: PackSource) -> tuple[tuple[str, str], ...]:
    about = source.submission.about
    nearest = sorted({one.bundle.manifest.unit.realization for one in source.evidence})
    return (
        ("Manufacturer", about.manufacturer or "not named"),
        ("Profiles", ", ".join(source.profiles) or "none"),
        ("Evidence", ", ".join(nearest).replace("_", " ") or "none"),
        ("Runs", ", ".join(one.label for one in source.evidence) or "none"),
        ("As of", source.as_of.isoformat()),
        ("Digest over all bundles", source.root_sha256),
    )
