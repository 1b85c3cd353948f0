"""The page in a real browser: it opens from disk, filters, fits a phone, and reports no error."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeward_harness.measure.groups import Group
from edgeward_harness.report.html import write_html

pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
PHONE_PX, DESK_PX = 360, 1280
AT_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The browser reads its orders from descriptor 3 and answers on 4."""
OVERFLOW = """
Array.from(document.querySelectorAll("body *"))
  .filter((e) => e.checkVisibility() && !e.closest(".unseen, .skip, svg, thead"))
  .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`)
"""


class Browser:
    """A headless browser spoken to over a pipe (the DevTools protocol), with one page open."""

    def __init__(self, program: str, folder: Path) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        ends = [str(to_browser), str(from_browser)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", AT_3_AND_4, *ends, program, *FLAGS, f"--user-data-dir={folder}"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._stream = os.fdopen(self._read, "rb")
        self._rest = b""
        self._sent = 0
        self.events: list[dict[str, Any]] = []
        self._session = ""
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask and wait for the answer; events that come meanwhile are kept."""
        self._sent += 1
        asked: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = self._stream.read1(1 << 16)
            assert block, "the browser ended"
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        if "id" not in told:
            self.events.append(told)
        return told

    def wait_for(self, method: str) -> None:
        """Read until an event of this name has come."""
        while not any(event["method"] == method for event in self.events):
            self._next()

    def open(self, path: Path, width_px: int, scheme: str = "light") -> None:
        """Open a file as a window of this width shows it."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width_px,
            height=800,
            deviceScaleFactor=1,
            mobile=width_px < 600,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        told = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        """Errors of script and console, and every request but the one for the page itself."""
        told = [
            e for e in self.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")
        ]
        asked = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return told + asked[1:]

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self, path: Path) -> None:
        """The page on paper."""
        printed = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(printed["data"]))

    def close(self) -> None:
        self._stream.close()
        os.close(self._write)
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests of this file."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    opened = Browser(program, tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


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
