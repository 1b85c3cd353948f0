"""The page in a real browser: it opens from disk, filters, fits a phone, and reports no error."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_lab import Browser, a_browser

from edgeward_harness.measure.groups import Group
from edgeward_harness.report.html import write_html

pytestmark = pytest.mark.slow

PHONE_PX, DESK_PX = 360, 1280
OVERFLOW = """
Array.from(document.querySelectorAll("body *"))
  .filter((e) => e.checkVisibility() && !e.closest(".unseen, .skip, svg, thead"))
  .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`)
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with a_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(lab: Any, tmp_path: Path) -> Path:
    """The report of a late device with a long and hostile text in it, on disk."""
    plan = lab.manifest()
    evil = "<script>window.hit=1</script>" + "W" * 400
    entry = replace(plan.requirements["REQ-LAT-002"], title=evil, text=evil, safety_class="C" * 200)
    told = lab.story(late=25)
    told.reasons = {"TC-LAT-002": evil}
    parts = [Group(f"{evil[:90]} {n}", n, 1 - n / 99, 0.0, None, evil) for n in range(30)]
    (name, judged), *others = told.judgements["TC-LAT-004"]
    told.judgements["TC-LAT-004"] = [(name, replace(judged, groups=tuple(parts))), *others]
    told.device = {evil[:100]: evil, "models": [{"name": evil, "version": evil, "sha256": evil}]}
    report = lab.report(
        told, replace(plan, requirements={**plan.requirements, "REQ-LAT-002": entry})
    )
    path = tmp_path / "report.html"
    path.write_bytes(write_html(report))
    return path


@pytest.mark.parametrize("width_px", [PHONE_PX, 700, DESK_PX])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_from_disk_without_a_word_and_fits(
    browser: Browser, page: Path, width_px: int, scheme: str
) -> None:
    browser.open(page, width_px, scheme)
    assert browser.complaints() == []
    assert browser.run("document.documentElement.scrollWidth") <= width_px
    assert browser.run(OVERFLOW) == []
    assert browser.run("window.hit") is None
    dark = browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(15, 17, 21)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("width_px", [PHONE_PX, DESK_PX])
def test_a_table_stays_a_table_for_a_screen_reader(
    browser: Browser, page: Path, width_px: int
) -> None:
    browser.open(page, width_px)
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node["ignored"]]
    assert roles.count("rowheader") >= 7
    shown = "Array.from(document.querySelectorAll('table')).filter((e) => e.checkVisibility())"
    assert roles.count("table") == browser.run(f"{shown}.length")
    assert roles.count("row") >= 8


def filtered(browser: Browser, field: str, value: str) -> tuple[int, str]:
    """Set a field as a person would; how many rows are left, and what is announced."""
    script = f"""
    new Promise((done) => {{
      const field = document.getElementById("filter-{field}");
      const count = document.getElementById("filter-count");
      field.value = {json.dumps(value)};
      new MutationObserver(() => done([
        document.querySelectorAll("#matrix tbody tr:not([hidden])").length, count.textContent,
      ])).observe(count, {{ childList: true }});
      field.dispatchEvent(new Event("input", {{ bubbles: true }}));
    }})
    """
    left, said = browser.run(script)
    return left, said


def test_the_filters_narrow_the_matrix_and_say_how_much_is_left(
    browser: Browser, page: Path
) -> None:
    browser.open(page, DESK_PX)
    assert filtered(browser, "text", "lat-003 MAXIMUM") == (1, "1 of 7 requirements")
    assert filtered(browser, "text", "no such word")[0] == 0
    assert browser.run("document.getElementById('filter-none').hidden") is False
    assert filtered(browser, "text", "") == (7, "7 requirements")
    left, said = filtered(browser, "state", "failed")
    assert 0 < left < 7
    assert said == f"{left} of 7 requirements"
    assert filtered(browser, "class", "B")[0] <= left
    browser.run("document.querySelector('#filters button').click()")
    assert filtered(browser, "text", "") == (7, "7 requirements")
    assert browser.complaints() == []


def test_without_script_everything_is_there_but_the_filters(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page, DESK_PX)
        assert browser.run("document.getElementById('filters').checkVisibility()") is False
        assert browser.run("document.querySelectorAll('#matrix tbody tr').length") == 7
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_everything_is_open_and_no_control_is_left(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.run("document.getElementById('filters').checkVisibility()") is False
        hidden = (
            "Array.from(document.querySelectorAll('details > :is(dl, .scroll)')).filter("
            "(e) => !e.checkVisibility({contentVisibilityAuto: true})).length"
        )
        assert browser.run(hidden) == 0
        printed = browser.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


def test_the_keyboard_reaches_the_verdict_first(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    for kind in ("rawKeyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
    assert browser.run("document.activeElement.getAttribute('href')") == "#main"
    assert browser.run("document.activeElement.getBoundingClientRect().width > 50") is True


def test_the_policy_of_the_page_stops_a_foreign_script(browser: Browser, page: Path) -> None:
    browser.open(page, DESK_PX)
    browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1';"
        "document.body.append(s)"
    )
    assert browser.run("window.hit") is None
