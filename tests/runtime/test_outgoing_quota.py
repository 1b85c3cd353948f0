"""No flood of audit records takes the room of alarms; whatever else floods gives up its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.record import Offered, RecordClass, Standing
from edgeward.device.outgoing.methods import outgoing_methods
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.outgoing.quota import AUDIT_BYTES_MAX, audits_max, refused
from edgeward.device.outgoing.way_out import MB, QUEUE_MB, WayOut
from edgeward.limits import Limits
from edgeward.profile import load_profile

PROFILE = load_profile("bedside_monitor", [Path(__file__).parents[2] / "device_profiles"]).profile
AUDIT, ALARM = RecordClass.AUDIT, RecordClass.ALARM
SMALL = Allowance(1 << 20, memory_bytes_max=5000)


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Outgoing]:
    made = Outgoing("m", tmp_path, SimulatedClock(), SeededEntropy(1), SMALL)
    yield made
    made.close()


@pytest.mark.parametrize("kind", [AUDIT, RecordClass.EVENT])
def test_alarms_find_room_whatever_floods(way: Outgoing, kind: RecordClass) -> None:
    for _ in range(20):
        way.accept([Offered(kind, bytes(AUDIT_BYTES_MAX))] * 10)
    receipts = way.accept([Offered(ALARM, bytes(300))] * 30)
    assert {one.standing for one in receipts} == {Standing.DURABLE}


def test_the_status_tells_what_each_class_takes(way: Outgoing) -> None:
    way.accept([Offered(RecordClass.TREND, bytes(5000)), Offered(ALARM, b"x")])
    status = outgoing_methods(lambda: way, way.accept, Limits())["outbox.status"]
    classes = status.call({}, 0)["classes"]  # type: ignore[index] # a result, at once
    assert classes["waveform"]["bytes"] == 0
    assert classes["trend"]["bytes"] > 5000
    assert classes["alarm"]["bytes"] > classes["waveform"]["bytes"]
    assert sum(one["bytes"] for one in classes.values()) < way.outbox.size_bytes()


def test_a_profile_divides_the_queue_and_before_it_nothing_goes(tmp_path: Path) -> None:
    """A device that waits for its profile after a restart has more than it would begin with."""
    queued = 70 * MB // 4000
    way = WayOut("m", tmp_path, SimulatedClock(), SeededEntropy(1))
    way.configure(PROFILE, PROFILE.sha256)
    for _ in range(queued // 100):
        way.accept([Offered(RecordClass.WAVEFORM, bytes(4000))] * 100)
    opened = way.open()
    assert opened.allowance.quota_percent == {
        RecordClass.WAVEFORM: 60, RecordClass.TREND: 15, RecordClass.EVENT: 15,
    }  # fmt: skip
    assert opened.outbox.size_bytes() > QUEUE_MB * MB
    way.close()
    again = WayOut("m", tmp_path, SimulatedClock(), SeededEntropy(2))
    for _ in range(20):
        again.accept([Offered(RecordClass.EVENT, bytes(4000))] * 10)
    again.configure(PROFILE, PROFILE.sha256)
    counts = again.open().outbox.counts()
    assert (counts[RecordClass.WAVEFORM].evicted, counts[RecordClass.EVENT].queued) == (0, 200)
    again.close()


def test_what_is_beyond_is_answered_in_its_place(way: Outgoing) -> None:
    long = Offered(AUDIT, bytes(AUDIT_BYTES_MAX + 1))
    told = way.accept([Offered(ALARM, b"a"), long, Offered(AUDIT, b"b"), long])
    assert [one.standing for one in told] == ["durable", "rejected", "durable", "rejected"]
    assert "accepted: 4096" in told[1].reason
    assert told[1].identity is None


def test_as_many_wait_as_may_and_no_more() -> None:
    offered = [Offered(AUDIT, b"x"), Offered(ALARM, b"x"), Offered(AUDIT, b"x")]
    assert refused(offered, 7, 9) == {}
    assert list(refused(offered, 8, 9)) == [2]
    assert "for alarms need room" in refused(offered, 9, 9)[0]
    assert 0 < audits_max(SMALL) < audits_max(Allowance(64 << 20))
