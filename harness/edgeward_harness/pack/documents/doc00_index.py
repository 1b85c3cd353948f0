"""Document 00: what lies in the pack, and which clause is answered where."""

from collections import Counter
from collections.abc import Iterator, Sequence

from edgeward_harness.pack.audit.ruling import Ruling
from edgeward_harness.pack.conformity import Answer, State, answers
from edgeward_harness.pack.dress import listed
from edgeward_harness.pack.model import (
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
)
from edgeward_harness.pack.source import PackSource

_TONES = {
    State.ANSWERED: Tone.GOOD,
    State.OPEN: Tone.BAD,
    State.FOR_PEOPLE: Tone.DOUBT,
    State.NOT_APPLICABLE: Tone.QUIET,
    State.OUTSIDE: Tone.QUIET,
}


def build(source: PackSource, documents: Sequence[Document], rulings: Sequence[Ruling]) -> Document:
    """The list of documents, the state of each clause, and what this pack does not claim."""
    found = tuple(answers(source, documents, rulings))
    return Document(
        number="00",
        slug="index",
        title="Index and conformity map",
        purpose="What lies in this pack, what each document still lacks, and for each clause of "
        "each standard whether it is answered, where, and if not why.",
        sections=(
            _documents(documents),
            _overview(found),
            *_standards(found),
            _claims(),
        ),
    )


def _documents(documents: Sequence[Document]) -> Section:
    rows = []
    for one in documents:
        lacking = list(dict.fromkeys(one.missing))
        word = Cell(f"{len(lacking):,} kinds of gap", Tone.MISSING)
        told = word if lacking else Cell("nothing is missing", Tone.GOOD)
        shown = lacking[:4]
        more = f"; and {len(lacking) - 4} more" if len(lacking) > 4 else ""
        rows.append(
            Row(
                (
                    Cell(one.number, link=one.number),
                    Cell(f"{one.title}. {one.purpose}"),
                    told,
                    listed([f"{'; '.join(shown)}{more}"] if shown else []),
                )
            )
        )
    columns = (
        Column("No.", Kind.NAME, 0.4),
        Column("Document", weight=3),
        Column("Complete?", Kind.NAME, 1.1),
        Column("What it lacks", weight=2),
    )
    text = (
        "A document that lacks something says so in its own rows; nothing is left out to look "
        "complete."
    )
    table = Table("documents", "Documents", columns, tuple(rows))
    return Section("documents", "Documents", (Paragraph(text), table))


def _overview(found: Sequence[Answer]) -> Section:
    if not found:
        why = "Without the registry nobody can tell which clause is answered."
        missing = Missing(
            "the registry of clauses", why, "a folder of clauses beside the templates"
        )
        return Section("overview", "Clauses by standard", (missing,))
    rows = []
    for standard in dict.fromkeys(one.standard for one in found):
        counted = Counter(one.state for one in found if one.standard is standard)
        cells = [Cell(f"{counted[state]:,}") for state in State]
        rows.append(Row((Cell(standard.id, link=f"00#{_place(standard.id)}"), *cells)))
    columns = (
        Column("Standard", Kind.NAME, 2),
        *(Column(state.value, Kind.NUMBER) for state in State),
    )
    table = Table("overview", "Clauses by standard and state", columns, tuple(rows))
    return Section("overview", "Clauses by standard", (table,))


def _standards(found: Sequence[Answer]) -> Iterator[Section]:
    for standard in dict.fromkeys(one.standard for one in found):
        facts = (
            ("edition", Cell(f"{standard.edition}, {standard.dated.isoformat()}")),
            ("status", Cell(standard.status.value.replace("_", " "))),
            ("where our words come from", Cell(standard.source)),
            ("held against the original by", Cell(standard.checked_by)),
            ("read on", Cell(standard.read.isoformat())),
            *((("note", Cell(standard.note)),) if standard.note else ()),
        )
        rows = tuple(_row(one) for one in found if one.standard is standard)
        columns = (
            Column("Clause", Kind.NAME, 0.8),
            Column("What it asks for, in our words", weight=2.6),
            Column("Class", Kind.NAME, 0.5),
            Column("Document", Kind.NAME, 0.7),
            Column("State", Kind.NAME, 0.9),
            Column("Why", weight=2),
        )
        table = Table(_place(standard.id), standard.title, columns, rows)
        yield Section(_place(standard.id), standard.id, (Facts(facts), table))


def _row(one: Answer) -> Row:
    clause = one.clause
    words = f"{clause.words} ({clause.note})" if clause.note else clause.words
    return Row(
        (
            Cell(clause.number),
            Cell(words),
            Cell(", ".join(each.value for each in clause.classes) or "all"),
            listed(clause.documents),
            Cell(one.state.value, _TONES[one.state]),
            Cell(one.why),
        ),
        anchor=one.name,
    )


def _place(name: str) -> str:
    return "-".join(name.lower().split())


def _claims() -> Section:
    text = (
        "This pack produces evidence for the clauses it names. It does not judge whether hazards "
        "are complete, requirements the right ones or a risk acceptable; it does not replace an "
        "assessor, a clinical investigation or a quality system, and it vouches for no person's "
        "identity beyond the keys that a policy names."
    )
    return Section("claims", "What is not claimed", (Paragraph(text),))
