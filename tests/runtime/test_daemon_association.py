"""A sample belongs to one patient or to nobody, whatever is changed while samples come."""

import argparse
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from watching_daemon import TAKEN, S, device_at

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.clock import SimulatedClock
from edgeward.device.daemon import patients_command
from edgeward.device.daemon.asked import Asked
from edgeward.device.daemon.belonging import Belonging
from edgeward.device.daemon.control import Control
from edgeward.device.daemon.naming import read_name
from edgeward.device.daemon.patients import Patients
from edgeward.device.daemon.registry import Registry
from edgeward.device.rpc import Request, RpcError
from edgeward.gateway.association import Associations
from edgeward.gateway.bindings import Bindings
from edgeward.process.stream import Block

COUNT = 250


class Ward:
    """Devices that send, and an operator who acts between two blocks."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.clock = SimulatedClock()
        self.log = log or MemoryLog()
        self.device = device_at(self.clock, watched=False)
        associations, self.damage = Associations.open(self.log, self.clock)
        self.patients = Patients(
            self.device.open_bedside(),
            self.clock,
            self.device.processor.conditions,
            8,
            belonging=Belonging(associations.copied()),
        )
        self.device.patients = self.patients
        self.registry = Registry(associations, Asked(self.device), self.patients)
        self.judged: list[tuple[str, str, int]] = []
        """Patient, channel, and how many samples were judged for them."""
        self.sent: dict[str, int] = {}
        pushed = self.patients.bedside.push

        def push(patient: str, channel: str, first: int, samples: Any, *rest: Any) -> int:
            self.judged.append((patient, channel, len(samples)))
            return pushed(patient, channel, first, samples, *rest)

        self.patients.bedside.push = push  # type: ignore[method-assign, assignment]

    def send(self, name: str, seconds: int = 1, first: int | None = None) -> None:
        """A second of a stream in each block, judged at once."""
        named = read_name(name, TAKEN)
        assert named.channel is not None
        rate_hz = named.channel.rate_hz
        if first is not None:
            self.sent[name] = first
        for _ in range(seconds):
            self.clock.advance(S)
            samples = np.random.default_rng(1).normal(0, 1, rate_hz).astype(np.float32)
            at = self.sent.get(name, 0)
            self.patients.take(name, named, Block(at, samples, None, self.clock.monotonic_ns()))
            self.sent[name] = at + rate_hz
            self.patients.end()

    def does(self, action: str, **given: str) -> None:
        """An operator acts; the clinical thread is this one."""
        request = Request(1, f"patient.{action}", {**given, "by": "nurse 7"})
        raised: list[Exception] = []

        def ask() -> None:
            try:
                self.registry.ask(request)
            except RpcError as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        while thread.is_alive():
            self.registry.asked.work()
        thread.join()
        if raised:
            raise raised[0]

    def of(self, patient: str) -> int:
        """Samples that were judged for a patient."""
        return sum(count for who, _, count in self.judged if who == patient)

    def up(self) -> set[tuple[str | None, str]]:
        """Patient and condition of each alarm."""
        alarms = self.patients.bedside.alarms.alarms
        return {(one.patient, one.condition) for one in alarms}


@pytest.fixture
def ward() -> Iterator[Ward]:
    one = Ward()
    yield one
    one.device.close()


def test_a_device_that_nobody_has_associated_is_the_bed_of_its_name(ward: Ward) -> None:
    ward.send("bed-7", 2)
    assert ward.of("bed-7") == 500
    assert ward.patients.watched().devices == {"bed-7": "bed-7"}
    assert ward.log.names() == []  # no disk was asked before somebody was watched


def test_from_the_association_on_samples_are_of_the_other_patient_and_the_bed_is_missed(
    ward: Ward,
) -> None:
    ward.send("bed-7", 2)
    ward.send("bed-7/ppg@125", 2)
    ward.does("associate", device="bed-7", patient="Anna")
    ward.send("bed-7", 3)
    ward.send("bed-7/ppg@125", 3)
    assert (ward.of("bed-7"), ward.of("Anna")) == (750, 1125)
    assert {("bed-7", "ecg_stale"), ("bed-7", "ppg_stale")} <= ward.up()
    with pytest.raises(RpcError, match=r"'nobody' is not admitted"):
        ward.does("discharge", patient="nobody")
    ward.does("discharge", patient="bed-7")
    assert not {one for one in ward.up() if one[0] == "bed-7"}
    with pytest.raises(RpcError, match="bed-7 still belong to patient 'Anna'"):
        ward.does("discharge", patient="Anna")


def test_devices_that_were_mixed_up_are_swapped_at_once(ward: Ward) -> None:
    for device, patient in (("a", "Anna"), ("b", "Ben")):
        ward.send(device, 1)
        ward.does("associate", device=device, patient=patient)
        ward.send(device, 2)
    ward.does("swap", device="a", other="b")
    ward.send("a", 4)
    ward.send("b", 8)
    assert ward.of("Ben") == (2 + 4) * COUNT
    assert ward.of("Anna") == (2 + 8) * COUNT
    ward.does("transfer", device="a", patient="Carl")
    ward.does("dissociate", device="b")
    ward.send("a", 1)
    ward.send("b", 1)
    assert ward.of("Carl") == COUNT
    assert ward.patients.watched().nobody == {"unassociated": COUNT}
    assert (None, "refused") in ward.up()  # that somebody's samples are nobody's is told


def test_a_change_that_the_disk_may_not_have_leaves_the_samples_to_nobody(ward: Ward) -> None:
    ward.send("bed-7", 1)
    ward.log.refusal = "I/O error"
    with pytest.raises(RpcError, match="its samples are nobody's until it is settled"):
        ward.does("associate", device="bed-7", patient="Anna")
    ward.send("bed-7", 2)
    assert (ward.of("bed-7"), ward.of("Anna")) == (COUNT, 0)
    assert ward.patients.watched().nobody == {"in_doubt": 2 * COUNT}
    assert (None, "refused") in ward.up()
    ward.log.refusal = None
    with pytest.raises(RpcError, match="accepted: one that sends"):
        ward.does("dissociate", device="other")  # whatever is asked: what is in doubt comes first
    ward.send("bed-7", 1)
    assert ward.of("Anna") == COUNT


def test_what_is_refused_leaves_all_as_it_was(ward: Ward) -> None:
    ward.send("bed-7", 1)
    with pytest.raises(RpcError, match="belongs to nobody; accepted: one of another patient"):
        ward.does("transfer", device="bed-7", patient="Anna")
    with pytest.raises(RpcError, match="found the device 'bed-9'; accepted: one that sends: bed-7"):
        ward.does("swap", device="bed-7", other="bed-9")
    ward.send("bed-7", 1)
    assert ward.of("bed-7") == 2 * COUNT


def test_after_a_restart_a_device_shows_whom_it_showed(ward: Ward) -> None:
    ward.send("bed-7", 2)
    ward.does("associate", device="bed-7", patient="Anna")
    again = Ward(ward.log)
    assert not again.damage
    again.send("bed-7", 1, first=2000)
    assert (again.of("Anna"), again.of("bed-7")) == (COUNT, 0)
    again.device.close()


def test_a_sender_that_counts_from_the_beginning_is_nobodys_until_it_is_associated_again(
    ward: Ward,
) -> None:
    ward.send("bed-7", 2)
    ward.does("associate", device="bed-7", patient="Anna")
    again = Ward(ward.log)
    again.send("bed-7", 4, first=0)  # beyond the boundary, too: it is another count
    assert (again.of("Anna"), again.of("bed-7")) == (0, 0)
    assert (None, "refused") in again.up()
    again.does("associate", device="bed-7", patient="Anna")
    again.send("bed-7", 2)
    assert again.of("Anna") == 2 * COUNT
    again.device.close()


def test_a_device_that_is_known_from_before_and_does_not_come_is_missed(ward: Ward) -> None:
    ward.send("bed-7", 2)
    ward.does("associate", device="bed-7", patient="Anna")
    again = Ward(ward.log)
    again.clock.advance(40 * S)
    again.patients.work()
    assert ("Anna", "device_silent") in again.up()
    again.device.close()


def typed(folder: Path, *words: str) -> int:
    """The exit status of `edgeward patients` with these words."""
    parser = argparse.ArgumentParser()
    patients_command.configure(parser)
    return patients_command.run(parser.parse_args([*words, "--state", str(folder)]))


def test_an_operator_associates_and_sees_who_is_watched(
    ward: Ward, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ward.send("bed-7", 1)
    control = Control(tmp_path, lambda: {"watched": ward.patients.watched().to_dict()})
    control.ask = ward.registry.ask
    control.start()
    over = threading.Event()

    def clinical() -> None:
        while not over.wait(0.001):
            ward.registry.asked.work()

    thread = threading.Thread(target=clinical)
    thread.start()
    done = typed(tmp_path, "associate", "bed-7", "Anna", "--by", "nurse 7")
    refused = typed(tmp_path, "associate", "bed-7", "Ben", "--by", "nurse 7")
    listed = typed(tmp_path)
    over.set()
    thread.join()
    control.close()
    said = capsys.readouterr()
    assert (done, refused, listed) == (0, 1, 0)
    assert "associate: bed-7, Anna: done" in said.out
    assert "device bed-7 shows Anna" in said.out
    assert "refuses: device 'bed-7' belongs to 'Anna'; accepted: transfer it" in said.err


ACTS = ("a", "b", "a late", "to P", "to Q", "away", "swap")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["a", "b", "a late", "to P", "to Q", "away", "swap"]), max_size=14))
def test_no_order_of_blocks_and_changes_gives_a_sample_to_the_wrong_patient(
    acts: list[str],
) -> None:
    belonging = Belonging(Bindings())
    owner: dict[str, str | None] = {"a": "a", "b": "b"}
    whose: dict[tuple[str, int], str | None] = {}
    come = dict.fromkeys(owner, 0)

    def sent(device: str, first: int) -> None:
        for piece in belonging.attribute(device, "ecg", first, 10):
            for index in range(piece.first, piece.first + piece.count):
                expected = owner[device] if index >= come[device] else whose[device, index]
                given = piece.patient
                assert given in (expected, None)  # late ones may be nobody's, never another's
                if index >= come[device]:
                    assert given == expected
                    whose[device, index] = given
        come[device] = max(come[device], first + 10)

    def moved(**to: str | None) -> None:
        at = {device: belonging.hold(device) for device in to}
        for device, patient in to.items():
            belonging.apply(device, patient, at[device])
            owner[device] = patient

    for device in owner:
        sent(device, 0)
    for act in acts:
        if act in owner:
            sent(act, come[act])
        elif act == "a late":
            sent("a", max(0, come["a"] - 15))
        elif act == "away":
            moved(a=None)
        elif act == "swap":
            moved(a=owner["b"], b=owner["a"])
        else:
            moved(a=act.removeprefix("to "))
