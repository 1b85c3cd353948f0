"""The quick reader never says anything that tomllib does not say."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeward_harness import resources
from edgeward_harness.trace import plain_toml

KEYS = st.sampled_from(["a", "b", "id", "REQ-1", "7", "a.b", '"q"', "'l'", "ä", ""])
TEXTS = st.text(st.sampled_from(list("ab \"'\\#,[]{}=\n\r\t\x00\x1f\x7f\x85é心")), max_size=8)
VALUES = st.recursive(
    st.one_of(
        TEXTS.map(lambda text: f'"{text}"'),
        TEXTS.map(lambda text: f'"""{text}"""'),
        TEXTS.map(lambda text: f"'{text}'"),
        st.integers(-(10**19), 10**19).map(str),
        st.sampled_from(["+1", "-0", "007", "1_000", "0x1f", "1.5", "inf", "nan", "true", ""]),
        st.dates().map(str),
        st.sampled_from(["2027-02-30", "2027-06-30 10:00:00", "2027-06-30T10:00:00Z", "10:00:00"]),
    ),
    lambda each: st.one_of(
        st.lists(each, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(each, max_size=3).map(lambda items: f"[\n  {', '.join(items)},\n]"),
        st.dictionaries(KEYS, each, max_size=3).map(
            lambda table: f"{{ {', '.join(f'{k} = {v}' for k, v in table.items())} }}"
        ),
    ),
    max_leaves=5,
)
PAIRS = st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}")
HEADERS = st.sampled_from(
    ["[a]", "[b]", "[[a]]", "[[b]]", "[a.b]", "[b.a]", "[a.b.c]", "[[a.b]]", "[ a ]", "[]", "[a"]
)
ENDS = st.sampled_from(["\n", "\n\n", " # said\n", "  \n", "\r\n", "", " x\n", "#\t\n", "# \x01\n"])
DOCUMENTS = st.lists(
    st.tuples(st.one_of(PAIRS, HEADERS, st.just("# note"), TEXTS), ENDS), max_size=7
).map(lambda lines: "".join(line + end for line, end in lines))

PLAIN = """\
# A comment.
title = "plain"

[suite]
number = -12
day = 2027-06-30   # a day
empty = []
list = [
  "one", "two",
  "three",
]

[[case]]
id = "A"
prose = \"""
Two "quoted" ""lines"".
\"""
needs = { capabilities = ["stream"], nested = {x = "y"}, n = 3 }
none = {}

[case.custom]
team = "signal"

[[case]]
id = "B"
"""


@st.composite
def edited(draw: st.DrawFn) -> str:
    """The plain document after a slip or two: characters lost, doubled, mistyped; lines moved."""
    text = PLAIN
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 1, 2, 9, 40])))
        source = draw(st.integers(0, len(text)))
        piece = draw(st.one_of(TEXTS, st.just(text[source : source + 30])))
        text = text[:start] + piece + text[end:]
    return text


@settings(deadline=None, max_examples=400)
@given(st.one_of(edited(), DOCUMENTS))
@example('a = """x""""\n')
@example('a = """x"""""\n')
@example('a = """\n\nx"""\n')
@example("[a]\n[a.b]\n[a]\n")
@example("a = {}\n[a.b]\n")
@example("[a.b]\n[a]\n")
@example('a = {b = "}"}\n')
@example('a = {b = "x",}\n')
@example('a = "x" b = "y"\n')
@example("a = 1b = 2\n")
@example("a = 1")
@example("a = 007\n")
@example("a = \n")
def test_both_readers_read_and_refuse_the_same(text: str) -> None:
    try:
        expected: Any = tomllib.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r".*"):
            plain_toml.loads(text)
    else:
        assert exactly(plain_toml.loads(text)) == exactly(expected)


def exactly(value: object) -> object:
    """A value whose comparison tells 1 from true and from 1.0, and finds NaN equal to itself."""
    if isinstance(value, dict):
        return {key: exactly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exactly(each) for each in value]
    return type(value), repr(value)


def refuse(text: str) -> dict[str, Any]:
    """In the place of tomllib where it must not be needed."""
    raise AssertionError(f"not plain: {text[:40]!r}")


def test_a_plain_document_needs_no_other_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = tomllib.loads(PLAIN)
    monkeypatch.setattr(tomllib, "loads", refuse)
    assert exactly(plain_toml.loads(PLAIN)) == exactly(expected)


def shipped() -> list[Path]:
    """The trace's own files."""
    folder = resources.suites()
    names = ("requirements.toml", "hazards.toml", "deviations.toml", "trace_review.toml")
    return [*(folder / name for name in names), *folder.glob("*/testplan.toml")]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.parent.name + "/" + path.name)
def test_the_shipped_files_are_plain(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    expected = tomllib.loads(text)
    monkeypatch.setattr(tomllib, "loads", refuse)
    assert plain_toml.loads(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'a = """' + "x" * 200_000,
        'a = """' + '"x' * 100_000,
        "a = [" + '"x",' * 100_000,
        "a = {" * 9_999,
    ],
    ids=["prose", "quotes", "list", "inline"],
)
def test_an_unfinished_value_is_refused_without_trying_every_way(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        plain_toml.loads(text)
