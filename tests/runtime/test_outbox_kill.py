"""A process is killed at any time, and at each of its writes: what it was promised is there.

`EDGEWARD_OUTBOX_KILLS` says how often it is killed at random.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from outbox_bench import MIB, bench, every, swift_folder

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.record import NEVER_EVICTED, Loss, RecordClass

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("EDGEWARD_OUTBOX_KILLS", "12"))
KILLS_A_QUEUE = 50
"""More is put in than taken out: after some more of them a queue would be full."""
SCRIPT = Path(__file__).parent / "labs" / "killed_outbox.py"
STRACE = shutil.which("strace")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


@dataclass
class Promises:
    """What processes were promised before they were killed."""

    accepted: dict[int, int] = field(default_factory=dict)
    delivering: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)

    def hear(self, told: bytes) -> None:
        for line in told.split(b"\n")[:-1]:
            what, *numbers = line.split()
            if what == b"accepted":
                self.accepted[int(numbers[0])] = int(numbers[1])
            elif what == b"delivering":
                self.delivering |= set(map(int, numbers))
            else:
                self.delivered |= set(map(int, numbers))


def killed(folder: Path, lines: int, before: Sequence[str] = ()) -> bytes:
    """What a process has told until it was killed, by us or by a system call."""
    process = subprocess.Popen(
        [*before, sys.executable, str(SCRIPT), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    told = b""
    while told.count(b"\n") < lines and (more := os.read(process.stdout.fileno(), 1 << 16)):
        told += more
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    rest, wrong = process.communicate()
    assert process.returncode < 0 or process.returncode == 137, wrong.decode()
    return told + rest


def check(folder: Path, promises: Promises) -> None:
    kit = bench(folder, Allowance(2 * MIB))
    kit.seed = int.from_bytes(os.urandom(4), "big")
    outbox = kit.open()
    numbers = [int(kit.payload(outbox, one).rstrip(b"\0")) for one in every(outbox)]
    assert outbox.salvaged == []
    assert outbox.audit() == []
    assert outbox.gaps() == [], "the queue was never full"
    lost = promises.accepted.keys() - set(numbers) - promises.delivering
    assert not lost, f"{len(lost)} of {len(promises.accepted)} are lost"
    assert not promises.delivered & set(numbers), "delivered ones have come back"
    assert len(set(numbers)) == len(numbers)
    runs = [number // 1_000_000 for number in numbers]
    assert all(
        one < other
        for one, other, run, next_run in zip(numbers, numbers[1:], runs, runs[1:], strict=False)
        if run == next_run
    ), "they are out of order"
    outbox.close()


def test_what_was_promised_outlives_a_kill_at_any_time(folder: Path) -> None:
    chance, accepted = random.Random(1), 0
    for first in range(0, KILLS, KILLS_A_QUEUE):
        promises, queue = Promises(), folder / str(first)
        queue.mkdir()
        for _ in range(first, min(first + KILLS_A_QUEUE, KILLS)):
            promises.hear(killed(queue, chance.randrange(1, 200)))
            check(queue, promises)
        accepted += len(promises.accepted)
    assert accepted > 20 * KILLS


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_what_was_promised_outlives_a_kill_at_a_write(folder: Path, call: str) -> None:
    assert STRACE
    promises = Promises()
    chance = random.Random(call)
    for when in (1, 2, 3, 5, 8, *(chance.randrange(10, 120) for _ in range(3))):
        inject = f"inject={call}:signal=KILL:when={when}"
        before = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
        promises.hear(killed(folder, 1 << 30, before))
        check(folder, promises)
    assert promises.accepted


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_a_write_that_fails_once_loses_nothing_that_was_promised(folder: Path, fault: str) -> None:
    assert STRACE
    promises = Promises()
    for call in ("fdatasync", "pwrite64"):
        inject = f"inject={call}:error={fault}:when=60+50"
        before = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
        promises.hear(killed(folder, 150, before))
        check_accepted(folder, promises)
    assert len(promises.accepted) > 50


def check_accepted(folder: Path, promises: Promises) -> None:
    """As above; but a disk that says that it is full has older records evicted, which is told."""
    kit = bench(folder, Allowance(2 * MIB))
    kit.seed = int.from_bytes(os.urandom(4), "big")
    outbox = kit.open()
    numbers = {int(kit.payload(outbox, one).rstrip(b"\0")) for one in every(outbox)}
    missing = promises.accepted.keys() - numbers - promises.delivering
    gone = Counter(RecordClass(promises.accepted[number]) for number in missing)
    told = Counter[RecordClass]()
    for gap in outbox.gaps():
        told[gap.kind] += gap.count * (gap.reason is Loss.EVICTED)
    assert not gone - told, f"gone: {gone}; told: {told}"
    assert not gone.keys() & NEVER_EVICTED
    assert not promises.delivered & numbers
    assert outbox.audit() == []
    outbox.close()
