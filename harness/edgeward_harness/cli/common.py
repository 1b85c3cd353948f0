"""What commands that look at bundles share: whose word counts here, and texts safe to print."""

import atexit
import gc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.errors import HarnessError

if TYPE_CHECKING:  # imported where it is used: it would slow the start of every command
    from edgeward_harness.evidence.keys import PublicKey


GC_THRESHOLD = 1_000_000
"""Allocations between two garbage collections of a short command."""


def expect_short_life() -> None:
    """What a short command reads it needs to its end; looking for garbage in it costs a fifth.

    Python would look once more when it ends, which costs another sixteenth.
    """
    gc.set_threshold(GC_THRESHOLD)
    atexit.register(gc.freeze)


def trusted_keys(paths: Sequence[Path]) -> tuple[tuple["PublicKey", ...], list[str]]:
    """The keys given, else this user's run key; and a note when nothing is trusted.

    Raises:
        InputError: a key given is none.
    """
    from edgeward_harness.evidence.keys import load_public_keys, load_signing_key, run_key_path

    if paths:
        return load_public_keys(paths), []
    own = run_key_path()
    if not own.exists():
        return (), ["note: no key is trusted; give one with --key"]
    try:
        return (load_signing_key(own).public,), []
    except HarnessError as fault:
        return (), [f"note: this machine's run key is not trusted: {fault}"]


def printable(line: str) -> str:
    """A line with everything unprintable escaped: a bundle may be hostile."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
