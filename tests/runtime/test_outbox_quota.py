"""What a class takes of a queue is known, and a flood of one costs the others nothing within it."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_bench import EVERY, MIB, Bench, bench, every, subject_of, swift_folder, texts
from power_disk import PowerFolder

from edgeward.adapters.database import FolderDatabase
from edgeward.comms.outbox.allowance import PAGE_BYTES, Allowance, room_of
from edgeward.comms.outbox.footprint import taken_bytes
from edgeward.comms.outbox.opening import lead_down
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.outbox.quotas import EVICTED_PART
from edgeward.comms.record import Loss, RecordClass, Standing
from edgeward.errors import LimitError

ALARM, AUDIT, EVENT = RecordClass.ALARM, RecordClass.AUDIT, RecordClass.EVENT
TREND, WAVEFORM = RecordClass.TREND, RecordClass.WAVEFORM
QUOTAS = {WAVEFORM: 50, TREND: 20, EVENT: 20}
EVICTABLE = tuple(QUOTAS)
RECORD_BYTES = 2000
FLOOD = 2 * MIB // RECORD_BYTES
"""Records: more than twice what fits."""


def allowed(quotas: dict[RecordClass, int] | None = None) -> Allowance:
    return Allowance(2 * MIB, quota_percent=QUOTAS if quotas is None else quotas)


def quota_bytes(outbox: Outbox, kind: RecordClass) -> int:
    return outbox._core.quota_bytes(kind)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


def flood(outbox: Outbox, kind: RecordClass, count: int = FLOOD) -> None:
    for number in range(count):
        (receipt,) = outbox.accept(texts(kind, b"%06d" % number + bytes(RECORD_BYTES)))
        assert receipt.standing is Standing.DURABLE, (number, receipt)


def fill(outbox: Outbox, kind: RecordClass) -> None:
    """Nearly as much of a class as its quota allows."""
    each = taken_bytes(RECORD_BYTES + 22)
    flood(outbox, kind, quota_bytes(outbox, kind) // each - 1)


@pytest.mark.parametrize("length", [20, 90, 300, 700, 1500, 2030, 2800, 4000, 4050, 5000, 9000])
def test_what_records_take_is_what_the_database_grows_by(folder: Path, length: int) -> None:
    outbox = bench(folder, Allowance(64 * MIB)).open()
    ((empty_bytes,),) = pages(outbox)
    count = 2 * MIB // length
    for start in range(0, count, 100):
        outbox.accept(texts(TREND, *[bytes(length)] * min(100, count - start)))
    ((grown_bytes,),) = pages(outbox)
    told = outbox.counts()[TREND].disk_bytes
    assert told == pytest.approx(grown_bytes - empty_bytes, rel=0.04, abs=4 * PAGE_BYTES)


def pages(outbox: Outbox) -> list[tuple[int]]:
    database = outbox._core.database
    return [(count * PAGE_BYTES,) for (count,) in database.execute("PRAGMA page_count")]


@pytest.mark.parametrize("before", [True, False], ids=["full-before", "full-after"])
@pytest.mark.parametrize("kind", EVICTABLE)
def test_a_flood_costs_the_others_nothing_within_their_quota(
    folder: Path, kind: RecordClass, before: bool
) -> None:
    outbox = bench(folder, allowed()).open()
    others = [one for one in EVICTABLE if one is not kind]
    if before:
        flood(outbox, kind)
    for other in others:
        fill(outbox, other)
    flood(outbox, kind)
    counts = outbox.counts()
    assert [counts[other].evicted for other in others] == [0, 0]
    assert counts[kind].evicted > 0
    slack = room_of(allowed()).transaction_bytes_max // EVICTED_PART + PAGE_BYTES
    assert counts[kind].disk_bytes > quota_bytes(outbox, kind) - slack, "it keeps what is its own"
    assert {gap.kind for gap in outbox.gaps()} == {kind}
    assert sum(gap.count for gap in outbox.gaps()) == counts[kind].evicted
    assert outbox.audit() == []


def test_without_a_quota_the_declared_order_alone_counts(folder: Path) -> None:
    outbox = bench(folder, allowed({})).open()
    fill(outbox, WAVEFORM)
    flood(outbox, EVENT)
    counts = outbox.counts()
    assert (counts[WAVEFORM].queued, counts[EVENT].queued > 0) == (0, True)
    standings = [outbox.accept(texts(WAVEFORM, bytes(RECORD_BYTES)))[0] for _ in range(30)]
    assert {one.standing for one in standings} == {Standing.DURABLE}, "it pays with its own"
    assert outbox.counts()[WAVEFORM].queued < 10
    assert outbox.counts()[EVENT] == counts[EVENT]


def test_a_class_may_take_all_that_nobody_else_needs(folder: Path) -> None:
    held = []
    for name, quotas in (("none", {}), ("some", QUOTAS)):
        outbox = bench(folder / name, allowed(quotas)).open()
        flood(outbox, TREND)
        held.append(outbox.counts()[TREND].queued)
    assert held[0] == held[1]
    assert held[1] * taken_bytes(RECORD_BYTES + 22) > 4 * quota_bytes(outbox, TREND)


def test_what_is_over_its_quota_pays_in_the_declared_order(folder: Path) -> None:
    outbox = bench(folder, allowed()).open()
    while not outbox.counts()[WAVEFORM].evicted:
        for kind in (WAVEFORM, WAVEFORM, WAVEFORM, TREND, TREND):
            flood(outbox, kind, 1)
    counts = outbox.counts()
    assert counts[TREND].evicted == 0
    assert counts[TREND].disk_bytes > quota_bytes(outbox, TREND)
    while not outbox.counts()[TREND].evicted:
        flood(outbox, EVENT, 1)
    assert outbox.counts()[WAVEFORM].disk_bytes <= quota_bytes(outbox, WAVEFORM)
    before = outbox.counts()
    while not outbox.counts()[EVENT].evicted:
        flood(outbox, EVENT, 1)
    counts = outbox.counts()
    assert counts[TREND].disk_bytes <= quota_bytes(outbox, TREND)
    assert counts[WAVEFORM].evicted == before[WAVEFORM].evicted


def test_alarms_find_room_that_no_quota_promises_and_then_all_of_it(folder: Path) -> None:
    outbox = bench(folder, allowed()).open()
    for kind in EVICTABLE:
        fill(outbox, kind)
    flood(outbox, EVENT)
    evicted = outbox.counts()[EVENT].evicted
    flood(outbox, ALARM, 40)
    counts = outbox.counts()
    assert (counts[WAVEFORM].evicted, counts[TREND].evicted) == (0, 0)
    assert counts[EVENT].evicted > evicted
    while outbox.counts()[WAVEFORM].queued:
        flood(outbox, ALARM, 1)
    counts = outbox.counts()
    assert counts[TREND].evicted < 10, "the declared order, where no class is over its quota"
    while outbox.counts()[EVENT].queued:
        flood(outbox, ALARM, 1)
    assert outbox.counts()[ALARM].evicted == 0


@pytest.mark.parametrize("steps", [300, pytest.param(6000, marks=pytest.mark.slow)])
def test_whatever_comes_nothing_goes_that_is_within_its_quota(folder: Path, steps: int) -> None:
    """Batches of all classes and lengths in phases of floods; alarms are delivered in between."""
    allowance = Allowance(MIB, quota_percent=QUOTAS)
    room, chance = room_of(allowance), random.Random(steps)
    kit = bench(folder, allowance)
    outbox = kit.open()
    slack = room.transaction_bytes_max // EVICTED_PART + 2 * PAGE_BYTES
    weights = [1.0] * len(EVERY)
    lost = dict.fromkeys(EVICTABLE, 0)
    for step in range(steps):
        if step % 40 == 0:
            weights = [chance.choice((0.05, 1, 8)) for _ in EVICTABLE] + [0.02, 0.02]
        before = outbox.counts()
        kinds = chance.choices(EVERY, weights, k=chance.choice((1, 1, 5)))
        sizes = [chance.choice((20, 300, 1400, 2600, 5000)) for _ in kinds]
        outbox.accept(
            [
                one
                for kind, size in zip(kinds, sizes, strict=True)
                for one in texts(kind, bytes(size))
            ]
        )
        counts = outbox.counts()
        for kind in EVICTABLE:
            gone = counts[kind].evicted - before[kind].evicted
            kept = counts[kind].disk_bytes > quota_bytes(outbox, kind) - slack
            assert kept or not gone, (step, kind)
            lost[kind] += gone
        outbox.delivered(every(outbox, ALARM, AUDIT))
        if chance.random() < 0.01:
            outbox.close()
            outbox = kit.open()
    assert all(lost.values()), "each class was over its quota at some time"
    assert outbox.audit() == []


def test_a_disk_that_is_full_earlier_is_divided_alike(folder: Path) -> None:
    (folder / "outbox").mkdir()
    file = PowerFolder(folder / "outbox")
    file.disk.full_at_bytes = 2 * MIB
    outbox = Bench(file, Allowance(4 * MIB, quota_percent=QUOTAS)).open()
    flood(outbox, WAVEFORM, 50)
    flood(outbox, EVENT)
    counts = outbox.counts()
    assert (counts[WAVEFORM].evicted, counts[EVENT].evicted > 0) == (0, True)
    assert outbox.audit() == []
    outbox.close()


def test_what_classes_take_is_known_after_everything_that_happens(folder: Path) -> None:
    kit = bench(folder, allowed())
    outbox = kit.open()
    for number in range(60):
        for kind in EVERY:
            outbox.accept(texts(kind, bytes(40 * number), patient=("p", "q")[number % 2]))
    known(outbox)
    outbox.delivered(every(outbox, TREND)[::3])
    outbox.delivered(every(outbox, EVENT)[:20])
    known(outbox)
    outbox.quarantine(every(outbox, WAVEFORM)[7], "refused")
    subject = subject_of("p")
    assert subject
    outbox.erase(subject)
    known(outbox)
    outbox.accept(texts(TREND, b"since", b"then"))
    twin = folder / "killed" / "outbox"
    shutil.copytree(folder / "outbox", twin, ignore=shutil.ignore_patterns("*-shm"))
    before = outbox.counts()
    killed = Bench(FolderDatabase(twin), kit.allowance, kit.sealer).open()
    assert killed.counts() == before
    known(killed)
    outbox.close()
    outbox = kit.open()
    assert outbox.counts() == before
    known(outbox)
    outbox.delivered(every(outbox))
    assert {count.disk_bytes for count in outbox.counts().values()} == {0}


def known(outbox: Outbox) -> None:
    assert outbox.audit() == []
    assert all(count.disk_bytes > 0 for count in outbox.counts().values() if count.queued)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM tally WHERE kind > 8",
        "UPDATE tally SET delivered = delivered + 4096 WHERE kind > 8",
        "UPDATE tally SET evicted = 0 WHERE kind > 8",
        "UPDATE tally SET accepted = accepted + 1 WHERE kind > 8",
    ],
)
def test_a_changed_figure_is_not_believed(folder: Path, change: str) -> None:
    kit = bench(folder, allowed())
    outbox = kit.open()
    outbox.accept([one for kind in EVERY for one in texts(kind, bytes(100), bytes(3000))])
    counts = outbox.counts()
    outbox.close()
    with sqlite3.connect(folder / "outbox" / "outbox.db") as database:
        database.execute(change)
    database.close()
    outbox = kit.open()
    assert (outbox.counts(), outbox.audit(), outbox.salvaged) == (counts, [], [])


def test_an_older_layout_is_looked_through(folder: Path) -> None:
    kit = bench(folder, allowed())
    outbox = kit.open()
    flood(outbox, TREND, 50)
    counts = outbox.counts()
    outbox.close()
    lead_down(kit.file, 3)
    outbox = kit.open()
    assert (outbox.counts(), outbox.audit()) == (counts, [])


def test_what_is_salvaged_is_known_too(folder: Path) -> None:
    kit = bench(folder, allowed())
    outbox = kit.open()
    flood(outbox, TREND, 100)
    outbox.close()
    path = folder / "outbox" / "outbox.db"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // PAGE_BYTES * PAGE_BYTES
    data[middle : middle + PAGE_BYTES] = bytes(PAGE_BYTES)
    path.write_bytes(data)
    outbox = kit.open()
    count = outbox.counts()[TREND]
    assert outbox.salvaged
    assert 0 < count.queued < 100
    assert count.disk_bytes == count.queued * taken_bytes(RECORD_BYTES + 22)
    assert outbox.audit() == []


def test_a_gap_says_evicted_whoever_paid(folder: Path) -> None:
    outbox = bench(folder, allowed()).open()
    flood(outbox, EVENT)
    fill(outbox, WAVEFORM)
    assert {gap.reason for gap in outbox.gaps()} == {Loss.EVICTED}


@pytest.mark.parametrize(
    "quotas", [{ALARM: 1}, {AUDIT: 1}, {TREND: -1}, {TREND: 51, EVENT: 50}], ids=str
)
def test_a_quota_that_cannot_be_kept_is_refused(quotas: dict[RecordClass, int]) -> None:
    with pytest.raises(LimitError, match=r"quota_percent is .* accepted: 0 or more"):
        allowed(quotas)
