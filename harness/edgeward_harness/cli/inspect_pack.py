"""`edgeward inspect` of a submission pack: what it is, and whether it is what it says."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import resources
from edgeward_harness.cli.common import printable, trusted_keys
from edgeward_harness.cli.expected import check_keys, profile_folders

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.gate.here import Here
    from edgeward_harness.pack.check import PackCheck
    from edgeward_harness.pack.source import PackSource


def is_pack(folder: Path) -> bool:
    """Whether a folder is that of a pack."""
    from edgeward_harness.pack.keeping import LIST

    return (folder / LIST).is_file()


def run(options: argparse.Namespace) -> int:
    """Check and print; 0 it is what it says and a trusted key signed it, 1 not, 2 cannot decide.

    Raises:
        HarnessError: there is no pack to read.
    """
    from edgeward_harness.pack.check import check_pack

    check_keys(options.key, [options.bundle])
    keys, notes = trusted_keys(options.key)
    found = check_pack(options.bundle, keys, _written, _here(options))
    if options.json:
        print(json.dumps(_as_json(found), indent=2, sort_keys=True))
    else:
        print("\n".join(map(printable, [*_lines(found, options.bundle), *notes])))
    if found.faults:
        return 1
    return 0 if keys and not found.note and not found.doubts else 2


def _here(options: argparse.Namespace) -> "Here":
    """What counts for the reader: the shipped profiles and suites, or those that are given."""
    from edgeward.profile import profile_names
    from edgeward_harness.gate.here import Here, promises_of
    from edgeward_harness.run.tree import tree_sha256

    folders = profile_folders(options.profiles)
    return Here(
        profiles=promises_of(profile_names(folders), folders),
        suites_sha256=tree_sha256(options.suites or resources.suites()),
        harness_sha256=tree_sha256(Path(__file__).parents[1]),
        seeded_sha256=tree_sha256(resources.seeded()),
    )


def _written(source: "PackSource", templates: Path | None) -> Iterable[tuple[str, bytes]]:
    """Every file of the pack, made from what lies in it."""
    from edgeward_harness.pack.build import build_pack
    from edgeward_harness.pack.files import files_of

    return files_of(build_pack(source), source.trace, templates)


def _lines(found: "PackCheck", folder: Path) -> list[str]:
    contents = found.contents
    told = [
        f"pack    {folder}",
        f"of      {contents.device}, release {contents.release}",
        f"as of   {contents.as_of}",
        f"state   {contents.state}",
        f"root    {contents.root_sha256}",
        f"files   {len(contents.files)}, list {contents.sha256}",
        "",
    ]
    if found.faults:
        return [*told, "NOT WHAT IT SAYS:", *(f"  - {fault}" for fault in found.faults)]
    doubts = [f"  - {doubt}" for doubt in found.doubts]
    if found.note:
        asked = "the gate was not asked again: the state is its answer as it was kept"
        return [*told, f"INTACT, {found.note}.", *doubts, f"  - {asked}"]
    again = f"{found.remade} files made again from what lies in it, each byte the same"
    return [
        *told,
        f"WHAT IT SAYS: every file as it was signed; {again}.",
        *doubts,
        *_answered(found),
    ]


def _answered(found: "PackCheck") -> Iterable[str]:
    """By which policy the gate was asked again; whose that is, the reader has to know."""
    if not found.policy:
        return
    yield f"  - the gate, asked again by the policy in the pack ({found.policy}), says the same"
    told = f"the shipped one but for {', '.join(found.departures)}"
    yield f"  - that policy is {told if found.departures else 'the shipped one'}"
    yield "  - by a policy of yours: edgeward gate BUNDLE... --policy FILE --pack DIR"
    yield from (f"  - note: {note}" for note in found.notes)


def _as_json(found: "PackCheck") -> dict[str, object]:
    return {
        "list_sha256": found.contents.sha256,
        "state": found.contents.state,
        "as_of": found.contents.as_of,
        "root_sha256": found.contents.root_sha256,
        "faults": list(found.faults),
        "made_again": found.remade,
        "note": found.note,
        "doubts": list(found.doubts),
        "policy": found.policy,
        "departures": list(found.departures),
        "notes": list(found.notes),
    }
