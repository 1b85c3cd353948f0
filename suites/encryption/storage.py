"""The folder of a device's state: copied, looked into, and damaged byte by byte."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from edgeward_harness.errors import CannotJudge

QUEUE: Final = "records/outbox"
KEYS: Final = "records/keys"
PAPERS: Final = "records/trust"
"""Where a device keeps what waits, the keys it is sealed under, and its papers."""
HEAD_BYTES: Final = 100
"""Of each file: where formats say what they are."""


def part_of(state: Path, part: str) -> Path:
    """A part of the state.

    Raises:
        CannotJudge: this device keeps it elsewhere, where nobody can tell what is what.
    """
    folder = state / part
    if not folder.is_dir():
        raise CannotJudge(f"the device keeps no {part} in its state, so nothing there was damaged")
    return folder


def copied(state: Path, to: Path) -> Path:
    """A copy of all of it, in the place of whatever was there."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(state, to)
    return to


def spoilt(folder: Path, random: Random) -> str:
    """Change one byte of one file that says something; which one, in words."""
    told = {path: np.flatnonzero(np.fromfile(path, np.uint8)) for path in sorted(_files(folder))}
    path = random.choice([path for path, places in told.items() if len(places)])
    places = told[path]
    head = places[places < HEAD_BYTES]
    at = int(random.choice(head if len(head) and random.random() < 0.25 else places))
    data = bytearray(path.read_bytes())
    before = data[at]
    data[at] ^= random.randrange(1, 256)
    path.write_bytes(data)
    return f"{path.name} at {at}, {before:#04x} is {data[at]:#04x}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
