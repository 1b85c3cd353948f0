"""Technical alarms of one patient's sensors: there is one while a sensor is lost, and no longer.

Which of them it is, and when within ten seconds, is the device's choice; so it is taken from what
is shown, and what follows is judged by it. None ever latches. One that nobody answers may become
one step more urgent.
"""

from collections.abc import Mapping
from math import inf
from typing import Any, Final

from .oracle import RANKS, SETTLE_S, TOLERANCE_S

UNANSWERED_S: Final = 60
"""Before this none becomes more urgent."""
Event = Mapping[str, Any]


class Technical:
    """All of them, by name."""

    def __init__(self, disclosed: Mapping[str, Event]) -> None:
        """Nothing is wrong."""
        self._disclosed = disclosed
        self._up: dict[str, Event] = {}
        self._answered_s: dict[str, float] = {}
        """When each was acknowledged, or when its signals began."""
        self._lost_s = self._whole_s = inf
        self.name = ""
        """The one that somebody acknowledges."""

    def second(self, lost: bool, now_s: float) -> None:  # noqa: FBT001 - what it is told
        """A second in which a sensor is lost, or none is."""
        if lost:
            self._lost_s, self._whole_s = min(self._lost_s, now_s), inf
        else:
            self._lost_s, self._whole_s = inf, min(self._whole_s, now_s)

    def acknowledged(self, now_s: float) -> None:
        """Somebody answered it."""
        self._up[self.name] = {**self._up[self.name], "presence": "acknowledged"}
        self._answered_s[self.name] = now_s

    def may_switch_off(self, name: str) -> bool:
        """As it is disclosed."""
        return bool(self._disclosed[name]["may_switch_off"])

    def risen(self, shown: Mapping[str, Event]) -> list[tuple[str, bool]]:
        """Those that call more than before: their priority, and that they do not kill."""
        return [
            (one["priority"], False)
            for name, one in shown.items()
            if one["presence"] == "on"
            and (name not in self._up or RANKS[one["priority"]] < RANKS[self._up[name]["priority"]])
        ]

    def judge(self, shown: Mapping[str, Event], now_s: float) -> list[str]:
        """What is wrong with those that are shown now."""
        faults = []
        if not shown and now_s > self._lost_s + SETTLE_S:
            faults.append("no technical alarm though a sensor is lost")
        if shown and now_s > self._whole_s + SETTLE_S:
            faults.append(f"{', '.join(shown)} though every sensor is seen")
        for name, one in shown.items():
            fault = self._one(name, one, now_s)
            faults += [f"{name}: {fault}"] if fault else []
            if name not in self._up:
                self._answered_s[name] = now_s
        self._up = dict(shown)
        return faults

    def _one(self, name: str, one: Event, now_s: float) -> str | None:
        told, before = self._disclosed[name], self._up.get(name)
        if one["kind"] != "technical":
            return "is about nothing that was sent"
        steps = RANKS[told["priority"]] - RANKS[one["priority"]]
        since_s = self._answered_s.get(name, now_s)
        waits_s = told["acknowledge_ms"] / 1e3
        was = before["presence"] if before else None
        now_acknowledged = one["presence"] == "acknowledged"
        if one["presence"] == "latched":
            return "latches"
        if now_acknowledged and was != "acknowledged":
            return "is acknowledged and nobody was there"
        if now_acknowledged and now_s > since_s + waits_s + TOLERANCE_S:
            return "is still acknowledged"
        if was == "acknowledged" and not now_acknowledged:
            if now_s < since_s + waits_s:
                return "is on before its acknowledgement is over"
            self._answered_s[name] = now_s
        if steps not in (0, 1) or (steps and now_s < since_s + UNANSWERED_S):
            return f"is {one['priority']}, {told['priority']} is disclosed"
        return None
