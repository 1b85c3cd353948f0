"""The quick tests look briefly, the full ones as long as each property says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROPERTIES = """
from hypothesis import given, settings, strategies as st

tried = {"many": 0, "few": 0, "unsaid": 0}

@given(st.integers())
@settings(max_examples=70)
def test_many(_): tried["many"] += 1

@settings(max_examples=6)
@given(st.integers())
def test_few(_): tried["few"] += 1

class TestGroup:
    @given(st.integers())
    def test_unsaid(self, _): tried["unsaid"] += 1

def test_told(): print(tried)
"""


def tried(checkout: Path, folder: Path, *options: str) -> str:
    """How often each property was tried under this repository's rules."""
    (folder / "conftest.py").write_text((checkout / "tests/conftest.py").read_text())
    (folder / "test_properties.py").write_text(PROPERTIES)
    rules = ["-q", "-s", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    return subprocess.run(
        [Path(sys.executable).with_name("pytest"), *rules, *options],
        cwd=folder,
        env={**os.environ, "CI": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hypothesis-profile=quick"], "{'many': 10, 'few': 3, 'unsaid': 10}"),
        ([], "{'many': 70, 'few': 6, 'unsaid': 100}"),
    ],
)
def test_only_a_quick_run_tries_a_property_less_often(
    checkout: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    assert said in tried(checkout, tmp_path, *options)


KINDS = {
    "heavy": "import pytest\npytestmark = pytest.mark.slow\n",
    "light": "",
    "lone": "import pytest\npytestmark = [pytest.mark.slow, pytest.mark.alone]\n",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "imported"),
    [
        (["-m", "not slow"], {"light"}),
        (["-m", "slow and not alone"], {"heavy", "lone"}),
        (["-m", "alone"], {"lone"}),
        ([], {"heavy", "light", "lone"}),
    ],
)
def test_a_file_is_imported_only_where_a_test_of_it_may_run(
    checkout: Path, tmp_path: Path, options: list[str], imported: set[str]
) -> None:
    for name, mark in KINDS.items():
        text = f"{mark}print('loaded {name}')\ndef test_it(): pass\n"
        (tmp_path / f"test_{name}.py").write_text(text)
    assert set(re.findall(r"loaded (\w+)", tried(checkout, tmp_path, *options))) == imported


def test_no_mark_comes_from_another_file(modules: dict[str, str], texts: dict[str, str]) -> None:
    """Whether a file is left out is told from its text, for the expressions of the Makefile."""
    marks = re.compile(r"(pytest\.)?mark\.(slow|alone)\b|getattr\(pytest\.mark|import mark\b")
    for name, text in modules.items():
        if not name.startswith("tests/") or name == "tests/repo/test_quick.py":
            continue
        for found in marks.finditer(text):
            assert found[1], f"{name}: {found[0]}; expected pytest.mark."
            assert Path(name).name.startswith("test_") or name == "tests/conftest.py", name
    told = set(re.findall(r'-m "?([a-z ]+[a-z])', texts["Makefile"]))
    assert {"not slow", "slow and not alone", "alone"} <= told


TELLS = """
import sys

def pytest_collection_finish():
    print("heavy:", *sorted({"scipy", "sklearn", "torch", "pandas"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_no_quick_test_imports_what_takes_a_second_before_it_runs(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "tells.py").write_text(TELLS)
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tells", "-qs", "-m", "not slow", "--collect-only"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "heavy:\n" in told


def test_only_make_quick_looks_briefly(texts: dict[str, str]) -> None:
    looks = [line for line in texts["Makefile"].splitlines() if "--hypothesis-profile" in line]
    assert len(looks) == 1
    quick = texts["Makefile"].split("\nquick:")[1].split("\n\n")[0]
    assert looks[0] in quick
