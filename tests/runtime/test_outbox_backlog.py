"""A long outage: everything is kept in its bound, comes out in order, and lets an alarm by.

`EDGEWARD_BACKLOG` says how many records are queued; a million takes some ten seconds.
"""

import os
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from outbox_bench import MIB, bench, swift_folder, texts

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import Queued, RecordClass, Standing
from edgeward.profile import load_profile

pytestmark = pytest.mark.slow
BACKLOG = int(os.environ.get("EDGEWARD_BACKLOG", "200000"))
FEW = 1000
FILL = 1000
SLOWER_MAX = 4.0
"""One level more of a tree is one page more to read; a scan would be slower by the backlog."""
PROFILES = Path(__file__).parents[2] / "device_profiles"
LOOKED_AT_EACH = 50
DAYS, SAMPLES, RECORDS_AT_ONCE = 90, 60, 12
MINUTES = DAYS * 24 * 60


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


def median_ns(work: Callable[[], object]) -> float:
    def once() -> int:
        began_ns = time.perf_counter_ns()
        work()
        return time.perf_counter_ns() - began_ns

    return statistics.median(once() for _ in range(200))


def next_alarm(outbox: Outbox) -> list[Queued]:
    return outbox.queued([RecordClass.ALARM], records_max=1, bytes_max=MIB)


def test_the_next_alarm_costs_no_more_behind_a_backlog(folder: Path) -> None:
    kit = bench(folder, Allowance(1024 * MIB))
    outbox = kit.open()
    times = {}
    filled = 0
    for count in (FEW, BACKLOG):
        while filled < count:
            outbox.accept(texts(RecordClass.WAVEFORM, *[b"x" * 20] * FILL))
            filled += FILL
            if outbox.checkpoint_due:
                outbox.checkpoint()
        outbox.accept(texts(RecordClass.ALARM, b"alarm"))
        assert len(next_alarm(outbox)) == 1
        times[count] = median_ns(lambda: next_alarm(outbox))
        outbox.delivered(next_alarm(outbox))
        assert next_alarm(outbox) == []
    assert outbox.counts()[RecordClass.WAVEFORM].queued == BACKLOG
    assert times[BACKLOG] / times[FEW] < SLOWER_MAX, times


def test_ninety_days_out_of_reach_fit_and_come_out_in_order(folder: Path) -> None:
    """A number each second, a record each minute, in the queue of the smallest device."""
    profile = load_profile("wearable", [PROFILES]).profile
    allowance = Allowance(profile.offline.queue_mb * MIB)
    kit = bench(folder, allowance)
    outbox = kit.open()
    for first in range(0, MINUTES, RECORDS_AT_ONCE):
        minutes = range(first, first + RECORDS_AT_ONCE)
        offered = texts(RecordClass.TREND, *map(minute, minutes), patient="p")
        receipts = outbox.accept(offered)
        assert {one.standing for one in receipts} == {Standing.DURABLE}
        if outbox.checkpoint_due:
            outbox.checkpoint()
        if first % (MINUTES // 9) == 0:
            outbox.close()
            outbox = kit.open()
    assert outbox.size_bytes() <= allowance.disk_bytes_max
    assert outbox.gaps() == []
    due = 0
    while sent := outbox.queued([RecordClass.TREND], records_max=1000, bytes_max=4 * MIB):
        for at in range(0, len(sent), LOOKED_AT_EACH):
            assert kit.payload(outbox, sent[at]) == minute(due + at)
        identities = [(one.identity.epoch.ordinal, one.identity.sequence) for one in sent]
        assert identities == sorted(identities)
        assert outbox.delivered(sent) == len(sent)
        due += len(sent)
    assert due == MINUTES
    assert outbox.audit() == []


def minute(number: int) -> bytes:
    """The samples of one minute."""
    return struct.pack("<q", number) + struct.pack(f"<{SAMPLES}h", *[number % 30_000] * SAMPLES)
