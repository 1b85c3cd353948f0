"""An environment of Python: where its distributions lie, read without running anything of it.

Rules:
- A prefix is given, or an interpreter `PREFIX/bin/python`; a link of a virtual environment is not
  followed, for what is installed lies beside the link.
- Distributions lie in `lib/python3.X/site-packages` (or `dist-packages`). Of two with one name the
  first counts, and the second is a finding: nobody can say which one an import takes.
- A `lib64` that is a link to `lib` is the same folder.
- The version of Python is told by `pyvenv.cfg`, else by the folder's name.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from functools import cached_property
from pathlib import Path

from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from edgeward_harness.errors import InputError
from edgeward_harness.inventory.model import Finding, Trouble

_FOLDERS = (
    "lib/python3*/site-packages",
    "lib64/python3*/site-packages",
    "lib/python3*/dist-packages",
)
SMALL_BYTES_MAX = 4 << 20
"""Of metadata; a long description with its change log takes a tenth of it."""
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Installed:
    """A distribution that is installed: its metadata, and the folder that holds them."""

    name: str
    info: Path
    metadata: Message

    @property
    def site(self) -> Path:
        """The folder in which it lies."""
        return self.info.parent

    @property
    def version(self) -> str:
        """Its version; empty when its metadata do not say."""
        return self.says("Version")

    @property
    def requires(self) -> tuple[str, ...]:
        """Its requirements as they are written."""
        return tuple(map(str, self.metadata.get_all("Requires-Dist") or ()))

    def says(self, field: str) -> str:
        """What a field of its metadata says; empty when there is none."""
        return str(self.metadata.get(field) or "").strip()

    def beside(self, name: str) -> bytes:
        """The bytes of a small file among its metadata; empty when there is none."""
        try:
            with (self.info / name).open("rb") as file:
                return file.read(SMALL_BYTES_MAX)
        except OSError:
            return b""


class Environment:
    """An environment and the distributions in it."""

    def __init__(self, prefix: Path) -> None:
        """Look into a prefix.

        Raises:
            InputError: it holds no folder of distributions.
        """
        self.prefix = _prefix(prefix)
        found = (one for at in _FOLDERS for one in self._folders(at))
        self.sites = tuple({one.resolve(): one for one in reversed([*found])}.values())[::-1]
        if not self.sites:
            accepted = f"a folder with {' or '.join(_FOLDERS)}, or its bin/python"
            raise InputError("--environment", [f"found {str(prefix)!r}, accepted: {accepted}"])

    def _folders(self, pattern: str) -> Iterator[Path]:
        return (one for one in sorted(self.prefix.glob(pattern)) if one.is_dir())

    @cached_property
    def _found(self) -> tuple[Mapping[str, Installed], tuple[Finding, ...]]:
        found: dict[str, Installed] = {}
        findings = []
        for one in (each for site in self.sites for each in _in_site(site)):
            first = found.setdefault(one.name, one)
            if first is not one:
                told = f"{first.version} and {one.version}"
                findings.append(Finding(one.name, Trouble.TWICE, told))
        return found, tuple(findings)

    @property
    def distributions(self) -> Mapping[str, Installed]:
        """All that is installed, by the name that all spellings have in common."""
        return self._found[0]

    @cached_property
    def unrecorded(self) -> frozenset[str]:
        """Distributions of an older form, which says neither what it requires nor its files."""
        found = (one for site in self.sites for one in site.glob("*.egg-*"))
        return frozenset(canonicalize_name(one.name.partition("-")[0]) for one in found)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the environment as a whole."""
        return self._found[1]

    @cached_property
    def python(self) -> str:
        """The version of its Python; of one that names no patch level the lowest is told."""
        try:
            said = _VERSION.search((self.prefix / "pyvenv.cfg").read_text("utf-8", "replace"))
        except OSError:
            said = None
        minor = self.sites[0].parent.name.removeprefix("python")
        if said and said[1].startswith(f"{minor}."):
            return said[1]
        return _of_this_minor(minor)

    @cached_property
    def interpreter(self) -> Path | None:
        """The program of its Python, links followed; None where there is none."""
        near = (self.prefix / "bin" / name for name in ("python3", "python"))
        real = (Path(os.path.realpath(one)) for one in near)
        return next((one for one in real if one.is_file()), None)

    @cached_property
    def markers(self) -> dict[str, str]:
        """What conditions of requirements are held against: this platform, with its Python."""
        return _markers(self.python)


def markers_for(site: Path) -> dict[str, str]:
    """What conditions are held against for distributions that lie in a folder of a Python."""
    return _markers(_of_this_minor(site.parent.name.removeprefix("python")))


def _of_this_minor(minor: str) -> str:
    """Our own version where it is of this line; else the lowest of the line; else our own."""
    own = ".".join(map(str, sys.version_info[:3]))
    is_line = re.fullmatch(r"3\.\d+", minor) is not None
    return f"{minor}.0" if is_line and not own.startswith(f"{minor}.") else own


def _markers(python: str) -> dict[str, str]:
    told = {name: str(value) for name, value in default_environment().items()}
    short = ".".join(python.split(".")[:2])
    return told | {"python_version": short, "python_full_version": python}


def _prefix(given: Path) -> Path:
    """The folder of an environment that is given by itself or by its interpreter."""
    if given.is_file() and given.parent.name == "bin":
        return given.parent.parent.absolute()
    return given.absolute()


def _in_site(site: Path) -> Iterator[Installed]:
    return map(installed_at, sorted(site.glob("*.dist-info")))


def installed_at(info: Path) -> Installed:
    """The distribution whose metadata lie in a folder."""
    raw = Installed("", info, Message()).beside("METADATA")
    metadata = message_from_string(raw.decode("utf-8", "replace"))
    said = str(metadata.get("Name") or info.name.partition("-")[0])
    return Installed(canonicalize_name(said), info, metadata)
