"""The page of the pack in a real browser: one document at a time, searched, sorted, printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_lab import Browser, a_browser
from pack_lab import hostile_pack, sample_pack

from edgeward_harness.pack.writing.html import MANY_ROWS, write_html

pytestmark = pytest.mark.slow

ROWS = MANY_ROWS + 50
DESK_PX, PHONE_PX = 1400, 360
SHOWN = "Array.from(document.querySelectorAll('main > .sheet')).filter((e) => e.checkVisibility())"

IN_SIGHT = """
new Promise((done) => {
  let frames = 0;
  const look = () => {
    const at = document.getElementById(%s).getBoundingClientRect();
    const seen = at.top > 0 && at.bottom < innerHeight;
    if (seen || ++frames > 60) done(seen);
    else requestAnimationFrame(look);
  };
  look();
})
"""
"""Whether a place comes into sight within sixty frames."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with a_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack on disk whose matrix is long."""
    path = tmp_path_factory.mktemp("pack") / "pack.html"
    path.write_bytes(write_html(sample_pack(ROWS)))
    return path


def go(browser: Browser, anchor: str) -> None:
    """Follow a link of the page."""
    browser.run(
        "new Promise((done) => { addEventListener('hashchange', () => done(1), { once: true });"
        f" location.hash = {json.dumps(anchor)}; }})"
    )


def filtered(browser: Browser, field: str, value: str) -> Any:
    """Set a field of the matrix as a person would: rows left, and what is announced."""
    return browser.run(f"""
    new Promise((done) => {{
      const block = document.querySelector("#d-03 .block");
      const field = block.querySelector("form {field}");
      const count = block.querySelector("output");
      field.value = {json.dumps(value)};
      new MutationObserver(() => done([
        block.querySelectorAll("tbody tr:not([hidden])").length, count.textContent,
      ])).observe(count, {{ childList: true }});
      field.dispatchEvent(new Event("input", {{ bubbles: true }}));
    }})
    """)


@pytest.mark.parametrize("width_px", [PHONE_PX, DESK_PX])
def test_it_opens_from_disk_without_a_word_and_fits(
    browser: Browser, page: Path, tmp_path: Path, width_px: int
) -> None:
    evil = tmp_path / "evil.html"
    evil.write_bytes(write_html(hostile_pack()))
    for path in (page, evil):
        browser.open(path, width_px)
        assert browser.complaints() == []
        assert browser.run("document.documentElement.scrollWidth") <= width_px


def test_one_document_is_open_and_a_link_opens_another(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    assert browser.run(f"{SHOWN}.map((e) => e.id)") == ["overview"]
    go(browser, "#d-03-REQ-LAT-00190")
    assert browser.run(f"{SHOWN}.map((e) => e.id)") == ["d-03"]
    assert browser.run(IN_SIGHT % json.dumps("d-03-REQ-LAT-00190")) is True
    named = "document.querySelector('nav [aria-current]').textContent.trim().slice(0, 2)"
    assert browser.run(named) == "03"


def test_a_long_table_is_searched_and_stays_a_table(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    go(browser, "#d-03")
    assert filtered(browser, "input", "lat-00017 ANSWER") == [1, f"1 of {ROWS} rows"]
    assert filtered(browser, "input", "") == [ROWS, f"{ROWS} rows"]
    left, said = filtered(browser, "select", "missing")
    assert 0 < left < ROWS
    assert said == f"{left} of {ROWS} rows"
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node["ignored"]]
    assert roles.count("table") == 1
    assert roles.count("columnheader") == 8


def test_a_column_of_numbers_is_sorted_as_numbers_and_back(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    go(browser, "#d-03")
    first = "document.querySelector('#d-03 tbody tr').cells[6].textContent"
    click = "document.querySelectorAll('#d-03 thead button')[6].click()"
    found = [browser.run(first)]
    for _ in range(3):
        browser.run(click)
        found.append(browser.run(first))
    assert found == ["60", "60", str(ROWS + 59), "60"]


def test_a_key_leads_to_the_search(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    go(browser, "#d-03")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="/", text="/")
    assert browser.run("document.activeElement.closest('#d-03') !== null") is True
    assert browser.run("document.activeElement.type") == "search"


def test_paper_and_a_page_without_script_show_every_document(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    sheets = len(sample_pack(1).documents) + 1
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.run(f"{SHOWN}.length") == sheets
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page, DESK_PX)
        assert browser.run(f"{SHOWN}.length") == sheets
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
