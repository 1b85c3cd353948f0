"""One profile file: found by name or path, decoded and read on its own, before any merge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeward.profile.faults import fault
from edgeward.profile.layout import entries
from edgeward.profile.model import Inheritance, Profile
from edgeward.profile.reading import Reading, read
from edgeward.profile.toml import TomlError, read_toml
from edgeward.profile.wording import nearest, shown


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """What one file says, for itself."""

    path: Path
    reading: Reading
    extends: str = ""
    abstract: bool = False
    understood: bool = True
    """False when it is no TOML or extends nobody knows what: then nothing can be called missing."""


def read_file(path: Path) -> ProfileFile:
    """Read a file; whatever is wrong with it is a fault of its reading, never an exception."""
    try:
        data = read_toml(path)
    except TomlError as error:
        return ProfileFile(path, Reading(faults=[f"{path}: {error}"]), understood=False)
    return _split(path, data)


def find(name: str, folders: Iterable[Path]) -> Path | None:
    """The file of a profile, from the first folder that has one."""
    paths = (folder / f"{name}.toml" for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def unknown(name: str, folders: Sequence[Path], known: Sequence[str]) -> str:
    """The fault of a name that no folder has: what there is, and which is nearest."""
    near = nearest(name, known)
    hint = f'did you mean "{near}"?' if near else ""
    searched = ", ".join(str(folder) for folder in folders) or "no folder"
    accepted = f"no such profile in {searched}; expected one of {', '.join(known) or 'none'}"
    return fault(shown(name), accepted, hint=hint)


def stems(folders: Iterable[Path]) -> tuple[str, ...]:
    """The names of all profile files, sorted."""
    return tuple(sorted({path.stem for folder in folders for path in folder.glob("*.toml")}))


def _split(path: Path, data: Mapping[str, Any]) -> ProfileFile:
    """Tell what the file says about its place from what it says about the device."""
    heads = entries(Inheritance)
    head = read(Inheritance, {key: data[key] for key in data if key in heads}, str(path))
    body = read(Profile, {key: data[key] for key in data if key not in heads}, str(path))
    said = {key: value.raw for key, value in head.values.items()}
    reading = body.over(Reading(faults=head.faults))
    abstract = said.get("abstract", False)
    return ProfileFile(path, reading, said.get("extends", ""), abstract, not head.refused)
