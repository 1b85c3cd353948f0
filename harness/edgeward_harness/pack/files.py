"""Every file of a pack but its bundles and inputs, from its documents: the same bytes each time.

The page comes first: where a template is wrong, it is told before the rest is written.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from edgeward_harness.pack.model import Pack
from edgeward_harness.trace.model import Trace

PAGE, WORKBOOK, REQUIREMENTS, ARCHIVE = (
    "index.html",
    "tables.xlsx",
    "requirements.reqif",
    "submission.zip",
)
Told = Callable[[str], None]


def files_of(
    pack: Pack, trace: Trace, templates: Path | None = None, told: Told = lambda _: None
) -> Iterator[tuple[str, bytes]]:
    """Every file by its path in the pack.

    Args:
        pack: its documents.
        trace: the requirements, for other tools.
        templates: a folder whose templates replace the shipped ones.
        told: is told what is being written, for a person who waits.

    Raises:
        HarnessError: a template is broken, or the extra `pack` is not installed.
    """
    from edgeward_harness.pack.writing.archive import write_archive
    from edgeward_harness.pack.writing.docx import write_docx
    from edgeward_harness.pack.writing.html import write_html
    from edgeward_harness.pack.writing.pdf import write_pdf
    from edgeward_harness.pack.writing.reqif import write_reqif
    from edgeward_harness.pack.writing.sheets import csv_files, write_workbook
    from edgeward_harness.pack.writing.twin import write_twin

    told("the page")
    made = {PAGE: write_html(pack, templates)}
    for document in pack.documents:
        told(f"{document.number} {document.title}")
        at = f"documents/{document.name}"
        made[f"{at}.pdf"] = write_pdf(pack, document, templates)
        made[f"{at}.docx"] = write_docx(pack, document)
        made[f"{at}.json"] = write_twin(pack, document)
        made |= {f"tables/{name}": data for name, data in csv_files(document).items()}
    told("workbook, requirements and archive")
    made[WORKBOOK] = write_workbook(pack)
    made[REQUIREMENTS] = write_reqif(trace.requirements.values(), pack.as_of)
    made[ARCHIVE] = write_archive(pack, made, templates)
    yield from sorted(made.items())
