"""Document 21: the questions a reviewer asks mechanically, asked before the reviewer does."""

from collections import Counter
from collections.abc import Sequence

from edgeward_harness.pack.audit.ruling import Outcome, Ruling
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)

_WORDS = {
    Outcome.HOLDS: Cell("holds", Tone.GOOD),
    Outcome.BROKEN: Cell("broken", Tone.BAD),
    Outcome.NO_DATA: Cell("no data", Tone.MISSING),
    Outcome.NOT_APPLICABLE: Cell("does not apply", Tone.QUIET),
}


def build(rulings: Sequence[Ruling]) -> Document:
    """Every rule with its outcome, in figures, and where its evidence is."""
    counted = Counter(one.outcome for one in rulings)
    facts = tuple((_WORDS[one].text, Cell(f"{counted[one]}")) for one in Outcome)
    columns = (
        Column("No.", Kind.NUMBER, 0.3),
        Column("Group", Kind.NAME, 0.6),
        Column("Question", weight=2),
        Column("Outcome", Kind.NAME, 0.8),
        Column("What was found", weight=2.6),
        Column("Evidence", Kind.NAME, 0.5),
        Column("What would mend it", weight=1.8),
    )
    rows = tuple(_row(one) for one in rulings)
    text = (
        "Each rule is computed from the bundles, the plans and what people said, never from a "
        "verdict that stands somewhere. A rule without data is not one that holds."
    )
    table = Table("rules", "Rule by rule", columns, rows)
    return Document(
        number="21",
        slug="self-audit",
        title="Reviewer's self-audit",
        purpose="Mechanical questions about versions, dates, sets, numbers and content, each with "
        "its answer, the evidence for it, and what would mend it.",
        sections=(Section("rules", "Rules", (Paragraph(text), Facts(facts), table)),),
        answers=("IEC 62304 5.8.1",),
    )


def _row(one: Ruling) -> Row:
    return Row(
        (
            Cell(f"{one.number}"),
            Cell(one.group),
            Cell(one.question),
            _WORDS[one.outcome],
            Cell(one.text),
            Cell(one.link, link=one.link),
            Cell(one.fix) if one.fix else Cell("nothing", Tone.QUIET),
        ),
        anchor=f"{one.number}",
    )
