"""From a name or path to a profile that can be relied on, or to every reason why there is none.

1. The file and each file it extends are read on their own: a fault names the file it stands in.
2. They are merged value by value, the extending file over the extended one. Lists are values.
3. What is then missing, or breaks a rule between fields, is a fault of the whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeward.profile import files
from edgeward.profile.faults import ProfileError, fault
from edgeward.profile.files import ProfileFile
from edgeward.profile.model import Profile
from edgeward.profile.reading import Reading, build, read
from edgeward.profile.rules import broken, doubtful
from edgeward.profile.wording import shown

EXTENDS_MAX = 8
"""Profiles that one profile may rest on, one extending the next."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A resolved profile, what is doubtful about it, and where each value came from."""

    profile: Profile
    warnings: tuple[str, ...]
    sources: tuple[Path, ...]
    """The files read: the profile's own first, then what it extends."""
    origins: Mapping[str, Path]
    """The file of each value, by dotted path."""


def load_profile(source: str | Path, folders: Sequence[Path]) -> Loaded:
    """Load a profile by name, looked up as `<folder>/<name>.toml`, or by path.

    A text that ends in `.toml` or holds a `/` is a path. What the profile of a path extends is
    looked up in its own folder first, then in the folders given.

    Raises:
        ProfileError: the profile cannot be used; every fault of every file it rests on is told.
    """
    chain, chain_faults = _chain(source, folders)
    merged = Reading()
    for file in reversed(chain):
        merged = file.reading.over(merged)
    merged.faults[:0] = [*chain_faults, *(_own_faults(chain[0], merged) if chain else ())]
    if chain_faults or chain[0].abstract or not all(file.understood for file in chain):
        raise ProfileError(str(source), merged.faults, merged.warnings)
    own = chain[0]
    profile = _resolve(merged, str(source), str(own.path))
    origins = {path: Path(value.source) for path, value in merged.values.items()}
    sources = tuple(file.path for file in chain)
    return Loaded(profile, tuple(merged.warnings), sources, origins)


def parse_profile(data: Mapping[str, Any]) -> Profile:
    """The profile of a resolved document, such as `configure` receives.

    Raises:
        ProfileError: the document is not a complete and consistent profile; every fault is told.
    """
    return _resolve(read(Profile, data), "as received", "")


def profile_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """The names of the profiles in the folders, sorted, without those only there to be extended.

    A file that cannot be read is named too: whoever loads it is told what is wrong with it.
    """
    found = {name: files.find(name, folders) for name in files.stems(folders)}
    return tuple(
        name for name, path in found.items() if path and not files.read_file(path).abstract
    )


def _resolve(merged: Reading, source: str, file: str) -> Profile:
    profile = build(Profile, merged, file)
    merged.faults += broken(merged)
    merged.warnings += doubtful(merged)
    if profile is None or merged.faults:
        raise ProfileError(source, merged.faults, merged.warnings)
    return profile


def _chain(source: str | Path, folders: Sequence[Path]) -> tuple[list[ProfileFile], list[str]]:
    """The profile's file and those it extends, in that order, and what is wrong with the chain."""
    path, searched = _locate(source, folders)
    if path is None:
        return [], [files.unknown(str(source), searched, profile_names(searched))]
    chain = [files.read_file(path)]
    while chain[-1].extends:
        last = chain[-1]
        base = files.find(last.extends, searched)
        problem = _chain_fault(chain, base, searched)
        if base is None or problem:
            line = fault(f"extends = {shown(last.extends)}", problem, source=str(last.path))
            return chain, [line]
        chain.append(files.read_file(base))
    return chain, []


def _locate(source: str | Path, folders: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """The file meant, and the folders in which to look for what it extends."""
    text = str(source)
    if isinstance(source, Path) or text.endswith(".toml") or "/" in text:
        path = Path(source)
        return path, [path.parent, *folders]
    return files.find(text, folders), list(folders)


def _chain_fault(chain: list[ProfileFile], base: Path | None, folders: list[Path]) -> str:
    extends = chain[-1].extends
    if base is None:
        return files.unknown(extends, folders, files.stems(folders)).partition(": ")[2]
    told = " -> ".join([*(file.path.stem for file in chain), extends])
    if any(base.resolve() == file.path.resolve() for file in chain):
        return f"profiles extend each other in a circle: {told}"
    if len(chain) > EXTENDS_MAX:
        return f"expected at most {EXTENDS_MAX} profiles one upon the other: {told}"
    return ""


def _own_faults(own: ProfileFile, merged: Reading) -> Iterator[str]:
    """A profile is called as its file is, never by a name it inherited, and is not abstract."""
    if own.abstract:
        expected = "expected a profile; this file is only there to be extended"
        yield fault("abstract = true", expected, source=str(own.path))
    name = merged.values.get("name")
    if name is not None and name.raw != own.path.stem:
        expected = f'expected "{own.path.stem}", as its own file is called'
        yield fault(f"name = {shown(name.raw)}", expected, source=name.source)
