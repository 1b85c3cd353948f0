"""What it costs to promise that a record is on the disk, sealed, against the least that can.

The least: the same sealed bytes appended to one file, and `fdatasync`. It has no order, no bound,
no receipts, and nothing can be taken out of it. Rounds are interleaved on one disk, a record or a
batch at a time, so that a busy disk weighs on both. What the least costs differs by a third from
file to file, as if drawn by lot, so both begin anew in three dozen folders; the figure is the mean
over them of the ratio of two medians, ours to the least, and its upper limit is held against the
goal. The log is emptied by a thread of its own, as on a device.

*Backlog*: taking the next alarm, and a page of the oldest records, with many and with few queued.

`bench_outbox.py [ROUNDS [QUEUED]]`, 9,000 rounds and 200,000 records without. Goals: one record at
most 2.0 times the least, a hundred at most 1.6 times; the next alarm from many at most twice the
time of that from few.
"""

import math
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from verdict import on_host

from edgeward.adapters.database import FolderDatabase
from edgeward.adapters.entropy import SystemEntropy
from edgeward.adapters.scheduling import freeze_garbage
from edgeward.adapters.store import MemoryStore
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import Offered, RecordClass
from edgeward.comms.sealing.keyring import Keyring
from edgeward.comms.sealing.keystore import SoftwareKeystore
from edgeward.comms.sealing.sealer import RecordSealer
from edgeward_harness.rig.stall import stall_probe

RECORD_BYTES, TAG_BYTES = 200, 16
GOALS = {1: 2.0, 100: 1.6}
BACKLOG_GOAL = 2.0
FEW = 1000
FOLDERS, WARM_UP = 36, 50
LIMIT = 1.69
"""Standard errors above a mean of so many, under which it lies 95 times of a hundred."""
QUEUE_BYTES = 512 << 20
FILL = 1000
ROUNDS_A_SECOND = 50
Pair = tuple[float, float]
"""The least and ours, in microseconds."""


def opened(folder: Path) -> Outbox:
    """An outbox with the sealer of a device."""
    entropy, store = SystemEntropy(), MemoryStore()
    ring = Keyring(SoftwareKeystore(store, entropy), store, entropy, 0)
    sealer = RecordSealer("bench", ring, entropy)
    return Outbox(FolderDatabase(folder), sealer, entropy, Allowance(QUEUE_BYTES))


def emptying(outbox: Outbox, ended: threading.Event) -> None:
    """Empty the log whenever it is due, as a device's thread for upkeep does."""
    while not ended.wait(1 / ROUNDS_A_SECOND):
        if outbox.checkpoint_due:
            outbox.checkpoint()


def took_us(work: Callable[[], object]) -> float:
    """How long it took."""
    began_ns = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - began_ns) / 1e3


def commits(folder: Path, rounds: int) -> dict[int, list[Pair]]:
    """What the least and ours took, by the size of batch, in a new folder."""
    outbox, ended = opened(folder / "outbox"), threading.Event()
    upkeep = threading.Thread(target=emptying, args=(outbox, ended))
    upkeep.start()
    freeze_garbage()  # as a device does at the end of its start
    try:
        return {batch: taken_turns(outbox, folder, batch, rounds) for batch in GOALS}
    finally:
        ended.set()
        upkeep.join()
        outbox.close()


def taken_turns(outbox: Outbox, folder: Path, batch: int, rounds: int) -> list[Pair]:
    """One size of batch, round by round."""
    offered = [
        Offered(RecordClass.TREND, os.urandom(RECORD_BYTES), "patient") for _ in range(batch)
    ]
    sealed = b"".join(one.payload + bytes(TAG_BYTES) for one in offered)
    floor = os.open(folder / f"floor-{batch}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def least() -> None:
        os.write(floor, sealed)
        os.fdatasync(floor)

    def ours() -> None:
        receipts = outbox.accept(offered)
        assert receipts[0].identity is not None

    for _ in range(WARM_UP):
        least()
        ours()
    pairs = [(took_us(least), took_us(ours)) for _ in range(rounds)]
    os.close(floor)
    return pairs


def kept(batch: int, folders: Sequence[Sequence[Pair]]) -> bool:
    """Show one size of batch; whether its goal was kept."""
    print(f"durable commit of {batch} sealed records of {RECORD_BYTES} bytes, {FOLDERS} folders")
    for name, column in (("append + fdatasync", 0), ("outbox", 1)):
        figures = [pair[column] for pairs in folders for pair in pairs]
        print(f"  {name:<20}{statistics.median(figures):9.0f} us  p99 {p99(figures):9.0f} us")
    ratios = [median_of(pairs, 1) / median_of(pairs, 0) for pairs in folders]
    mean = statistics.mean(ratios)
    limit = mean + LIMIT * statistics.stdev(ratios) / math.sqrt(len(ratios))
    said = "kept" if limit <= GOALS[batch] else "MISSED"
    print(
        f"  ratio {mean:.2f}, from {min(ratios):.2f} to {max(ratios):.2f} by folder; upper 95 %"
        f" limit {limit:.2f}, goal at most {GOALS[batch]}: {said}"
    )
    return limit <= GOALS[batch]


def median_of(pairs: Sequence[Pair], column: int) -> float:
    """What a median round took of the least or of ours."""
    return statistics.median(pair[column] for pair in pairs)


def p99(figures: Sequence[float]) -> float:
    """Of a hundred, the one before the last."""
    return statistics.quantiles(figures, n=100)[98]


def fill(outbox: Outbox, count: int) -> None:
    """Queue so many records of a backlog."""
    offered = [Offered(RecordClass.WAVEFORM, os.urandom(RECORD_BYTES))] * FILL
    for _ in range(0, count, FILL):
        outbox.accept(offered)
        if outbox.checkpoint_due:
            outbox.checkpoint()


def backlog(folder: Path, queued: int) -> bool:
    """Take the next alarm from few and from many; whether the goal was kept."""
    times: dict[str, tuple[float, float]] = {}
    for name, count in (("few", FEW), ("many", queued)):
        outbox = opened(folder / name)
        fill(outbox, count)
        outbox.accept([Offered(RecordClass.ALARM, b"alarm")])

        def alarm(outbox: Outbox = outbox) -> None:
            assert len(outbox.queued([RecordClass.ALARM], records_max=1, bytes_max=1)) == 1

        def page(outbox: Outbox = outbox) -> None:
            found = outbox.queued([RecordClass.WAVEFORM], records_max=500, bytes_max=1 << 30)
            assert len(found) == min(500, FEW)

        times[name] = (
            statistics.median(took_us(alarm) for _ in range(500)),
            statistics.median(took_us(page) for _ in range(50)),
        )
        print(f"  {count:>9} queued: alarm {times[name][0]:7.1f} us, page {times[name][1]:7.0f} us")
        outbox.close()
    ratio = times["many"][0] / times["few"][0]
    said = "kept" if ratio <= BACKLOG_GOAL else "MISSED"
    print(f"  ratio {ratio:.2f}, goal at most {BACKLOG_GOAL}: {said}")
    return ratio <= BACKLOG_GOAL


def main(rounds: int = 9000, queued: int = 200_000) -> int:
    """Measure all; the verdict as an exit status."""
    with tempfile.TemporaryDirectory() as name, stall_probe() as stalls:
        folder = Path(name)
        each = max(1, rounds // FOLDERS)
        took = [commits(folder / f"{number}", each) for number in range(FOLDERS)]
        held = [kept(batch, [one[batch] for one in took]) for batch in GOALS]
        print(f"backlog of {FEW} and of {queued} records")
        held.append(backlog(folder, queued))
    return on_host(stalls, missed=not all(held))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
