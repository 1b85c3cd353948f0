"""A pack as it might be handed in: wide tables, gaps, a figure, signatures, and hostile text."""

from collections.abc import Iterator

from edgeward.canonical import sha256_hex
from edgeward_harness.pack.model import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Figure,
    Kind,
    Missing,
    Pack,
    Paragraph,
    Row,
    Section,
    Signature,
    Signatures,
    Table,
    Tone,
    absent,
)

ROOT = sha256_hex(b"the bundles")
HOSTILE = (
    "<script>alert(1)</script> #let x = 1; $x$ `raw` *b* _i_ @ref <label> // not a comment "
    '\\ "quoted" \u202egnp.exe \u200b\x07 & ]]> {{ 1 }} {% raise %} =1+1'
)
"""Markup of every language that a writer speaks, and signs that hide or reorder text."""
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 180" width="480" height="180">'
    '<rect x="0" y="0" width="480" height="180" fill="#ffffff"/>'
    '<path d="M40 150 L40 20 M40 150 L460 150" stroke="#525a66" fill="none"/>'
    + "".join(
        f'<rect x="{50 + 20 * n}" y="{150 - height}" width="16" height="{height}" fill="#5f7fa6"/>'
        for n, height in enumerate((4, 12, 31, 66, 104, 121, 96, 61, 33, 17, 8, 4, 2, 1))
    )
    + '<path d="M400 20 L400 150" stroke="#a31b16" stroke-width="2"/>'
    '<text x="394" y="32" text-anchor="end" font-family="Libertinus Serif" font-size="12" '
    'fill="#a31b16">budget 50 ms</text>'
    '<text x="250" y="172" text-anchor="middle" font-family="Libertinus Serif" font-size="12" '
    'fill="#525a66">delay in ms</text></svg>'
)
MATRIX = (
    Column("Requirement", Kind.NAME),
    Column("What it asks", Kind.TEXT, 3.0),
    Column("Class", Kind.NAME),
    Column("State", Kind.NAME),
    Column("Case", Kind.NAME),
    Column("Observed", Kind.TEXT, 1.6),
    Column("n", Kind.NUMBER),
    Column("Record", Kind.DIGEST),
)
STATES = (
    (Cell("verified", Tone.GOOD),) * 9
    + (Cell("failed", Tone.BAD),)
    + (Cell("verified", Tone.GOOD),) * 9
    + (Cell("cannot judge", Tone.DOUBT), absent("not executed"), Cell("waived", Tone.QUIET))
)


def matrix(count: int) -> Table:
    """So many requirements, each with a case and what was seen."""
    return Table("matrix", "Every requirement and what was seen", MATRIX, tuple(_rows(count)))


def _rows(count: int) -> Iterator[Row]:
    for number in range(1, count + 1):
        name = f"REQ-LAT-{number:05d}"
        yield Row(
            (
                Cell(name),
                Cell(f"The device shall give answer {number} within the budget of its profile."),
                Cell("C"),
                STATES[number % len(STATES)],
                Cell(f"TC-LAT-{number:05d}", link=f"07#TC-LAT-{number:05d}"),
                Cell(f"upper 95 % bound {number % 40 + 1}.25 ms ≤ 50 ms"),
                Cell(f"{number % 900 + 59:,}"),
                Cell(sha256_hex(name.encode())),
            ),
            anchor=name,
        )


def _index() -> Document:
    return Document(
        "00",
        "index",
        "Pack index and conformity map",
        "What the pack holds, which clause each document answers, and what nobody has given yet.",
        (
            Section(
                "files",
                "Documents",
                (
                    Paragraph(
                        "Every document of the pack rests on the bundles named on its cover. "
                        "A document that lacks something says so in a row of its own.\n\n"
                        "The states are those of the assessment, and nothing here decides anew."
                    ),
                    Facts(
                        (
                            ("Bundles", Cell("bedside_monitor 3f0c1a77, wearable 90ab2c1d")),
                            ("Gate", Cell("refused", Tone.BAD, "18#states")),
                            ("Matrix", Cell("every requirement", link="03#REQ-LAT-00001")),
                            ("Device of the bench", absent("no unit on target")),
                            ("Build", Cell(sha256_hex(b"build"))),
                        )
                    ),
                ),
            ),
        ),
        ("IEC 62304:2006+A1:2015, 9.8", "FDA 2023 software, VI.J"),
    )


def _records(count: int) -> Document:
    rows = tuple(
        Row(
            (
                Cell(f"TC-LAT-{number:05d}"),
                Cell("passed", Tone.GOOD) if number % 7 else Cell("flaky", Tone.DOUBT),
                Cell("2026-11-22 05:18:44"),
                Cell(f"{number * 1.5:.2f}"),
                Cell(sha256_hex(str(number).encode())),
            ),
            f"TC-LAT-{number:05d}",
        )
        for number in range(1, count + 1)
    )
    columns = (
        Column("Case", Kind.NAME),
        Column("Outcome", Kind.NAME),
        Column("Ended (UTC)", Kind.NAME),
        Column("Seconds", Kind.NUMBER),
        Column("Record", Kind.DIGEST),
    )
    return Document(
        "07",
        "test-records",
        "Test records",
        "What was executed, on what, when, and what was seen.",
        (
            Section(
                "records",
                "Records",
                (
                    Missing(
                        "records of the profile portable_monitor",
                        "The policy claims it, and no bundle of it is in the pack.",
                        "edgeward run --profile portable_monitor --depth standard --out DIR",
                    ),
                    Table("records", "Executions in the order of the run", columns, rows),
                    Table("retests", "Failed, mended and tested again", columns, ()),
                ),
            ),
        ),
    )


def _statistics() -> Document:
    alt = "A histogram of 560 delays with its budget at 50 ms; all lie below it."
    return Document(
        "08",
        "statistics",
        "Statistical acceptance report",
        "How far the figures reach: each with its hypothesis, sample and bound.",
        (
            Section(
                "latency",
                "Latency",
                (
                    Paragraph("The bound assumes no shape of the distribution."),
                    Figure("delays", "Delays of 560 windows", alt, SVG),
                ),
            ),
            Section("accuracy", "Accuracy", (Paragraph("None was asked."),)),
        ),
    )


def _certificate() -> Document:
    return Document(
        "18",
        "release-certificate",
        "Release certificate",
        "Whether this build may be released, and who said so.",
        (
            Section(
                "states",
                "What the policy asks",
                (Facts((("Verification complete", Cell("no", Tone.BAD)),)),),
            ),
            Section(
                "signatures",
                "Signatures",
                (
                    Signatures(
                        (
                            Signature(
                                "approved as the author of the tests",
                                "Verification",
                                "A. Author",
                                "2026-11-21T10:00:00Z",
                                ROOT,
                                "Ed25519, key 5f0c, valid on 2026-11-22",
                            ),
                            Signature("approved for release", "Quality"),
                            Signature("reviewed", "Clinical safety"),
                        )
                    ),
                ),
            ),
        ),
    )


def sample_pack(count: int = 60) -> Pack:
    """A pack of six documents whose matrix has so many rows."""
    requirements = Document(
        "03",
        "requirements-trace",
        "Software requirements and trace matrix",
        "Each requirement with the case that asks for it and what came of it, both ways.",
        (
            Section("matrix", "Trace matrix", (matrix(count),)),
            Section(
                "orphans",
                "Cases without a requirement",
                (Table("orphans", "Cases that cite nothing", MATRIX[:3], (), "none was found"),),
            ),
        ),
        ("IEC 62304:2006+A1:2015, 5.7.4",),
    )
    return pack_of(_index(), requirements, _records(count), _statistics(), _certificate())


def hostile_pack() -> Pack:
    """Hostile text in every place that a writer sets."""
    cell = Cell(HOSTILE, Tone.BAD)
    blocks: tuple[Block, ...] = (
        Paragraph(f"{HOSTILE}\n\n{HOSTILE}"),
        Facts(((HOSTILE, cell),)),
        Table(
            "t/<x>",
            HOSTILE,
            tuple(Column(HOSTILE, kind) for kind in Kind),
            (Row((cell, Cell(HOSTILE), Cell(HOSTILE, link=HOSTILE), absent(HOSTILE)), HOSTILE),),
        ),
        Table("none", HOSTILE, (Column(HOSTILE),), (), HOSTILE),
        Figure("f", HOSTILE, HOSTILE, SVG),
        Missing(HOSTILE, HOSTILE, HOSTILE),
        Signatures((Signature(*(HOSTILE,) * 6), Signature(HOSTILE, HOSTILE))),
    )
    section = Section("s", HOSTILE, blocks)
    return pack_of(Document("07", "hostile", HOSTILE, HOSTILE, (section,), (HOSTILE,)))


def pack_of(*documents: Document) -> Pack:
    """A pack of these documents."""
    return Pack(
        "Verification file",
        "Bedside monitor M1 (reference)",
        "0.1.0",
        "2026-11-22",
        ROOT,
        "refused",
        documents,
        (("Profiles", "bedside_monitor, wearable"), ("Policy", "Release, standard depth")),
    )
