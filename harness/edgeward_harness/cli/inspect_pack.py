"""`edgeward inspect` of a submission pack: what it is, and whether it is what it says."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.cli.common import printable, trusted_keys
from edgeward_harness.cli.expected import check_keys

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
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
    from edgeward_harness.run.tree import tree_sha256

    check_keys(options.key, [options.bundle])
    keys, notes = trusted_keys(options.key)
    found = check_pack(options.bundle, keys, _written, tree_sha256(Path(__file__).parents[1]))
    if options.json:
        print(json.dumps(_as_json(found), indent=2, sort_keys=True))
    else:
        print("\n".join(map(printable, [*_lines(found, options.bundle), *notes])))
    if found.faults:
        return 1
    return 0 if keys and not found.note and not found.doubts else 2


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
    asked = (
        "  - the state is the gate's answer as it was kept, under the policy of whoever asked; "
        "to have it anew: edgeward gate BUNDLE... --pack DIR"
    )
    doubts = [f"  - {doubt}" for doubt in found.doubts]
    if found.note:
        return [*told, f"INTACT, {found.note}.", *doubts, asked]
    again = f"{found.remade} files made again from what lies in it, each byte the same"
    return [*told, f"WHAT IT SAYS: every file as it was signed; {again}.", *doubts, asked]


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
    }
