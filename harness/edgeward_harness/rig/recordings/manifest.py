"""Which files a recording consists of, told by their digests, and whether they are what they were.

A manifest names files with their SHA-256. A named file that has another digest is refused: figures
on it would be figures on something else. A file that no manifest names may be used: its digest then
stands in the evidence, and says what it was.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgeward_harness.errors import InputError

MANIFEST = "recordings.toml"
"""Its name in the folder of the suites."""

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The digests that files must have, by their path below the folder of recordings."""

    digests: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    licences: Mapping[str, str] = field(default_factory=dict)
    """What each collection is, and under which licence."""

    def read(self, root: Path, path: Path) -> tuple[bytes, str]:
        """A file below the root, and its digest.

        Raises:
            InputError: it cannot be read, or is not what the manifest says.
        """
        name = path.relative_to(root).as_posix()
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(str(path), [f"cannot be read: {error.strerror}"]) from error
        found = hashlib.sha256(data).hexdigest()
        expected = self.digests.get(name, found)
        if found != expected:
            fault = f"found the digest {found}, expected {expected} ({self.source})"
            raise InputError(str(path), [fault])
        return data, found


def load_manifest(path: Path) -> Manifest:
    """A manifest: a TOML table `[files]` of digests by path, and `[licences]` by collection.

    Raises:
        InputError: it cannot be used; every fault is told.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(str(path), [f"cannot be read: {error}"]) from error
    files = data.get("files")
    if not isinstance(files, dict):
        raise InputError(str(path), ["files: missing; expected a table of digests by path"])
    licences = data.get("licences", {})
    faults = [
        f"files.{name!r}: found {digest!r}; expected 64 hexadecimal digits"
        for name, digest in files.items()
        if not (isinstance(digest, str) and _DIGEST.fullmatch(digest))
    ]
    if not (isinstance(licences, dict) and all(isinstance(one, str) for one in licences.values())):
        faults.append(f"licences: found {licences!r}; expected a sentence for each collection")
    if faults:
        raise InputError(str(path), faults)
    return Manifest(files, str(path), licences)
