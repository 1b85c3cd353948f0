"""A queue goes out by hand and comes back as answers: what a receiver holds is gone, no more."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from carrying import DEVICE, PAPERS, RECEIVER, RECEIVER_KEY, opened
from outbox_bench import EVERY, MIB, every, swift_folder
from sealed import Sealing, started

from edgeward.adapters.append_log import MemoryLog, PowerCutError
from edgeward.adapters.database import FolderDatabase
from edgeward.adapters.memory_tree import MemoryTree
from edgeward.comms.carried.answers import read_answers, settle
from edgeward.comms.carried.export import Exporter
from edgeward.comms.carried.layout import AnswerFile, answer_of, write_answer
from edgeward.comms.carried.queue import QueueParts, Taken, take_answers
from edgeward.comms.carried.reading import bundles_on
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import Offered, RecordClass
from edgeward_harness.rig.sink.decode import Record, read_batch
from edgeward_harness.rig.sink.opening import Opener, open_record

RUNS = int(os.environ.get("EDGEWARD_CARRY_RUNS", "8"))
TRUSTED = [RECEIVER_KEY.public_key()]


@dataclass
class Device:
    """A device with an outbox, a keyring and a book."""

    folder: Path
    disk: MemoryLog = field(default_factory=MemoryLog)
    starts: int = 0

    def start(self) -> None:
        self.starts += 1
        self.sealing: Sealing = started(self.disk, seed=self.starts)
        self.outbox = Outbox(
            FolderDatabase(self.folder / "outbox"),
            self.sealing.sealer,
            self.sealing.entropy,
            Allowance(4 * MIB),
        )

    def export(self, medium: MemoryTree, bytes_max: int = 1 << 30) -> str:
        public = RECEIVER.public_key().public_bytes_raw()
        entropy = self.sealing.entropy
        parts = QueueParts(DEVICE, self.outbox, self.sealing.sealer, public, entropy)
        exporter = Exporter(DEVICE, PAPERS, public, self.disk, entropy)
        return exporter.export(medium, parts, bytes_max).bundle

    def take(self, medium: MemoryTree) -> list[Taken]:
        answered, _ = read_answers(medium, self.disk, DEVICE, TRUSTED)
        taken = []
        for one in answered:
            taken.append(take_answers(self.outbox, one))
            settle(self.disk, one.bundle)
        return taken

    def waiting(self) -> list[int]:
        return [one.identity.sequence for one in every(self.outbox)]


class Receiver:
    """Reads bundles with the bench's own eyes, and answers as the protocol says."""

    def __init__(self) -> None:
        self.records: dict[tuple[bytes, int], Record] = {}
        self.payloads: list[bytes] = []
        self.gaps: list[tuple[int, int, int, str]] = []
        self._opener = Opener(RECEIVER.private_bytes_raw())

    def take(self, medium: MemoryTree, bundle: str) -> list[dict[str, Any]]:
        """Take a bundle; the answers to its batches."""
        answers = []
        for body in opened(medium, bundle).batches():
            batch = read_batch(body)
            keys = {
                (grant.token, grant.key): self._opener.key(batch.device, grant)
                for grant in batch.grants
            }
            for record in batch.records:
                assert record.flags == 1
                name = record.token, record.sequence
                payload = open_record(batch.device, record, keys[record.token, record.key])
                if name not in self.records:
                    self.payloads.append(payload)
                self.records[name] = record
            self.gaps += [(gap.kind, gap.first, gap.last, gap.reason) for gap in batch.gaps]
            durable = [[one.token.hex(), one.sequence, one.sequence] for one in batch.records]
            answers.append({"protocol": 1, "batch": batch.name, "durable": durable})
        return answers

    def answer(self, medium: MemoryTree, bundle: str, answers: list[dict[str, Any]]) -> None:
        data = write_answer(AnswerFile(DEVICE, bundle, tuple(answers)), RECEIVER_KEY)
        medium.remove(answer_of(bundle))
        medium.create(answer_of(bundle), data)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with swift_folder(tmp_path) as folder:
        made = Device(folder)
        made.start()
        yield made
        made.outbox.close()


def offered(first: int, count: int, patient: str | None = "p-1") -> list[Offered]:
    return [
        Offered(EVERY[number % len(EVERY)], b"%d" % number, patient)
        for number in range(first, first + count)
    ]


def test_the_loop_is_closed_without_a_network(device: Device) -> None:
    medium, receiver = MemoryTree(), Receiver()
    device.outbox.accept(offered(0, 40))
    device.outbox.accept(offered(40, 10, patient=None))
    bundle = device.export(medium)
    assert len(device.waiting()) == 50, "exporting takes nothing out"
    receiver.answer(medium, bundle, receiver.take(medium, bundle))
    assert sorted(receiver.payloads, key=int) == [b"%d" % number for number in range(50)]
    alarms = [one.kind for one in receiver.records.values()].index(1)
    assert {one.kind for one in list(receiver.records.values())[:10]} == {RecordClass.ALARM}
    assert alarms == 10
    assert device.take(medium) == [Taken(delivered=50)]
    assert device.waiting() == []
    assert device.take(medium) == []
    assert device.outbox.audit() == []
    assert sum(count.delivered for count in device.outbox.counts().values()) == 50


def test_what_came_after_an_export_is_not_taken_along(device: Device) -> None:
    """Not even where a receiver claims to hold everything there ever was."""
    medium, receiver = MemoryTree(), Receiver()
    device.outbox.accept(offered(0, 10))
    bundle = device.export(medium)
    device.outbox.accept(offered(10, 5))
    answers = receiver.take(medium, bundle)
    token = device.outbox.newest().epoch.token.hex()
    for answer in answers:
        answer["durable"] = [[token, 1, 1 << 40]]
    receiver.answer(medium, bundle, answers)
    assert device.take(medium) == [Taken(delivered=10)]
    assert device.waiting() == [11, 12, 13, 14, 15]
    second = device.export(medium)
    receiver.take(medium, second)
    assert len(receiver.records) == 15


def test_only_what_is_durable_is_forgotten(device: Device) -> None:
    medium, receiver = MemoryTree(), Receiver()
    device.outbox.accept(offered(0, 20))
    bundle = device.export(medium)
    answers = receiver.take(medium, bundle)
    for answer in answers:
        answer["durable"] = answer["durable"][::2]
    receiver.answer(medium, bundle, [*answers, {"protocol": 1, "batch": "of nobody"}])
    (taken,) = device.take(medium)
    assert taken.delivered + len(device.waiting()) == 20
    again = device.export(medium)
    receiver.answer(medium, again, receiver.take(medium, again))
    device.take(medium)
    assert device.waiting() == []
    assert len(receiver.payloads) == 20, "once each, in effect"


def test_what_a_receiver_refuses_is_set_aside_and_told_as_a_gap(device: Device) -> None:
    medium, receiver = MemoryTree(), Receiver()
    device.outbox.accept([Offered(RecordClass.EVENT, b"%d" % number) for number in range(3)])
    bundle = device.export(medium)
    (answer,) = receiver.take(medium, bundle)
    token, first, _ = answer["durable"].pop(1)
    answer["refused"] = [{"epoch": token, "sequence": first, "reason": "no"}]
    receiver.answer(medium, bundle, [answer])
    assert device.take(medium) == [Taken(delivered=2, set_aside=1)]
    second = device.export(medium)
    receiver.answer(medium, second, receiver.take(medium, second))
    assert receiver.gaps == [(RecordClass.EVENT, 2, 2, "quarantined")]
    device.take(medium)
    assert device.outbox.gaps() == []


def test_an_erased_patient_is_not_carried(device: Device) -> None:
    medium, receiver = MemoryTree(), Receiver()
    device.outbox.accept([*offered(0, 5), *offered(5, 5, patient="p-2"), *offered(10, 5)])
    device.sealing.ring.erase("p-2", at_ns=1)
    bundle = device.export(medium)
    answers = receiver.take(medium, bundle)
    assert sorted(map(int, receiver.payloads)) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    token = device.outbox.newest().epoch.token.hex()
    for answer in answers:
        answer["durable"] = [[token, 1, 1 << 40]]
    receiver.answer(medium, bundle, answers)
    device.take(medium)
    assert device.waiting() == [6, 7, 8, 9, 10], "for the outbox to erase, and to tell"


@pytest.mark.parametrize("seed", range(RUNS))
def test_pulled_out_and_restarted_at_random_nothing_is_lost(device: Device, seed: int) -> None:
    draw = random.Random(seed)
    medium, receiver, count = MemoryTree(), Receiver(), 0
    for _ in range(12):
        more = draw.randrange(15)
        device.outbox.accept(offered(count, more, draw.choice([None, "p-1", "p-2"])))
        count += more
        medium.cut_at = medium.steps + draw.randrange(25)
        try:
            device.export(medium, bytes_max=draw.choice([3000, 1 << 30]))
        except PowerCutError:
            medium = medium.survivor(lambda: draw.random() < 0.5)
        medium.cut_at = None
        if draw.random() < 0.3:
            device.outbox.close()
            device.start()
        if draw.random() < 0.4:
            receive_all(medium, receiver)
            device.take(medium)
            assert device.outbox.audit() == []
    for _ in range(9):
        device.export(medium)
        receive_all(medium, receiver)
        device.take(medium)
    assert device.waiting() == []
    assert sorted(map(int, receiver.payloads)) == list(range(count))


def receive_all(medium: MemoryTree, receiver: Receiver) -> None:
    for bundle in bundles_on(medium):
        if any(entry.name == "manifest" for entry in medium.entries(f"edgeward-{bundle}")):
            receiver.answer(medium, bundle, receiver.take(medium, bundle))
