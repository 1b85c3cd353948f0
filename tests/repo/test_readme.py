"""What the README and the guides tell a reader to type exists, and the help they quote is real."""

import io
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache
from pathlib import Path

import pytest

from edgeward.device.cli import main

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NOTATION = re.compile(r"[\[\]|]|\.\.\.")

Help = Callable[..., str]


def blocks(text: str) -> Iterator[str]:
    """The fenced blocks of a page."""
    return (found.group(2) for found in FENCE.finditer(text))


def commands(text: str) -> Iterator[list[str]]:
    """Each line a reader is told to type that starts with edgeward or make, as words."""
    for block in blocks(text):
        if block.startswith("usage: "):
            continue  # a quoted help: test_the_quoted_help_is_the_real_one
        for line in block.replace("\\\n", " ").splitlines():
            typed = re.sub(r"^\s*(\$ )?(\.venv/bin/)?", "", line)
            if re.match(r"(edgeward|make)( |$)", typed):
                yield shlex.split(NOTATION.sub(" ", typed), comments=True)


@lru_cache
def real_help(*command: str) -> str:
    """What `edgeward COMMAND --help` says; empty when there is no such command."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(told), redirect_stderr(told):
        patch.setenv("COLUMNS", "80")
        status = main([*command, "--help"])
    return told.getvalue() if status == 0 else ""


def edgeward_faults(words: list[str], ask: Help) -> list[str]:
    """What is wrong with a typed edgeward command: the command, or one of its options."""
    typed = " ".join(words)
    words = words[1 : words.index("--")] if "--" in words else words[1:]
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    plain = [word for word in words if not word.startswith("-")]
    text = ask(*plain[:2])  # a second word is a subcommand, or a value that help does not look at
    if not text:
        return [f"{typed!r}: there is no command {' '.join(plain[:2])!r}"]
    return [
        f"{typed!r}: there is no option {option!r}"
        for option in options
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text)
    ]


def make_faults(words: list[str], makefile: str) -> list[str]:
    """What is wrong with a typed make command: a target or a variable that does not exist."""
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+)\s*\?=", makefile, re.MULTILINE))
    typed = " ".join(words)
    return [
        f"{typed!r}: make has no {word!r}"
        for word in words[1:]
        if (word.partition("=")[0] not in variables if "=" in word else word not in targets)
    ]


def page_faults(page: str, makefile: str, ask: Help) -> list[str]:
    """What is wrong with the commands of one page."""
    return [
        fault
        for words in commands(page)
        for fault in (
            make_faults(words, makefile) if words[0] == "make" else edgeward_faults(words, ask)
        )
    ]


@pytest.fixture(scope="module")
def pages(texts: dict[str, str]) -> dict[str, str]:
    """Every page written for a reader."""
    return {name: text for name, text in texts.items() if name.endswith(".md")}


def test_every_command_on_a_page_exists(pages: dict[str, str], texts: dict[str, str]) -> None:
    faults = [
        f"{name}: {fault}"
        for name, page in pages.items()
        for fault in page_faults(page, texts["Makefile"], real_help)
    ]
    assert not faults, "\n".join(faults)


def test_the_readme_shows_both_commands_of_the_first_run(texts: dict[str, str]) -> None:
    typed = [words[:2] for words in commands(texts["README.md"])]
    assert ["make", "verify"] in typed
    assert ["make", "test"] in typed


def test_the_quoted_help_is_the_real_one(texts: dict[str, str]) -> None:
    quoted = [block for block in blocks(texts["README.md"]) if block.startswith("usage: edgeward")]
    assert quoted == [real_help()]


def broken_links(name: str, page: str, checkout: Path) -> list[str]:
    """Each link of a page to a file that is not there."""
    folder = (checkout / name).parent
    return [
        f"{name}: {target}"
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page)
        if "://" not in target and not (folder / target).exists()
    ]


def test_every_link_leads_somewhere(pages: dict[str, str], checkout: Path) -> None:
    faults = [fault for name, page in pages.items() for fault in broken_links(name, page, checkout)]
    assert not faults, "\n".join(faults)


def test_a_broken_link_is_seen(checkout: Path) -> None:
    page = "[a](LICENSE) [b](docs/nowhere.md) [c](https://example.org) [d](README.md#top)"
    assert broken_links("README.md", page, checkout) == ["README.md: docs/nowhere.md"]


MAKEFILE = "PROFILE ?= wearable\n\nverify: install ## judge\n"
HELPS = {
    (): "[-h] [--help]",
    ("verify",): "--profile NAME --suite --depth D",
    ("verify", "wearable"): "--profile NAME --suite --depth D",
    ("agent-check",): "--timeout S",
    ("agent-check", "3"): "--timeout S",
    ("profile", "list"): "--json",
}


def ask(*command: str) -> str:
    """A command line that does not change with the real one."""
    return HELPS.get(command, "")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("$ edgeward verfy", "no command 'verfy'"),
        ("edgeward profile lst", "no command 'profile lst'"),
        (".venv/bin/edgeward verify --profil wearable", "no option '--profil'"),
        ("edgeward verify [--suite] [--depht]", "no option '--depht'"),
        ("edgeward --hepl", "no option '--hepl'"),
        ("make verfy", "make has no 'verfy'"),
        ("make verify PROFIL=wearable", "make has no 'PROFIL=wearable'"),
    ],
)
def test_a_wrong_command_is_seen(typed: str, said: str) -> None:
    (fault,) = page_faults(f"```sh\n{typed}\n```\n", MAKEFILE, ask)
    assert said in fault


@pytest.mark.parametrize(
    "typed",
    [
        "edgeward verify --profile=wearable   # a comment with --nonsense",
        "edgeward agent-check --timeout 3 -- perl device.pl --nonsense",
        "edgeward verify \\\n  --profile wearable",
        "edgeward profile list --json",
        "make verify PROFILE=wearable",
        "pip install --nonsense",
    ],
)
def test_a_right_command_is_accepted(typed: str) -> None:
    assert page_faults(f"```sh\n{typed}\n```\n", MAKEFILE, ask) == []
