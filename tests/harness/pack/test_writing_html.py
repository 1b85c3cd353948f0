"""The page of the pack: whole, safe, the same each time, and every link leads somewhere."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pack_lab import HOSTILE, hostile_pack, matrix, pack_of, sample_pack

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.pack.model import Cell, Document, Facts, Section
from edgeward_harness.pack.writing.html import MANY_ROWS, dangling, write_html


class Seen(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            self.names.add(name)
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page() -> bytes:
    return write_html(sample_pack())


def test_the_same_pack_gives_the_same_bytes(page: bytes) -> None:
    assert write_html(sample_pack()) == page


def test_every_link_leads_to_one_place(page: bytes) -> None:
    seen = Seen(page)
    assert [link for link in seen.links if link.removeprefix("#") not in seen.ids] == []
    assert [name for name, count in Counter(seen.ids).items() if count > 1 or not name] == []
    assert dangling(sample_pack()) == ()


def test_a_link_that_leads_nowhere_is_text_and_is_named() -> None:
    facts = Facts((("a", Cell("there", link="07#TC-9")), ("b", Cell("here", link="#s"))))
    pack = pack_of(Document("03", "x", "X", "", (Section("s", "S", (facts,)),)))
    seen = Seen(write_html(pack))
    assert "#d-03-s" in seen.links
    assert not any("TC-9" in link for link in seen.links)
    assert "there" in seen.text
    assert dangling(pack) == ("03: 07#TC-9",)


def test_markup_of_others_is_text() -> None:
    page = write_html(hostile_pack())
    seen = Seen(page)
    plain = Seen(write_html(pack_of()))
    assert seen.tags["script"] == plain.tags["script"] == 1
    assert seen.tags["label"] == 0
    assert not any(name.startswith("on") or name == "style" for name in seen.names)
    assert b"\xe2\x80\xae" not in page, "a sign that turns the reading direction"
    assert "⟨U+202E⟩" in seen.text
    places = ("title", "purpose", "section", "fact", "cell", "head", "caption", "missing", "sign")
    assert page.decode().count("&lt;script&gt;alert(1)") > len(places)
    assert HOSTILE not in page.decode()


def test_the_policy_allows_what_the_page_brings_and_nothing_else(page: bytes) -> None:
    text = page.decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        source = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert source is not None
        digest = base64.b64encode(hashlib.sha256(source[1].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in allowed
    assert "default-src 'none'" in allowed
    assert "http" not in allowed


def test_the_foot_names_state_and_digest_and_what_is_missing_is_told(page: bytes) -> None:
    pack, seen = sample_pack(), Seen(page)
    assert seen.text.count(pack.root_sha256) >= 2
    for document in pack.documents:
        for what in document.missing:
            assert what in seen.text
    assert "not signed" in seen.text


def test_rows_of_a_long_table_are_grids_with_columns_of_their_own() -> None:
    long = Document("03", "x", "X", "", (Section("s", "S", (matrix(MANY_ROWS),)),))
    text = write_html(pack_of(long)).decode()
    assert '<table class="plain grid-0">' in text
    assert ".grid-0 tr { grid-template-columns:" in text
    assert "style=" not in text


def test_a_template_of_the_user_replaces_one_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "pack" / "blocks.html.j2"
    own.parent.mkdir()
    own.write_text("{% macro any(document, block) %}MINE{% endmacro %}")
    assert b"MINE" in write_html(sample_pack(), tmp_path)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{% macro any(document, block) %}\n{{ 1 / 0 }}{% endmacro %}", "blocks.html.j2, line 2"),
        ("{% macro any(document, block) %}{{ block.nothing }}{% endmacro %}", "UndefinedError"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ pack.title.__class__.__mro__ }}", "SecurityError"),
        ("{{ word.__globals__ }}", "SecurityError"),
        ("{% for one in range(100000000) %}{% endfor %}", "OverflowError"),
        ("{% include '/etc/hostname' %}", "TemplateNotFound"),
        ("{% include '../../etc/hostname' %}", "TemplateNotFound"),
    ],
)
def test_a_template_that_raises_is_told_with_its_place(
    tmp_path: Path, broken: str, told: str
) -> None:
    """Whoever inspects a pack renders the templates of its maker: they reach nothing."""
    own = tmp_path / "pack" / "blocks.html.j2"
    own.parent.mkdir()
    own.write_text(broken)
    with pytest.raises(HarnessError, match=told):
        write_html(sample_pack(), tmp_path)
    with pytest.raises(InputError, match="folder of templates"):
        write_html(sample_pack(), tmp_path / "none")
