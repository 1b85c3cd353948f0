"""Numbers that do not move are left out within their bound; nothing else is, and it is told."""

import random
from typing import Any

from edgeward.adapters.clock import SimulatedClock
from edgeward.comms.packing.payload import unpack
from edgeward.comms.record import Offered, Receipt, RecordClass, Standing
from edgeward.device.outgoing.keeping import Keeping
from edgeward.device.outgoing.records import CLASS_OF
from edgeward.device.outgoing.thinning import DEADBANDS, FILTERS_MAX, Thinning
from edgeward.signal.findings import Vital

S = 1_000_000_000


def number(at_s: int, value: float | None, patient: str = "p1", reason: str | None = None) -> Any:
    return {"kind": "vital", "patient": patient, "channel": "ecg", "vital": "heart_rate",
            "value": value, "unit": "/min", "reason": reason, "at_ns": at_s * S}  # fmt: skip


def held(sent: list[Any], at_ns: int, heartbeat_ns: int) -> Any:
    """What a receiver knows: the last number, unless it is too old."""
    last = [one for one in sent if one["at_ns"] <= at_ns]
    return None if not last or at_ns - last[-1]["at_ns"] > heartbeat_ns else last[-1]["value"]


def test_whoever_holds_what_was_sent_is_within_the_deadband_at_every_number() -> None:
    draw, thinning, sent = random.Random(5), Thinning(30 * S), []
    rate: float | None = 70.0
    events = []
    for at_s in range(3000):
        rate = None if draw.random() < 0.02 else round((rate or 70.0) + draw.uniform(-0.6, 0.6), 1)
        events.append(number(at_s, rate, reason=None if rate else "missing"))
        if thinning.is_due(events[-1]):
            sent.append(events[-1])
    for event in events:
        known = held(sent, event["at_ns"], 30 * S)
        assert (known is None) is (event["value"] is None)
        if known is not None:
            assert abs(known - event["value"]) <= DEADBANDS[Vital.HEART_RATE]
    assert len(sent) < len(events) / 2
    assert thinning.left_out == len(events) - len(sent)


def test_another_reason_and_another_patient_are_sent() -> None:
    thinning = Thinning(60 * S)
    assert thinning.is_due(number(1, None, reason="learning"))
    assert not thinning.is_due(number(2, None, reason="learning"))
    assert thinning.is_due(number(3, None, reason="lead_off"))
    assert thinning.is_due(number(3, 70.0, "p2"))
    assert thinning.is_due(number(4, 70.0))


def test_a_channel_whose_time_went_back_begins_anew() -> None:
    thinning = Thinning(60 * S)
    assert thinning.is_due(number(100, 70.0))
    assert thinning.is_due(number(5, 70.0))
    assert not thinning.is_due(number(6, 70.0))


def test_more_trends_than_are_kept_are_sent_once_more() -> None:
    thinning = Thinning(60 * S)
    for each in range(FILTERS_MAX):
        thinning.is_due(number(1, 70.0, f"p{each}"))
    assert not thinning.is_due(number(2, 70.0, "p0"))
    assert thinning.is_due(number(2, 70.0, "one more"))
    assert thinning.is_due(number(3, 70.0, "p0"))


def test_every_vital_has_a_deadband() -> None:
    assert DEADBANDS.keys() == set(Vital)


class Kept:
    """An outbox that takes all."""

    def __init__(self) -> None:
        self.offered: list[Offered] = []

    def accept(self, offered: Any) -> list[Receipt]:
        self.offered += offered
        return [Receipt(Standing.DURABLE)] * len(offered)


def told(event: Any) -> Any:
    return type("Told", (), {"to_dict": lambda _: event})()


def test_events_and_alarms_are_never_left_out_and_the_bound_is_told() -> None:
    outbox, clock = Kept(), SimulatedClock()
    keeping = Keeping(outbox, clock, lambda: None)
    keeping.thinning = Thinning(60 * S)
    keeping.level = lambda: 12
    for each in range(20):
        keeping.hand_over(told(number(each, 70.0)))
        for kind in CLASS_OF:
            keeping.hand_over(told({"kind": kind, "patient": "p1", "text": "again", "at_ns": 1}))
    keeping.round()
    clock.sleep_ns(2 * S)
    keeping.round()
    kinds = [one.kind for one in outbox.offered]
    assert kinds.count(RecordClass.ALARM) == 20
    assert kinds.count(RecordClass.EVENT) == 60
    (trend,) = [unpack(one.payload).about for one in outbox.offered
                if one.kind is RecordClass.TREND]  # fmt: skip
    assert [event["at_ns"] for event in trend["events"]] == [0]
    assert trend["thinned"]["heartbeat_ns"] == 60 * S
    assert trend["thinned"]["deadbands"]["heart_rate"] == 1.0
