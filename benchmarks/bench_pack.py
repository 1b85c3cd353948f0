"""What a large pack costs: 10,000 requirements with a result each, in every format.

The matrix is written as HTML and as PDF, and the whole pack in all its formats; CPU seconds, each
PDF in a process of its own, for typst keeps what it has set. Goals: the page in at most 10 s, the
PDF of the matrix in at most 5, the whole pack in at most 60. Of others that write such a matrix
StrictDoc took 72 s and sphinx-needs 51 (5,000 system and 5,000 software requirements), WeasyPrint
241 s for a PDF of 5,000 rows. What long texts cost, whose rows are three lines high, stands beside.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from edgeward.canonical import sha256_hex
from edgeward_harness.cli.common import expect_short_life
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Kind,
    Pack,
    Row,
    Section,
    Table,
    Tone,
    absent,
)

COLUMNS = (
    Column("Requirement", Kind.NAME),
    Column("What it asks", Kind.TEXT, 3.0),
    Column("Class", Kind.NAME),
    Column("State", Kind.NAME),
    Column("Case", Kind.NAME),
    Column("Observed", Kind.TEXT, 1.6),
    Column("n", Kind.NUMBER),
    Column("Record", Kind.DIGEST),
)
STATES = (*((Cell("verified", Tone.GOOD),) * 18), Cell("failed", Tone.BAD), absent("not executed"))
SHORT = "The device shall give answer {} within the budget of its profile."
LONG = f"{SHORT} {SHORT} Accepted when the upper 95 % bound of the 99th percentile is within it."
ROUNDS = 3


def rows(count: int, text: str) -> Iterator[Row]:
    """So many requirements with what came of each."""
    for number in range(count):
        name = f"REQ-BEN-{number:05d}"
        yield Row(
            (
                Cell(name),
                Cell(text.format(number, number)),
                Cell("C"),
                STATES[number % len(STATES)],
                Cell(f"TC-BEN-{number:05d}", link=f"07#TC-BEN-{number:05d}"),
                Cell(f"upper 95 % bound {number % 40}.25 ms ≤ 50 ms"),
                Cell(f"{number % 900 + 59}"),
                Cell(sha256_hex(name.encode())),
            ),
            name,
        )


def results(count: int) -> Iterator[Row]:
    """A result of each case."""
    for number in range(count):
        name = f"TC-BEN-{number:05d}"
        cells = (
            Cell(name),
            Cell("passed", Tone.GOOD),
            Cell("2026-11-22 05:18:44"),
            Cell(f"{number % 90}.5"),
            Cell(sha256_hex(name.encode())),
        )
        yield Row(cells, name)


def document(number: str, slug: str, table: Table) -> Document:
    """A document of one table."""
    return Document(number, slug, slug.capitalize(), "", (Section("all", "All", (table,)),))


def pack(count: int, text: str = SHORT) -> Pack:
    """The matrix and the records of so many requirements."""
    columns = (
        Column("Case", Kind.NAME),
        Column("Outcome", Kind.NAME),
        Column("Ended (UTC)", Kind.NAME),
        Column("Seconds", Kind.NUMBER),
        Column("Record", Kind.DIGEST),
    )
    matrix = Table("matrix", "Every requirement", COLUMNS, tuple(rows(count, text)))
    records = Table("records", "Every record", columns, tuple(results(count)))
    made = (document("03", "matrix", matrix), document("07", "records", records))
    digest = sha256_hex(b"bench")
    return Pack("Benchmark", "Device", "1", "2026-11-22", digest, "refused", made)


def html(made: Pack) -> int:
    """The page."""
    from edgeward_harness.pack.writing.html import write_html

    return len(write_html(made))


def pdf(made: Pack) -> int:
    """The matrix as PDF."""
    from edgeward_harness.pack.writing.pdf import write_pdf

    return len(write_pdf(made, made.documents[0]))


def whole(made: Pack) -> int:
    """Every file of the pack, and the archive of them."""
    from edgeward_harness.pack.files import files_of
    from edgeward_harness.trace.model import Trace

    return sum(len(data) for _, data in files_of(made, Trace()))


WORK: Mapping[str, tuple[str, Callable[[Pack], int], str, float | None]] = {
    "html": ("the page", html, SHORT, 10.0),
    "pdf": ("the matrix as PDF", pdf, SHORT, 5.0),
    "pdf-long": ("the same, its texts three lines high", pdf, LONG, None),
    "whole": ("every file, and the archive of them", whole, SHORT, 60.0),
}
"""What is measured, of which texts, and at most how many CPU seconds it may take."""


def measured(name: str, count: int) -> tuple[float, int]:
    """CPU seconds and bytes of some work in a process of its own; the least of a few rounds."""
    found = []
    for _ in range(ROUNDS if name == "pdf" else 1):
        again = [sys.executable, __file__, "--rows", str(count), "--only", name]
        told = subprocess.run(again, check=True, capture_output=True, text=True).stdout.split()
        found.append((float(told[0]), int(told[1])))
    return min(found)


def main() -> int:
    """Print each figure with its limit; 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--only", choices=tuple(WORK), help="do this, and say what it took")
    options = parser.parse_args()
    if options.only:
        expect_short_life()  # as `edgeward report --pack` does
        _, work, text, _ = WORK[options.only]
        made = pack(options.rows, text)
        before = time.process_time()
        size = work(made)
        print(time.process_time() - before, size)
        return 0
    print(f"{options.rows:,} requirements with a result each; CPU time, in processes of their own")
    missed = False
    for name, (said, _, _, limit_s) in WORK.items():
        cpu_s, size = measured(name, options.rows)
        over = limit_s is not None and cpu_s > limit_s
        missed = missed or over
        told = "" if limit_s is None else f" (at most {limit_s:g} s){' MISSED' if over else ''}"
        print(f"  {said:<48}{cpu_s:8.2f} s{size / 1e6:9.1f} MB{told}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
