"""A device that is never online: what it keeps leaves on a medium, and ends with an answer."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.packing.payload import pack_json
from edgeward.comms.record import Offered, RecordClass
from edgeward.device.outgoing.carried_methods import carried_methods
from edgeward.device.outgoing.carrying import CarryError
from edgeward.device.outgoing.link import LinkError, read_link
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.rpc import Code, RpcError
from edgeward.errors import FullError
from edgeward_harness.rig.receiving import Receiving, receiving
from edgeward_harness.rig.sink.carried import BadBundleError, bundles_on, lay_answer
from edgeward_harness.rig.sink.opening import read_payload
from edgeward_harness.target.results import result_faults

DEVICE = "monitor-7"


@dataclass
class Ward:
    """A device, its receiver, and the way between them."""

    folder: Path
    here: Receiving
    medium: Path
    starts: int = 0
    way: Outgoing = field(init=False)

    def start(self) -> Outgoing:
        self.starts += 1
        entropy, allowance = SeededEntropy(self.starts), Allowance(8 << 20)
        self.way = Outgoing(DEVICE, self.folder, SimulatedClock(), entropy, allowance)
        return self.way

    def enrol(self, **changed: object) -> None:
        chain = self.here.bench.authority("enrol").sign_request(self.way.request())
        told = {"answer_key": self.here.desk().public_key, "connection": "offline"}
        self.way.connect(read_link({**self.here.link(), **told, **changed}), chain)

    def connect(self) -> None:
        told = {"answer_key": self.here.desk().public_key, "connection": "always-online"}
        self.way.connect(read_link({**self.here.link(), **told}), None)

    def put(self, first: int, count: int, patient: str | None = "p1") -> None:
        self.way.accept([
            Offered(RecordClass.TREND, pack_json({"number": number}), patient)
            for number in range(first, first + count)
        ])  # fmt: skip

    def arrived(self) -> list[int]:
        told = (read_payload(data).told for data in self.here.payloads(DEVICE).values())
        return sorted(one["number"] for one in told if "number" in one)

    def waiting(self) -> int:
        return self.way.outbox.counts()[RecordClass.TREND].queued


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    medium = tmp_path / "stick"
    medium.mkdir()
    with receiving(seed=5) as here:
        here.stop()
        made = Ward(tmp_path / "records", here, medium)
        made.start()
        yield made
        made.way.close()


def test_what_is_kept_leaves_by_hand_and_ends_with_the_answer(ward: Ward) -> None:
    ward.enrol()
    ward.put(0, 30)
    told = ward.way.carrier.export(ward.medium)
    assert told.bundle is not None
    assert told.records >= 30
    assert not told.cut
    assert ward.waiting() == 30, "exporting takes nothing out"
    (bundle,) = ward.here.desk().take(ward.medium)
    assert (bundle.name, bundle.device, bundle.ordinal) == (told.bundle, DEVICE, 1)
    assert ward.arrived() == list(range(30))
    done = ward.way.carrier.take(ward.medium)
    assert (done.answered, done.refused, done.others) == ([told.bundle], [], 0)
    assert done.delivered == told.records
    assert ward.waiting() == 0
    assert list(ward.medium.iterdir()) == [], "what was done is off the medium"
    assert ward.here.account(DEVICE).faults() == []


@pytest.mark.slow
def test_an_answer_outlives_restarts_and_counts_once(ward: Ward) -> None:
    ward.enrol()
    ward.put(0, 5)
    ward.way.carrier.export(ward.medium)
    ward.way.close()
    ward.start()
    ward.put(5, 5)
    ward.here.desk().take(ward.medium)
    (file,) = ward.medium.glob("*.answer")
    copied = file.read_bytes()
    assert ward.way.carrier.take(ward.medium).delivered >= 5
    assert ward.waiting() == 5
    file.write_bytes(copied)
    again = ward.way.carrier.take(ward.medium)
    assert (again.answered, again.delivered, again.refused, again.others) == ([], 0, [], 1)
    ward.way.carrier.export(ward.medium)
    ward.here.desk().take(ward.medium)
    ward.way.carrier.take(ward.medium)
    assert ward.waiting() == 0
    assert ward.arrived() == list(range(10))
    assert ward.here.account(DEVICE).faults() == []


@pytest.mark.parametrize("way", ["stranger", "another device", "changed", "cut", "renamed"])
def test_what_the_receiver_did_not_sign_for_this_changes_nothing(ward: Ward, way: str) -> None:
    ward.enrol()
    ward.put(0, 5)
    desk = ward.here.desk()
    name = ward.way.carrier.export(ward.medium).bundle
    assert name is not None
    answers = desk.keep(desk.read(ward.medium, name))
    key, device = desk.key, DEVICE
    if way == "stranger":
        key = Ed25519PrivateKey.generate()
    if way == "another device":
        device = "monitor-8"
    about = "0" * 16 if way == "renamed" else name
    path = lay_answer(ward.medium, about, device, answers, key)
    if way == "changed":
        path.write_bytes(path.read_bytes().replace(b'"durable"', b'"Durable"'))
    if way == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    if way == "renamed":
        path.rename(ward.medium / f"edgeward-{name}.answer")
    done = ward.way.carrier.take(ward.medium)
    assert done.answered == []
    (refused,) = done.refused
    assert refused["name"] == f"edgeward-{name}.answer"
    assert ward.waiting() == 5
    lay_answer(ward.medium, name, DEVICE, answers, desk.key)
    assert ward.way.carrier.take(ward.medium).answered == [name]
    assert ward.waiting() == 0


def test_a_medium_of_many_devices_brings_each_its_own(ward: Ward) -> None:
    ward.enrol()
    ward.put(0, 3)
    name = ward.way.carrier.export(ward.medium).bundle
    lay_answer(ward.medium, "ab" * 8, "monitor-8", [], Ed25519PrivateKey.generate())
    (ward.medium / f"edgeward-{'ab' * 8}").mkdir()
    ward.here.desk().take(ward.medium)
    done = ward.way.carrier.take(ward.medium)
    assert (done.answered, done.refused, done.others) == ([name], [], 1)
    assert bundles_on(ward.medium) == ["ab" * 8]


@pytest.mark.slow
def test_a_bundle_of_somebody_else_is_not_taken(ward: Ward) -> None:
    """A certificate of another authority, and one that names another device."""
    desk = ward.here.desk()
    for authority in ("enrol", "other"):
        ward.way.close()
        shutil.rmtree(ward.folder)
        ward.start()
        request = ward.way.request()
        signer = ward.here.bench.authority(authority)
        if authority == "other":
            signer = type(signer)(99, signer.now)
        chain = signer.sign_request(request)
        told = {"answer_key": desk.public_key, "connection": "offline"}
        ward.way.connect(read_link({**ward.here.link(), **told}), chain)
        ward.put(0, 3)
        ward.way.carrier.export(ward.medium)
    known, strange = bundles_on(ward.medium)
    taken = {one.name for one in desk.take(ward.medium)}
    assert len(taken) == 1
    with pytest.raises(BadBundleError, match="papers of nobody known"):
        desk.read(ward.medium, ({known, strange} - taken).pop())


def test_what_is_missing_is_said_before_anything_is_written(ward: Ward) -> None:
    export, take = ward.way.carrier.export, ward.way.carrier.take
    with pytest.raises(CarryError, match="knows of no receiver"):
        export(ward.medium)
    ward.enrol(answer_key=None)
    with pytest.raises(CarryError, match="no folder is there; accepted: one of a medium"):
        export(ward.medium / "nowhere")
    with pytest.raises(CarryError, match="the link names no answer_key"):
        take(ward.medium)
    with pytest.raises(LinkError, match="answer_key: found 'c2hvcnQ='"):
        read_link({**ward.here.link(), "answer_key": "c2hvcnQ="})
    assert list(ward.medium.iterdir()) == []


def test_a_device_without_a_certificate_exports_nothing(ward: Ward) -> None:
    told = {"answer_key": ward.here.desk().public_key, "connection": "offline"}
    ward.way.connect(read_link({**ward.here.link(), **told}), None)
    with pytest.raises(CarryError, match="`edgeward link request` asks for one"):
        ward.way.carrier.export(ward.medium)


@pytest.mark.slow
def test_a_bound_is_kept_and_the_rest_goes_with_the_next_bundle(ward: Ward) -> None:
    ward.enrol()
    filler = random.Random(1).randbytes(2000).hex()
    for number in range(40):
        payload = pack_json({"number": number, "filler": filler})
        ward.way.accept([Offered(RecordClass.TREND, payload, "p1")])
    bound = 60_000
    bundles = 0
    while ward.waiting():
        told = ward.way.carrier.export(ward.medium, bound)
        assert told.bundle is not None
        assert bound // 2 < told.size_bytes <= bound or not told.cut
        ward.here.desk().take(ward.medium)
        ward.way.carrier.take(ward.medium)
        bundles += 1
    assert bundles > 1
    assert ward.arrived() == list(range(40))


def test_two_at_a_time_are_refused(ward: Ward) -> None:
    ward.enrol()
    ward.put(0, 3)
    with ward.way.carrier._alone(), pytest.raises(CarryError, match="is under way"):
        ward.way.carrier.export(ward.medium)
    assert ward.way.carrier.export(ward.medium).bundle is not None


def test_a_medium_that_cannot_be_tidied_still_brings_its_answers(ward: Ward) -> None:
    ward.enrol()
    ward.put(0, 3)
    name = ward.way.carrier.export(ward.medium).bundle
    ward.here.desk().take(ward.medium)
    (ward.medium / f"edgeward-{name}" / "a folder").mkdir()
    (ward.medium / f"edgeward-{name}" / "a folder" / "of somebody's").touch()
    assert ward.way.carrier.take(ward.medium).delivered >= 3
    assert ward.waiting() == 0
    assert ward.way.carrier.take(ward.medium).others == 1


@pytest.mark.slow
def test_what_went_over_a_network_meanwhile_is_taken_once(ward: Ward) -> None:
    """The stick is on its way when the link comes up."""
    ward.enrol()
    ward.put(0, 10)
    ward.way.carrier.export(ward.medium)
    ward.here.start()
    ward.connect()
    for _ in range(20):
        ward.way.clock.sleep_ns(10**9)
        ward.way.turn()
    assert ward.waiting() == 0
    ward.here.desk().take(ward.medium)
    done = ward.way.carrier.take(ward.medium)
    assert (len(done.answered), done.delivered) == (1, 0)
    assert ward.arrived() == list(range(10))
    assert ward.here.account(DEVICE).faults() == []
    assert ward.here.account(DEVICE).outcomes()["offered again"] >= 10


def test_the_protocol_answers_as_it_says(ward: Ward) -> None:
    methods = carried_methods(lambda: ward.way)
    export, take = methods["outbox.export"], methods["outbox.import"]
    to, nowhere = {"to": str(ward.medium), "bytes_max": None}, {"from": str(ward.medium / "no")}
    with pytest.raises(RpcError, match="knows of no receiver") as refused:
        export.call(to, 0)
    assert refused.value.code is Code.REFUSED
    ward.enrol()
    ward.put(0, 2)
    told = export.call(to, 0)
    assert isinstance(told, dict)
    assert not result_faults("outbox.export", told)
    ward.here.desk().take(ward.medium)
    told = take.call({"from": str(ward.medium)}, 0)
    assert isinstance(told, dict)
    assert not result_faults("outbox.import", told)
    with pytest.raises(RpcError, match="no folder is there") as refused:
        take.call(nowhere, 0)
    assert refused.value.code is Code.REFUSED


def test_a_full_medium_is_a_limit() -> None:
    class Full:
        carrier = property(lambda self: self)

        def export(self, medium: Path, bytes_max: int | None) -> None:
            raise FullError(f"{medium}: no space for {bytes_max}")

    methods = carried_methods(Full)  # type: ignore[arg-type]
    with pytest.raises(RpcError, match="/stick: no space for 7") as refused:
        methods["outbox.export"].call({"to": "/stick", "bytes_max": 7}, 0)
    assert refused.value.code is Code.LIMIT
