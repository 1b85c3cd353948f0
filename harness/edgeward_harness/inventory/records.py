"""Holds installed files against the RECORD of the distribution that installed them.

Rules:
- Each listed file is there, with the bytes its RECORD gives, and within the environment.
- A file in a package of the distribution that no RECORD of the environment lists is foreign: Python
  would import it all the same. So is one that lies loose among the distributions.
- Byte code in its own folders is left out: any start can make it again. Beside its source it is a
  module like any other. What an installer adds about itself is left out too.
- `files_sha256` covers what came with the distribution, as it lies on the disk, by its place below
  the folder of distributions: the same wheel has the same one wherever, and by whatever, it was
  installed. Programs are left out of it, for an installer writes its own path into them.
"""

import base64
import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from edgeward_harness.inventory.files import file_digest
from edgeward_harness.inventory.model import Finding, Trouble

RECORD: Final = "RECORD"
ALGORITHMS: Final = ("sha256", "sha384", "sha512")
"""What a RECORD may give; a shorter digest proves nothing."""
SIGNATURES: Final = frozenset({"RECORD.jws", "RECORD.p7s"})
NOT_FROM_MAKER: Final = SIGNATURES | {RECORD, "INSTALLER", "REQUESTED", "direct_url.json"}
"""What an installer writes about itself; a signature is of a RECORD that is not kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a RECORD: a path below the folder of distributions, and the digest it gives."""

    path: str
    algorithm: str = ""
    digest: str = ""

    @property
    def is_byte_code(self) -> bool:
        """Whether any start can make it again."""
        return self.path.endswith(".pyc") and "__pycache__" in PurePosixPath(self.path).parts

    @property
    def came_along(self) -> bool:
        """Whether it came with the distribution, and was not made by an installer."""
        path = PurePosixPath(self.path)
        own = path.parent.name.endswith(".dist-info") and path.name in NOT_FROM_MAKER
        return not (own or self.is_byte_code or ".." in path.parts or path.is_absolute())

    @property
    def needs_no_digest(self) -> bool:
        """Whether a RECORD cannot, or need not, say which bytes it has."""
        name = PurePosixPath(self.path).name
        return self.is_byte_code or name == RECORD or name in SIGNATURES


def entries(info: Path) -> tuple[Entry, ...] | None:
    """The lines of a distribution's RECORD; None where there is none that can be read."""
    try:
        text = (info / RECORD).read_text("utf-8")
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    return tuple(_entry(row) for row in rows)


def _entry(row: list[str]) -> Entry:
    algorithm, _, digest = row[1].partition("=") if len(row) > 1 else ("", "", "")
    return Entry(row[0], algorithm.lower(), digest)


def record_sha256(info: Path) -> str:
    """The SHA-256 of a RECORD; empty where there is none."""
    try:
        return file_digest(info / RECORD).hex()
    except OSError:
        return ""


def files_sha256(info: Path) -> str:
    """One digest over what came with a distribution, as it lies on the disk now.

    A file that is missing, or cannot be read, is digested as missing. Empty without a RECORD.
    """
    return _over(info, lambda entry: _digest_on_disk(info.parent / entry.path))


def listed_sha256(info: Path) -> str:
    """The same by what the RECORD lists: equal to it where no file was changed; empty without one.

    It takes no look at the files, and so costs nothing for what is only installed beside.
    """
    return _over(info, _digest_listed)


def _over(info: Path, digest_of: Callable[[Entry], bytes]) -> str:
    listed = entries(info)
    if listed is None:
        return ""
    total = hashlib.sha256()
    came = {one.path: one for one in listed if one.came_along}
    for path in sorted(came):
        total.update(path.encode("utf-8") + b"\0" + digest_of(came[path]) + b"\n")
    return total.hexdigest()


def _digest_on_disk(path: Path) -> bytes:
    try:
        return file_digest(path)
    except (OSError, ValueError):  # a path with a zero byte in it is none
        return b"missing"


def _digest_listed(entry: Entry) -> bytes:
    padded = entry.digest + "=" * (-len(entry.digest) % 4)
    try:
        return base64.urlsafe_b64decode(padded) if entry.algorithm == "sha256" else b"unlisted"
    except ValueError:
        return b"unlisted"


def check(name: str, info: Path, prefix: Path) -> tuple[Finding, ...]:
    """Hold every file of a distribution against its RECORD."""
    listed = entries(info)
    if listed is None:
        told = Finding(name, Trouble.UNLISTED, f"{info.name}/{RECORD}", "no RECORD can be read")
        return (told,)
    found = (_fault(name, one, info.parent, prefix) for one in listed)
    return tuple(sorted(one for one in found if one is not None))


def _fault(name: str, entry: Entry, site: Path, prefix: Path) -> Finding | None:
    if "\0" in entry.path or not _inside(site / entry.path, prefix):
        return Finding(name, Trouble.OUTSIDE, entry.path)
    path = site / entry.path
    if entry.is_byte_code:
        return None
    if not path.is_file():
        return Finding(name, Trouble.MISSING, entry.path)
    if entry.needs_no_digest:
        return None
    if entry.algorithm not in ALGORITHMS:
        accepted = f"accepted: {', '.join(ALGORITHMS)}"
        told = f"found the digest {entry.algorithm!r}, {accepted}"
        return Finding(name, Trouble.UNLISTED, entry.path, told)
    return _held(name, entry, path)


def _inside(path: Path, prefix: Path) -> bool:
    """Whether a path leads to a place within an environment, wherever its links lead."""
    real, within = os.path.realpath(path), os.path.realpath(prefix)
    return Path(real).is_relative_to(within)


def _held(name: str, entry: Entry, path: Path) -> Finding | None:
    try:
        found = file_digest(path, entry.algorithm)
    except OSError as error:
        return Finding(name, Trouble.MISSING, entry.path, error.strerror or str(error))
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() == entry.digest.rstrip("="):
        return None
    return Finding(name, Trouble.CHANGED, entry.path, f"{entry.algorithm} {found.hex()[:16]}...")


def packages(listed: Iterable[Entry]) -> set[str]:
    """The folders directly among the distributions in which files of one lie."""
    parts = (PurePosixPath(one.path).parts for one in listed)
    firsts = {one[0] for one in parts if len(one) > 1}
    return {one for one in firsts if one not in ("..", "/") and not one.endswith(".dist-info")}


def foreign_in(site: Path, folder: str, owned: frozenset[str]) -> Iterator[str]:
    """Every file below a package's folder that nobody lists; byte code is left out."""
    for path in sorted((site / folder).rglob("*")):
        told = path.relative_to(site).as_posix()
        real_folder = path.is_dir() and not path.is_symlink()
        if not (real_folder or told in owned or Entry(told).is_byte_code):
            yield told


def loose_in(site: Path, owned: frozenset[str]) -> Iterator[str]:
    """What lies directly among the distributions and belongs to none of them."""
    known = owned | {path.partition("/")[0] for path in owned}
    for path in sorted(site.iterdir()):
        if path.name not in known and path.name != "__pycache__" and path.suffix != ".dist-info":
            yield f"{path.name}/" if path.is_dir() else path.name
