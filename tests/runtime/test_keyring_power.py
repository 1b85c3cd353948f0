"""The power goes, or the disk refuses, at every step that changes a keyring."""

import random
from collections.abc import Callable

import pytest
from sealed import DAY_NS, Sealing, started
from tree_store import TreeStore

from edgeward.adapters.append_log import PowerCutError
from edgeward.adapters.memory_tree import MemoryTree
from edgeward.comms.record import DataKey, Identity, Offered, RecordClass
from edgeward.comms.sealing.keyring import Wrapper
from edgeward.errors import SealError, StoreError

MONTH_NS = 30 * DAY_NS
KIND = RecordClass.ALARM
FIRST_STEPS = 4 * 5
"""Keystore and ring are written twice each, in five steps."""
Kept = list[tuple[str | None, Identity, DataKey, bytes]]


class Life:
    """A device that seals, rotates, re-wraps, retires and erases, and what it promised so far."""

    def __init__(self, tree: MemoryTree) -> None:
        self.tree = tree
        self.kept: Kept = []
        self.erasing: set[str] = set()
        self.erased: set[str] = set()
        self.keys: dict[int, DataKey] = {}
        self.old: set[Wrapper] = set()
        """Versions that may wrap nothing new."""

    def go(self) -> None:
        """All of it; what was promised stands in the fields, wherever it ends."""
        sealing = started(TreeStore(self.tree))
        self.epoch, self.sequence = sealing.begin(), 0
        steps: list[Callable[[], None]] = [
            lambda: self.seal(sealing, "p-1", "p-2", None),
            lambda: self.rotate(sealing, 1),
            lambda: self.seal(sealing, "p-1", "p-3", None),
            lambda: self.rewrap(sealing),
            lambda: self.erase(sealing, "p-1"),
            lambda: self.rotate(sealing, 2),
            lambda: self.rewrap(sealing),
            lambda: self.retire(sealing),
            lambda: self.seal(sealing, "p-2", None),
            lambda: self.erase(sealing, "p-3"),
        ]
        for step in steps:
            try:
                step()
            except StoreError:
                step()  # a disk that refuses once is asked again

    def seal(self, sealing: Sealing, *patients: str | None) -> None:
        for patient in patients:
            self.sequence += 1
            identity = Identity(self.epoch, self.sequence)
            sealed = sealing.sealer.seal(identity, Offered(KIND, b"x", patient))
            for key in sealing.sealer.drawn():
                assert Wrapper(key.subject, key.ring) not in self.old
                self.keys[key.number] = key
            self.kept.append((patient, identity, self.keys[sealed.key], sealed.blob))

    def rotate(self, sealing: Sealing, month: int) -> None:
        old = {sealing.ring.wrapper(one[0]) for one in self.kept if one[0] not in self.erased}
        if sealing.ring.rotate(month * MONTH_NS, MONTH_NS):
            self.old |= old

    def rewrap(self, sealing: Sealing) -> None:
        for at, (patient, identity, key, blob) in enumerate(self.kept):
            if patient not in self.erased:
                self.kept[at] = patient, identity, sealing.sealer.rewrapped(key) or key, blob

    def retire(self, sealing: Sealing) -> None:
        in_use = {Wrapper(key.subject, key.ring) for _, _, key, _ in self.kept}
        sealing.ring.retire(in_use, 2 * MONTH_NS, 9 * MONTH_NS)

    def erase(self, sealing: Sealing, patient: str) -> None:
        self.erasing.add(patient)
        sealing.ring.erase(patient, at_ns=9)
        self.erased.add(patient)


def check(life: Life, found: MemoryTree) -> None:
    """What a later start finds keeps every promise."""
    later = started(TreeStore(found), seed=2)
    told = later.ring.erased()
    for patient, identity, key, blob in life.kept:
        try:
            readable = later.sealer.open(identity, KIND, key, blob) == b"x"
        except SealError:
            readable = False
        if patient in life.erased:
            assert not readable
        elif patient not in life.erasing:
            assert readable
        else:  # cut while it was erased: as before, or gone and told so
            subjects = [one.subject for one in told]
            assert readable is (key.subject not in subjects)
    stray = [one for one in later.keystore.labels() if any(
        each.subject and each.subject.hex() in one for each in told
    )]  # fmt: skip
    assert not stray
    later.sealer.seal(Identity(later.begin(), 1), Offered(KIND, b"x"))


def steps() -> int:
    tree = MemoryTree()
    Life(tree).go()
    return tree.steps


@pytest.mark.parametrize("cut_at", range(steps()))
def test_a_power_cut_at_any_step_keeps_every_promise(cut_at: int) -> None:
    tree = MemoryTree()
    tree.cut_at = cut_at
    life = Life(tree)
    with pytest.raises(PowerCutError):
        life.go()
    check(life, tree.survivor())
    for seed in range(6):
        draw = random.Random(f"{cut_at}/{seed}")
        check(life, tree.survivor(lambda: draw.random() < 0.5))  # noqa: B023 - used at once


@pytest.mark.parametrize("refuse_at", range(steps()))
def test_a_disk_that_refuses_any_step_keeps_every_promise(refuse_at: int) -> None:
    tree = MemoryTree()
    tree.refuse_at = refuse_at
    life = Life(tree)
    try:
        life.go()
    except StoreError:
        assert refuse_at < FIRST_STEPS, "only a first start may fail"
    for seed in range(4):
        draw = random.Random(f"{refuse_at}/{seed}")
        check(life, tree.survivor(lambda: draw.random() < 0.5))  # noqa: B023 - used at once
    check(life, tree.survivor())


@pytest.mark.parametrize("cut_after", range(1, 31, 2))
@pytest.mark.parametrize("refused", [14, 19])
def test_a_ring_that_may_be_on_the_disk_keeps_its_keys(cut_after: int, refused: int) -> None:
    """It named a key, could not say so for sure, and then keys that nobody names were destroyed."""
    tree = MemoryTree()
    sealing = started(TreeStore(tree))
    tree.refuse_at = tree.steps + refused
    with pytest.raises(StoreError):
        sealing.ring.rotate(MONTH_NS, MONTH_NS)
    tree.cut_at = tree.steps + cut_after
    try:
        sealing.ring.settle()
    except PowerCutError:
        assert cut_after < FIRST_STEPS
    for seed in range(8):
        draw = random.Random(f"{cut_after}/{seed}")
        started(TreeStore(tree.survivor(lambda: draw.random() < 0.5)), seed=2)  # noqa: B023
