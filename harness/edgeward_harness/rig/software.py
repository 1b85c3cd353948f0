"""Which files on this host are the software of a device, told from its running processes.

Rules:
1. A file that a process has mapped, holds open or was started with belongs to the software, and
   with it the whole distribution that installed it (the one whose RECORD lists it).
2. So does each distribution that provides a module which the command line names or its script
   imports, and every distribution that these require without an extra, where it is installed and
   its condition holds. Pure Python modules are read and closed again: a process does not show them
   otherwise.
3. Not counted: the interpreter with its own library, what lies in the folders of the system, byte
   code (any start can make it again), and the device's own folder of state.
4. Of a program that is not Python nothing but rule 1 is known, so its list is not complete.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.errors import HarnessError
from edgeward_harness.inventory.model import Part
from edgeward_harness.rig.distributions import Sites
from edgeward_harness.rig.programs import Program, program_of
from edgeward_harness.target import DeviceSession

STATE_FOLDER: Final = "EDGEWARD_STATE"
FILES_MAX: Final = 100_000
_PARTS: Final = ("lib", "lib64", "bin")
"""Of an interpreter's folder."""
_SYSTEM: Final = tuple(
    Path(name) for name in ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/dev")
)
_LOCAL: Final = Path("/usr/local")


@dataclass(frozen=True, slots=True)
class Software:
    """The files of a device's software with their sizes, and whether these are all."""

    files: Mapping[Path, int]
    distributions: Mapping[str, Part]
    """Each by its name, with its version and the digest over its files."""
    beside: Mapping[str, Part]
    """Those that lie installed beside, by what their RECORDs list."""
    interpreters: Mapping[str, Part]
    """What runs it, by the name of the program, with the digest of that file alone."""
    incomplete: str
    """Why there may be more; empty when the rules tell all."""

    @property
    def identity(self) -> dict[str, dict[str, dict[str, str]]]:
        """Which distributions these are, as a record keeps it."""
        groups = {
            "used": self.distributions,
            "beside": self.beside,
            "interpreters": self.interpreters,
        }
        return {
            group: {name: asdict(part) for name, part in parts.items()}
            for group, parts in groups.items()
        }

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(self.files.values())


def software_of(device: DeviceSession) -> Software:
    """The software of a device as its processes show it now.

    Raises:
        HarnessError: it has ended, or its processes are not ours to look at.
    """
    programs = _programs(device)
    own = {path for one in programs for path in one.files if not _foreign(path, one)}
    sites = Sites(_site_folders(programs, own))
    names = {sites.owner(path) for path in own}
    names |= {sites.provider(module) for one in programs for module in one.modules}
    wanted = sites.with_all_required(name for name in names if name)
    files = {path for name in wanted for path in sites.files(name)}
    files |= {path for path in own if not sites.owner(path)}
    strange = sorted({one.executable.name for one in programs if not one.is_python})
    return Software(
        files={path: path.stat().st_size for path in sorted(files) if path.is_file()},
        distributions={name: sites.part(name) for name in sorted(wanted)},
        beside=sites.beside(wanted),
        interpreters={
            one.executable.name: Part("", _digest(one.executable))
            for one in programs
            if one.is_python
        },
        incomplete=f"{', '.join(strange)}: no Python program, its files cannot be told"
        if strange
        else "",
    )


def file_with_digest(device: DeviceSession, software: Software, sha256: str) -> Path | None:
    """The file with this SHA-256, of the software or seen with the device; None: there is none.

    Raises:
        HarnessError: it has ended, or there are too many files.
    """
    programs = _programs(device)
    seen = {path for one in programs for path in one.files}
    states = {Path(state) for one in programs if (state := one.environment.get(STATE_FOLDER))}
    kept = {path for state in states for path in state.rglob("*") if path.is_file()}
    wanted = (*software.files, *sorted(kept), *sorted(seen - software.files.keys()))
    if len(wanted) > FILES_MAX:
        raise HarnessError(f"{len(wanted)} files may be the model's; at most {FILES_MAX} are read")
    return next((path for path in wanted if _digest(path) == sha256), None)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _programs(device: DeviceSession) -> list[Program]:
    found = [one for pid in device.processes() if (one := program_of(pid))]
    if not found:
        raise HarnessError("the kernel shows no program of the device")
    return found


def _foreign(path: Path, program: Program) -> bool:
    """Whether a file is the system's, the interpreter's or the device's state (rule 3)."""
    state = program.environment.get(STATE_FOLDER)
    if state and path.is_relative_to(state):
        return True
    if _in_a_site(path):
        return False
    if any(path.is_relative_to(one) for one in _SYSTEM) and not path.is_relative_to(_LOCAL):
        return True
    return program.is_python and any(
        path.is_relative_to(prefix / part) for prefix in _prefixes(program) for part in _PARTS
    )


def _prefixes(program: Program) -> list[Path]:
    """Where the interpreter lies; that of a virtual environment may be a copy of another."""
    own = program.executable.parent.parent
    try:
        lines = (own / "pyvenv.cfg").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return [own]
    pairs = (line.partition("=") for line in lines)
    homes = [Path(value.strip()) for key, _, value in pairs if key.strip() == "home"]
    return [own, *(home.resolve().parent for home in homes)]


def _in_a_site(path: Path) -> bool:
    return bool({"site-packages", "dist-packages"} & set(path.parts))


def _site_folders(programs: Iterable[Program], own: Iterable[Path]) -> list[Path]:
    """Where distributions are installed that a program may use, in the order it looks there."""
    found = [folder for one in programs if one.is_python for folder in _looked_in(one)]
    found += [at for path in own for at in path.parents if at.name.endswith("-packages")]
    return list(dict.fromkeys(found))


def _looked_in(program: Program) -> Iterator[Path]:
    yield from map(Path, filter(None, program.environment.get("PYTHONPATH", "").split(os.pathsep)))
    started = program.folder / program.words[0]
    real = program.executable.parent.parent
    prefix = started.parent.parent if "/" in program.words[0] else real
    yield from sorted(prefix.glob("lib/python3*/*-packages"))
    if not (prefix / "pyvenv.cfg").is_file():
        yield from sorted(real.glob("lib/python3*/*-packages"))
