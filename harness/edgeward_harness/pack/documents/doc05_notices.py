"""What others published about the parts of a bill, as sections of document 05."""

from edgeward_harness.inventory.model import Kind as What
from edgeward_harness.inventory.notices import SETTLED
from edgeward_harness.inventory.reading import Bill, BillFlaw, BillPart
from edgeward_harness.inventory.words import Word
from edgeward_harness.pack.dress import given, listed
from edgeward_harness.pack.model import (
    Block,
    Cell,
    Column,
    Facts,
    Kind,
    Missing,
    Row,
    Section,
    Table,
    Tone,
    absent,
)


def notices(bill: Bill) -> tuple[Section, ...]:
    """Flaws with what they mean, and published anomalies."""
    return (_flaws(bill), _anomalies(bill))


def _flaws(bill: Bill) -> Section:
    blocks: list[Block] = []
    if not bill.flaws:
        why = "That no file was given does not say that there is no flaw."
        blocks.append(Missing("statements of exploitability", why, "edgeward sbom --vex FILE"))
    known = bill.says(Word.EXPLOITED_LIST)
    if not known:
        why = "Flaws that are known to be used come first, and this is how they are found."
        blocks.append(Missing("a catalogue of exploited flaws", why, "edgeward sbom --kev FILE"))
    names = {one.ref: one.title for one in (bill.root, *bill.parts)}
    columns = (
        Column("Flaw", Kind.NAME, 1.1),
        Column("In", Kind.NAME, 1.1),
        Column("What it means", Kind.NAME, 1),
        Column("Why", weight=2.4),
        Column("Known to be used", Kind.NAME, 0.9),
        Column("Who says so, and when", weight=1.4),
    )
    rows = tuple(_flaw(one, names, looked=bool(known)) for one in bill.flaws)
    blocks.append(Table("flaws", "Flaws, and what they mean for the device", columns, rows))
    facts = (
        ("catalogue of exploited flaws", listed(known)),
        ("statements about nothing that is here", listed(bill.says(Word.STRANGER))),
    )
    return Section("flaws", "Known flaws", (*blocks, Facts(facts), _imported(bill)))


def _imported(bill: Bill) -> Table:
    columns = (
        Column("File", Kind.NAME, 1.4),
        Column("Day it speaks of", Kind.NAME),
        Column("SHA-256", Kind.DIGEST, 2),
    )
    parts = (told.rsplit(", ", 2) for told in bill.says(Word.IMPORTED))
    rows = tuple(Row(tuple(map(Cell, one))) for one in parts if len(one) == len(columns))
    return Table("imported", "Files that were imported", columns, rows)


def _flaw(one: BillFlaw, names: dict[str, str], *, looked: bool) -> Row:
    tone = Tone.GOOD if one.state in SETTLED else Tone.BAD
    why = ". ".join(filter(None, (one.justification.replace("_", " "), one.detail)))
    used = one.says(Word.EXPLOITED)
    seen = Cell("no", Tone.QUIET) if looked else absent("not looked up")
    return Row(
        (
            Cell(one.id),
            listed(names.get(ref, ref) for ref in one.refs),
            Cell(one.state.replace("_", " "), tone) if one.state else absent("not assessed"),
            given(why, "no reason given"),
            Cell("yes", Tone.BAD) if used else seen,
            given(
                ", ".join(filter(None, (one.says(Word.PUBLISHER), one.says(Word.SOURCE)))),
                "nobody named",
            ),
        ),
        one.id,
    )


def _anomalies(bill: Bill) -> Section:
    columns = (
        Column("Component", Kind.NAME, 1.1),
        Column("List read on", Kind.NAME, 0.9),
        Column("Where it is published", weight=1.8),
        Column("Anomaly", weight=3),
    )
    listed_parts = bill.of(What.PLATFORM, What.SOFTWARE)
    rows = tuple(row for one in listed_parts for row in _published(one))
    table = Table("anomalies", "Anomalies that the makers publish", columns, rows)
    lacking = [one for one in listed_parts if not one.says(Word.ANOMALIES_READ)]
    if not lacking:
        return Section("anomalies", "Published anomalies", (table,))
    why = f"For {len(lacking)} components nobody looked at what their makers publish."
    missing = Missing("lists of published anomalies", why, "edgeward sbom --anomalies FILE")
    return Section("anomalies", "Published anomalies", (missing, table))


def _published(one: BillPart) -> list[Row]:
    read = given(one.says(Word.ANOMALIES_READ), "never")
    where = given(one.says(Word.ANOMALIES_AT), "not stated")
    told = one.told.get(Word.ANOMALY, ())
    none = Cell("none in this version", Tone.QUIET)
    nothing = none if one.says(Word.ANOMALIES_READ) else absent("not known")
    cells = tuple(map(Cell, told)) or (nothing,)
    return [Row((Cell(one.title), read, where, cell)) for cell in cells]
