"""Is a pack what it says? The signature, every digest, every bundle, and every document made again.

A list of digests shows that nothing changed since it was signed; it does not show that the pages
were made from the evidence beside them. So all of them are made again, from what lies in the pack
and nothing else, and compared byte by byte. The gate is asked again too, by the policy in the pack.
Whether that policy and the promises it was asked by are good enough, the reader says.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness import resources
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.files import digest_file
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.verify import verify_bundle
from edgeward_harness.gate.here import Here
from edgeward_harness.gate.policy import FILE, load_policy
from edgeward_harness.pack.build import head_of
from edgeward_harness.pack.contradicted import contradictions, departures, yardsticks
from edgeward_harness.pack.inputs import CLAUSES, kept_asked, kept_decision, wanted_of
from edgeward_harness.pack.keeping import (
    BUNDLES,
    INPUTS,
    LIST,
    Contents,
    faults_of,
    made_utc,
    read_contents,
)
from edgeward_harness.pack.load import load_source
from edgeward_harness.pack.source import PackSource

Write = Callable[[PackSource, Path | None], Iterable[tuple[str, bytes]]]
"""Makes every file of a pack again, by its path, with the templates in it if there are any."""


@dataclass(frozen=True, slots=True)
class PackCheck:
    """What was found about a pack; without a fault it is what it says."""

    contents: Contents
    faults: tuple[str, ...]
    remade: int
    """Files that were made again and are the same."""
    note: str = ""
    """Why nothing was made again."""
    doubts: tuple[str, ...] = ()
    """Bundles that no key of the reader vouches for, and yardsticks that are others here."""
    policy: str = ""
    """By which policy the gate was asked again: its title and digest."""
    departures: tuple[str, ...] = ()
    """The keys by which it is another one than the shipped policy."""
    notes: tuple[str, ...] = ()
    """What the gate says a reader must not overlook."""


def check_pack(folder: Path, trusted: Sequence[PublicKey], write: Write, here: Here) -> PackCheck:
    """Check a pack in a folder.

    Args:
        folder: the pack.
        trusted: the keys that may have signed it; empty: whose key it is is not asked.
        write: what makes the files of a pack.
        here: the harness of the reader, as another one may write the same in other bytes; and the
            promises and suites that count for the reader.

    Raises:
        HarnessError: there is no pack to read.
    """
    contents = read_contents(folder)
    faults = faults_of(folder, contents, trusted)
    if faults:
        return PackCheck(contents, tuple(faults), 0, "not made again: it was changed")
    faults, doubts = _bundles(folder, trusted)
    if faults:
        return PackCheck(contents, tuple(faults), 0, "not made again: a bundle was changed")
    if contents.tool.get("build_sha256") != here.harness_sha256:
        note = f"not made again: another harness made it ({contents.tool.get('version')})"
        return PackCheck(contents, (), 0, note, doubts)
    try:
        found = _again(folder, contents, write)
        doubts = (*doubts, *_registry(contents), *yardsticks(kept_asked(folder, contents), here))
    except (HarnessError, OSError) as fault:
        return PackCheck(contents, (f"cannot be made again: {fault}",), 0)
    return replace(found, doubts=doubts)


def _registry(contents: Contents) -> Iterator[str]:
    """Where the clauses of the pack are not those that this harness comes with."""
    at = f"{INPUTS}/{CLAUSES}/"
    kept = {name: sha256 for name, sha256 in contents.files.items() if name.startswith(at)}
    known = {f"{at}{path.name}": digest_file(path) for path in resources.clauses().glob("*.toml")}
    for name in sorted(kept.keys() | known.keys()):
        if kept.get(name) != known.get(name):
            yield f"{name}: is not as it comes with this harness, so clauses may read otherwise"


def _bundles(folder: Path, trusted: Sequence[PublicKey]) -> tuple[list[str], tuple[str, ...]]:
    """What is wrong with the bundles, whoever wrote the pages, and which ones no key vouches for.

    The keys in the pack are those of its maker: they say whom the maker trusted, and nobody else.
    """
    faults, doubts = [], []
    place = folder / BUNDLES
    found = sorted(place.iterdir()) if place.is_dir() else []
    if not found:
        faults.append(f"{BUNDLES}: holds no bundle; a pack rests on one at least")
    for path in found:
        try:
            verification = verify_bundle(path, trusted)
        except HarnessError as fault:
            faults.append(f"{BUNDLES}/{path.name}: {fault}")
            continue
        if not verification.intact or verification.bundle is None:
            faults += [f"{BUNDLES}/{path.name}: {fault}" for fault in verification.faults]
        elif trusted and not verification.trusted:
            doubts.append(
                f"{path.name}: signed by {verification.signer}, none of your keys (--key)"
            )
    return faults, tuple(doubts)


def _again(folder: Path, contents: Contents, write: Write) -> PackCheck:
    wanted = wanted_of(folder, contents)
    plain = load_source(wanted)
    kept, asked = kept_decision(folder), kept_asked(folder, contents)
    moment = datetime.fromisoformat(made_utc(folder).replace("Z", "+00:00"))
    faults = [*_misnamed(plain), *contradictions(plain, kept, asked, moment)]
    policy, decision = kept or ("", None)
    source = replace(plain, policy=policy, decision=decision, asked=asked)
    faults += _headed(contents, source)
    found, remade = _compared(contents, write(source, wanted.templates))
    checked = PackCheck(contents, (*faults, *found), remade)
    if asked is None or decision is None:
        return checked
    shipped = load_policy(resources.suites() / FILE)
    return replace(
        checked,
        policy=f"{policy}, {asked.sha256}",
        departures=tuple(departures(asked.policy, shipped)),
        notes=decision.notes,
    )


def _misnamed(source: PackSource) -> Iterator[str]:
    """Bundles that lie where another one is named."""
    for one in source.evidence:
        if one.readable.name != one.place:
            yield f"{BUNDLES}/{one.readable.name}: is the bundle {one.place}, by another name"


def _headed(contents: Contents, source: PackSource) -> Iterator[str]:
    """Where the list of files says of the pack what its pages do not."""
    head = head_of(source)
    for name in ("title", "device", "release", "as_of", "state", "root_sha256"):
        said, known = getattr(contents, name), getattr(head, name)
        if said != known:
            yield f"{LIST}: says {name} {said!r}; what lies in the pack gives {known!r}"


def _compared(
    contents: Contents, files: Iterable[tuple[str, bytes]]
) -> tuple[tuple[str, ...], int]:
    faults, same, seen = [], 0, set()
    for name, data in files:
        seen.add(name)
        if contents.files.get(name) == sha256_hex(data):
            same += 1
        else:
            faults.append(f"{name}: is not what the bundles and inputs in this pack give")
    rest = sorted(
        name
        for name in set(contents.files) - seen
        if not name.startswith((f"{BUNDLES}/", f"{INPUTS}/"))
    )
    faults += [f"{name}: comes from nothing in this pack" for name in rest]
    return tuple(faults), same
