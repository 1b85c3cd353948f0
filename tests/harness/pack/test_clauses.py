"""The registry of clauses: read strictly, in our own words, and at one with the documents."""

import re
from functools import cache
from pathlib import Path

import pytest

from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.pack import build as building
from edgeward_harness.pack.audit.rules import GROUPS
from edgeward_harness.pack.clauses import Clause, Registry, Share, Status, load_registry

NUMBERS = {f"{number:02}" for number in range(23)}
WORDS_MAX = 300
HEAD = """
[standard]
id = "X 1"
title = "A standard"
edition = "First"
status = "in_force"
dated = 2020-01-01
source = "A page."
checked_by = "nobody"
read = 2026-01-01
"""
CLAUSE = '\n[[clause]]\nnumber = "1"\nwords = "It is so."\nshare = "outside"\n'


@cache
def registry() -> Registry:
    return load_registry(resources.clauses())


@cache
def clauses() -> dict[str, Clause]:
    return {name: clause for name, _, clause in registry().named()}


def told() -> dict[str, tuple[str, ...]]:
    """What each document says it answers, as its source has it."""
    folder = Path(building.__file__).parent / "documents"
    found = {}
    for path in sorted(folder.glob("doc[0-9][0-9]_*.py")):
        match = re.search(r"\banswers=\((.*?)\),?\n", path.read_text(encoding="utf-8"), re.DOTALL)
        if match:
            found[path.name[3:5]] = tuple(re.findall(r'"([^"]+)"', match.group(1)))
    return found


def test_every_file_is_read_and_no_clause_stands_twice() -> None:
    files = list(resources.clauses().glob("*.toml"))
    assert len(registry().standards) == len(files) == 10
    names = [name for name, _, _ in registry().named()]
    assert len(names) == len(set(names))
    assert len([name for name in names if name.startswith("IEC 62304 ")]) == 95


def test_only_what_is_a_draft_is_called_one_and_nobody_checked() -> None:
    drafts = {one.id for one in registry().standards if one.status is Status.DRAFT}
    assert drafts == {"FDA AI lifecycle"}
    assert {one.checked_by for one in registry().standards} == {"nobody yet against the original"}


def test_a_clause_names_what_there_is_in_words_of_ours() -> None:
    rules = {str(rule.number) for _, group in GROUPS for rule in group}
    banned = re.compile(r"complian|conforman|\bshall\b", re.IGNORECASE)
    wrong = [
        name
        for name, one in clauses().items()
        if not set(one.documents) <= NUMBERS
        or not set(one.rules) <= rules
        or max(len(one.words), len(one.note)) > WORDS_MAX
        or banned.search(f"{one.words} {one.note}")
    ]
    assert wrong == []


def test_who_answers_a_clause_fits_what_it_names() -> None:
    shares: dict[Share, list[Clause]] = {share: [] for share in Share}
    for one in clauses().values():
        shares[one.share].append(one)
    assert all(shares.values())
    assert [one for one in shares[Share.GENERATED] if not (one.documents or one.rules)] == []
    assert [one for one in shares[Share.OUTSIDE] if one.documents or one.rules] == []
    signed = {one.number for one in clauses().values() if one.signed}
    assert signed <= {one.number for one in shares[Share.RECORDED]}


def test_what_a_document_answers_is_a_clause_that_names_the_document() -> None:
    found = told()
    assert {"01", "02", "03", "04", "05", "06", "07", "08", "14", "15", "16", "18"} <= set(found)
    wrong = [
        f"{number}: {name}"
        for number, names in found.items()
        for name in names
        if name not in clauses() or number not in clauses()[name].documents
    ]
    assert wrong == []
    named = {number for one in clauses().values() for number in one.documents}
    assert named <= set(found), "a clause names a document that answers nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no *.toml"),
        ("[standard", "x.toml"),
        (HEAD.replace('id = "X 1"\n', ""), "id is missing"),
        (HEAD + "[more]\n", "[more] is no known table"),
        (HEAD + CLAUSE + CLAUSE, "1 is there already"),
        (HEAD + CLAUSE.replace("outside", "theirs"), "share"),
        (HEAD + CLAUSE + 'documents = ["7"]\n', "documents"),
        (HEAD + CLAUSE + 'rules = ["0"]\n', "rules"),
        (HEAD + CLAUSE + 'signed = ["liked"]\n', "signed"),
        (HEAD + "clause = 3\n", "clause"),
        (HEAD + "clause = [3]\n", "clause"),
        ("clause = []\n", "[standard] is missing"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(tmp_path: Path, text: str, said: str) -> None:
    if text:
        (tmp_path / "x.toml").write_text(text)
    with pytest.raises(InputError) as refused:
        load_registry(tmp_path)
    assert said in str(refused.value)


def test_one_standard_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(HEAD + CLAUSE)
    with pytest.raises(InputError, match="X 1: in two files"):
        load_registry(tmp_path)
