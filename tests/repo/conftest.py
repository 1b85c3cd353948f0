"""The checkout as data, for the tests that judge the repository itself."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

NOT_OURS = {"out", "build", "dist", "__pycache__"}
HIDDEN_BUT_OURS = {".ci", ".github", ".gitignore"}


LOCAL = {"bench.toml"}  # at the top: what stands on somebody's bench


def _ours(name: str) -> bool:
    if name.startswith("."):
        return name in HIDDEN_BUT_OURS
    return name not in NOT_OURS and not name.endswith(".egg-info")


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not _ours(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of this repository."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def files(checkout: Path) -> dict[str, Path]:
    """Every file that belongs to the repository, by its path inside it."""
    found = {path.relative_to(checkout).as_posix(): path for path in _walk(checkout)}
    return {name: path for name, path in found.items() if name not in LOCAL}


@pytest.fixture(scope="session")
def texts(files: dict[str, Path]) -> dict[str, str]:
    """The text of every text file, by its path inside the repository."""
    found = {}
    for name, path in files.items():
        try:
            found[name] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # a model or an image: nothing to read
    return found


@pytest.fixture(scope="session")
def modules(texts: dict[str, str]) -> dict[str, str]:
    """The text of every Python file, by its path inside the repository."""
    return {name: text for name, text in texts.items() if name.endswith(".py")}
