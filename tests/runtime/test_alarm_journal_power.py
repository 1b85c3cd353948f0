"""A power cut at every byte: what a flush has answered for is there, and the rest harms nothing."""

from typing import Any

import pytest
from alarm_disk import BOOT, Machine, alarm, box_bytes, told
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.adapters.append_log import MemoryLog, PowerCutError
from edgeward.adapters.black_box import MemoryBox
from edgeward.adapters.entropy import SeededEntropy
from edgeward.alarm.journal.journal import Journal
from edgeward.alarm.journal.writer import Keeping

TIGHT = Keeping(segment_bytes=600, segments_max=50, alive_ns=2, beat_ns=1)
ROUNDS = 5


def lived(log: MemoryLog, power_bytes: int | None) -> tuple[Machine, list[Any]]:
    """A machine until its power goes, and what its flushes had answered for."""
    machine = Machine(log, keeping=TIGHT)
    log.power_bytes = power_bytes
    safe: list[Any] = []
    try:
        journal, recovered = machine.open()
        safe = told(recovered)
        first = len(safe)
        for number in range(first, first + ROUNDS):
            machine.clock.advance(1)
            journal.beat()
            journal.record(alarm(number, what="ended" if number % 2 else "declared"))
            if journal.flush().waiting == 0:
                safe.append(alarm(number, what="ended" if number % 2 else "declared"))
        journal.close()
    except PowerCutError:
        pass
    return machine, safe


def spent() -> int:
    """How many bytes a life without a cut writes."""
    log = MemoryLog()
    lived(log, 1 << 30)
    assert log.power_bytes is not None
    return (1 << 30) - log.power_bytes


@pytest.mark.parametrize(
    ("torn", "step"),
    [
        (b"", 13),
        (b"\0" * 7, 31),
        (b"\xff\n\0", 37),
        pytest.param(b"", 1, marks=pytest.mark.slow),
        pytest.param(b"\0\n", 1, marks=pytest.mark.slow),
    ],
    ids=["cut", "zeros", "scraps", "every byte", "every byte, scraps"],
)
def test_at_any_byte(torn: bytes, step: int) -> None:
    total = spent()
    assert total > 2000
    for power_bytes in range(0, total + 1, step):
        machine, safe = lived(MemoryLog(), power_bytes)
        cut = machine.power_cut(torn)
        journal, recovered = cut.open()
        assert told(recovered)[: len(safe)] == safe, power_bytes
        assert len(told(recovered)) <= len(safe) + 1
        assert all(one.benign for one in recovered.damage) or torn, power_bytes
        journal.record(alarm(99))
        assert journal.flush().fault is None
        assert told(cut.power_cut().open()[1]) == [*told(recovered), alarm(99)], power_bytes


@settings(max_examples=60, deadline=None)
@given(powers=st.lists(st.integers(0, 3000), min_size=1, max_size=5))
def test_again_and_again(powers: list[int]) -> None:
    log, safe = MemoryLog(), list[Any]()
    for power_bytes in powers:
        machine, answered = lived(log, power_bytes)
        assert answered[: len(safe)] == safe or not answered
        safe = max(safe, answered, key=len)
        log = machine.power_cut().log
    recovered = machine.power_cut().open()[1]
    assert told(recovered)[: len(safe)] == safe
    assert all(one.benign for one in recovered.damage)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), flushed=st.integers(0, 40), cut_at=st.integers(0, 40))
def test_a_box_on_a_disk_may_come_back_as_any_mixture(seed: int, flushed: int, cut_at: int) -> None:
    """Each of its sectors is old or new; no entry is invented, and none that was safe is lost."""
    machine = Machine(box=MemoryBox(box_bytes()))
    journal, _ = machine.open()
    old, safe = bytes(machine.box.memory), 0
    made = [alarm(number, text="x" * (700 * (number % 3))) for number in range(40)]
    for number, entry in enumerate(made):
        if number == cut_at:
            old = bytes(machine.box.memory)
        journal.record(entry)
        if number < flushed:
            journal.flush()
            safe = number + 1
    machine.box = machine.box.after_power_cut(old, SeededEntropy(seed))
    machine.log = machine.log.survivor()
    recovered = Journal.open(machine.log, machine.box, machine.clock, boot=BOOT)[1]
    seen = told(recovered)
    kept = [entry for entry in made if entry in seen]
    assert [entry for entry in seen if entry in made] == kept
    assert len(kept) == len(seen)
    if machine.keeping.segments_max * machine.keeping.segment_bytes > 40_000:
        assert seen[:safe] == made[:safe]
    assert all(one.benign for one in recovered.damage)
