"""Document 12: what somebody may try against the device, and what stands against it."""

from edgeward_harness.pack.documents.doc03_requirements import standing
from edgeward_harness.pack.dress import listed, owed, supplied, written
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Kind,
    Missing,
    Row,
    Section,
    Table,
    Tone,
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import Threat
from edgeward_harness.pack.words import Disposition, Exploitability
from edgeward_harness.trace.vocabulary import Kind as Content
from edgeward_harness.trace.vocabulary import topic_of

_TOPICS = ("ENC",)
"""Whose requirements are of security, whatever kind each is."""
_ORDER = {one: place for place, one in enumerate(Exploitability)}


def build(source: PackSource) -> Document:
    """Threats with their answers, those that have none, and what is still open."""
    return Document(
        number="12",
        slug="security-risk",
        title="Security risk report",
        purpose="Which threats were considered, how easily each is carried out before and after "
        "its controls, which case tried it, and what is left for the safety file.",
        sections=(_threats(source), _answers(source), _open(source), _model(source)),
        answers=("FDA cybersecurity 2026 V.A", "IEC 81001-5-1 7.1"),
    )


def _threats(source: PackSource) -> Section:
    threats = source.submission.threats
    if not threats:
        why = "A test of security says something about a threat; without a list nobody knows which."
        missing = Missing("the list of threats", why, "[[threat]] in submission.toml")
        return Section("threats", "Threats", (missing,))
    columns = (
        Column("Threat", Kind.NAME, 0.8),
        Column("What is tried", weight=2.4),
        Column("Before", Kind.NAME, 0.7),
        Column("After", Kind.NAME, 0.7),
        Column("Answered by", weight=1.4),
        Column("Tried by", weight=1.2),
        Column("May harm by", Kind.NAME, 0.9),
    )
    table = Table(
        "threats",
        "Threats, by exploitability and not by probability",
        columns,
        tuple(_threat(one) for one in threats),
    )
    return Section("threats", "Threats", (table,))


def _threat(one: Threat) -> Row:
    worse = _ORDER[one.after] > _ORDER[one.before]
    tone = Tone.BAD if worse or one.after is Exploitability.HIGH else Tone.PLAIN
    return Row(
        (
            Cell(one.id),
            Cell(one.title),
            Cell(one.before.value),
            Cell(one.after.value, tone),
            owed(one.requirements, "no requirement"),
            owed(one.cases, "nobody tried"),
            listed(one.hazards),
        ),
        anchor=one.id,
    )


def _answers(source: PackSource) -> Section:
    """Each requirement of security with its result and the threats it answers."""
    answered: dict[str, list[str]] = {}
    for threat in source.submission.threats:
        for name in threat.requirements:
            answered.setdefault(name, []).append(threat.id)
    rows = tuple(
        Row(
            (
                Cell(one.id, link=f"03#{one.id}"),
                Cell(one.title),
                owed(answered.get(one.id, ()), "no threat names it"),
                *(standing(source, profile, one.id) for profile in source.profiles),
            )
        )
        for one in source.trace.requirements.values()
        if one.kind in (Content.SECURITY, Content.NETWORK) or topic_of(one.id) in _TOPICS
    )
    columns = (
        Column("Requirement", Kind.NAME),
        Column("What it asks", weight=2.4),
        Column("Answers"),
        *(Column(name, Kind.NAME, 0.9) for name in source.profiles),
    )
    table = Table("answers", "Requirements of security and their results", columns, rows)
    return Section("answers", "What stands against them", (table,))


def _open(source: PackSource) -> Section:
    anomalies = source.submission.anomalies
    if anomalies is None:
        why = "Each anomaly that is open is judged for security too, safe as it may be."
        missing = Missing("the list of anomalies", why, "[[anomaly]] in submission.toml")
        return Section("open", "What is still open", (missing,))
    rows = tuple(
        Row(
            (
                Cell(one.id, link=f"15#{one.id}"),
                Cell(one.title),
                absent("not judged") if one.security == "undecided" else Cell(one.security.value),
                listed(one.cwe, "no kind of weakness"),
            )
        )
        for one in anomalies
        if one.disposition is not Disposition.FIXED
    )
    columns = (
        Column("Anomaly", Kind.NAME),
        Column("What is wrong", weight=2.4),
        Column("For security", Kind.NAME),
        Column("Weakness"),
    )
    return Section("open", "What is still open", (Table("open", "Open anomalies", columns, rows),))


def _model(source: PackSource) -> Section:
    given = source.submission.supplied_for("12")
    if given:
        table = written(source, given)
        return Section("model", "Threat model", (table,))
    why = "Which ways into the whole system there are, is known to those who build it into one."
    return Section("model", "Threat model", (supplied("12", "the threat model", why),))
