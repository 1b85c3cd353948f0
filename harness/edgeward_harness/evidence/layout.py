"""What lies in the folder of a bundle: the names that belong there, and everything else.

Only the listing of the folder is asked, never a path that stands in a file: a name in a record, a
statement or an artifact can lead nowhere. A symbolic link is not part of a bundle.
"""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from edgeward_harness.evidence.artifacts import FOLDER
from edgeward_harness.evidence.ledger import MANIFEST, RECORDS
from edgeward_harness.evidence.strict import HEX64, shown

STATEMENT = "statement.dsse.json"
KEY = "key.pub"
REPORT_TWIN = "report.json"
REPORTS = ("report.html", REPORT_TWIN, "junit.xml")
KNOWN = frozenset({MANIFEST, RECORDS, STATEMENT, KEY, *REPORTS})


FOLDER_BYTES_MAX = 64 << 30
"""All files of a bundle, or of a pack, together: a file with holes costs its maker nothing, and
whoever reads it hours."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The regular files of a bundle, and what does not belong there."""

    files: frozenset[str] = frozenset()
    artifacts: frozenset[str] = frozenset()
    faults: tuple[str, ...] = field(default=())

    @property
    def subjects(self) -> tuple[str, ...]:
        """All that a statement covers: every file but the statement itself."""
        below = (f"{FOLDER}/{sha256}" for sha256 in self.artifacts)
        return tuple(sorted([*(self.files - {STATEMENT}), *below]))


def list_folder(path: Path) -> Layout:
    """List a bundle.

    Raises:
        OSError: it is not a folder that can be read, or holds more than any run leaves.
    """
    files: set[str] = set()
    artifacts: set[str] = set()
    faults: list[str] = []
    size_bytes = 0
    for entry in _entries(path):
        if entry.name == FOLDER and entry.is_dir(follow_symlinks=False):
            size_bytes += _list_artifacts(Path(entry.path), artifacts, faults)
        elif entry.name in KNOWN and entry.is_file(follow_symlinks=False):
            files.add(entry.name)
            size_bytes += entry.stat(follow_symlinks=False).st_size
        elif entry.name in KNOWN or entry.name == FOLDER:
            faults.append(f"{entry.name} is a link or no file: not part of a bundle")
        else:
            faults.append(f"{shown(entry.name)} does not belong to the bundle")
    if size_bytes > FOLDER_BYTES_MAX:
        raise OSError(errno.EFBIG, f"holds more than {FOLDER_BYTES_MAX} bytes", str(path))
    return Layout(frozenset(files), frozenset(artifacts), tuple(faults))


def _list_artifacts(path: Path, artifacts: set[str], faults: list[str]) -> int:
    """List the artifacts; how many bytes they have together."""
    size_bytes = 0
    for entry in _entries(path):
        if not HEX64.accepts(entry.name):
            faults.append(f"{FOLDER}/{shown(entry.name)} does not belong to the bundle")
        elif not entry.is_file(follow_symlinks=False):
            faults.append(f"{FOLDER}/{entry.name} is a link or no file: not part of a bundle")
        else:
            artifacts.add(entry.name)
            size_bytes += entry.stat(follow_symlinks=False).st_size
    return size_bytes


def _entries(path: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(path) as listing:
        return sorted(listing, key=lambda entry: entry.name)
