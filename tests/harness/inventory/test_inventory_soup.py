"""The SOUP list: what it answers for, and every fault of it."""

import json
from pathlib import Path

import pytest
from bill_lab import (
    ENTRY,
    NESTED,
    faults,
    joined,
    modelled,
    written,
)
from environment_lab import install

from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.bill import bill_bytes
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.soup import load_soup
from edgeward_harness.trace.load import load_trace


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A device's environment with a model, in order."""
    return modelled(tmp_path / "device")


def test_what_is_not_in_the_list_is_a_row_and_a_fault(prefix: Path) -> None:
    assert faults(prefix) == ""
    other = ENTRY.replace(">=1,<2", ">=2")
    assert "arrays@1.0: missing from the SOUP list" in faults(prefix, other)
    data = bill_bytes(joined(prefix, other))
    assert not read_bill(data, "bill").parts[0].in_soup_list


def test_an_entry_answers_for_what_is_bundled_only_where_it_says_so(prefix: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=json.dumps(NESTED))
    assert faults(prefix) == ""
    assert "blas" in faults(prefix, ENTRY.replace("bundled", "supplier"))


def test_support_that_ended_is_a_fault(prefix: Path) -> None:
    late = ENTRY.replace("2027-06-30", "2026-05-31")
    assert "its support ended on 2026-05-31" in faults(prefix, late)
    assert "nobody supports it" in faults(prefix, ENTRY.replace('"maintained"', '"ended"'))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"maintained"', '"sometimes"', 'support = "sometimes": expected one of maintained'),
        (">=1,<2", "one", "versions such as"),
        ("BSD-3-Clause", "BSD", 'licence = "BSD": expected an SPDX expression'),
        ("2027-06-30", '"soon"', "a day such as 2027-06-30, without quotes"),
        ("end_of_support = 2027-06-30", "", "end_of_support is missing"),
        ("needs", "neds", "neds is unknown; needs may be meant"),
        ('["The right sum."]', "[]", "a list of at least one text"),
        ("[[soup]]", "[soup]", "double brackets"),
        ("[[soup]]", "[extra]\n[[soup]]", "no known table"),
        ("[[soup]]", "[[soup", "is not TOML"),
    ],
)
def test_a_fault_in_the_list_is_named(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_soup(written(tmp_path, "soup.toml", ENTRY.replace(was, becomes, 1)))
    assert said in str(caught.value)


def test_the_shipped_list_names_requirements_that_there_are() -> None:
    known = load_trace(resources.suites()).requirements
    entries = load_soup(resources.soup()).entries
    assert {one for entry in entries for one in entry.requirements} <= known.keys()
    assert all(entry.requirements for entry in entries)
