"""Whatever is done to an outbox, it is what a list would be."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from outbox_bench import MIB, Bench, every, subject_of
from power_disk import Disk, PowerFolder

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.record import Identity, Loss, Offered, RecordClass
from edgeward.errors import StoreError

PATIENTS = ("p", "q", None)
QUOTAS: tuple[dict[RecordClass, int], ...] = (
    {},
    {RecordClass.WAVEFORM: 60, RecordClass.TREND: 15, RecordClass.EVENT: 15},
    {RecordClass.EVENT: 40},
)
Record = tuple[RecordClass, bytes, str | None]


class Reference:
    """An outbox in the least words: what is kept, in order, and what became of the rest."""

    def __init__(self) -> None:
        self.kept: list[Record] = []
        self.accepted = self.delivered = self.quarantined = self.erased = self.evicted = 0

    def accept(self, record: Record) -> None:
        self.kept.append(record)
        self.accepted += 1

    def drop(self, which: Callable[[Record], bool]) -> int:
        before = len(self.kept)
        self.kept = [record for record in self.kept if not which(record)]
        return before - len(self.kept)

    def evict(self, kept: list[Record], *, broken: bool) -> None:
        """The oldest of the lower classes may have gone, and nothing else.

        While the disk was broken, they were the oldest of those in memory.
        """
        for kind in RecordClass:
            mine = [record for record in self.kept if record[0] is kind]
            theirs = [record for record in kept if record[0] is kind]
            gone = set(mine) - set(theirs)
            assert theirs == [record for record in mine if record not in gone]
            assert broken or theirs == mine[len(gone) :], "the oldest go first"
            assert len(theirs) == len(mine) or kind not in (RecordClass.ALARM, RecordClass.AUDIT)
        self.evicted += len(self.kept) - len(kept)
        self.kept = kept


class Life(RuleBasedStateMachine):
    """Accept, deliver, set aside, erase, restart, crash, a disk that is full or broken."""

    @initialize(quotas=st.sampled_from(QUOTAS))
    def begin(self, quotas: dict[RecordClass, int]) -> None:
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.home = Path(self.folder.name) / "outbox"
        self.disk = Disk()
        self.kit = Bench(PowerFolder(self.home, self.disk), Allowance(MIB, quota_percent=quotas))
        self.outbox = self.kit.open()
        self.reference = Reference()
        self.by_identity: dict[Identity, Record] = {}
        self.number = 0
        self.was_broken = False

    @rule(
        kinds=st.lists(st.sampled_from(RecordClass), min_size=1, max_size=8),
        size=st.sampled_from([10, 300, 3500]),
        patient=st.sampled_from(PATIENTS),
    )
    def accept(self, kinds: list[RecordClass], size: int, patient: str | None) -> None:
        offered = [Offered(kind, self.named(size), patient) for kind in kinds]
        for one, receipt in zip(offered, self.outbox.accept(offered), strict=True):
            if receipt.identity is not None:
                record = (one.kind, one.payload, one.patient)
                self.reference.accept(record)
                self.by_identity[receipt.identity] = record

    @rule(kind=st.sampled_from(RecordClass), count=st.integers(1, 8))
    def flood(self, kind: RecordClass, count: int) -> None:
        for _ in range(count):
            self.accept([kind] * 8, 3500, None)

    @rule(kind=st.sampled_from(RecordClass), count=st.integers(1, 30))
    def deliver(self, kind: RecordClass, count: int) -> None:
        sent = self.outbox.queued([kind], records_max=count, bytes_max=MIB)
        texts = {self.by_identity[one.identity][1] for one in sent}
        left = set[bytes]()
        try:
            self.outbox.delivered(sent)
        except StoreError:
            assert self.disk_refuses
            left = {record[1] for record in self.found()}  # what was in memory is delivered
        self.reference.delivered += self.reference.drop(lambda record: record[1] in texts - left)

    @rule(kind=st.sampled_from(RecordClass))
    @precondition(lambda self: not self.disk_refuses)
    def set_aside(self, kind: RecordClass) -> None:
        sent = self.outbox.queued([kind], records_max=1, bytes_max=1)
        texts = {self.kit.payload(self.outbox, one) for one in sent}
        assert all(self.outbox.quarantine(one, "refused") for one in sent)
        self.reference.quarantined += self.reference.drop(lambda record: record[1] in texts)

    @rule()
    @precondition(lambda self: not self.disk_refuses)
    def erase(self) -> None:
        """The patient comes back at once, under a new key."""
        if not self.all_stored():
            return
        subject = subject_of("p")
        assert subject
        self.outbox.erase(subject)
        self.reference.erased += self.reference.drop(lambda record: record[2] == "p")
        self.outbox.close()
        self.outbox = self.kit.open()

    @rule()
    @precondition(lambda self: not self.disk_refuses)
    def restart(self) -> None:
        if not self.all_stored():
            return
        self.outbox.close()
        self.outbox = self.kit.open()

    @rule()
    @precondition(lambda self: not self.disk_refuses)
    def crash(self) -> None:
        """The process is killed: what it had open stays as it is."""
        if not self.all_stored():
            return
        twin = Path(f"{self.home}-after")
        shutil.copytree(self.home, twin, ignore=shutil.ignore_patterns("*-shm"))
        self.outbox.close()
        shutil.rmtree(self.home)
        twin.rename(self.home)
        self.kit.file = PowerFolder(self.home, self.disk)
        self.outbox = self.kit.open()

    @rule()
    @precondition(lambda self: not self.disk_refuses)
    def breaks(self) -> None:
        self.disk.broken = self.was_broken = True

    @rule()
    @precondition(lambda self: self.disk_refuses)
    def mends(self) -> None:
        self.disk.broken = False
        self.all_stored()

    @rule()
    @precondition(lambda self: not self.disk_refuses)
    def empty_log(self) -> None:
        self.outbox.checkpoint()

    @invariant()
    def holds(self) -> None:
        """It keeps what the list keeps, or has evicted the oldest; and every record is counted."""
        if self.disk_refuses:
            return
        self.reference.evict(self.found(), broken=self.was_broken)
        self.was_broken = False
        counts = self.outbox.counts().values()
        for count in counts:
            assert count.accepted == (
                count.delivered + count.queued + count.evicted
                + count.quarantined + count.erased + count.volatile
            )  # fmt: skip
        for figure in ("accepted", "delivered", "quarantined", "erased", "evicted"):
            mine = sum(getattr(count, figure) for count in counts)
            assert mine == getattr(self.reference, figure), figure
        assert self.outbox.audit() == []
        assert self.outbox.salvaged == []
        assert self.outbox.size_bytes() <= MIB
        told = self.outbox.gaps() if not any(count.volatile for count in counts) else []
        if told:
            evicted = sum(gap.count for gap in told if gap.reason is Loss.EVICTED)
            assert evicted <= self.reference.evicted

    def all_stored(self) -> bool:
        """Whether nothing waits in memory, where it would die with the process."""
        with contextlib.suppress(StoreError):  # the queue is full
            self.outbox.retry()
        return not any(count.volatile for count in self.outbox.counts().values())

    @property
    def disk_refuses(self) -> bool:
        return self.disk.broken

    def found(self) -> list[Record]:
        return [self.by_identity[one.identity] for one in every(self.outbox)]

    def named(self, size: int) -> bytes:
        self.number += 1
        return b"%08d" % self.number + bytes(size)

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.disk.broken = False
            self.outbox.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


def run(**figures: Any) -> None:
    run_state_machine_as_test(Life, settings=settings(deadline=None, **figures))


def test_an_outbox_is_a_list_that_survives() -> None:
    run(max_examples=4, stateful_step_count=12)


@pytest.mark.slow
def test_an_outbox_is_a_list_that_survives_a_long_life() -> None:
    run(max_examples=80, stateful_step_count=40)
