"""A sample belongs to the patient its device belonged to at its index, or to nobody; never else."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.adapters.append_log import MemoryLog, PowerCutError
from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.store import DirectoryStore
from edgeward.alarm.journal.chain import DamageKind
from edgeward.errors import GatewayError, InDoubtError, StoreError
from edgeward.gateway.association import DAMAGED, LINES_MAX, NAME, Associations
from edgeward.gateway.bindings import SPANS_MAX, Nobody, Piece

CLOCK = SimulatedClock(7, 8)


def begun(log: MemoryLog | None = None) -> Associations:
    return Associations.open(log or MemoryLog(), CLOCK)[0]


def whose(
    ward: Associations, device: str, first: int, count: int, stream: str = "ecg"
) -> list[Any]:
    """One entry for each sample: its patient, or why nobody."""
    pieces = ward.attribute(device, stream, first, count)
    assert sum(piece.count for piece in pieces) == count
    assert all((piece.patient is None) != (piece.nobody is None) for piece in pieces)
    return [piece.patient or piece.nobody for piece in pieces for _ in range(piece.count)]


def test_before_anything_is_known_a_sample_is_nobodys() -> None:
    assert begun().attribute("d", "ecg", 5, 3) == (Piece(5, 3, None, Nobody.UNASSOCIATED),)


def test_a_block_over_a_boundary_is_split_whenever_it_comes() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 100})
    ward.transfer("d", "bert", {"ecg": 250})
    ward.dissociate("d", {"ecg": 300})
    for _ in range(2):
        assert ward.attribute("d", "ecg", 90, 250) == (
            Piece(90, 10, None, Nobody.UNASSOCIATED),
            Piece(100, 150, "anna"),
            Piece(250, 50, "bert"),
            Piece(300, 40, None, Nobody.UNASSOCIATED),
        )
    assert ward.attribute("d", "ecg", 249, 2) == (Piece(249, 1, "anna"), Piece(250, 1, "bert"))
    assert ward.attribute("d", "ecg", 120, 0) == ()


def test_each_stream_of_a_device_has_its_own_boundary() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 1000, "spo2": 4})
    ward.transfer("d", "bert", {"ecg": 2000, "spo2": 8})
    assert whose(ward, "d", 7, 2, "spo2") == ["anna", "bert"]
    assert whose(ward, "d", 1999, 2) == ["anna", "bert"]
    assert whose(ward, "d", 0, 1, "resp") == [Nobody.UNASSOCIATED]


def test_devices_that_were_mixed_up_are_swapped_in_one_transaction() -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "anna", {"ecg": 0})
    ward.associate("e", "bert", {"ecg": 50})
    ward.swap("d", {"ecg": 10}, "e", {"ecg": 60})
    assert (ward.patient_of("d"), ward.patient_of("e")) == ("bert", "anna")
    assert whose(ward, "d", 9, 2) == ["anna", "bert"]
    assert whose(ward, "e", 59, 2) == ["bert", "anna"]
    assert len((log.read(NAME) or b"").splitlines()) == 3


def test_a_patient_may_have_several_devices_for_several_signals() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 0})
    ward.associate("e", "anna", {"spo2": 0})
    assert ward.devices_of("anna") == ("d", "e")
    assert ward.devices_of("bert") == ()
    assert ward.patient_of("x") is None


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(GatewayError) as refused:
        call(*arguments)
    return str(refused.value)


def test_double_association_is_refused_in_both_directions() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 0})
    told = refusal(ward.associate, "d", "bert", {"ecg": 10})
    assert told == "device 'd' belongs to 'anna'; accepted: transfer it, or dissociate it first"
    assert "device 'd' belongs to 'anna'" in refusal(ward.associate, "d", "anna", {"ecg": 10})
    told = refusal(ward.associate, "e", "anna", {"ecg#3": 0})
    assert told == (
        "patient 'anna' would have 'ecg' from 'd' and from 'e';"
        " accepted: from one (dissociate the other, or swap)"
    )
    ward.associate("e", "bert", {"ecg": 0})
    assert "would have 'ecg'" in refusal(ward.transfer, "e", "anna", {"ecg": 5})
    assert (ward.patient_of("d"), ward.patient_of("e")) == ("anna", "bert")


def test_what_was_told_cannot_be_changed_afterwards() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 100})
    told = refusal(ward.transfer, "d", "bert", {"ecg": 99})
    assert told == ("d.at.ecg: found sample 99; accepted: 100 or later, where the last change was")
    assert whose(ward, "d", 100, 50) == ["anna"] * 50
    assert "accepted: 150 or later, whose samples" in refusal(
        ward.transfer, "d", "bert", {"ecg": 149}
    )
    ward.transfer("d", "bert", {"ecg": 150})
    ward.dissociate("d", {"ecg": 150})
    assert whose(ward, "d", 149, 2) == ["anna", Nobody.UNASSOCIATED]


def test_every_fault_of_a_change_is_told_at_once() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 10, "spo2": 10})
    told = refusal(ward.associate, "d", "", {"ecg": 5})
    assert [line.partition(":")[0] for line in told.splitlines()] == [
        "device 'd' belongs to 'anna'; accepted",
        "patient",
        "d.at",
        "d.at.ecg",
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("transfer", ("new", "bert", {"ecg": 0}), "belongs to nobody; accepted: one of another"),
        ("transfer", ("d", "anna", {"ecg": 0}), "belongs to 'anna'; accepted: one of another"),
        ("dissociate", ("new", {"ecg": 0}), "belongs to nobody; accepted: one of a patient"),
        ("swap", ("d", {"ecg": 0}, "new", {"ecg": 0}), "two devices of two patients"),
        ("swap", ("d", {"ecg": 0}, "d", {"ecg": 0}), "two devices of two patients"),
        ("associate", ("new", "x", {}), "accepted: one stream of each signal"),
        ("associate", ("new", "x", {"ecg": 0, "ecg#2": 0}), "one stream of each signal"),
        ("associate", ("new", "x", {"": 0}), "one stream of each signal"),
        ("associate", ("new", "x", {"ecg": -1}), "found sample -1; accepted: 0 or later"),
        ("associate", ("new", "x", {"ecg": 1.5}), "found 1.5; accepted: an integer"),
        ("associate", ("new", "x", {"ecg": 2**63}), "accepted: an integer up to"),
        ("associate", ("", "x", {"ecg": 0}), "device: found ''; accepted: 1 to 128 characters"),
        ("associate", ("new", "x" * 129, {"ecg": 0}), "patient: found"),
        ("attribute", ("d", "ecg", -1, 1), "accepted: from 0 on"),
    ],
)
def test_what_is_refused_says_why(name: str, arguments: tuple[Any, ...], text: str) -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "anna", {"ecg": 0})
    before = log.read(NAME)
    assert text in refusal(getattr(ward, name), *arguments)
    assert log.read(NAME) == before


def test_a_stream_that_begins_anew_is_nobodys_until_it_is_associated() -> None:
    ward = begun()
    ward.associate("d", "anna", {"ecg": 0, "spo2": 0})
    assert whose(ward, "d", 0, 1, "ecg#2") == [Nobody.UNASSOCIATED]
    ward.associate("d", "anna", {"ecg#2": 1, "spo2": 9})
    assert whose(ward, "d", 0, 2, "ecg#2") == [Nobody.UNASSOCIATED, "anna"]
    told = refusal(ward.transfer, "d", "bert", {"ecg": 5, "spo2": 10})
    assert "'ecg' has ended; accepted: the one after it" in told
    assert "spo2' is missing" in refusal(ward.transfer, "d", "bert", {"ecg#2": 5})
    ward.transfer("d", "bert", {"ecg#2": 5, "spo2": 10})
    assert whose(ward, "d", 4, 2, "ecg#2") == ["anna", "bert"]


def test_a_change_is_on_the_disk_before_it_takes_effect() -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "anna", {"ecg": 0})
    log.refusal = "Input/output error"
    with pytest.raises(InDoubtError, match="Input/output error"):
        ward.transfer("d", "bert", {"ecg": 10})
    assert ward.in_doubt
    assert ward.patient_of("d") == "anna"
    assert whose(ward, "d", 8, 4) == ["anna", "anna", Nobody.IN_DOUBT, Nobody.IN_DOUBT]
    with pytest.raises(InDoubtError):
        ward.associate("e", "carl", {"ecg": 0})
    assert ward.patient_of("e") is None
    assert whose(Associations.open(log.survivor(), CLOCK)[0], "d", 10, 1) == ["anna"]
    log.refusal = None
    ward.settle()
    assert whose(ward, "d", 8, 4) == ["anna", "anna", "bert", "bert"]
    again, damage = Associations.open(log.survivor(), CLOCK)
    assert damage == ()
    assert whose(again, "d", 8, 4) == ["anna", "anna", "bert", "bert"]


def test_a_line_of_which_a_full_disk_took_a_part_is_written_again() -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "anna", {"ecg": 0})
    log.capacity_bytes = log.used_bytes + 50
    for _ in range(3):
        with pytest.raises(InDoubtError, match="disk is full"):
            ward.transfer("d", "bert", {"ecg": 10})
    log.capacity_bytes = None
    ward.settle()
    again, damage = Associations.open(log, CLOCK)
    assert [one.kind for one in damage] == [DamageKind.TORN]
    assert whose(again, "d", 9, 2) == ["anna", "bert"]


def test_associations_outlive_a_restart_and_their_bound(tmp_path: Any) -> None:
    log = DirectoryStore(tmp_path)
    ward = Associations.open(log, CLOCK)[0]
    ward.associate("d", "anna", {"ecg": 0})
    ward.transfer("d", "bert", {"ecg": 10}, who="nurse 4")
    again, damage = Associations.open(log, CLOCK)
    assert damage == ()
    assert whose(again, "d", 9, 2) == ["anna", "bert"]
    assert again.patient_of("d") == "bert"
    assert b"nurse 4" in (log.read(NAME) or b"")


def test_the_journal_is_bounded_and_so_is_what_is_known_of_a_stream() -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "p-0", {"ecg": 0})
    count = LINES_MAX + 100
    for number in range(1, count):
        ward.transfer("d", f"p-{number % 2}", {"ecg": 10 * number})
        ward.tidy()
    assert log.used_bytes < 400 * 1000
    again, damage = Associations.open(log.survivor(), CLOCK)
    assert damage == ()
    for one in (ward, again):
        last = (count - 1) * 10
        assert whose(one, "d", last - 1, 2) == [f"p-{count % 2}", f"p-{(count - 1) % 2}"]
        assert whose(one, "d", last - 10 * SPANS_MAX, 1) == [Nobody.TOO_OLD]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("how", ["altered", "missing"])
def test_after_damage_nobody_is_who_might_be_wrong(at: int, how: str) -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "anna", {"ecg": 0})
    ward.associate("e", "bert", {"ecg": 0})
    ward.swap("d", {"ecg": 10}, "e", {"ecg": 10})
    ward.transfer("e", "carl", {"ecg": 20})
    ward.tidy()
    lines = (log.read(NAME) or b"").splitlines(keepends=True)
    lines[at] = lines[at].replace(b'"index":', b'"index":1') if how == "altered" else b""
    log.write(NAME, b"".join(lines))
    again, damage = Associations.open(log, CLOCK)
    assert any(not one.benign for one in damage)
    assert log.read(DAMAGED) == b"".join(lines)
    for device in ("d", "e"):
        told = whose(again, device, 0, 30)
        true = whose(ward, device, 0, 30)
        assert all(
            one == other or isinstance(one, Nobody) for one, other in zip(told, true, strict=True)
        )
        assert again.patient_of(device) is None
    again.associate("d", "anna", {"ecg": 40})
    once_more, damage = Associations.open(log, CLOCK)
    assert damage == ()
    assert whose(once_more, "d", 40, 1) == ["anna"]


def test_a_journal_that_was_cut_short_is_found_by_its_mark() -> None:
    log = MemoryLog()
    ward = begun(log)
    ward.associate("d", "anna", {"ecg": 0})
    ward.transfer("d", "bert", {"ecg": 10})
    ward.tidy()
    log.write(NAME, (log.read(NAME) or b"").splitlines(keepends=True)[0])
    again, damage = Associations.open(log, CLOCK)
    assert [one.kind for one in damage] == [DamageKind.MISSING]
    assert whose(again, "d", 0, 20) == [Nobody.LOST] * 20


class World:
    """Devices as they are: what they have sampled, and on whom; and what was told of it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.log = MemoryLog()
        self.ward = begun(self.log)
        self.truth: dict[str, list[set[str | None]]] = {"d": [], "e": [], "f": []}
        self.on: dict[str, set[str | None]] = {device: {None} for device in self.truth}
        self.told: dict[tuple[str, int], str] = {}
        self.refused: list[str] = []

    def sample(self) -> None:
        device = self.chance.choice(sorted(self.truth))
        self.truth[device] += [self.on[device]] * self.chance.randrange(20)

    def change(self) -> None:
        """Any change, refused or not, at the sample that comes next."""
        self.tidy()
        if self.ward.in_doubt:
            return
        device, other = self.chance.sample(sorted(self.truth), 2)
        patient = self.chance.choice(["anna", "bert", "carl"])
        at, other_at = ({"ecg": len(self.truth[one])} for one in (device, other))
        calls: list[tuple[Any, tuple[Any, ...], dict[str, str | None]]] = [
            (self.ward.associate, (device, patient, at), {device: patient}),
            (self.ward.transfer, (device, patient, at), {device: patient}),
            (self.ward.dissociate, (device, at), {device: None}),
            (
                self.ward.swap,
                (device, at, other, other_at),
                {device: self.ward.patient_of(other), other: self.ward.patient_of(device)},
            ),
        ]
        call, arguments, after = self.chance.choice(calls)
        for one in after:
            self.on[one] = set(self.on[one])  # from here on, whatever becomes of it
        try:
            call(*arguments)
        except (InDoubtError, PowerCutError) as error:
            for one, owner in after.items():
                self.on[one].add(owner)
            if isinstance(error, PowerCutError):
                self.restart()
            return
        except GatewayError as error:
            self.refused.append(str(error))
        self.settled()

    def settled(self) -> None:
        """What may have been is now what is, for all samples from the change on."""
        for device, on in self.on.items():
            now = {self.ward.patient_of(device)}
            if on != now and not self.ward.in_doubt:
                on.clear()  # of all the samples that share it
                on |= now

    def deliver(self) -> None:
        """Any block: new, late, again, over a boundary."""
        device = self.chance.choice(sorted(self.truth))
        count = len(self.truth[device])
        first = self.chance.randrange(count + 1)
        for index, owner in enumerate(
            whose(self.ward, device, first, self.chance.randrange(count - first + 1)), first
        ):
            if isinstance(owner, Nobody):
                assert owner is not Nobody.LOST
                continue
            assert owner in self.truth[device][index]
            assert self.told.setdefault((device, index), owner) == owner

    def disk(self) -> None:
        self.log.refusal = self.chance.choice([None, None, "full"])
        room = self.log.used_bytes + self.chance.randrange(400)
        self.log.capacity_bytes = self.chance.choice([None, None, room])
        self.log.refuses_sync = self.chance.random() < 0.2

    def restart(self) -> None:
        self.log = self.log.survivor()
        self.ward, damage = Associations.open(self.log, CLOCK)
        assert all(one.benign for one in damage)
        self.settled()

    def power(self) -> None:
        self.log.power_bytes = self.chance.choice([None, self.chance.randrange(600)])

    def tidy(self) -> None:
        try:
            self.ward.settle()
            self.ward.tidy()
        except PowerCutError:
            self.restart()
        except (InDoubtError, StoreError) as error:
            self.refused.append(str(error))
        self.settled()


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 80))
def test_no_interleaving_gives_a_sample_to_the_wrong_patient(seed: int, count: int) -> None:
    chance = random.Random(seed)
    world = World(chance)
    steps = [world.sample] * 4 + [world.deliver] * 4 + [world.change] * 3
    steps += [world.disk, world.restart, world.power, world.tidy]
    for _ in range(count):
        chance.choice(steps)()
    world.log.refusal, world.log.refuses_sync = None, False
    world.log.power_bytes = world.log.capacity_bytes = None
    world.ward.settle()
    world.settled()
    for device, owners in world.truth.items():
        told: list[str | None] = [
            piece.patient
            for piece in world.ward.attribute(device, "ecg", 0, len(owners))
            for _ in range(piece.count)
        ]
        assert [{one} for one in told] == owners  # in the end exactly, nobody's included
        for index, owner in enumerate(told):
            assert world.told.get((device, index), owner) == owner
