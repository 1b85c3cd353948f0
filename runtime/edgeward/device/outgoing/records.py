"""What the device tells, as records: alarms and events one by one, numbers of a while together."""

from collections.abc import Iterable
from typing import Any

from edgeward.comms.packing.payload import pack_json
from edgeward.comms.record import Offered, RecordClass
from edgeward.device.outgoing.thinning import NUMBER

CLASS_OF = {
    "alarm": RecordClass.ALARM,
    "technical": RecordClass.EVENT,
    "rule": RecordClass.EVENT,
    "sign": RecordClass.EVENT,
}
"""By the kind of an event; any other one is a number, and goes with its like."""
TOGETHER_MAX = 200
"""Numbers in one record."""


def records_of(
    events: Iterable[dict[str, Any]],
    wall_ns: int,
    level: int = 1,
    thinned: dict[str, Any] | None = None,
) -> list[Offered]:
    """Records for these events, in their order; the wall clock says when they were recorded.

    Whose an event is stands in it when it was told: no later change of beds moves it to anybody.

    Args:
        events: what was told.
        wall_ns: when they were recorded.
        level: how hard numbers are compressed; alarms and events are in the quickest way.
        thinned: what holds of numbers that were left out, if any may have been.
    """
    records: list[Offered] = []
    numbers: dict[str | None, list[dict[str, Any]]] = {}
    for event in events:
        patient = event.get("patient")
        kind = CLASS_OF.get(event["kind"])
        if kind is None:
            numbers.setdefault(patient, []).append(event)
            continue
        body = {"patient": patient, "wall_ns": wall_ns, "events": [event]}
        records.append(Offered(kind, pack_json(body), patient))
    for patient, told in numbers.items():
        for first in range(0, len(told), TOGETHER_MAX):
            part = told[first : first + TOGETHER_MAX]
            body = {"patient": patient, "wall_ns": wall_ns, "events": part}
            if thinned is not None and any(event["kind"] == NUMBER for event in part):
                body["thinned"] = thinned
            records.append(Offered(RecordClass.TREND, pack_json(body, level), patient))
    return records
