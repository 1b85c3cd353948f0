"""Plain rules for every text file: what may not stand in it. Each rule is refused once below."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

COLUMNS_MAX = 100
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(work|tmp|root|home|Users)" + r"/")
DIRECTIVE = re.compile(r"  # (noqa|type: ignore).*$")
OVERCLAIM = re.compile(r"\bcompli" + r"ant\b", re.IGNORECASE)

Check = Callable[[str, str], list[str]]


def matching_lines(pattern: re.Pattern[str], path: str, text: str, instead: str) -> list[str]:
    """Each line that holds the pattern, with what to write instead."""
    return [
        f"{path}:{number}: {found.group(0)!r}: {instead}"
        for number, line in enumerate(text.split("\n"), 1)
        if (found := pattern.search(line))
    ]


def unfinished(path: str, text: str) -> list[str]:
    """Unfinished work belongs in an issue."""
    return matching_lines(UNFINISHED, path, text, "finish it, or open an issue")


def machine_path(path: str, text: str) -> list[str]:
    """A path of one machine works on that machine only."""
    return matching_lines(MACHINE_PATH, path, text, "take the path as a parameter")


def overclaim(path: str, text: str) -> list[str]:
    """Software produces evidence; whether a standard is met is for people to say."""
    if path.startswith("tests/"):
        return []  # nobody reads a claim there
    return matching_lines(OVERCLAIM, path, text, "say which evidence is produced")


def tab(path: str, text: str) -> list[str]:
    """Tabs look different everywhere; only make needs them."""
    if path == "Makefile":
        return []
    return matching_lines(re.compile("\t"), path, text, "four spaces")


def trailing_space(path: str, text: str) -> list[str]:
    """A space at the end of a line is noise in every later diff."""
    return matching_lines(re.compile(r"[ \t\r]+$"), path, text, "nothing")


def last_newline(path: str, text: str) -> list[str]:
    """A file ends with exactly one newline, or is empty."""
    if not text or (text.endswith("\n") and not text.endswith("\n\n")):
        return []
    return [f"{path}: ends with {text[-2:]!r}: end it with exactly one newline"]


def long_line(path: str, text: str) -> list[str]:
    """Python is read side by side with its diff. A linter's directive may overhang."""
    if not path.endswith(".py"):
        return []
    return [
        f"{path}:{number}: {len(line)} columns: at most {COLUMNS_MAX}"
        for number, line in enumerate(text.split("\n"), 1)
        if len(DIRECTIVE.sub("", line)) > COLUMNS_MAX
    ]


CHECKS: list[Check] = [
    unfinished, machine_path, overclaim, tab, trailing_space, last_newline, long_line,
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_text_file_keeps_the_rule(check: Check, texts: dict[str, str]) -> None:
    faults = [fault for path, text in texts.items() for fault in check(path, text)]
    assert not faults, "\n".join(faults)


REFUSED = [
    (unfinished, "a.md", "one\nTO" + "DO: later\n", "a.md:2: 'TO" + "DO'"),
    (unfinished, "a.py", "# FIX" + "ME\n", "open an issue"),
    (machine_path, "a.toml", 'folder = "/ho' + 'me/someone/data"\n', "as a parameter"),
    (machine_path, "a.py", "p = '/tm" + "p/x'\n", "a.py:1"),
    (overclaim, "a.md", "We are Compli" + "ant.\n", "evidence"),
    (tab, "a.py", "if x:\n\tpass\n", "a.py:2"),
    (trailing_space, "a.md", "one \ntwo\n", "a.md:1"),
    (trailing_space, "a.md", "one\r\n", "a.md:1"),
    (last_newline, "a.py", "x = 1", "exactly one newline"),
    (last_newline, "a.py", "x = 1\n\n", "exactly one newline"),
    (long_line, "a.py", "#" * 101 + "\n", "101 columns"),
]

ACCEPTED = [
    (unfinished, "a.md", "The word method is fine.\n"),
    (machine_path, "a.md", "See net/work/x, docs/tm" + "p/x and https://example.org/ho" + "me/.\n"),
    (overclaim, "a.md", "compliance of a lung is a physiological term\n"),
    (overclaim, "tests/a.py", "match='not JSON compli" + "ant'\n"),
    (tab, "Makefile", "all:\n\techo\n"),
    (last_newline, "__init__.py", ""),
    (long_line, "a.py", "#" * 100 + "\n"),
    (long_line, "a.md", "#" * 130 + "\n"),
    (long_line, "a.py", "x" * 90 + "  # noqa: E731 - a reason\n"),
]


@pytest.mark.parametrize(("check", "path", "text", "said"), REFUSED)
def test_the_rule_is_refused(check: Check, path: str, text: str, said: str) -> None:
    (fault,) = check(path, text)
    assert said in fault


@pytest.mark.parametrize(("check", "path", "text"), ACCEPTED)
def test_the_near_miss_is_accepted(check: Check, path: str, text: str) -> None:
    assert check(path, text) == []


def test_git_ignores_none_of_our_files(checkout: Path, files: dict[str, Path]) -> None:
    """An ignored file works here and is missing from every clone."""
    told = subprocess.run(
        ["git", "-c", f"safe.directory={checkout}", "check-ignore", "--no-index", "--stdin"],
        cwd=checkout,
        input="\n".join([*files, "out/bundle/report.html"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.splitlines() == ["out/bundle/report.html"], told.stderr


def permission_fault(name: str, path: Path) -> list[str]:
    """A file can be executed if, and only if, its first line says by what."""
    executable = bool(path.stat().st_mode & 0o111)
    script = path.read_bytes()[:2] == b"#!"
    if executable == script:
        return []
    return [f"{name}: executable={executable}, first line '#!'={script}: both or neither"]


def test_file_permissions(files: dict[str, Path]) -> None:
    faults = [fault for name, path in files.items() for fault in permission_fault(name, path)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "mode", "faults"),
    [
        ("x = 1\n", 0o644, 0),
        ("x = 1\n", 0o755, 1),
        ("#!/bin/sh\n", 0o755, 0),
        ("#!/bin/sh\n", 0o644, 1),
    ],
)
def test_file_permissions_are_refused(tmp_path: Path, text: str, mode: int, faults: int) -> None:
    script = tmp_path / "script"
    script.write_text(text)
    script.chmod(mode)
    assert len(permission_fault("script", script)) == faults
