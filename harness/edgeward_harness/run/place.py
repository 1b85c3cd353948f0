"""Where a bundle may be written: a folder that is new or empty, never over anything."""

from pathlib import Path

from edgeward_harness.errors import InputError


def check_empty(out: Path) -> None:
    """Refuse a place that holds anything.

    Raises:
        InputError: it is a file, or a folder with something in it.
    """
    if out.exists() and not out.is_dir():
        raise InputError("--out", [f"{out} is a file, accepted: a new or empty folder"])
    if out.is_dir() and any(out.iterdir()):
        raise InputError("--out", [f"{out} is not empty, accepted: a new or empty folder"])
