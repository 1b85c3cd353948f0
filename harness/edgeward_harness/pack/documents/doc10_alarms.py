"""Document 10: which conditions raise which alarm, how soon, what was missed, what was needless."""

import re
from collections.abc import Iterable

from edgeward_harness.pack.measured import of_suite, table
from edgeward_harness.pack.model import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Missing,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
    absent,
)
from edgeward_harness.pack.source import PackSource, Taken
from edgeward_harness.report.facts import flatten
from edgeward_harness.report.numbers import quantity

SUITE = "alarms"
_RAISES = re.compile(r"(?P<cause>.+)_to_(?:(?P<priority>high|medium|low)_)?alarm(?P<rest>.*)")
_GROUPS: tuple[tuple[str, str, str], ...] = (
    ("missed", "Missed", r"miss|lost|hidden|switched_off|not_heard|unanswered"),
    ("needless", "Needless, and storms", r"false|needless|storm|well|made_up|chatter|before_any"),
    ("people", "Acknowledging, pausing, settings", r"silence|pause|acknowledg|latching|limits"),
    ("signals", "Sound, light and signals elsewhere", r"sound|light|elsewhere|receiver"),
    ("whose", "Whose alarm it is", r"other_patient|another_patient|not_the_patients"),
)
"""Sections by what the name of a measurement says; the first that fits has it."""


def build(source: PackSource) -> Document:
    """The matrix of conditions, then each kind of proof."""
    found = list(of_suite(source, SUITE))
    return Document(
        number="10",
        slug="alarm-verification",
        title="Alarm verification",
        purpose="Which condition raises an alarm of which priority and how soon, what was missed "
        "and what was needless with its bound, and how alarms behave when people, power or links "
        "get in between.",
        sections=(
            _promises(source),
            _matrix(found),
            *_sections(found),
        ),
        answers=("IEC 62304 5.2.2",),
    )


def _promises(source: PackSource) -> Section:
    facts = tuple(
        (f"{one.profile}: {name.removeprefix('alarm.')}", Cell(value))
        for one in source.evidence
        for name, value in flatten(one.bundle.manifest.profile.resolved)
        if name.startswith("alarm.")
    )
    text = (
        "A delay is counted from the moment at which a condition is met to the moment "
        "at which its alarm is there, by the device's protocol and from outside; patients are "
        "simulated unless a row names recordings."
    )
    return Section("promises", "What each profile promises", (Paragraph(text), Facts(facts)))


def _matrix(found: list[Taken]) -> Section:
    delays = [(one, match) for one in found if (match := _RAISES.fullmatch(one.measurement.name))]
    if not delays:
        why = "Whether an alarm comes in time is the first thing a monitor is for."
        missing = Missing("delays of alarms", why, "edgeward verify --suite alarms")
        return Section("matrix", "Conditions, priorities and delays", (missing,))
    rows = tuple(_delay(one, match) for one, match in delays)
    columns = (
        Column("Condition", weight=1.6),
        Column("Priority", Kind.NAME, 0.6),
        Column("Profile", Kind.NAME),
        Column("n", Kind.NUMBER, 0.4),
        Column("Median", Kind.NUMBER, 0.7),
        Column("Longest", Kind.NUMBER, 0.7),
        Column("Promised", Kind.NUMBER, 0.7),
        Column("What is known", weight=2),
    )
    text = (
        "A negative delay is an alarm that came before the time allowed for recognising the "
        "condition had run out. The last column bounds how often one may lie beyond the promise."
    )
    matrix = Table("matrix", "Delay from condition to alarm", columns, rows)
    return Section("matrix", "Conditions, priorities and delays", (Paragraph(text), matrix))


def _delay(one: Taken, match: re.Match[str]) -> Row:
    part = one.measurement
    shape = part.distribution or {}
    median = shape.get("p50")
    longest = quantity(part.observed, part.unit)
    tone = Tone.GOOD if part.verdict.value == "passed" else Tone.BAD
    return Row(
        (
            Cell(f"{match['cause']}{match['rest']}".replace("_", " ")),
            Cell(match["priority"] or "any"),
            Cell(one.evidence.profile, link=f"07#{one.evidence.place}/{one.case}"),
            Cell(f"{part.n:,}"),
            Cell(quantity(median, part.unit)) if median is not None else absent("none"),
            Cell(longest, tone),
            Cell(quantity(part.limit, part.unit)),
            Cell(part.note or part.method),
        )
    )


def _sections(found: Iterable[Taken]) -> list[Section]:
    left = [one for one in found if not _RAISES.fullmatch(one.measurement.name)]
    made = []
    for name, title, pattern in _GROUPS:
        chosen = [one for one in left if re.search(pattern, one.measurement.name)]
        left = [one for one in left if one not in chosen]
        blocks: tuple[Block, ...] = (table(name, title, chosen),)
        made.append(Section(name, title, blocks))
    rest = "States, restarts, outages and the rest"
    return [*made, Section("rest", rest, (table("rest", rest, left),))]
