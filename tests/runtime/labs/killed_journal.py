"""Kills a process that records alarms, over and over, and looks at what it has left.

Run as `killed_journal.py FOLDER ROUNDS SEED`. Each round forks a child whose one thread records and
whose other one flushes. The child writes the number of each HIGH alarm to a pipe once `record` has
returned; at some number it is killed. Tells the figures as JSON, or fails with what is missing.
"""

import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from edgeward.adapters.black_box import MappedBox, boot_id
from edgeward.adapters.clock import SystemClock
from edgeward.adapters.store import DirectoryStore
from edgeward.alarm.journal.journal import Journal, Recovered
from edgeward.alarm.journal.slots import HEAD_BYTES, SLOT_BYTES
from edgeward.alarm.journal.writer import Keeping

KEEPING = Keeping(segment_bytes=4000, segments_max=10_000, alive_ns=1_000_000)
BOX_BYTES = HEAD_BYTES + 256 * SLOT_BYTES
WAITING_MAX = 60
BREATH_S = 0.0003
"""How long a child lets the disk catch up, where to spin would take a core from it."""
FRESH_EVERY = 3
"""Rounds on one folder: reading it takes longer each time."""


def opened(folder: Path) -> tuple[MappedBox, Journal, Recovered]:
    box = MappedBox(folder / "box", BOX_BYTES)
    log = DirectoryStore(folder / "log")
    journal, recovered = Journal.open(log, box, SystemClock(), boot=boot_id(), keeping=KEEPING)
    return box, journal, recovered


def numbers(recovered: Recovered) -> list[int]:
    """The numbers of the HIGH alarms, in the order in which they were recorded."""
    return [one.entry["number"] for one in recovered.entries if "number" in one.entry]


def live(folder: Path, pipe: int) -> None:
    """The child: it does not end by itself."""
    _, journal, recovered = opened(folder)

    def slow() -> None:
        while True:
            journal.flush()

    threading.Thread(target=slow, daemon=True).start()
    number = max(numbers(recovered), default=-1) + 1
    while True:
        journal.beat()
        journal.record({"priority": "low", "text": "x" * (number % 50)})
        text = "x" * (number * 331 % 2500)
        if not journal.record({"priority": "high", "number": number, "text": text}):
            os._exit(3)
        os.write(pipe, b"%d\n" % number)
        number += 1
        while journal.waiting > WAITING_MAX:  # no disk keeps up with a loop; that is another test
            time.sleep(BREATH_S)


def killed(folder: Path, chance: random.Random) -> list[int]:
    """What a child had told until it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        live(folder, writing)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        told, most = b"", chance.randrange(0, 300)
        while told.count(b"\n") < most and (more := pipe.read(64)):
            told += more
        for _ in range(chance.randrange(20_000)):  # die anywhere, not only right after a write
            pass
        os.kill(child, signal.SIGKILL)
        while more := pipe.read(1 << 16):
            told += more
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the child ended by itself"
    return [int(line) for line in told.split(b"\n") if line]


def main(folder: Path, rounds: int, seed: int) -> dict[str, int]:
    chance = random.Random(seed)
    figures = {"rounds": rounds, "told": 0, "kept": 0, "from_box": 0, "torn": 0}
    for place in range(rounds):
        if place % FRESH_EVERY == 0:
            shutil.rmtree(folder, ignore_errors=True)
        told = killed(folder, chance)
        box, _, recovered = opened(folder)
        kept = numbers(recovered)
        box.close()
        grave = [one for one in recovered.damage if not one.benign]
        assert not grave, f"round {place}, seed {seed}: {grave}"
        assert kept == list(range(len(kept))), f"round {place}, seed {seed}: {kept}"
        missing = set(told) - set(kept)
        assert not missing, f"round {place}, seed {seed}: told and not kept: {missing}"
        figures["told"] += len(told)
        figures["from_box"] += recovered.from_box
        figures["torn"] += len(recovered.damage)
        figures["kept"] = max(figures["kept"], len(kept))
    return figures


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])), sys.stdout)
