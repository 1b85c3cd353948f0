"""Kills a process that activates packages, over and over, and looks at what it has left.

Run as `killed_activation.py FOLDER ROUNDS SEED`. Each round starts a child that switches between
two packages for ever; some time after its first switch it is killed. What a start then finds must
be one of the two, whole. Tells the figures as JSON, or fails with what is missing.
"""

import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path

import packages
from packages import terms

from edgeward.adapters.file_tree import SystemTree
from edgeward.model.package.layout import Files, package_digest
from edgeward.model.package.store import ModelStore


def live(folder: Path, both: list[Files], writing: int) -> None:
    """The child: activate one, then the other, then go back, until somebody ends it."""
    store = ModelStore(SystemTree(folder))
    while True:
        store.activate(both[1], terms())
        os.write(writing, b".")
        store.rollback(terms())
        (folder / "packages" / package_digest(both[1]) / "NOTICE").unlink()  # placed anew next time


def killed(folder: Path, both: list[Files], chance: random.Random) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            live(folder, both, writing)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        if not pipe.read(1):
            sys.exit("the process broke down before it was killed")
        for _ in range(chance.randrange(2_000_000)):  # die anywhere
            pass
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(folder: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    both = [packages.small_package(version=version) for version in "12"]
    known = {package_digest(files): version for files, version in zip(both, "12", strict=True)}
    ModelStore(SystemTree(folder)).activate(both[0], terms())
    figures = {"rounds": rounds, "1": 0, "2": 0, "leftovers": 0}
    for number in range(rounds):
        killed(folder, both, chance)
        left = {one.name for one in (folder / "packages").iterdir()} - set(known)
        left |= {one.name for one in folder.iterdir()} - {"active", "packages", "lock"}
        figures["leftovers"] += bool(left)
        tree = SystemTree(folder)
        found = ModelStore(tree).load(terms())  # raises where it is neither
        figures[known[found.digest]] += 1
        rest = {one.name for one in tree.entries("packages")} - set(known)
        if rest or {one.name for one in tree.entries("")} != {"active", "packages", "lock"}:
            sys.exit(f"round {number}: a leftover outlived a start: {rest}")
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
