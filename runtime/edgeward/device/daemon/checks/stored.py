"""Whether the package in a device's model store may run there, part by part, with what to do.

Looked at as a device looks at it when it starts, but nothing is cleared, changed or activated. What
is not good is never run: then its answers are not checked.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from edgeward.device.daemon.checks.checked import Checked, Verdict, judged
from edgeward.errors import EdgewardError, PackageError, StoreError

if TYPE_CHECKING:
    from edgeward.model.package.dossier import Dossier
    from edgeward.model.package.layout import Files
    from edgeward.model.package.verify import Verified
    from edgeward.profile import Profile

ACTIVE, PARTS, SIGNATURE, EVIDENCE, SIZE, ANSWERS = IDS = (
    "package.active", "package.parts", "package.signature", "package.evidence", "package.size",
    "package.answers",
)  # fmt: skip
_ACCEPTED: Final[Mapping[str, str]] = {
    ACTIVE: "a package that `edgeward model activate` made the active one",
    PARTS: "its parts as they were signed, fitting each other",
    SIGNATURE: "the signature of a trusted key over exactly these files",
    EVIDENCE: "evidence for this profile, by name and digest",
    SIZE: "as small as the profile promises (budget.model_size_mb)",
    ANSWERS: "its golden windows answered here as where it was measured",
}
_AGAIN = "activate the package again as its maker gave it, or go back: `edgeward model rollback`"


_EXTRA = "install what checks packages: pip install 'edgeward[package]'"


class Stored(NamedTuple):
    """Where a device's packages lie, and the keys that they are checked with."""

    store: Path
    keys: Path


def packages(store: Path | None, keys: Path | None, profile: "Profile | None") -> Iterator[Checked]:
    """Every check of this module, in the order in which they rest on each other."""
    if store is None:
        what = "no store was named: the model that ships with edgeward runs"
        due = "--model-store and --model-trust, where a device runs a package"
        yield Checked(ACTIVE, Verdict.NOT_CHECKED, what, due, due=False)
        return
    try:
        files, digest = _active_files(store)
    except EdgewardError as error:
        yield _finding(ACTIVE, str(error), _AGAIN if _has_extra() else _EXTRA)
        return
    if files is None:
        advice = (
            "activate one: `edgeward model activate PACKAGE`; or leave --model-store out where the"
            " device is started: then the shipped model runs"
        )
        yield _finding(ACTIVE, f"no package was activated in {store}", advice)
        return
    checks = [*_looked_at(files, keys, profile)]
    yield Checked(ACTIVE, Verdict.GOOD, _named(files, digest), _ACCEPTED[ACTIVE])
    yield from checks
    signed = any(one.id == SIGNATURE and one.verdict is Verdict.GOOD for one in checks)
    wrong = [one.id for one in checks if one.verdict is Verdict.FINDING]
    if keys is None or wrong or not signed:
        why = f"it was not run, for it is not good in {', '.join(wrong) or SIGNATURE}"
        yield Checked(ANSWERS, Verdict.NOT_CHECKED, why, _ACCEPTED[ANSWERS])
    else:
        yield _answers(Stored(store, keys))


def active(stored: Stored) -> "Verified":
    """The active package, verified in all but size and evidence, and its engine.

    Raises:
        EdgewardError: there is none, or it may not run.
    """
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.device.stored_model import trusted
    from edgeward.model.package.store import ModelStore
    from edgeward.model.package.verify import Terms

    return ModelStore(SystemTree(stored.store)).active(Terms(trusted(stored.keys), None))


def _active_files(store: Path) -> "tuple[Files | None, str]":
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.store import ModelStore

    there = ModelStore(SystemTree(store))
    pointer = there.pointer()
    return (None, "") if pointer is None else (there.files(pointer.active), pointer.active)


def _has_extra() -> bool:
    """Whether packages can be checked here at all: without, importing them is what failed."""
    try:
        import edgeward.model.package  # noqa: F401 - it refuses to be imported without the extra
    except PackageError:
        return False
    return True


def _named(files: "Files", digest: str) -> str:
    from edgeward.model.package.dossier import parse_dossier
    from edgeward.model.package.layout import CARD

    dossier, _ = parse_dossier(files[CARD])
    named = "" if dossier is None else f"{dossier.model.name} {dossier.model.version}, "
    return f"{named}package {digest[:12]}"


def _looked_at(files: "Files", keys: Path | None, profile: "Profile | None") -> Iterator[Checked]:
    from edgeward.limits import DEFAULT
    from edgeward.model.package.dossier import parse_dossier
    from edgeward.model.package.layout import CARD, size_bytes
    from edgeward.model.package.looking import size_faults
    from edgeward.model.package.verify import faults_of

    yield _judged(PARTS, faults_of(files, None, None), "they fit each other", _AGAIN)
    yield _signature(files, keys)
    if profile is None:
        for one in (EVIDENCE, SIZE):
            none = "no profile was named, so it was not held against one"
            yield Checked(one, Verdict.NOT_CHECKED, none, _ACCEPTED[one], due=False)
        return
    yield _evidence(parse_dossier(files[CARD])[0], profile)
    smaller = "make it smaller, with `edgeward compress`, or take a profile that promises less"
    size = f"{size_bytes(files):,} bytes"
    yield _judged(SIZE, size_faults(files, profile, DEFAULT), size, smaller)


def _signature(files: "Files", keys: Path | None) -> Checked:
    from edgeward.device.stored_model import NO_KEYS, trusted
    from edgeward.model.package.signature import signature_faults

    if keys is None:
        return Checked(SIGNATURE, Verdict.NOT_CHECKED, NO_KEYS, _ACCEPTED[SIGNATURE])
    try:
        faults = signature_faults(files, trusted(keys))
    except (PackageError, StoreError) as error:
        return _finding(SIGNATURE, str(error), "name the maker's public key with --model-trust")
    advice = f"{_AGAIN}; a maker whom you trust belongs among the keys of --model-trust"
    return _judged(SIGNATURE, faults, "a trusted key signed exactly these files", advice)


def _evidence(dossier: "Dossier | None", profile: "Profile") -> Checked:
    from edgeward.model.package.looking import evidence_faults

    if dossier is None:
        unread = "its card cannot be read"
        return Checked(EVIDENCE, Verdict.NOT_CHECKED, unread, _ACCEPTED[EVIDENCE])
    advice = (
        f"run `edgeward verify --profile {profile.name}` on a bench unit that runs this package"
        " (`edgeward agent --model-trial`), name its bundle on the card, sign and activate that"
    )
    found = f"there is some for {profile.name} as it is"
    return _judged(EVIDENCE, evidence_faults(dossier, profile), found, advice)


def _answers(stored: Stored) -> Checked:
    try:
        verified = active(stored)
    except EdgewardError as error:
        advice = "this device computes otherwise: take a package that was made for its kind"
        return _finding(ANSWERS, str(error), advice)
    found = f"{verified.golden_windows} golden windows reproduced"
    return Checked(ANSWERS, Verdict.GOOD, found, _ACCEPTED[ANSWERS])


def _judged(name: str, faults: list[str], found: str, advice: str) -> Checked:
    return judged(name, "; ".join(faults) or found, _ACCEPTED[name], advice, good=not faults)


def _finding(name: str, found: str, advice: str) -> Checked:
    return Checked(name, Verdict.FINDING, found, _ACCEPTED[name], advice)
