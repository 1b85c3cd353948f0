"""Threads accept, hand over and empty the log at once: none sees half of what another one does."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from outbox_bench import MIB, Bench, bench, every, swift_folder, texts

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.record import Queued, RecordClass, Standing

KINDS = (RecordClass.TREND, RecordClass.ALARM)


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Bench]:
    with swift_folder(tmp_path) as folder:
        yield bench(folder, Allowance(4 * MIB))


@pytest.mark.parametrize("batches", [60, pytest.param(1500, marks=pytest.mark.slow)])
def test_what_one_thread_takes_another_one_hands_over_in_order(kit: Bench, batches: int) -> None:
    outbox = kit.open()
    ended, wrong = threading.Event(), list[BaseException]()
    sent: dict[RecordClass, list[Queued]] = {kind: [] for kind in KINDS}

    def hand_over() -> None:
        for kind in KINDS:
            part = outbox.queued([kind], records_max=20, bytes_max=MIB)
            assert outbox.delivered(part) == len(part)
            sent[kind] += part

    def during(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                while not ended.is_set():
                    work()
            except BaseException as error:
                wrong.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def audit() -> None:
        assert outbox.audit() == []

    threads = [during(hand_over), during(outbox.checkpoint), during(audit)]
    try:
        for number in range(batches):
            offered = [one for kind in KINDS for one in texts(kind, b"%d" % number)]
            receipts = outbox.accept(offered)
            assert {one.standing for one in receipts} == {Standing.DURABLE}
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    for kind in KINDS:
        taken = [one.identity.sequence for one in sent[kind] + every(outbox, kind)]
        assert taken == sorted(set(taken))
        assert len(taken) == batches
        count = outbox.counts()[kind]
        assert (count.accepted, count.delivered) == (batches, len(sent[kind]))
    assert outbox.audit() == []
    outbox.close()
