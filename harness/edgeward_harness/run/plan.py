"""What a run is going to do, settled before anything is collected."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.profile import Loaded, load_profile
from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.profile.unit import Unit, find_unit
from edgeward_harness.report.render import FILES, check_formats
from edgeward_harness.run.place import check_empty
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import Trace
from edgeward_harness.trace.vocabulary import Depth

if TYPE_CHECKING:  # numpy is read in only where recordings are at hand
    from edgeward_harness.rig.recordings.library import Library


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, as it was typed."""

    profile: str
    unit: str | None = None
    bench: str | None = None
    depth: str | None = None
    seed: str | None = None
    out: str | None = None
    key: str | None = None
    formats: str | None = None
    profile_folders: Sequence[str] = ()
    suites: str | None = None
    recordings: str | None = None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is going to do."""

    nonce: str
    loaded: Loaded
    unit: Unit
    depth: Depth
    seed: int
    out: Path
    key: Path | None
    formats: tuple[str, ...]
    suites_folder: Path
    trace: Trace
    library: "Library | None" = None
    """The recordings of patients that are at hand."""

    @property
    def sample_sizes(self) -> Mapping[str, int]:
        """How many observations each case takes at this depth, where its plan says so."""
        return {
            case.id: case.samples[self.depth.value]
            for case in self.trace.cases.values()
            if self.depth.value in case.samples
        }


@dataclass(frozen=True, slots=True)
class Shared:
    """What the workers of one run are told, so that they all are part of the same run."""

    nonce: str
    seed: int
    out: str
    capabilities: Sequence[str] | None
    spool: str


def settle(request: Request, shared: Shared | None = None) -> RunPlan:
    """Read and check everything a run needs; a worker is told the run that it belongs to.

    Raises:
        InputError: something named cannot be used; says what would be.
        ProfileError: the device profile has faults; lists all of them.
    """
    folders = [*map(Path, request.profile_folders), resources.device_profiles()]
    loaded = load_profile(request.profile, folders)
    depth = _depth(request.depth)
    nonce = shared.nonce if shared else secrets.token_hex(16)
    suites = Path(request.suites).absolute() if request.suites else resources.suites()
    if not suites.is_dir():
        raise InputError("--suites", [f"found {str(suites)!r}, accepted: a folder of suites"])
    library = None if request.recordings is None else _library(Path(request.recordings), suites)
    return RunPlan(
        nonce=nonce,
        loaded=loaded,
        unit=_with_fixtures(
            find_unit(request.unit, None if request.bench is None else Path(request.bench)), library
        ),
        depth=depth,
        seed=shared.seed if shared else _seed(request.seed),
        out=Path(shared.out) if shared else _out(request.out, loaded.profile.name, nonce),
        key=None if request.key is None else Path(request.key),
        formats=_formats(request.formats),
        suites_folder=suites,
        trace=load_trace(suites),
        library=library,
    )


def _library(folder: Path, suites: Path) -> "Library":
    """The recordings below a folder; what the suites know of them is held against them."""
    from edgeward_harness.rig.recordings.library import open_library
    from edgeward_harness.rig.recordings.manifest import MANIFEST, Manifest, load_manifest

    known = suites / MANIFEST
    return open_library(folder, load_manifest(known) if known.exists() else Manifest())


def _with_fixtures(unit: Unit, library: "Library | None") -> Unit:
    """The unit, with each collection as one more fixture of its bench, and whom its models know."""
    if library is None:
        return unit
    from edgeward_harness.rig.strangers import stranger_fixtures

    found = (*library.fixtures, *stranger_fixtures(library, unit.models))
    return replace(unit, fixtures=(*unit.fixtures, *found))


def _depth(text: str | None) -> Depth:
    try:
        return Depth(text or Depth.STANDARD)
    except ValueError:
        accepted = ", ".join(Depth)
        raise InputError("--depth", [f"found {text!r}, accepted: {accepted}"]) from None


def _seed(text: str | None) -> int:
    if text is None:
        return secrets.randbelow(2**32)
    try:
        seed = int(text, 0)
    except ValueError:
        seed = -1
    if not 0 <= seed < 2**63:
        raise InputError("--seed", [f"found {text!r}, accepted: a whole number below 2**63"])
    return seed


def _formats(text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(FILES)
    asked = [] if text == "none" else text.split(",")
    check_formats(asked)
    return tuple(asked)


def _out(text: str | None, profile: str, nonce: str) -> Path:
    out = Path(text) if text is not None else Path("edgeward-out") / f"{profile}-{nonce[:8]}"
    check_empty(out)
    return out.absolute()
