"""From what a pack is made from to its documents: each built once, in the order of their numbers.

Documents 21, 22 and 00 are built last, as they speak about the others.
"""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from edgeward_harness.gate.decide import Decision
from edgeward_harness.pack.audit.rules import audit
from edgeward_harness.pack.audit.ruling import Outcome
from edgeward_harness.pack.documents import doc00_index, doc21_self_audit, doc22_twins
from edgeward_harness.pack.model import Document, Pack
from edgeward_harness.pack.source import PackSource

Builder = Callable[[PackSource], Document]

_PLAIN = (
    "doc01_class",
    "doc02_plan",
    "doc03_requirements",
    "doc04_risk_controls",
    "doc05_soup",
    "doc06_protocols",
    "doc07_records",
    "doc08_statistics",
    "doc09_model",
    "doc10_alarms",
    "doc11_security",
    "doc12_security_risk",
    "doc13_regression",
    "doc14_versions",
    "doc15_anomalies",
    "doc16_build",
    "doc17_target",
    "doc18_certificate",
    "doc19_qualification",
    "doc20_audit_trail",
)
"""Documents that rest on the source alone."""
_WORDS = {"released": "released", "refused": "not released", "undecided": "undecided"}
NOT_ASKED = "provisional: no gate was asked"


def build_pack(source: PackSource) -> Pack:
    """Every document of the pack."""
    plain = _plain_documents(source)
    rulings = audit(source, plain)
    told = (*plain, doc21_self_audit.build(rulings))
    rest = (*told, doc22_twins.build(source, told))
    documents = (doc00_index.build(source, rest, rulings), *rest)
    return replace(head_of(source), documents=documents)


def head_of(source: PackSource) -> Pack:
    """The pack without its documents: what stands on each page, and in the list of its files."""
    about = source.submission.about
    return Pack(
        title=about.title,
        device=about.device or "device not named",
        release=about.release or "not named",
        as_of=source.as_of.isoformat(),
        root_sha256=source.root_sha256,
        state=state_of(source.decision),
        documents=(),
        facts=_facts(source),
    )


def not_holding(source: PackSource) -> tuple[str, ...]:
    """The rules of the self-audit that do not hold, each in a sentence, for a gate that asks."""
    rulings = audit(source, _plain_documents(source))
    short = (Outcome.BROKEN, Outcome.NO_DATA)
    return tuple(
        f"rule {one.number}, {one.question} {one.text}" for one in rulings if one.outcome in short
    )


def _plain_documents(source: PackSource) -> tuple[Document, ...]:
    built = (_builder(name)(source) for name in _PLAIN)
    return tuple(sorted(built, key=lambda one: one.number))


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
    )
