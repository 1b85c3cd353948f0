"""The page as a document: self-contained, ordered, labelled, and deaf to hostile text."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edgeward_harness import resources
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.record import State
from edgeward_harness.report.html import write_html
from edgeward_harness.report.safe import anchor, visible
from edgeward_harness.report.words import WORDS

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}
EVIL = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    "]]>\u202egnp.exe\u202c\x07 & \"q\" 'a' " + "W" * 300
)


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    text: str = ""
    parent: "Element | None" = None

    @property
    def classes(self) -> list[str]:
        return self.attrs.get("class", "").split()


@dataclass
class Page(HTMLParser):
    """Elements in order, each with its attributes and the text right within it."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1] if self.open else None
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=parent)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str) -> Iterator[Element]:
        return (element for element in self.elements if element.tag in tags)


@cache
def parse(page: bytes) -> Page:
    """The page as elements; parsed once, and only looked at."""
    parsed = Page()
    parsed.feed(page.decode("utf-8"))
    assert not parsed.open
    return parsed


@pytest.fixture(scope="module")
def failed(shared_lab: Any) -> bytes:
    lab = shared_lab
    return write_html(lab.report(lab.story(late=25), lab.manifest(deviations=(lab.deviation(),))))


@pytest.fixture(scope="module")
def hostile(shared_lab: Any) -> bytes:
    lab = shared_lab
    told = lab.story(late=25)
    told.device = {
        "software": {"name": EVIL, "version": EVIL},
        EVIL: EVIL,
        "capabilities": [EVIL],
        "models": [{"name": EVIL, "version": EVIL, "sha256": EVIL}],
    }
    told.reasons = {"TC-LAT-002": EVIL}
    plan = lab.manifest(hazards={"HAZ-001": {"title": EVIL, "harm": EVIL}}, host={"cpu": EVIL})
    told.judgements["TC-LAT-006"] = [
        (EVIL[:60].replace("\u202e", ""), judged) for _, judged in told.judgements["TC-LAT-006"]
    ]
    case = replace(
        plan.cases["TC-LAT-002"],
        procedure=f"{EVIL}\n\nMethod: {EVIL}\n- {EVIL}",
        rationale=EVIL,
        stage=EVIL,
        method=EVIL,
    )
    plan = replace(plan, cases={**plan.cases, "TC-LAT-002": case})
    entry = replace(
        plan.requirements["REQ-LAT-002"],
        title=EVIL,
        text=EVIL,
        rationale=EVIL,
        criterion=EVIL,
        safety_class=EVIL,
    )
    requirements = {**plan.requirements, "REQ-LAT-002": entry}
    return write_html(lab.report(told, replace(plan, requirements=requirements)))


def test_the_page_needs_nothing_from_outside(failed: bytes) -> None:
    page = parse(failed)
    for element in page.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            assert element.attrs.get(name, "#").startswith("#"), element
        assert element.tag not in {"link", "iframe", "object", "embed", "base", "img"}
        assert "style" not in element.attrs
        assert not [name for name in element.attrs if name.startswith("on")]
    assert b"url(http" not in failed
    assert b"@import" not in failed


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(failed: bytes) -> None:
    page = parse(failed)
    policy = next(e for e in page.all("meta") if "http-equiv" in e.attrs).attrs["content"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (element,) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_ids_are_unique_and_every_link_leads_somewhere(failed: bytes) -> None:
    page = parse(failed)
    ids = Counter(element.attrs["id"] for element in page.elements if "id" in element.attrs)
    assert [name for name, count in ids.items() if count > 1] == []
    for element in page.elements:
        if element.tag in ("a", "use"):
            assert element.attrs["href"][1:] in ids, element
        for name in ("aria-labelledby", "for", "aria-describedby"):
            assert set(element.attrs.get(name, "").split()) <= ids.keys(), element


def test_one_heading_leads_and_none_skips_a_level(failed: bytes) -> None:
    page = parse(failed)
    levels = [int(element.tag[1]) for element in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_tables_and_fields_are_labelled(failed: bytes) -> None:
    page = parse(failed)
    assert [len(list(page.all(tag))) for tag in ("main", "nav")] == [1, 1]
    assert next(page.all("html")).attrs["lang"] == "en"
    tables = list(page.all("table"))
    captions = [element.parent for element in page.all("caption")]
    assert all(table in captions for table in tables)
    assert all(element.attrs.get("scope") in ("col", "row") for element in page.all("th"))
    labelled = {element.attrs["for"] for element in page.all("label")}
    assert {element.attrs["id"] for element in page.all("input", "select")} == labelled
    assert [e.attrs.get("aria-live") for e in page.all("output")] == ["polite"]
    for drawing in page.all("svg"):
        inner = drawing.parent is not None and drawing.parent.tag == "svg"
        named = drawing.attrs.get("role") == "img" and "aria-labelledby" in drawing.attrs
        assert inner or named or drawing.attrs.get("aria-hidden") == "true"


def test_filters_are_hidden_until_the_script_shows_them(failed: bytes) -> None:
    (form,) = parse(failed).all("form")
    assert "hidden" in form.attrs


def test_the_verdict_comes_first_and_the_gaps_right_after(failed: bytes) -> None:
    page = parse(failed)
    sections = [element.attrs["id"] for element in page.all("section")]
    assert sections[:3] == ["verdict", "claims", "requirements"]
    assert "Not proven" in next(e for e in page.all("section") if e.attrs["id"] == "claims").text


def test_every_case_shows_expected_beside_observed(failed: bytes, lab: Any) -> None:
    text = next(e for e in parse(failed).all("article") if e.attrs["id"] == "case-TC-LAT-002").text
    for part in ("p99 ≤ 50 ms", "Observed", "bound", "1,000", "Method", "REQ-LAT-002"):
        assert part in text


def test_every_case_says_its_goal_its_procedure_and_why_that_is_enough(lab: Any) -> None:
    page = parse(write_html(lab.report()))
    card = next(e for e in page.all("article") if e.attrs["id"] == "case-TC-LAT-002")
    inside = [element for element in page.elements if within(element, card)]
    said = {e.text: after.text for e, after in pairwise(inside) if e.tag == "dt"}
    assert said["Method"] == "measurement"
    assert said["Planned"] == "1,000 samples at depth standard"
    assert said["Shows in place"] == "RC-001"
    assert said["Procedure"].startswith("Paced windows of a simulated patient; the delay is taken ")
    assert "\n- a result that came twice." in said["Procedure"]
    assert "shape of the distribution" in said["Why this is enough"]
    (goal,) = [e.text for e in inside if "goal" in e.classes]
    assert goal.startswith("The delay from the last sample")


def test_a_procedure_that_nobody_wrote_is_said_where_it_cannot_be_folded_away(lab: Any) -> None:
    plan = lab.manifest()
    cases, items = dict(plan.cases), dict(plan.items)
    cases["TC-LAT-001"] = replace(cases["TC-LAT-001"], procedure=None)
    cases["TC-LAT-002"] = replace(cases["TC-LAT-002"], procedure=None, code_sha256=None)
    del items["TC-LAT-002"]
    page = parse(write_html(lab.report(plan=replace(plan, cases=cases, items=items))))
    unwritten = [e for e in page.elements if "unwritten" in e.classes]
    assert [e.text.strip() for e in unwritten] == [
        "Procedure not written: the test says no more of itself.",
        "Procedure not known: no test of this case was collected.",
    ]
    folded = [e for e in page.elements if e.tag == "details"]
    assert not any(within(e, outer) for e in unwritten for outer in folded)


def test_the_matrix_does_not_repeat_what_the_cases_say(failed: bytes) -> None:
    matrix = next(e for e in parse(failed).all("table") if e.attrs.get("id") == "matrix")
    assert "Paced windows" not in matrix.text
    assert "shape of the distribution" not in matrix.text


def test_many_executions_of_a_case_are_a_table_and_what_failed_in_full(lab: Any) -> None:
    plan = lab.manifest()
    items = {
        f"TC-LAT-001[{n}]": ItemEntry(f"TC-LAT-001[{n}]", "TC-LAT-001", str(n)) for n in range(40)
    }
    told = lab.story(states={"TC-LAT-001[17]": State.FAILED})
    page = parse(write_html(lab.report(told, replace(plan, items={**plan.items, **items}))))
    card = next(e for e in page.all("article") if e.attrs["id"] == "case-TC-LAT-001")
    inside = [element for element in page.elements if within(element, card)]
    rows = [e for e in inside if e.tag == "th" and e.attrs["scope"] == "row"]
    assert len(rows) == 41
    assert [e.text for e in inside if e.tag == "h4"] == ["17 failed"]
    assert "Shown in full are 1 of 41 executions" in card.text


def within(element: Element, outer: Element) -> bool:
    while element.parent is not None:
        element = element.parent
        if element is outer:
            return True
    return False


def test_only_verified_is_dressed_as_good(lab: Any) -> None:
    states = {
        "TC-LAT-002": State.KNOWN_ANOMALY,
        "TC-LAT-003": State.UNEXPECTED_PASS,
        "TC-LAT-004": State.SKIPPED,
        "TC-LAT-005": State.ERROR,
        "TC-LAT-006": State.CANNOT_JUDGE,
    }
    page = parse(write_html(lab.report(lab.story(states=states))))
    good = [e for e in page.elements if "tone-good" in e.classes]
    assert good
    assert all("state-verified" in element.classes for element in good)
    for element in page.elements:
        if "state" in element.classes:
            (own,) = [name for name in element.classes if name.startswith("state-")]
            assert WORDS[own.removeprefix("state-")].word in element.text


def test_a_run_that_did_not_pass_is_not_dressed_as_good(failed: bytes, lab: Any) -> None:
    quick = write_html(lab.report(plan=lab.manifest(depth="quick")))
    for page in (failed, quick):
        verdict = next(e for e in parse(page).all("section") if e.attrs["id"] == "verdict")
        assert "tone-good" not in verdict.classes


def test_hostile_text_stays_text(hostile: bytes) -> None:
    page = parse(hostile)
    assert len(list(page.all("script"))) == 1
    assert list(page.all("img")) == []
    assert not any(name.startswith("on") for e in page.elements for name in e.attrs)
    assert b"\xe2\x80\xae" not in hostile  # the mark that turns the direction of reading
    assert "⟨U+202E⟩".encode() in hostile
    assert "⟨U+0007⟩".encode() in hostile
    assert b"\x07" not in hostile


def test_hidden_characters_are_shown_and_others_left_alone() -> None:
    assert visible("a\u200bb\x00\ud800") == "a⟨U+200B⟩b⟨U+0000⟩⟨U+D800⟩"
    assert visible("Müller\n\t≤ 5 µs") == "Müller\n\t≤ 5 µs"
    assert visible(5) == 5


def test_two_names_never_share_an_anchor() -> None:
    names = ["TC 1", "TC-1", "TC/1", "TC\u202e1", "x" * 100, "x" * 101]
    anchors = {anchor(name, "case") for name in names}
    assert len(anchors) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", one) for one in anchors)


def test_the_same_bundle_gives_the_same_page(lab: Any) -> None:
    report = lab.report()
    assert write_html(report) == write_html(report)


def test_a_template_of_the_user_replaces_the_shipped_one(lab: Any, tmp_path: Path) -> None:
    (tmp_path / "claims.html.j2").write_text("<section id='claims'>ours</section>")
    page = write_html(lab.report(), tmp_path).decode()
    assert "<section id='claims'>ours</section>" in page
    assert "What this run proves" not in page


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("claims.html.j2", "{{ report.nonsense }}", "no attribute 'nonsense'"),
        ("claims.html.j2", "\n{% if %}", "claims.html.j2, line 2"),
        ("report.js", "'</script>'", "holds an end tag"),
        ("verdict.html.j2", "{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_broken_template_is_named(
    lab: Any, tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(HarnessError, match=re.escape(said)):
        write_html(lab.report(), tmp_path)


def test_a_folder_of_templates_must_be_one(lab: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder"):
        write_html(lab.report(), tmp_path / "none")


def test_every_state_has_a_symbol_of_its_own() -> None:
    icons = (resources.templates() / "icons.svg.j2").read_text()
    drawings = dict(re.findall(r'<symbol id="i-(\w+)"[^>]*>(.*?)</symbol>', icons))
    assert WORDS.keys() | {"unknown"} <= drawings.keys()
    assert len(set(drawings.values())) == len(drawings)


def _tokens(css: str) -> list[dict[str, str]]:
    """The colours of the light, the dark and the printed page."""
    light, dark, paper = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in (light, dark, paper)]
    return [found[0], {**found[0], **found[1]}, {**found[0], **found[2]}]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", range(3))
def test_every_ink_is_readable_on_its_ground(scheme: int) -> None:
    tokens = _tokens((resources.templates() / "report.css").read_text())[scheme]
    pairs = [
        ("ink", "ground"),
        ("ink", "paper"),
        ("soft", "ground"),
        ("soft", "paper"),
        ("link", "ground"),
        ("link", "paper"),
    ]
    for tone in ("good", "done", "bad", "doubt", "open", "aside"):
        pairs += [(tone, f"{tone}-tint"), (tone, "paper"), ("ink", f"{tone}-tint")]
    poor = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
    assert contrast(tokens["bars"], tokens["paper"]) >= 3.0
