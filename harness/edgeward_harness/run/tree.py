"""A digest over the code of a folder: what it was that judged."""

import hashlib
from pathlib import Path

SUFFIXES = frozenset({".py", ".toml", ".j2", ".css", ".js", ".json", ".ini"})


def tree_sha256(folder: Path) -> str:
    """The SHA-256 over the names and contents of all source files under a folder."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()
