"""Numbers about patients leave when they have moved: within a bound that is told with them.

Rules:
1. A number of one patient, channel and vital goes through a deadband of its own: whoever holds the
   last one that was sent is never farther from a later one than the deadband of the vital.
2. When a number is known again or no longer, or the reason changes, it is sent. So is one that is
   about to be older than the heartbeat: whoever holds an older one holds nothing.
3. Nothing but numbers comes here. Events and alarms have other kinds, and are never left out.
"""

from typing import Any, Final

from edgeward.comms.filtering.deadband import DeadbandRule, TrendFilter, TrendSample
from edgeward.errors import StreamError
from edgeward.signal.findings import Vital

NUMBER: Final = "vital"
"""The kind of event that is thinned."""
INTERVAL_NS: Final = 2_000_000_000
"""Numbers come each second; one that is late by another second is no gap yet."""
DEADBANDS: Final = {
    Vital.HEART_RATE: 1.0,
    Vital.PULSE_RATE: 1.0,
    Vital.SPO2: 1.0,
    Vital.RESPIRATION_RATE: 1.0,
    Vital.TEMPERATURE: 0.1,
    Vital.PRESSURE_SYSTOLIC: 2.0,
    Vital.PRESSURE_MEAN: 2.0,
    Vital.PRESSURE_DIASTOLIC: 2.0,
}
"""In the unit of each vital: a step of what is shown, or what a cuff may err by at least."""
FILTERS_MAX: Final = 4096
"""Of more trends than these all are forgotten, which sends each once more."""
_Key = tuple[Any, Any, Any]


class Thinning:
    """The filters of all numbers of one device; it belongs to the thread that keeps records."""

    __slots__ = ("_filters", "_heartbeat_ns", "_reasons", "left_out")

    def __init__(self, heartbeat_ns: int) -> None:
        """Leave out what has not moved, for as long as the heartbeat."""
        self._heartbeat_ns = heartbeat_ns
        self._filters: dict[_Key, TrendFilter] = {}
        self._reasons: dict[_Key, object] = {}
        self.left_out = 0
        """Numbers that were not sent."""

    def told(self) -> dict[str, Any]:
        """What holds of numbers that were thinned, for whoever rebuilds them."""
        deadbands = {vital.value: deadband for vital, deadband in DEADBANDS.items()}
        return {"heartbeat_ns": self._heartbeat_ns, "deadbands": deadbands}

    def is_due(self, event: dict[str, Any]) -> bool:
        """Whether an event has to be sent; one that is no number always has."""
        if event["kind"] != NUMBER:
            return True
        key = (event["patient"], event["channel"], event["vital"])
        before, self._reasons[key] = self._reasons.get(key), event["reason"]
        value = event["value"]
        known = value is not None
        sample = TrendSample(event["at_ns"], value if known else 0.0, valid=known)
        try:
            due = self._filter(key).push(sample) is not None
        except StreamError:  # time went back: the channel was attached anew
            del self._filters[key]
            due = self._filter(key).push(sample) is not None
        due = due or before != event["reason"]
        self.left_out += not due
        return due

    def _filter(self, key: _Key) -> TrendFilter:
        if key not in self._filters:
            if len(self._filters) >= FILTERS_MAX:
                self._filters.clear()
                self._reasons.clear()
            deadband = DEADBANDS[Vital(key[2])]
            rule = DeadbandRule(deadband, self._heartbeat_ns, INTERVAL_NS)
            self._filters[key] = TrendFilter(rule)
        return self._filters[key]
