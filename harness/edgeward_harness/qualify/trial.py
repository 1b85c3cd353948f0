"""One run of a suite on a device with a seeded defect, and what its bundle says.

What counts is the bundle that the run left: it is sealed with this machine's run key, verified as a
stranger would, and judged by `verdict.judge`. So a run that was made before is not made again: its
bundle, if it is whole, is by the same tool and for the same seed, is judged as a new one would be.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeward.canonical import digest
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.files import digest_file
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.layout import STATEMENT
from edgeward_harness.evidence.verification import Expectation, FaultKind
from edgeward_harness.evidence.verify import verify_bundle
from edgeward_harness.qualify.bench import (
    lay_out,
    moved_profile,
    moved_together,
    some_recordings,
)
from edgeward_harness.qualify.defect import Defect
from edgeward_harness.qualify.making import OutOfReachError
from edgeward_harness.qualify.starting import start
from edgeward_harness.qualify.verdict import Outcome, Told, judge

TIMEOUT_S = 300
BUNDLE, LOG = "bundle", "output.txt"
_MARK = '@pytest.mark.case("'
_LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class Bed:
    """Where trials take place, and with what: the same for all of them."""

    seeded: Path
    suites: Path
    tests: Mapping[str, str]
    """Of each case the test, as pytest names it."""
    folder: Path
    recordings: Path | None
    trusted: Sequence[PublicKey]
    expected: Expectation
    seed: int | None = None
    """In place of those of the catalogue."""
    yardstick: str = ""
    """The digest of all that judges and is judged: a run by another one is not taken for ours."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run said of the defects that share it."""

    told: Mapping[str, Told]
    statement_sha256: str = ""
    again: bool = False
    """Whether it was made before."""


def place_of(defects: Sequence[Defect], bed: Bed) -> Path:
    """The folder of a run: its name follows from what is run, so that it is found again."""
    with_patients = bed.recordings is not None and defects[0].recordings is not None
    return bed.folder / digest([*map(repr, defects), bed.seed, bed.yardstick, with_patients])[:16]


def try_defects(defects: Sequence[Defect], bed: Bed) -> Trial:
    """Run the cases of defects that share a run, or take the run that was made before."""
    place = place_of(defects, bed)
    made = _bundle(place / BUNDLE, bed)
    if isinstance(made, Bundle):
        return _judged(defects, made, place, again=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        command = _command(defects, bed, place)
    except OutOfReachError as fault:
        return Trial({one.id: Told(Outcome.OUT_OF_REACH, str(fault)) for one in defects})
    start(command, place / LOG, TIMEOUT_S)
    made = _bundle(place / BUNDLE, bed)
    if isinstance(made, Bundle):
        return _judged(defects, made, place)
    return Trial({one.id: Told(Outcome.ERROR, f"{made}: {_last(place)}") for one in defects})


def forget(defects: Sequence[Defect], bed: Bed) -> None:
    """Remove a run, so that it is made again."""
    shutil.rmtree(place_of(defects, bed), ignore_errors=True)


def _judged(
    defects: Sequence[Defect], bundle: Bundle, place: Path, *, again: bool = False
) -> Trial:
    told = {one.id: judge(one, bundle) for one in defects}
    return Trial(told, digest_file(place / BUNDLE / STATEMENT), again)


def _bundle(folder: Path, bed: Bed) -> Bundle | str:
    """The bundle of a run, or why there is none to rely on."""
    if not folder.is_dir():
        return "it left no bundle"
    try:
        found = verify_bundle(folder, bed.trusted, expected=bed.expected)
    except HarnessError as fault:
        return str(fault)
    if not found.only(FaultKind.INCOMPLETE) or not found.complete or found.bundle is None:
        return "; ".join(found.faults) or "it is not complete"
    return found.bundle


def _command(defects: Sequence[Defect], bed: Bed, place: Path) -> list[str]:
    first = defects[0]
    bench = lay_out(first, bed.seeded, place)
    profile = moved_profile(first.profile, moved_together(defects), place)
    unit = "made" if first.make else first.unit
    seed = first.seed if bed.seed is None or first.make else bed.seed  # a bench is made for one
    tests = sorted({bed.tests[case] for one in defects for case in one.cases})
    words = [
        "-qq", "--tb=line", f"--rootdir={bed.suites}", f"--config-file={bed.suites / 'pytest.ini'}",
        "--import-mode=importlib", "-p", "no:cacheprovider", "--edgeward-console",
        f"--edgeward-profile={profile}", f"--edgeward-profiles={place}",
        f"--edgeward-suites={bed.suites}", "--edgeward-depth=quick", f"--edgeward-seed={seed}",
        f"--edgeward-bench={bench}", f"--edgeward-unit={unit}", f"--edgeward-out={place / BUNDLE}",
        "--edgeward-formats=none",
    ]  # fmt: skip
    if first.recordings is not None and bed.recordings is not None:
        few = some_recordings(bed.recordings, first.recordings, place)
        words.append(f"--edgeward-recordings={few}")
    return [*words, *(str(bed.suites / test) for test in tests)]


def _last(place: Path) -> str:
    lines = (place / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join(line.strip() for line in lines[-_LAST_LINES:] if line.strip())


def marked_tests(suites: Path) -> dict[str, str]:
    """Of each case the test that is marked with it, as pytest names it: `file::function`."""
    found: dict[str, str] = {}
    for path in sorted(suites.glob("*/test_*.py")):
        case = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(_MARK):
                case = line.split('"')[1]
            elif case and line.startswith("def "):
                function = line.removeprefix("def ").partition("(")[0]
                found[case] = f"{path.relative_to(suites).as_posix()}::{function}"
                case = ""
    return found
