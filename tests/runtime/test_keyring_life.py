"""Keys come, get new versions, go, and are destroyed; a restart changes nothing of it."""

import threading

import pytest
from sealed import DAY_NS, DEVICE, Receiver, Sealing, started

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.store import MemoryStore
from edgeward.comms.record import DataKey, Identity, Offered, RecordClass
from edgeward.comms.sealing.keyring import Wrapper
from edgeward.errors import SealError, StoreError

MONTH_NS = 30 * DAY_NS
TREND = RecordClass.TREND


class Records:
    """What a device has sealed, with the keys as they are stored."""

    def __init__(self, sealing: Sealing) -> None:
        self.keys: dict[tuple[bytes, int], DataKey] = {}
        self.sealed: list[tuple[Identity, str | None, int, bytes]] = []
        self.use(sealing)

    def use(self, sealing: Sealing) -> None:
        self.sealing, self.epoch, self.sequence = sealing, sealing.begin(), 0

    def seal(self, *patients: str | None) -> None:
        for patient in patients:
            self.sequence += 1
            identity = Identity(self.epoch, self.sequence)
            offered = Offered(TREND, f"{patient}".encode(), patient)
            sealed = self.sealing.sealer.seal(identity, offered)
            self.sealed.append((identity, patient, sealed.key, sealed.blob))
        for key in self.sealing.sealer.drawn():
            self.keys[key.epoch.token, key.number] = key

    def rewrap(self, most: int) -> int:
        """One step of re-wrapping; how many were replaced."""
        done = 0
        for at, key in self.keys.items():
            new = self.sealing.sealer.rewrapped(key) if done < most else None
            if new is not None:
                self.keys[at] = new
                done += 1
        return done

    def readable(self) -> list[str | None]:
        """The patients of the records that open, each proven by its content."""
        found = []
        for identity, patient, number, blob in self.sealed:
            key = self.keys[identity.epoch.token, number]
            try:
                payload = self.sealing.sealer.open(identity, TREND, key, blob)
            except SealError:
                continue
            assert payload == f"{patient}".encode()
            found.append(patient)
        return found

    def in_use(self) -> set[Wrapper]:
        return {Wrapper(key.subject, key.ring) for key in self.keys.values()}


def test_after_a_rotation_all_is_readable_and_nothing_is_written_under_the_old() -> None:
    store = MemoryStore()
    records = Records(started(store))
    records.seal("p-1", "p-2", None, "p-1")
    old = records.in_use()
    assert records.sealing.ring.rotate(MONTH_NS - 1, MONTH_NS) == 0
    assert records.sealing.ring.rotate(MONTH_NS, MONTH_NS) == 4
    before = set(records.keys.values())
    records.seal("p-1", "p-2", None, "p-3")
    new = set(records.keys.values()) - before
    assert len(new) == 4
    assert not {Wrapper(key.subject, key.ring) for key in new} & old
    assert len(records.readable()) == 8
    with pytest.raises(SealError, match="wraps no new keys"):
        records.sealing.ring.wrap(next(iter(old)), bytes(32), b"")
    records.use(started(store, seed=2))
    assert len(records.readable()) == 8


def test_keys_are_rewrapped_in_steps_and_the_old_version_goes() -> None:
    store = MemoryStore()
    records = Records(started(store))
    records.seal("p-1", "p-2", "p-3", "p-4", None)
    ring = records.sealing.ring
    for month in (1, 2):
        ring.rotate(month * MONTH_NS, MONTH_NS)
    assert len(records.sealing.keystore.labels()) == 18
    assert ring.retire(records.in_use(), 2 * MONTH_NS, MONTH_NS) == 1, "the spare's first"
    assert [records.rewrap(2) for _ in range(4)] == [2, 2, 1, 0]
    assert ring.retire(records.in_use(), 2 * MONTH_NS, MONTH_NS) == 5
    assert len(records.readable()) == 5
    records.use(started(store, seed=2, now_ns=2 * MONTH_NS))
    assert len(records.readable()) == 5


def test_a_patient_with_nothing_stored_is_forgotten_after_a_while() -> None:
    records = Records(started(MemoryStore()))
    records.seal("p-1", "p-2", None)
    ring = records.sealing.ring
    kept = {one for one in records.in_use() if one.subject == ring.subject("p-2")}
    assert ring.retire(kept, MONTH_NS - 1, MONTH_NS) == 0
    assert ring.retire(kept, MONTH_NS, MONTH_NS) == 1
    assert ring.subject("p-1") is None
    assert ring.subject("p-2") is not None
    records.seal("p-1", None)
    assert records.readable() == ["p-2", None, "p-1", None]
    ring.retire([], 99 * MONTH_NS, MONTH_NS)
    assert records.sealing.keystore.labels() == ["nobody.1", "spare.1"]


@pytest.mark.parametrize("now_ns", [-1, -10 * 365 * DAY_NS, 10 * 365 * DAY_NS])
def test_a_clock_that_jumps_costs_a_version_and_nothing_else(now_ns: int) -> None:
    records = Records(started(MemoryStore(), now_ns=0))
    records.seal("p-1")
    assert records.sealing.ring.rotate(now_ns, MONTH_NS) == 3
    assert records.sealing.ring.rotate(now_ns, MONTH_NS) == 0
    assert records.sealing.ring.rotate(now_ns + MONTH_NS, MONTH_NS) == 3
    assert records.readable() == ["p-1"]


def test_an_erased_patient_is_unreadable_for_ever_and_it_can_be_shown() -> None:
    store = MemoryStore()
    records = Records(started(store))
    records.seal("p-1", "p-2", None)
    records.sealing.ring.rotate(MONTH_NS, MONTH_NS)
    records.seal("p-1", "p-2")
    ring = records.sealing.ring
    subject = ring.subject("p-1")
    assert records.readable() == ["p-1", "p-2", None, "p-1", "p-2"]
    erased = ring.erase("p-1", at_ns=77)
    assert (erased.subject, erased.at_ns, erased.versions) == (subject, 77, (1, 2))
    assert records.readable() == ["p-2", None, "p-2"]
    receiver = Receiver()
    for key in records.keys.values():
        if key.subject == subject:
            with pytest.raises(SealError):
                records.sealing.sealer.grant(key, receiver.public)
            with pytest.raises(SealError, match="erased, or another device's"):
                records.sealing.sealer.rewrapped(key)
    with pytest.raises(SealError, match="were destroyed at 77 ns"):
        records.seal("p-1")
    records.seal("p-2")
    assert ring.erase("p-1", at_ns=99) == erased
    records.use(started(store, seed=2))
    assert records.readable() == ["p-2", None, "p-2", "p-2"]
    assert records.sealing.ring.erased() == (erased,)
    assert records.sealing.ring.erased()[0].digest == erased.digest
    assert subject is not None
    assert not [one for one in records.sealing.keystore.labels() if subject.hex() in one]


def test_a_patient_who_comes_back_is_somebody_new() -> None:
    records = Records(started(MemoryStore()))
    records.seal("p-1")
    ring = records.sealing.ring
    before = ring.subject("p-1")
    first = ring.erase("p-1", at_ns=1)
    ring.admit("p-1")
    ring.admit("p-9")
    records.seal("p-1")
    assert ring.subject("p-1") not in (None, before)
    assert records.readable() == ["p-1"]
    assert ring.erase("p-1", at_ns=2) != first
    assert records.readable() == []


def test_erasing_somebody_unknown_is_told_and_holds() -> None:
    ring = started(MemoryStore()).ring
    assert ring.erase("p-1", at_ns=3).versions == ()
    with pytest.raises(SealError, match="were destroyed at 3 ns"):
        ring.wrapper("p-1")


@pytest.fixture
def refused() -> tuple[Records, MemoryLog]:
    """A device whose disk refuses, and that has sealed for somebody new since then."""
    log = MemoryLog()
    records = Records(started(log))
    records.seal("p-1", None)
    log.refusal = "no space"
    records.seal("p-2", "p-1", None, "p-2")
    return records, log


def test_somebody_new_is_sealed_for_on_a_full_disk(
    refused: tuple[Records, MemoryLog],
) -> None:
    records, log = refused
    assert [key.ring for key in records.keys.values()] == [1, 1, -1]
    records.use(started(log.survivor(), seed=2))
    assert records.readable() == ["p-1", None, "p-2", "p-1", None, "p-2"]


def test_somebody_new_gets_an_own_key_as_soon_as_the_disk_takes_it(
    refused: tuple[Records, MemoryLog],
) -> None:
    records, log = refused
    with pytest.raises(StoreError):
        records.sealing.ring.settle()
    log.refusal = None
    records.sealing.ring.settle()
    records.seal("p-2")
    assert records.rewrap(99) == 1
    assert [key.ring for key in records.keys.values()] == [1, 1, 1, 1]
    assert len({key.subject for key in records.keys.values()}) == 3
    records.use(started(log.survivor(), seed=2))
    assert len(records.readable()) == 7


@pytest.mark.parametrize("when", ["at once", "after a crash", "with an own key"])
def test_who_is_sealed_for_by_the_spare_can_be_erased(
    refused: tuple[Records, MemoryLog], when: str
) -> None:
    records, log = refused
    if when == "after a crash":
        log = log.survivor()
        records.use(started(log, seed=2))
    log.refusal = None
    if when == "with an own key":
        records.sealing.ring.settle()
        records.seal("p-2")
    ring = records.sealing.ring
    erased = ring.erase("p-2", at_ns=9)
    assert erased.subject in {key.subject for key in records.keys.values()}
    assert records.readable() == ["p-1", None, "p-1", None]
    records.use(started(log, seed=3))
    assert records.readable() == ["p-1", None, "p-1", None]
    in_use = {one for one in records.in_use() if one.version > 0}  # the outbox dropped the rest
    for month in (1, 2):
        records.sealing.ring.rotate(month * MONTH_NS, MONTH_NS)
        records.sealing.ring.retire(in_use, month * MONTH_NS, 9 * MONTH_NS)
    assert "spare.1" not in records.sealing.keystore.labels()


def test_the_spare_stays_as_long_as_something_needs_it(
    refused: tuple[Records, MemoryLog],
) -> None:
    """Its patient never comes back after a crash, so that nothing is wrapped anew."""
    records, log = refused
    log = log.survivor()
    records.use(started(log, seed=2))
    ring = records.sealing.ring
    for month in range(1, 6):
        ring.rotate(month * MONTH_NS, MONTH_NS)
        ring.retire(records.in_use(), month * MONTH_NS, MONTH_NS)
    assert "spare.1" in records.sealing.keystore.labels()
    assert records.readable() == ["p-1", None, "p-2", "p-1", None, "p-2"]
    log.refusal = "no space"
    records.seal("p-9")
    assert records.readable()[-1] == "p-9"


def test_an_erasure_that_the_disk_refused_is_finished_later() -> None:
    log = MemoryLog()
    sealing = started(log)
    sealing.ring.wrapper("p-1")
    log.refusal = "no space"
    with pytest.raises(StoreError):
        sealing.ring.erase("p-1", at_ns=1)
    assert sealing.ring.wrapper("p-1").version == 1
    log.refusal = None
    sealing.ring.erase("p-1", at_ns=2)
    assert sealing.keystore.labels() == ["nobody.1", "spare.1", "spare.2"]


def test_a_device_starts_on_a_disk_that_takes_nothing() -> None:
    log = MemoryLog()
    records = Records(started(log))
    records.seal("p-1", None)
    records.sealing.keystore.new(["stray.1"])
    log.refusal = "read-only"
    records.use(started(log, seed=2))
    assert records.sealing.ring.unsettled
    records.seal("p-1", None)
    log.refusal = None
    records.sealing.ring.settle()
    assert not records.sealing.ring.unsettled
    assert "stray.1" not in started(log.survivor(), seed=3).keystore.labels()
    assert len(records.readable()) == 4


def test_keys_are_cared_for_while_records_are_sealed() -> None:
    """A rotation in the middle of a seal refuses no record and loses none."""
    records = Records(started(MemoryStore()))
    ring, over, failed = records.sealing.ring, threading.Event(), []

    def rotate() -> None:
        now_ns = 0
        while not over.is_set():
            now_ns += MONTH_NS
            try:
                ring.rotate(now_ns, MONTH_NS)
            except Exception as error:
                failed.append(error)

    thread = threading.Thread(target=rotate)
    thread.start()
    try:
        for _ in range(300):
            records.seal("p-1", None, "p-2")
    finally:
        over.set()
        thread.join()
    assert not failed
    assert len(records.readable()) == 900
    receiver = Receiver()
    key = next(iter(records.keys.values()))
    assert receiver.granted(records.sealing.sealer.grant(key, receiver.public), DEVICE, key)
