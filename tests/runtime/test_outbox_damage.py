"""Damaged files are set aside and read record by record: what lies on whole pages is kept."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_bench import MIB, Bench, bench, every, subject_of, swift_folder, texts

from edgeward.adapters.database import FolderDatabase
from edgeward.comms.outbox.allowance import PAGE_BYTES, Allowance
from edgeward.comms.outbox.frames import frames_of_log, log_is_damaged
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.outbox.pages import Pages
from edgeward.comms.outbox.place import class_of, place_of
from edgeward.comms.record import Loss, RecordClass, Standing
from edgeward.errors import DamagedError, SealError, StoreError

KINDS = (RecordClass.TREND, RecordClass.ALARM)
SMALL = Allowance(MIB)
RECORDS_A_PAGE = PAGE_BYTES // 150
LONG_LOG = Allowance(32 * MIB)
HEAD_BYTES, FRAME_BYTES = 32, 24 + PAGE_BYTES
CACHE_PAGES = 256


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swift_folder(tmp_path) as path:
        yield path


def filled(
    folder: Path, *, closed: bool, batches: int = 20, allowance: Allowance = SMALL
) -> dict[int, bytes]:
    """Fills an outbox; its records by place, and what is left of its files."""
    kit = bench(folder / "live", allowance)
    outbox = kit.open()
    texts_by_place = {}
    for number in range(batches):
        size = 6000 if number % 7 == 3 else 150
        offered = [
            *texts(RecordClass.TREND, *(b"t%06d/%d" % (number, at) + bytes(size) for at in (0, 1))),
            *texts(RecordClass.ALARM, b"a%06d" % number),
        ]
        for one, receipt in zip(offered, outbox.accept(offered), strict=True):
            assert receipt.identity
            identity = receipt.identity
            place = place_of(identity.epoch.ordinal, identity.sequence, one.kind)
            texts_by_place[place] = one.payload
    if closed:
        outbox.close()
    copied(folder / "live", folder)
    outbox.close()
    return texts_by_place


def copied(source: Path, target: Path) -> Bench:
    """The files as a restart finds them."""
    (target / "outbox").mkdir(parents=True)
    for path in (source / "outbox").iterdir():
        if not path.name.endswith(("-shm", "-spare")):
            (target / "outbox" / path.name).write_bytes(path.read_bytes())
    return Bench(FolderDatabase(target / "outbox"), LONG_LOG)


def on_page(folder: Path) -> dict[int, set[int]]:
    """Which records use each page: read by the parser that the campaign itself judges."""
    file = FolderDatabase(folder / "outbox")
    pages = Pages(file, "")
    used: dict[int, set[int]] = {}
    for found, number, row in pages.rows():
        if len(row) == 4 and class_of(number) in KINDS and isinstance(row[3], bytes):
            for page in pages.pages_of(found):
                used.setdefault(page, set()).add(number)
    return used


def check(kit: Bench, texts_by_place: dict[int, bytes], spared: set[int]) -> int:
    """Open what was damaged; how many records are gone. Each of the spared ones must be there."""
    outbox = kit.open()
    there = {}
    for one in every(outbox):
        place = place_of(one.identity.epoch.ordinal, one.identity.sequence, one.kind)
        with contextlib.suppress(SealError):  # its receiver would refuse it
            there[place] = kit.payload(outbox, one)
    missing = spared - there.keys()
    assert not missing, f"{len(missing)} records are gone though their pages are whole"
    for place in spared:
        assert there[place] == texts_by_place[place]
    assert outbox.audit() == []
    lost = texts_by_place.keys() - there.keys()
    told = {
        place
        for place in lost
        for gap in outbox.gaps()
        if gap.kind == place & 7
        and gap.reason is Loss.QUARANTINED
        and place_of(gap.epoch.ordinal, gap.first, gap.kind) <= place
        and place <= place_of(gap.epoch.ordinal, gap.last, gap.kind)
    }
    if outbox.salvaged:
        assert told == lost, "what is lost is told"
        counted = sum(count.quarantined for count in outbox.counts().values())
        assert counted == sum(gap.count for gap in outbox.gaps())
    (receipt,) = outbox.accept(texts(RecordClass.ALARM, b"after"))
    assert receipt.standing is Standing.DURABLE
    outbox.close()
    again = kit.open()
    assert len(every(again)) >= len(there) + 1
    assert again.salvaged == []
    again.close()
    return len(lost)


def flipped(path: Path, offset: int, mask: int = 0xFF) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


@pytest.mark.parametrize(
    ("bytes_a_page", "step"), [(1, 4), pytest.param(5, 1, marks=pytest.mark.slow)]
)
def test_a_damaged_page_costs_no_record_of_another_page(
    folder: Path, bytes_a_page: int, step: int
) -> None:
    texts_by_place = filled(folder, closed=True)
    used = on_page(folder)
    path = folder / "outbox" / "outbox.db"
    pages = path.stat().st_size // PAGE_BYTES
    assert set().union(*used.values()) == texts_by_place.keys()
    chance = random.Random(5)
    salvaged = 0
    for page in range(1, pages + 1, step):
        offsets = [0, 4, chance.randrange(100)]
        offsets += chance.sample(range(PAGE_BYTES), bytes_a_page)
        for count, offset in enumerate(offsets[:bytes_a_page]):
            home = folder / f"{page}-{count}"
            kit = copied(folder, home)
            flipped(home / "outbox" / "outbox.db", (page - 1) * PAGE_BYTES + offset)
            spared = texts_by_place.keys() - used.get(page, set())
            check(kit, texts_by_place, spared)
            salvaged += bool(list((home / "outbox").glob("damaged-*")))
    assert salvaged > 0


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_destroyed_page_costs_no_record_of_another_page(folder: Path, step: int) -> None:
    texts_by_place = filled(folder, closed=True)
    used = on_page(folder)
    size = (folder / "outbox" / "outbox.db").stat().st_size
    lost = 0
    for page in range(1, size // PAGE_BYTES + 1, step):
        kit = copied(folder, folder / str(page))
        with (folder / str(page) / "outbox" / "outbox.db").open("r+b") as file:
            file.seek((page - 1) * PAGE_BYTES)
            file.write(b"\xa5" * PAGE_BYTES)
        lost += check(kit, texts_by_place, texts_by_place.keys() - used.get(page, set()))
    assert lost > 0, "nothing was at stake"


@pytest.mark.parametrize("cuts", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_a_file_that_was_cut_short_keeps_what_came_before(folder: Path, cuts: int) -> None:
    texts_by_place = filled(folder, closed=True)
    used = on_page(folder)
    path = folder / "outbox" / "outbox.db"
    size = path.stat().st_size
    for cut in random.Random(3).sample(range(size), cuts):
        kit = copied(folder, folder / str(cut))
        with (folder / str(cut) / "outbox" / "outbox.db").open("r+b") as file:
            file.truncate(cut)
        touched = {page for page in used if page * PAGE_BYTES > cut}
        gone = set().union(*(used[page] for page in touched)) if touched else set()
        if cut >= 3 * PAGE_BYTES:  # before that lie the keys
            check(kit, texts_by_place, texts_by_place.keys() - gone)


@pytest.mark.parametrize("flips", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_damage_in_the_log_is_found_and_costs_one_page(folder: Path, flips: int) -> None:
    texts_by_place = filled(folder, closed=False, allowance=LONG_LOG)
    kit = copied(folder, folder / "whole")
    assert not log_is_damaged(kit.file)
    log = (folder / "outbox" / "outbox.db-wal").read_bytes()
    commits = [at for at, one in enumerate(frames_of_log(log)) if one.commits_pages]
    end = HEAD_BYTES + FRAME_BYTES * (commits[-2] + 1)  # after it, damage is like a power cut
    assert len(commits) > 20
    for number in range(flips):
        chance = random.Random(number)
        offset = chance.randrange(end)
        home = folder / str(number)
        kit = copied(folder, home)
        flipped(home / "outbox" / "outbox.db-wal", offset, 1 << chance.randrange(8))
        assert log_is_damaged(kit.file), offset
        # Of a page whose newest version is damaged there are older ones, with fewer records.
        lost = check(kit, texts_by_place, set())
        assert lost <= RECORDS_A_PAGE, f"byte {offset}: {lost}"


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_destroyed_log_head_costs_nothing(folder: Path, step: int) -> None:
    texts_by_place = filled(folder, closed=False, allowance=LONG_LOG)
    for offset in range(0, HEAD_BYTES, step):
        kit = copied(folder, folder / str(offset))
        flipped(folder / str(offset) / "outbox" / "outbox.db-wal", offset)
        assert check(kit, texts_by_place, set(texts_by_place)) == 0


def test_a_log_cut_short_within_its_last_transaction_is_a_power_cut(folder: Path) -> None:
    filled(folder, closed=False)
    kit = copied(folder, folder / "copy")
    path = folder / "copy" / "outbox" / "outbox.db-wal"
    log = path.read_bytes()
    frames = [at for at in range(HEAD_BYTES, len(log), FRAME_BYTES) if any(log[at : at + 24])]
    path.write_bytes(log[: frames[-1] + 100])
    assert not log_is_damaged(kit.file)


def test_an_interrupted_salvage_is_done_again(folder: Path) -> None:
    texts_by_place = filled(folder, closed=True)
    path = folder / "outbox" / "outbox.db"
    flipped(path, 0)
    kit = bench(folder, Allowance(MIB))
    kit.file.set_aside()
    for records in (10, 20, 30):
        kit.sealer.stop_after = records
        with pytest.raises(RuntimeError, match="the power went"):
            kit.open()
    kit.sealer.stop_after = None
    assert check(kit, texts_by_place, set(texts_by_place)) == 0


def test_damage_that_shows_while_it_is_open_is_repaired_on_the_spot(folder: Path) -> None:
    texts_by_place = filled(folder, closed=True, batches=1000, allowance=Allowance(8 * MIB))
    kit = bench(folder, Allowance(8 * MIB))
    outbox = kit.open()
    path = folder / "outbox" / "outbox.db"
    assert path.stat().st_size > 2 * CACHE_PAGES * PAGE_BYTES, "else it may look at none of them"
    for page in range(30, path.stat().st_size // PAGE_BYTES, 3):
        flipped(path, page * PAGE_BYTES)
    there = every(outbox)
    assert outbox.salvaged[0].lost > 0
    assert 0 < len(there) < len(texts_by_place)
    assert outbox.audit() == []
    (receipt,) = outbox.accept(texts(RecordClass.ALARM, b"after"))
    assert receipt.standing is Standing.DURABLE


def test_what_waits_in_memory_is_not_told_as_lost(folder: Path) -> None:
    texts_by_place = filled(folder, closed=True, batches=60, allowance=Allowance(4 * MIB))
    kit = bench(folder, Allowance(4 * MIB))
    outbox = kit.open()
    outbox.accept(texts(RecordClass.TREND, b"on the disk"))
    with refusing(outbox):
        (receipt,) = outbox.accept(texts(RecordClass.TREND, b"in memory"))
    assert receipt.standing is Standing.VOLATILE
    assert receipt.identity
    path = folder / "outbox" / "outbox.db"
    for page in range(20, path.stat().st_size // PAGE_BYTES, 2):
        flipped(path, page * PAGE_BYTES)
    found = iter([DamagedError("a page is damaged")])
    outbox._healed(lambda _: shows(next(found, None)))
    there = every(outbox)
    assert outbox.salvaged[0].lost > 0
    assert len(there) < len(texts_by_place) + 2
    assert receipt.identity in {one.identity for one in there}
    assert not [
        gap
        for gap in outbox.gaps()
        if (gap.epoch, gap.kind) == (receipt.identity.epoch, RecordClass.TREND)
        and gap.first <= receipt.identity.sequence <= gap.last
    ]
    assert outbox.retry() == 1
    assert outbox.audit() == []


def shows(damage: DamagedError | None) -> None:
    if damage is not None:
        raise damage


@contextlib.contextmanager
def refusing(outbox: Outbox) -> Iterator[None]:
    """The disk takes nothing meanwhile."""
    with pytest.MonkeyPatch.context() as patched:

        def refused(*_: object, **__: object) -> None:
            raise StoreError("the disk refuses")

        patched.setattr(type(outbox._core.writer), "write", refused)
        yield


def test_what_is_no_database_at_all_keeps_nothing_from_starting(folder: Path) -> None:
    (folder / "outbox").mkdir()
    (folder / "outbox" / "outbox.db").write_bytes(b"something else " * 1000)
    kit = bench(folder, Allowance(MIB))
    outbox = kit.open()
    (receipt,) = outbox.accept(texts(RecordClass.ALARM, b"x"))
    assert receipt.standing is Standing.DURABLE
    kept = folder / "outbox" / "damaged-000001.done"
    assert kept.read_bytes() == b"something else " * 1000


def test_only_so_many_damaged_files_are_kept(folder: Path) -> None:
    kit = bench(folder, Allowance(MIB))
    for number in range(5):
        kit.open().close()
        flipped(folder / "outbox" / "outbox.db", number)
    kit.open().close()
    kept = sorted(path.name for path in (folder / "outbox").glob("damaged-*"))
    assert kept == ["damaged-000003.done", "damaged-000004.done", "damaged-000005.done"]


def test_what_was_told_and_what_was_erased_outlives_damage(folder: Path) -> None:
    kit = bench(folder, SMALL)
    outbox = kit.open()
    for number in range(30):
        outbox.accept(texts(RecordClass.EVENT, b"%d" % number, patient="pq"[number % 2]))
    sent = every(outbox)
    outbox.quarantine(sent[4], "refused")
    outbox.delivered(sent[:2])
    subject = subject_of("q")
    assert subject
    outbox.erase(subject)
    before, gaps, counts = every(outbox), outbox.gaps(), outbox.counts()
    outbox.close()
    flipped(folder / "outbox" / "outbox.db", 0)
    outbox = kit.open()
    assert [one.lost for one in outbox.salvaged] == [0]
    assert every(outbox) == before
    assert outbox.counts() == counts
    assert set(gaps) <= set(outbox.gaps())
    more = set(outbox.gaps()) - set(gaps)
    assert {(gap.count, gap.reason) for gap in more} == {(0, Loss.QUARANTINED)}
    assert {key.subject for key in outbox.all_keys()} == {subject_of("p")}
    outbox.close()
