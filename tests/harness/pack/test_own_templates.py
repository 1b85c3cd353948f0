"""The guide to templates of one's own: its example works, and it names all that there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import meta
from pack_lab import sample_pack

from edgeward_harness import resources
from edgeward_harness.pack.writing.html import write_html
from edgeward_harness.pack.writing.pdf import write_pdf
from edgeward_harness.pack.writing.typeset import typeset
from edgeward_harness.report.environment import make_environment

CHECKOUT = Path(__file__).parents[3]
EXAMPLE = CHECKOUT / "examples/templates"
GUIDE = (CHECKOUT / "docs/guides/own-templates.md").read_text(encoding="utf-8")


def test_the_example_changes_what_it_says_and_nothing_else() -> None:
    pack = sample_pack()
    shipped, own = (write_html(pack, where).decode() for where in (None, EXAMPLE))
    count = own.count("Open point: ")
    assert count == shipped.count('class="lacks tone-missing"') > 0
    kept = [line for line in own.splitlines() if line.strip() and "Open point: " not in line]
    ours = [line for line in shipped.splitlines() if line.strip() and 'class="lacks' not in line]
    assert kept == ours


def test_the_example_of_typst_is_ours_with_one_line_more() -> None:
    own = (EXAMPLE / "pack/document.typ").read_text().splitlines()
    shipped = (resources.templates() / "pack/document.typ").read_text().splitlines()
    assert [line for line in own if "Made-up maker" not in line] == shipped
    assert len(own) == len(shipped) + 1


@pytest.mark.slow
def test_a_pdf_is_set_with_the_example() -> None:
    pack = sample_pack(1)
    own = write_pdf(pack, pack.documents[0], EXAMPLE)
    assert own.startswith(b"%PDF-")
    assert own != write_pdf(pack, pack.documents[0])


@pytest.mark.parametrize("file", sorted((resources.templates() / "pack").iterdir()))
def test_the_guide_names_each_file_that_can_be_replaced(file: Path) -> None:
    assert f"`pack/{file.name}`" in GUIDE


def named() -> Iterator[str]:
    environment = make_environment()
    assert environment.loader is not None
    for name in ("pack/page.html.j2", "pack/blocks.html.j2"):
        text, _, _ = environment.loader.get_source(environment, name)
        yield from meta.find_undeclared_variables(environment.parse(text))
    pack = sample_pack()
    shown = typeset(pack, pack.documents[0], str)
    yield from (*shown, *shown["pack"], *shown["sections"][0])


def test_the_guide_names_each_value_that_a_template_gets() -> None:
    lacking = {name for name in named() if f"`{name}`" not in GUIDE and f"`{name}(" not in GUIDE}
    assert lacking == set()
