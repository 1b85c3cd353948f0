"""Is a pack what it says? The signature, every digest, every bundle, and every document made again.

A list of digests shows that nothing changed since it was signed; it does not show that the pages
were made from the evidence beside them. So all of them are made again, from what lies in the pack
and nothing else, and compared byte by byte.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.pack.inputs import kept_decision, wanted_of
from edgeward_harness.pack.keeping import BUNDLES, INPUTS, Contents, faults_of, read_contents
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


def check_pack(
    folder: Path, trusted: Sequence[PublicKey], write: Write, tool_sha256: str
) -> PackCheck:
    """Check a pack in a folder.

    Args:
        folder: the pack.
        trusted: the keys that may have signed it; empty: whose key it is is not asked.
        write: what makes the files of a pack.
        tool_sha256: the digest of this harness; another one may write the same in other bytes.

    Raises:
        HarnessError: there is no pack to read.
    """
    contents = read_contents(folder)
    faults = faults_of(folder, contents, trusted)
    if faults:
        return PackCheck(contents, tuple(faults), 0, "not made again: it was changed")
    if contents.tool.get("build_sha256") != tool_sha256:
        note = f"not made again: another harness made it ({contents.tool.get('version')})"
        return PackCheck(contents, (), 0, note)
    try:
        wanted = wanted_of(folder, contents)
        source = load_source(wanted)
        kept = kept_decision(folder)
        if kept is not None:
            source = replace(source, policy=kept[0], decision=kept[1])
        found = _compared(contents, write(source, wanted.templates))
    except HarnessError as fault:
        return PackCheck(contents, (f"cannot be made again: {fault}",), 0)
    return PackCheck(contents, *found)


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
