"""The store of packages: old or new, never neither, at whatever step it ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import packages
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import signed, terms

from edgeward.adapters.append_log import PowerCutError
from edgeward.adapters.memory_tree import MemoryTree
from edgeward.errors import PackageError, StoreError
from edgeward.model.package.layout import Files, package_digest
from edgeward.model.package.store import ModelStore
from edgeward.model.package.verify import Terms


@cache
def package(version: str) -> Files:
    """A small one: it is checked some thousand times."""
    return packages.small_package(version=version)


OLD, NEW, THIRD = map(package, "123")
OLD_ID, NEW_ID, THIRD_ID = map(package_digest, (OLD, NEW, THIRD))
Action = Callable[[ModelStore], object]


def activated(*versions: str) -> MemoryTree:
    """A disk on which these were activated one after the other, all of it durable."""
    return activated_once(versions).survivor()


@cache
def activated_once(versions: tuple[str, ...]) -> MemoryTree:
    tree = MemoryTree()
    for version in versions:
        ModelStore(tree).activate(package(version), terms())
    return tree


def active(tree: MemoryTree) -> str:
    """The digest of what runs after a start; whatever it is, it was checked again."""
    return ModelStore(tree).load(terms()).digest


def test_a_store_begins_empty() -> None:
    store = ModelStore(MemoryTree())
    assert store.pointer() is None
    with pytest.raises(PackageError, match="the active package: found none"):
        store.load(terms())
    with pytest.raises(PackageError, match="the package before: found none"):
        store.rollback(terms())


def test_the_last_two_are_kept_and_known() -> None:
    tree = activated("1", "2", "3")
    store = ModelStore(tree)
    pointer = store.pointer()
    assert pointer is not None
    assert (pointer.active, pointer.before, pointer.profile) == (THIRD_ID, NEW_ID, "wearable")
    assert active(tree) == THIRD_ID
    assert set(store.digests()) == {THIRD_ID, NEW_ID}  # the first one is gone since that start


def test_going_back_and_forth() -> None:
    store = ModelStore(activated("1", "2"))
    assert store.rollback(terms()).digest == OLD_ID
    assert store.rollback(terms()).digest == NEW_ID


def test_activating_again_changes_nothing() -> None:
    tree = activated("1", "2")
    before = ModelStore(tree).pointer()
    ModelStore(tree).activate(NEW, terms())
    assert ModelStore(tree).pointer() == before
    assert tree.steps == 0


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_refused_package_leaves_everything_as_it_was(version: str) -> None:
    tree = activated("1", "2")
    card = json.loads(package(version)["card.json"]) | {"evidence": []}
    without_evidence = signed({**package(version), "card.json": json.dumps(card).encode()})
    with pytest.raises(PackageError, match="evidence for the device profile"):
        ModelStore(tree).activate(without_evidence, terms())
    assert tree.steps == 0
    assert active(tree) == NEW_ID


def test_going_back_is_checked_like_any_activation() -> None:
    tree = activated("1", "2")
    with pytest.raises(PackageError, match="workstation"):
        ModelStore(tree).rollback(terms("workstation"))
    tree.remove(f"packages/{OLD_ID}/NOTICE")
    tree.create(f"packages/{OLD_ID}/NOTICE", b"other")
    with pytest.raises(PackageError, match="NOTICE: found SHA-256"):
        ModelStore(tree).rollback(terms())
    assert active(tree) == NEW_ID


def test_a_profile_that_changed_since_starts_goes_back_to_and_activates_nothing() -> None:
    """What was activated before it changed is no exception, and stays where it is."""
    tree = activated("1", "2")
    then = packages.profile()
    now = replace(then, budget=replace(then.budget, inference_ms=then.budget.inference_ms / 2))
    accepted = Terms(packages.trusted(), now)
    actions: tuple[Action, ...] = (
        lambda store: store.load(accepted),
        lambda store: store.rollback(accepted),
        lambda store: store.activate(THIRD, accepted),
    )
    for action in actions:
        with pytest.raises(PackageError, match=r"as it was, .* `edgeward verify --profile wear"):
            action(ModelStore(tree))
        assert tree.steps == 0
    assert active(tree) == NEW_ID
    evidence = packages.evidence() | {"profile_sha256": now.sha256}
    again = packages.recarded({"evidence": [evidence]}, "2")
    assert ModelStore(tree).activate(again, accepted).digest == package_digest(again)
    assert ModelStore(tree).load(accepted).dossier.evidence_for(then) is None


def test_without_a_profile_nothing_is_activated() -> None:
    with pytest.raises(PackageError, match="profile"):
        ModelStore(MemoryTree()).activate(OLD, Terms(packages.trusted(), None))


def test_a_package_that_was_damaged_on_the_disk_is_refused_and_can_be_replaced() -> None:
    tree = activated("1", "2")
    tree.remove(f"packages/{NEW_ID}/model.onnx")
    with pytest.raises(PackageError, match=r"model.onnx: found no such file"):
        active(tree)
    ModelStore(tree).activate(NEW, terms())
    assert active(tree) == NEW_ID
    assert ModelStore(tree).rollback(terms()).digest == OLD_ID


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1]", b'{"active":"../x","before":null,"profile":"p"}']
)
def test_a_damaged_pointer_is_told_and_nothing_is_removed(data: bytes) -> None:
    tree = activated("1", "2")
    tree.remove("active")
    tree.create("active", data)
    for action in (active, lambda tree: ModelStore(tree).activate(THIRD, terms())):
        with pytest.raises(PackageError, match="what an activation writes"):
            action(tree)
    assert set(ModelStore(tree).digests()) == {OLD_ID, NEW_ID}


def test_one_at_a_time() -> None:
    tree = activated("1")
    with tree.claim():
        with pytest.raises(StoreError, match="somebody else"):
            ModelStore(tree).activate(NEW, terms())
        assert active(tree) == OLD_ID


def activate_new(store: ModelStore) -> None:
    store.activate(NEW, terms())


def roll_back(store: ModelStore) -> None:
    store.rollback(terms())


SCENES: list[tuple[tuple[str, ...], Action, set[str]]] = [
    (("1",), activate_new, {OLD_ID, NEW_ID}),
    (("3", "1"), activate_new, {OLD_ID, NEW_ID}),
    (("1", "2"), roll_back, {OLD_ID, NEW_ID}),
    (("2", "1"), activate_new, {OLD_ID, NEW_ID}),
]


@cache
def steps_of(before: tuple[str, ...], action: Action) -> int:
    tree = activated(*before)
    action(ModelStore(tree))
    return tree.steps


def cut(before: tuple[str, ...], action: Action, step: int) -> MemoryTree:
    """The disk on which the action ended at this step."""
    tree = activated(*before)
    tree.cut_at = step
    with pytest.raises(PowerCutError):
        action(ModelStore(tree))
    return tree


@pytest.mark.parametrize(("before", "action", "either"), SCENES)
def test_killed_at_every_step(before: tuple[str, ...], action: Action, either: set[str]) -> None:
    total = steps_of(before, action)
    assert total >= 4
    found = []
    for step in range(total):
        tree = cut(before, action, step).survivor()
        found.append(active(tree))
        left = {one.name for one in tree.entries("packages")}
        assert left <= {OLD_ID, NEW_ID, THIRD_ID}, "a leftover outlived a start"
        assert [one.name for one in tree.entries("")] == ["active", "packages"]
        action(ModelStore(tree))  # what was cut short can be done again
    assert set(found) == either, "the switch happens within these steps"
    assert found == sorted(found, key=found.index), "and once"


@pytest.mark.parametrize(("before", "action", "either"), SCENES)
def test_refused_at_every_step(before: tuple[str, ...], action: Action, either: set[str]) -> None:
    for step in range(steps_of(before, action)):
        tree = activated(*before)
        tree.refuse_at = step
        with pytest.raises(StoreError):
            action(ModelStore(tree))
        assert active(tree) in either
        action(ModelStore(tree))


@settings(max_examples=100)
@given(data=st.data())
def test_a_power_cut_leaves_old_or_new_whatever_had_reached_the_disk(data: st.DataObject) -> None:
    before, action, either = data.draw(st.sampled_from(SCENES))
    step = data.draw(st.integers(0, steps_of(before, action) - 1))
    tree = cut(before, action, step)
    assert active(tree.survivor(lambda: data.draw(st.booleans()))) in either


@pytest.mark.parametrize("reached", [True, False])
def test_what_was_activated_stays_so_without_power(*, reached: bool) -> None:
    tree = activated("1")
    ModelStore(tree).activate(NEW, terms())
    assert active(tree.survivor(lambda: reached)) == NEW_ID


@given(data=st.data())
def test_the_first_activation_leaves_nothing_or_all(data: st.DataObject) -> None:
    step = data.draw(st.integers(0, steps_of((), activate_new) - 1))
    tree = cut((), activate_new, step).survivor(lambda: data.draw(st.booleans()))
    store = ModelStore(tree)
    if store.pointer() is not None:
        assert active(tree) == NEW_ID
        return
    with pytest.raises(PackageError, match="the active package: found none"):
        store.load(terms())
    assert store.digests() == ()


def test_nothing_is_removed_that_a_power_cut_would_bring_back_into_use() -> None:
    """The switch was not synced; whether the disk has it is unknown when leftovers are cleared."""
    tree = activated("1", "2")
    tree.refuse_at = steps_of(("1", "2"), lambda store: store.activate(THIRD, terms())) - 1
    with pytest.raises(StoreError):
        ModelStore(tree).activate(THIRD, terms())
    assert active(tree) == THIRD_ID
    pointer_did_not_reach = iter([False])
    found = tree.survivor(lambda: next(pointer_did_not_reach, True))
    assert ModelStore(found).rollback(terms()).digest in (OLD_ID, NEW_ID)


class LyingDisk(MemoryTree):
    """A disk that says it has the bytes, and gives back others."""

    __slots__ = ()

    def create(self, path: str, data: bytes) -> None:
        super().create(path, data[:-1] + b"?" if path.endswith("NOTICE") else data)


def test_a_disk_that_lies_is_found_out() -> None:
    tree = LyingDisk()
    with pytest.raises(StoreError, match="other bytes than were written"):
        ModelStore(tree).activate(NEW, terms())
    assert ModelStore(tree).pointer() is None


@pytest.mark.slow
def test_killed_for_real(tmp_path: Path) -> None:
    """Some forty processes that activate, each ended with SIGKILL somewhere."""
    lab = Path(__file__).parent / "labs" / "killed_activation.py"
    done = subprocess.run(
        [sys.executable, lab, tmp_path / "store", "40", "5"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["1"] + figures["2"] == figures["rounds"] == 40
    assert min(figures["1"], figures["2"]) > 0
    assert figures["leftovers"] > 0, "none was killed in the middle"
