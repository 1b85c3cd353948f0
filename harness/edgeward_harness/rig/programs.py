"""What a running program shows of the files it consists of, told from its process alone."""

import ast
import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PYTHON: Final = "python"
_TAKES_A_VALUE: Final = ("-X", "-W", "--check-hash-based-pycs")
"""Options of the interpreter whose value is the next word."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process as the kernel shows it."""

    executable: Path
    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    files: frozenset[Path]
    """Mapped, open, or named on the command line."""

    @property
    def is_python(self) -> bool:
        """Whether it is a program for the Python interpreter."""
        return self.executable.name.startswith(_PYTHON)

    @property
    def modules(self) -> frozenset[str]:
        """The first names of the modules that its command line names, or its script imports."""
        kind, text = _what_runs(self.words[1:])
        if kind == "-m":
            return frozenset({text.partition(".")[0]})
        if kind == "-c":
            return imported(text)
        script = self.folder / text
        return _imported_by(script, frozenset()) if text and script.is_file() else frozenset()


def program_of(pid: int) -> Program | None:
    """The program that a process runs; None when it has ended or is none of ours."""
    place = _PROC / str(pid)
    try:
        executable = Path(os.readlink(place / "exe"))
        folder = Path(os.readlink(place / "cwd"))
        words = tuple(os.fsdecode(word) for word in (place / "cmdline").read_bytes().split(b"\0"))
        pairs = (place / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    environment = dict(os.fsdecode(pair).partition("=")[::2] for pair in pairs if pair)
    found = {*_mapped(place), *_open(place), *(folder / word for word in words[1:] if word)}
    if not executable.name.startswith(_PYTHON):
        found.add(executable)
    files = frozenset(path for path in found if _is_file(path))
    return Program(executable, words, folder, environment, files)


def _mapped(place: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for line in (place / "maps").read_text("utf-8", errors="surrogateescape").splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].startswith("/"):
                yield Path(fields[5])


def _open(place: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for link in (place / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield Path(os.readlink(link))


def _is_file(path: Path) -> bool:
    try:
        return path.is_absolute() and stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _what_runs(words: Sequence[str]) -> tuple[str, str]:
    """`-m` and a module, `-c` and a text, or nothing and a script."""
    left = iter(words)
    for word in left:
        if word in ("-m", "-c"):
            return word, next(left, "")
        if word in _TAKES_A_VALUE:
            next(left, "")
        elif not word.startswith("-"):
            return "", word
    return "", ""


def imported(text: str) -> frozenset[str]:
    """The first names of all modules that a text in Python imports, wherever in it."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return frozenset()
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    ]
    return frozenset(name.partition(".")[0] for name in names)


def _imported_by(script: Path, before: frozenset[Path]) -> frozenset[str]:
    """What a script imports, and what those beside it import that it imports."""
    found = imported(script.read_text("utf-8", errors="replace"))
    for name in found:
        beside = script.parent / f"{name}.py"
        if beside.is_file() and beside not in before:
            found |= _imported_by(beside, before | {script, beside})
    return found
