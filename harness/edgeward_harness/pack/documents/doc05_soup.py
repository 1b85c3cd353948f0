"""Document 05: what the device is made of besides our own code, and whether that was tested."""

from collections.abc import Iterator

from edgeward_harness.inventory.held import Gap, Mismatch
from edgeward_harness.inventory.model import Kind as What
from edgeward_harness.inventory.reading import Bill, BillPart, read_bill
from edgeward_harness.inventory.words import Word
from edgeward_harness.pack.documents.doc03_requirements import standing
from edgeward_harness.pack.documents.doc05_notices import notices
from edgeward_harness.pack.dress import NOTHING, given, listed, owed
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
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.tested import against

_MAKE = "edgeward sbom --out sbom.cdx.json, then edgeward report --pack --sbom sbom.cdx.json"
_TONES = {
    Gap.DIFFERENT: Tone.BAD,
    Gap.FINDING: Tone.BAD,
    Gap.UNTOLD: Tone.MISSING,
    Gap.UNSEEN: Tone.DOUBT,
}
BESIDE_MAX = 8
"""What is named of that which is installed beside; the bill has all of it."""
_LISTED = (What.PLATFORM, What.SOFTWARE)
_SUPPORT = {"maintained": Tone.GOOD, "limited": Tone.DOUBT, "ended": Tone.BAD}
_NAME = Kind.NAME


def build(source: PackSource) -> Document:
    """The SOUP list, what others say of it, and the bill of materials held against the runs."""
    return Document(
        number="05",
        slug="soup-and-sbom",
        title="SOUP, bill of materials and known flaws",
        purpose="Every piece of software that others made and the device stands on: what is needed "
        "of it, who supports it until when, what is known to be wrong with it, which cases rest on "
        "it, and whether what ships is what was tested.",
        sections=_sections(source),
        answers=(
            "IEC 62304 5.3.3",
            "IEC 62304 5.3.4",
            "IEC 62304 7.1.3",
            "IEC 62304 8.1.2",
            "FDA cybersecurity 2026 V.A.4",
            "IEC 81001-5-1 4.1.5",
        ),
    )


def _sections(source: PackSource) -> tuple[Section, ...]:
    if source.sbom is None:
        why = "Without it nobody can tell which flaw that becomes known is one of the device."
        return (Section("bill", "Bill of materials", (Missing("the bill", why, _MAKE),)),)
    bill = read_bill(source.sbom, "the bill of materials")
    return (
        _bill(bill),
        _held(source, source.sbom),
        _needs(bill),
        _support(source, bill),
        _cases(source, bill),
        _bundled(bill),
        _models(bill),
        *notices(bill),
    )


def _bill(bill: Bill) -> Section:
    told = {
        "device software": Cell(bill.root.title),
        "its supplier": given(bill.root.supplier, "no supplier named"),
        "its build": given(bill.root.sha256, "no digest of its build"),
        "format": Cell("CycloneDX 1.6"),
        "serial number": given(bill.serial, "none"),
        "day": given(bill.day, "no day: edgeward sbom --as-of DAY"),
        "SHA-256 of the bill": Cell(bill.sha256),
        "Python of the environment": listed(bill.says(Word.PYTHON), "not told"),
        "extras": listed(bill.says(Word.EXTRAS)),
        "SOUP list": owed(bill.says(Word.SOUP_LIST), "none"),
        "SHA-256 of the SOUP list": owed(bill.says(Word.SOUP_LIST_SHA256), "none"),
        "installed beside, and not of the device": _beside(bill),
    }
    text = (
        "The bill is read from what is installed: each file is held against the record of the "
        "distribution that installed it. It is in the pack as inputs/sbom.cdx.json."
    )
    rows = tuple((Row((Cell(one, Tone.BAD),))) for one in bill.says(Word.FINDING))
    table = Table(
        "findings", "Files that are not as they were installed", (Column("Finding"),), rows
    )
    blocks = (Paragraph(text), Facts(tuple(told.items())), table)
    return Section("bill", "Bill of materials", blocks)


def _beside(bill: Bill) -> Cell:
    names = [name for told in bill.says(Word.BESIDE) for name in told.split(", ")]
    more = len(names) - BESIDE_MAX
    return listed(names if more <= 0 else [*names[:BESIDE_MAX], f"and {more:,} more in the bill"])


def _needs(bill: Bill) -> Section:
    columns = (
        Column("Component", _NAME, 1.1),
        Column("What it is for", weight=2),
        Column("What is needed of it", weight=2.6),
        Column("What it needs itself", weight=1.6),
    )
    rows = tuple(_need(one) for one in bill.of(*_LISTED))
    table = Table("needs", "What the device needs of each", columns, rows)
    return Section("needs", "What is needed", (table,))


def _need(one: BillPart) -> Row:
    if not one.in_soup_list:
        told = absent("not in the SOUP list in this version")
        return Row((Cell(one.title, Tone.MISSING), told, NOTHING, NOTHING), one.ref)
    purpose, runs_on = (one.says(word) for word in (Word.SOUP, Word.RUNS_ON))
    needs = given(" ".join(one.told.get(Word.NEED, ())), "no need stated")
    return Row((Cell(one.title), Cell(purpose), needs, given(runs_on, "not stated")), one.ref)


def _support(source: PackSource, bill: Bill) -> Section:
    columns = (
        Column("Component", _NAME, 1.1),
        Column("Supplier", weight=1.3),
        Column("Licence", weight=1.4),
        Column("Support", _NAME, 0.8),
        Column("Ends", weight=2),
        Column("Files", Kind.DIGEST, 1.1),
    )
    rows = tuple(_supported(source, one) for one in bill.of(*_LISTED))
    table = Table("support", "Who made it, under which licence, and until when", columns, rows)
    return Section("support", "Licence and support", (table,))


def _supported(source: PackSource, one: BillPart) -> Row:
    support, ends = one.says(Word.SUPPORT), one.says(Word.END_OF_SUPPORT)
    over = ends[:10] < source.as_of.isoformat() if ends[:4].isdigit() else False
    licence = one.says(Word.LICENCE) or one.licence
    return Row(
        (
            Cell(one.title, link=f"#{one.ref}"),
            given(one.supplier, "not told"),
            given(licence, "not told"),
            Cell(support, _SUPPORT.get(support, Tone.DOUBT)) if support else absent("not stated"),
            Cell(ends, Tone.BAD if over else Tone.PLAIN) if ends else absent("not stated"),
            given(one.says(Word.FILES) or one.sha256, "no digest"),
        )
    )


def _cases(source: PackSource, bill: Bill) -> Section:
    columns = (
        Column("Component", _NAME, 1.1),
        Column("Requirement", _NAME),
        Column("Cases", weight=1.6),
        *(Column(name, _NAME, 0.8) for name in source.profiles),
    )
    rows = tuple(row for one in bill.of(*_LISTED) for row in _proofs(source, one))
    text = "The requirements whose cases show that what is needed of a component is there."
    table = Table("cases", "Cases that rest on each component", columns, rows)
    return Section("cases", "How it was tested", (Paragraph(text), table))


def _proofs(source: PackSource, one: BillPart) -> Iterator[Row]:
    cited = one.told.get(Word.REQUIREMENT, ())
    nothing = tuple(NOTHING for _ in source.profiles)
    if not cited:
        yield Row((Cell(one.title), absent("no requirement named"), NOTHING, *nothing))
    for name in cited:
        if name not in source.trace.requirements:
            missing = absent(f"{name}: there is no such requirement")
            yield Row((Cell(one.title), missing, NOTHING, *nothing))
            continue
        cases = [case.id for case in source.trace.cases.values() if name in case.requirements]
        states = tuple(standing(source, profile, name) for profile in source.profiles)
        cell = Cell(name, link=f"03#{name}")
        yield Row((Cell(one.title), cell, owed(cases, "no case"), *states))


def _bundled(bill: Bill) -> Section:
    columns = (
        Column("Part", _NAME, 1.4),
        Column("Within", _NAME, 1.2),
        Column("Licence", weight=1.4),
        Column("Identifier", weight=1.8),
        Column("Answered for by", weight=2),
    )
    rows = tuple(_within(one) for one in bill.of(What.BUNDLED))
    text = (
        "What distributions say lies within their own files, by the nested bills they carry. A "
        "distribution without such a bill may hold more than anybody here can tell."
    )
    table = Table("bundled", "Within the files of others", columns, rows)
    return Section("bundled", "What lies within", (Paragraph(text), table))


def _within(one: BillPart) -> Row:
    answer = one.says(Word.ANSWERED_BY) or ("its own entry" if one.in_soup_list else "")
    cells = (
        Cell(one.title),
        Cell(one.says(Word.BUNDLED_IN)),
        given(one.licence, "not told"),
        given(one.purl, "not told"),
        given(answer, "nobody"),
    )
    return Row(cells, one.ref)


def _models(bill: Bill) -> Section:
    columns = (
        Column("Component", _NAME, 1.4),
        Column("Is", _NAME, 0.7),
        Column("What it is for, or from", weight=2.4),
        Column("Licence", weight=0.9),
        Column("SHA-256", Kind.DIGEST, 1.2),
    )
    words = {What.MODEL: "model", What.DATA: "data"}
    rows = tuple(
        Row(
            (
                Cell(one.title),
                Cell(words[one.kind or What.DATA]),
                given(one.description, "its card does not say"),
                Cell(one.licence, Tone.PLAIN) if one.licence else NOTHING,
                given(one.sha256, "no digest"),
            ),
            one.ref,
        )
        for one in (*bill.of(What.MODEL), *bill.of(What.DATA))
    )
    table = Table("models", "Models, and the data they were made from", columns, rows)
    return Section("models", "Models and data", (table,))


def _held(source: PackSource, sbom: bytes) -> Section:
    found = against(sbom, [(one.label, one.bundle) for one in source.evidence])
    refused = any(one.refuses for one in found)
    answer = Cell("no, or not shown", Tone.BAD) if refused else Cell("yes", Tone.GOOD)
    columns = (Column("What", _NAME, 0.8), Column("Where", _NAME, 1.4), Column("How", weight=3))
    text = (
        "The build, each model and each distribution that a device was seen to use is held against "
        "the bill, by digest over the files themselves. What a run does not tell is not shown."
    )
    rows = tuple(map(_mismatch, found))
    table = Table("held", "Where the bill and the runs do not meet", columns, rows)
    facts = Facts((("what ships is what was tested", answer),))
    return Section("held", "Is what ships what was tested?", (Paragraph(text), facts, table))


def _mismatch(one: Mismatch) -> Row:
    return Row((Cell(one.gap.value, _TONES[one.gap]), Cell(one.subject), Cell(one.text)))
