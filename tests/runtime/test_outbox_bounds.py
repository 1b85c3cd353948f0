"""The disk an outbox takes is bounded at every step; what it gives up has an order and is told."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from outbox_bench import EVERY, MIB, Bench, bench, every, swift_folder, texts
from power_disk import Disk, PowerFolder

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import Gap, Loss, RecordClass, Standing
from edgeward.errors import StoreError

ALARM, AUDIT, EVENT = RecordClass.ALARM, RecordClass.AUDIT, RecordClass.EVENT
TREND, WAVEFORM = RecordClass.TREND, RecordClass.WAVEFORM


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


def fill(outbox: Outbox, kind: RecordClass, size_bytes: int = 2000, limit: int = 2000) -> int:
    """Offer records of a class until one is evicted, rejected or volatile; how many were taken."""
    for count in range(limit):
        (receipt,) = outbox.accept(texts(kind, bytes(size_bytes)))
        lost = outbox.counts()[kind].evicted or receipt.standing is not Standing.DURABLE
        if lost:
            return count
    raise AssertionError(f"{limit} records of {size_bytes} bytes do not fill it")


def covered(gaps: list[Gap], kind: RecordClass) -> int:
    return sum(gap.count for gap in gaps if gap.kind is kind and gap.reason is Loss.EVICTED)


@pytest.mark.parametrize("steps", [400, pytest.param(8000, marks=pytest.mark.slow)])
def test_the_disk_is_bounded_at_every_step(folder: Path, steps: int) -> None:
    kit = bench(folder, Allowance(MIB))
    chance = random.Random(steps)
    outbox = kit.open()
    most = 0
    for step in range(steps):
        kinds = chance.choices(EVERY, (20, 10, 5, 1, 1), k=chance.choice((1, 1, 5)))
        sizes = [chance.choice((20, 300, 5000)) for _ in kinds]
        outbox.accept(
            [
                one
                for kind, size in zip(kinds, sizes, strict=True)
                for one in texts(kind, bytes(size))
            ]
        )
        if chance.random() < 0.02:
            outbox.checkpoint()
        if chance.random() < 0.05:
            kinds_out = [chance.choice((ALARM, AUDIT, TREND))]
            outbox.delivered(outbox.queued(kinds_out, records_max=20, bytes_max=MIB))
        if chance.random() < 0.004:
            outbox.close()
            outbox = kit.open()
        on_disk = sum(path.stat().st_size for path in (folder / "outbox").iterdir())
        assert on_disk <= MIB, f"step {step}: {on_disk} bytes"
        assert outbox.size_bytes() == on_disk
        most = max(most, on_disk)
    assert most > 0.9 * MIB, "the bound was never near"
    assert outbox.audit() == []
    counts = outbox.counts()
    assert counts[WAVEFORM].evicted > 0
    for kind, count in counts.items():
        assert count.evicted == covered(outbox.gaps(), kind), kind
    assert counts[ALARM].evicted == counts[AUDIT].evicted == 0


def test_the_lowest_class_goes_first_and_its_oldest_first(folder: Path) -> None:
    kit = bench(folder, Allowance(MIB))
    outbox = kit.open()
    outbox.accept(texts(WAVEFORM, *(b"%d" % number + bytes(2000) for number in range(10))))
    outbox.accept(texts(EVENT, b"event"))
    fill(outbox, TREND)
    counts = outbox.counts()
    assert counts[WAVEFORM].evicted == 10, "before any trend goes"
    assert counts[EVENT].evicted == 0
    (gap, later) = outbox.gaps()
    assert (gap.kind, gap.first, gap.last, gap.count) == (WAVEFORM, 1, 10, 10)
    assert (later.kind, later.first, later.reason) == (TREND, 12, Loss.EVICTED)
    left = every(outbox, TREND)
    assert left[0].identity.sequence == later.last + 1, "the oldest went"


def test_a_lower_class_takes_no_room_from_a_higher_one(folder: Path) -> None:
    kit = bench(folder, Allowance(MIB))
    outbox = kit.open()
    fill(outbox, EVENT)
    events = outbox.counts()[EVENT]
    for _ in range(100):
        outbox.accept(texts(WAVEFORM, bytes(3000)))
    assert outbox.counts()[WAVEFORM].queued < 100
    assert outbox.counts()[EVENT] == events


def test_what_finds_no_room_is_rejected_and_told_why(folder: Path) -> None:
    outbox = bench(folder, Allowance(MIB)).open()
    standing = Standing.DURABLE
    while standing is Standing.DURABLE:
        (audit,) = outbox.accept(texts(AUDIT, bytes(2000)))
        (event,) = outbox.accept(texts(EVENT, bytes(9000)))
        standing = event.standing
    assert standing is Standing.REJECTED, event.reason
    assert "may not be given up" in event.reason
    assert audit.standing is Standing.DURABLE, "there is room for what is never given up"
    both = outbox.accept([*texts(TREND, bytes(9000)), *texts(ALARM, b"x")])
    assert [one.standing for one in both] == [Standing.REJECTED, Standing.DURABLE]


def test_alarms_are_admitted_as_long_as_anything_may_go_and_never_go_themselves(
    folder: Path,
) -> None:
    kit = bench(folder, Allowance(MIB, memory_bytes_max=20_000))
    outbox = kit.open()
    fill(outbox, EVENT)
    assert fill(outbox, ALARM) > 100
    counts = outbox.counts()
    assert counts[EVENT].queued == 0, "every event went before an alarm was not durable"
    assert counts[ALARM].volatile == 1
    standings = [outbox.accept(texts(ALARM, bytes(2000)))[0] for _ in range(30)]
    assert standings[0].standing is Standing.VOLATILE
    assert standings[-1].standing is Standing.REJECTED
    assert "memory" in standings[-1].reason
    assert outbox.counts()[ALARM].evicted == 0
    waiting = every(outbox, ALARM)
    outbox.delivered(waiting[:50])
    assert outbox.retry() > 0, "what had waited in memory is on the disk"
    assert outbox.counts()[ALARM].volatile == 0
    assert [one.identity for one in every(outbox, ALARM)] == [one.identity for one in waiting[50:]]
    assert sum(gap.count for gap in outbox.gaps() if gap.reason is Loss.VOID) > 0
    assert outbox.audit() == []


FullDisk = Callable[[int], tuple[Bench, Disk]]


@pytest.fixture
def full_disk(folder: Path) -> Iterator[FullDisk]:
    """Makes an outbox whose disk has less room than it is allowed."""
    (folder / "outbox").mkdir()
    file = PowerFolder(folder / "outbox")

    def make(room_bytes: int) -> tuple[Bench, Disk]:
        file.disk.full_at_bytes = room_bytes
        return Bench(file, Allowance(4 * MIB)), file.disk

    yield make
    file.disk.broken = False
    file.abandon()


def test_a_full_disk_takes_new_records_in_the_place_of_older_ones(full_disk: FullDisk) -> None:
    kit, disk = full_disk(2 * MIB)
    outbox = kit.open()
    for number in range(600):
        (receipt,) = outbox.accept(texts(TREND, b"%06d" % number + bytes(4000)))
        assert receipt.standing is Standing.DURABLE, (number, receipt)
    (alarm,) = outbox.accept(texts(ALARM, b"alarm"))
    assert alarm.standing is Standing.DURABLE
    assert outbox.counts()[TREND].evicted > 0
    assert kit.payloads(outbox, TREND)[-1].startswith(b"000599")
    assert outbox.audit() == []
    before = outbox.counts()
    outbox.close()
    outbox = kit.open()
    assert outbox.counts() == before
    disk.full_at_bytes = None
    outbox.retry()
    for _ in range(300):
        outbox.accept(texts(TREND, bytes(4000)))
    assert outbox.counts()[TREND].evicted == before[TREND].evicted, "there is room again"


def test_a_disk_that_has_room_again_takes_what_found_none_on_it(full_disk: FullDisk) -> None:
    kit, disk = full_disk(2 * MIB)
    outbox = kit.open()
    fill(outbox, ALARM)
    assert outbox.counts()[ALARM].volatile == 1, "nothing may go, and the disk is full"
    with pytest.raises(StoreError):
        outbox.retry()
    disk.full_at_bytes = None
    assert outbox.retry() == 1
    assert outbox.accept(texts(ALARM, b"after"))[0].standing is Standing.DURABLE
    assert outbox.counts()[ALARM].volatile == 0
    assert outbox.audit() == []


def test_a_broken_disk_leaves_records_in_memory_alarms_longest(full_disk: FullDisk) -> None:
    kit, disk = full_disk(1 << 40)
    kit.allowance = Allowance(4 * MIB, memory_bytes_max=30_000)
    outbox = kit.open()
    outbox.accept(texts(TREND, b"before"))
    disk.broken = True
    receipts = [outbox.accept(texts(WAVEFORM, bytes(1000)))[0] for _ in range(40)]
    alarms = outbox.accept(texts(ALARM, *(b"%d" % number for number in range(5))))
    assert {one.standing for one in [*receipts, *alarms]} == {Standing.VOLATILE}
    counts = outbox.counts()
    assert counts[ALARM].volatile == 5
    assert counts[WAVEFORM].evicted + counts[WAVEFORM].volatile == 40
    assert counts[WAVEFORM].evicted > 0
    assert outbox.standing(receipts[0].identity, WAVEFORM) is None  # type: ignore[arg-type]
    assert outbox.standing(alarms[0].identity, ALARM) is Standing.VOLATILE  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        outbox.retry()
    sent = every(outbox, ALARM)[:2]
    outbox.delivered(sent)
    disk.broken = False
    outbox.retry()
    counts = outbox.counts()
    assert (counts[ALARM].accepted, counts[ALARM].delivered, counts[ALARM].queued) == (5, 2, 3)
    assert kit.payloads(outbox, TREND, ALARM) == [b"before", b"2", b"3", b"4"]
    assert covered(outbox.gaps(), WAVEFORM) == counts[WAVEFORM].evicted
    assert outbox.audit() == []
    outbox.close()
    assert kit.open().counts() == counts


def test_a_sequence_is_never_used_twice_though_the_disk_refused_it(full_disk: FullDisk) -> None:
    kit, disk = full_disk(1 << 40)
    kit.allowance = Allowance(4 * MIB, memory_bytes_max=0)
    outbox = kit.open()
    outbox.accept(texts(TREND, b"1"))
    disk.broken = True
    (refused,) = outbox.accept(texts(TREND, b"2"))
    assert refused.standing is Standing.REJECTED
    disk.broken = False
    (again,) = outbox.accept(texts(TREND, b"3"))
    assert again.identity
    assert again.identity.sequence == 3
    (gap,) = outbox.gaps()
    assert (gap.first, gap.last, gap.count, gap.reason) == (2, 2, 1, Loss.VOID)


def test_the_log_can_be_emptied_beside_those_who_accept(folder: Path) -> None:
    kit = bench(folder, Allowance(2 * MIB))
    outbox = kit.open()
    while not outbox.checkpoint_due:
        outbox.accept(texts(TREND, bytes(500)))
    outbox.checkpoint()
    assert not outbox.checkpoint_due
    assert outbox.audit() == []
