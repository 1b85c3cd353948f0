"""Any one byte of a queue's files changes: every record comes as it was accepted, or is told.

`EDGEWARD_BYTES_STEP=1` changes each byte that says something, one after the other; that takes ten
minutes; `make campaign` changes each fifth. `EDGEWARD_BYTES_SEED` says what each becomes.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from every_byte import Laid, flipped, laid, looked_at, places_of
from outbox_bench import bench, every, swift_folder, texts

from edgeward.comms.outbox.allowance import FRAME_BYTES
from edgeward.comms.outbox.frames import Frame, frames_of_log
from edgeward.comms.outbox.place import place_of
from edgeward.comms.outbox.schema import STEPS
from edgeward.comms.record import RecordClass

STEP = int(os.environ.get("EDGEWARD_BYTES_STEP", "127"))
SEED = int(os.environ.get("EDGEWARD_BYTES_SEED", "1"))
LOG, FILE, CLAIM = "outbox.db-wal", "outbox.db", "claim"
HEAD_BYTES, FRAME_HEAD_BYTES = 32, 24


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


def untold(folder: Path, life: Laid, name: str, places: list[int]) -> dict[int, list[str]]:
    """What is wrong after a byte of this file has changed, by its place."""
    found = {
        at: looked_at(folder / f"at-{at}", life, name, flipped(life.files[name], at, SEED))
        for at in places
    }
    return {at: faults for at, faults in found.items() if faults}


def frames(life: Laid) -> list[Frame]:
    """The frames in the log that count."""
    return frames_of_log(life.files[LOG])


@pytest.mark.parametrize("step", [STEP * 26, pytest.param(STEP, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("closed", "name"), [(False, LOG), (False, FILE), (True, FILE)])
def test_every_record_comes_or_is_told(folder: Path, closed: bool, name: str, step: int) -> None:
    life = laid(folder / "live", closed=closed)
    assert not looked_at(folder / "whole", life, name, life.files[name])
    places = places_of(life.files[name])[::step]
    assert not untold(folder, life, name, places)


def test_no_byte_of_the_mark_keeps_anything_back(folder: Path) -> None:
    life = laid(folder / "live", closed=False)
    assert not untold(folder, life, CLAIM, list(range(0, len(life.files[CLAIM]), 9)))


@pytest.mark.slow
@pytest.mark.parametrize("mask", [0x03, 0x80])
def test_no_byte_of_the_head_of_the_file_costs_anything_untold(folder: Path, mask: int) -> None:
    life = laid(folder / "live", closed=True)
    data = life.files[FILE]
    for at in range(100):
        changed = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
        assert not looked_at(folder / f"at-{at}", life, FILE, changed), at


@pytest.mark.slow
def test_no_head_in_the_log_costs_anything_untold(folder: Path) -> None:
    life = laid(folder / "live", closed=False)
    heads = range(HEAD_BYTES, HEAD_BYTES + FRAME_BYTES * len(frames(life)), FRAME_BYTES)
    places = [*range(HEAD_BYTES), *(at + of for at in heads for of in range(0, 24, 3))]
    assert not untold(folder, life, LOG, places)


def test_a_frame_whose_sum_alone_was_changed_is_proven_by_the_next(folder: Path) -> None:
    log = laid(folder / "live", closed=False).files[LOG]
    whole = frames_of_log(log)
    assert all(frame.whole and frame.taken for frame in whole)
    for number in (0, 3, len(whole) - 2):
        sums = HEAD_BYTES + FRAME_BYTES * number + 16
        found = frames_of_log(flipped(log, sums + number % 8, SEED))
        assert [frame.whole for frame in found] == [True] * len(whole)
        assert [frame.taken for frame in found] == [at < number for at in range(len(whole))]


def test_a_frame_whose_content_was_changed_is_not(folder: Path) -> None:
    log = laid(folder / "live", closed=False).files[LOG]
    for number in (0, 3):
        at = HEAD_BYTES + FRAME_BYTES * number + FRAME_HEAD_BYTES
        found = frames_of_log(flipped(log, at, SEED))
        assert [at for at, frame in enumerate(found) if not frame.whole] == [number]


def test_two_sums_in_a_row_may_be_changed(folder: Path) -> None:
    log = laid(folder / "live", closed=False).files[LOG]
    for number in (2, 3):
        log = flipped(log, HEAD_BYTES + FRAME_BYTES * number + 20, SEED)
    assert all(frame.whole for frame in frames_of_log(log))


def test_the_mark_alone_tells_damage_of_the_last_write_from_a_power_cut(folder: Path) -> None:
    life = laid(folder / "live", closed=False)
    last = life.files[LOG][: frames(life)[-1].offset]
    places = [at for at in places_of(life.files[LOG]) if at >= len(last)]
    assert not untold(folder / "marked", life, LOG, places[:2])
    life.files[CLAIM] = b""
    lost = untold(folder / "unmarked", life, LOG, places[:2])
    assert len(lost) == 2
    assert all("not told" in fault for faults in lost.values() for fault in faults)


def altered(folder: Path, life: Laid, *statements: str) -> list[str]:
    """What comes of a closed queue after these statements."""
    path = folder / "altered.db"
    path.write_bytes(life.files[FILE])
    database = sqlite3.connect(path)
    for sql in statements:
        database.execute(sql)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return looked_at(folder / "altered", life, FILE, path.read_bytes())


def test_a_record_is_not_taken_for_one_that_was_delivered(folder: Path) -> None:
    life = laid(folder / "live", closed=True)
    delivered = min(sequence for _, sequence in life.held)
    kind = RecordClass.TREND
    sql = f"UPDATE trend SET place = {place_of(1, delivered, kind)} WHERE place = ("
    assert not altered(folder, life, f"{sql} SELECT min(place) FROM trend)")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trend SET nth = nth + 64 WHERE place = (SELECT min(place) FROM trend)",
        "UPDATE trend SET nth = nth + 64 WHERE place = (SELECT max(place) FROM trend)",
        "UPDATE event SET nth = -nth WHERE place NOT IN (SELECT max(place) FROM event)",
        "UPDATE event SET nth = 99 WHERE place NOT IN (SELECT max(place) FROM event)",
        "UPDATE event SET nth = 'x' WHERE place NOT IN (SELECT max(place) FROM event)",
        "UPDATE alarm SET nth = 1 WHERE place = (SELECT max(place) FROM alarm)",
        "UPDATE alarm SET datakey = datakey + 1",
        "UPDATE tally SET accepted = accepted + 1024",
        "UPDATE tally SET delivered = delivered + 1",
        "UPDATE tally SET delivered = 0",
        "UPDATE alarm SET place = place + 1 WHERE place = (SELECT max(place) FROM alarm)",
        "DELETE FROM tally",
        "UPDATE epoch SET token = x'0011223344556677'",
        "UPDATE epoch_copy SET token = x'0011223344556677'",
        "DELETE FROM epoch",
    ],
)
def test_a_changed_figure_is_told_by_the_others(folder: Path, sql: str) -> None:
    assert not altered(folder, laid(folder / "live", closed=True), sql)


@pytest.mark.parametrize(
    "change",
    [
        "last = last - 1", "first = first + 1", "count = count + 1", "kind = 1", "ordinal = 7",
        "count = NULL", "reason = 'void'", "reason = 'never'", "count = 'x'",
    ],
)  # fmt: skip
def test_a_changed_gap_is_damage_and_what_it_told_is_told(folder: Path, change: str) -> None:
    kit = bench(folder)
    outbox = kit.open()
    offered = [one for at in range(9) for one in texts(RecordClass.EVENT, b"%d" % at)]
    outbox.accept(offered)
    sent = every(outbox)
    for one in sent[3:6]:
        outbox.quarantine(one, "refused")
    (gap,) = outbox.gaps()
    assert (gap.first, gap.last, gap.count) == (4, 6, 3)
    outbox.close()
    with contextlib.closing(sqlite3.connect(folder / "outbox" / "outbox.db")) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'gap'"
        )
        database.commit()
    with contextlib.closing(sqlite3.connect(folder / "outbox" / "outbox.db")) as database:
        database.execute(f"UPDATE gap SET {change}")
        database.execute("PRAGMA writable_schema = ON")
        made = next(sql for step in STEPS for sql in step.up if sql.startswith("CREATE TABLE gap"))
        database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'gap'", (made,))
        database.commit()
    outbox = kit.open()
    told = outbox.gaps()
    (salvaged,) = outbox.salvaged
    assert (salvaged.records, salvaged.lost) == (6, 0)
    for sequence in (4, 5, 6):
        assert any(
            one.epoch == gap.epoch and one.kind == gap.kind and one.first <= sequence <= one.last
            for one in told
        )
    assert outbox.audit() == []
    outbox.close()


def test_a_flag_of_erasing_in_one_copy_erases_nothing(folder: Path) -> None:
    life = laid(folder / "live", closed=True)
    path = folder / "outbox" / "outbox.db"
    path.parent.mkdir()
    path.write_bytes(life.files[FILE])
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE datakey SET erased = 1")
        database.commit()
    kit = bench(folder)
    outbox = kit.open()
    (salvaged,) = outbox.salvaged
    assert (salvaged.records, salvaged.lost) == (len(every(outbox)), 0)
    assert len(every(outbox)) == len(life.accepted) - len(life.held)
