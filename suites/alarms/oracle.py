"""What a limit alarm may and must be, by the numbers that were sent: the suite's own reading.

Nothing here is the device's. What it discloses of a condition (`alarm.describe`), what was sent and
what was done to it says which states are right; those that it shows are judged one after another.

Rules:
1. Each change needs a cause, and each cause makes its change within `TOLERANCE_S`.
2. A limit is the last value that does not alarm. What is beyond it stays so until it has come back
   by the disclosed hysteresis.
3. What cannot be seen begins nothing, ends nothing, and is marked.
4. An acknowledgement answers an occurrence. What is worse, or comes anew, is on again.
5. An alarm that nobody answered outlives its condition if it is disclosed to latch: HIGH in full,
   MEDIUM as a silent message, LOW not at all, where that goes by priority.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

TOLERANCE_S: Final = 1
"""The step of the clock."""
BLIND_S: Final = 30
"""No number is shown for longer without a new one."""
SETTLE_S: Final = 10
"""So long a channel may need before it is believed again."""
RANKS: Final = {"high": 0, "medium": 1, "low": 2}
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A condition about a number: which limits it is about, and what the device disclosed."""

    name: str
    vital: str
    levels: Mapping[str, str]
    """Its priority beyond each limit, the milder first."""
    delay_s: float
    clear_s: float
    acknowledge_s: float
    latching: str
    lethal: bool
    may_switch_off: bool

    @classmethod
    def of(cls, name: str, vital: str, limits: tuple[str, ...], one: Event) -> "Told":
        """As it is disclosed."""
        words = [one["priority"], one["critical_priority"]]
        delay_ms = one["condition_delay_ms"] + one["signal_delay_ms"]
        return cls(
            name, vital, dict(zip(limits, words, strict=False)), delay_ms / 1e3,
            one["clear_delay_ms"] / 1e3, one["acknowledge_ms"] / 1e3, one["latching"],
            bool(one["life_threatening"]), bool(one["may_switch_off"]),
        )  # fmt: skip

    def delay_at(self, priority: str) -> float:
        """What is HIGH has no delay."""
        return 0.0 if priority == "high" else self.delay_s

    def latches(self, worst: str) -> str:
        """How it latches: full, visual or none."""
        if self.latching != "by_priority":
            return self.latching
        return {"high": "full", "medium": "visual", "low": "none"}[worst]


class Truth:
    """Whether a number is beyond the limits of a condition, and since when that is known."""

    def __init__(self, told: Told, hysteresis: float) -> None:
        """Nothing was sent yet."""
        self.told = told
        self._hysteresis = hysteresis
        self._beyond: set[str] = set()
        self.priority: str | None = None
        """By the worst limit that it is beyond; None within all of them."""
        self.was: str | None = None
        """The one before its last change."""
        self.changed_s = self.met_s = self.clear_s = self.was_from_s = -inf
        self.sure_s = inf
        """Since when every number was seen."""
        self.blind_s = inf
        """Since when none is."""

    @property
    def met(self) -> bool:
        """Whether it is beyond a limit, as far as is known."""
        return self.priority is not None

    def sees(self, value: float, limits: Mapping[str, float | None], now_s: float) -> None:
        """A number that was sent."""
        if self.sure_s == inf:
            self.sure_s = now_s
        self._beyond = {
            name for name in self.told.levels if self._is_beyond(name, value, limits[name])
        }
        worst = [self.told.levels[name] for name in self._beyond]
        before, self.priority = self.priority, min(worst, key=RANKS.__getitem__, default=None)
        if self.priority != before:
            self.was_from_s, self.changed_s, self.was = self.changed_s, now_s, before
        if before is None and self.priority is not None:
            self.met_s = now_s
        if before is not None and self.priority is None:
            self.clear_s = now_s

    def until(self, now_s: float) -> str | None:
        """Its priority up to this instant: a number that came now may have come too late."""
        return self.was if self.changed_s == now_s else self.priority

    def judged_anew(self) -> None:
        """Other limits are in force: no memory of the old ones."""
        self._beyond = set()

    def blinds(self, now_s: float) -> None:
        """Nothing can be seen from now on."""
        self.sure_s, self.blind_s = inf, min(self.blind_s, now_s)

    def settles(self, at_s: float) -> None:
        """It is seen again, and must be believed from this instant on."""
        self.sure_s, self.blind_s = at_s, inf

    def _is_beyond(self, name: str, value: float, limit: float | None) -> bool:
        if limit is None:
            return False
        back = self._hysteresis if name in self._beyond else 0.0
        return value < limit + back if name.startswith("low") else value > limit - back


class Life:
    """One condition of one patient: the state it is in by what was shown, and what may follow."""

    def __init__(self, truth: Truth) -> None:
        """There is no alarm."""
        self.truth, self.told = truth, truth.told
        self.off = False
        """Switched off."""
        self.presence: str | None = None
        self.id = ""
        self.priority = self.worst = self.answered = "low"
        self.since_s = -inf
        self.acknowledged_s = -inf
        self.switched_on_s = -inf

    # what a person did

    def acknowledged(self, now_s: float) -> None:
        """Somebody answered this occurrence."""
        self.presence, self.acknowledged_s = "acknowledged", now_s
        self.worst = self.answered = self.priority

    def gone(self) -> None:
        """Reset, or switched off."""
        self.presence, self.id = None, ""

    # what is shown

    def judge(self, shown: Event | None, now_s: float) -> list[str]:
        """What is wrong with what is shown now, after what was shown before; then go on from it."""
        if shown is not None and self._ended_between(str(shown["id"]), now_s):
            self.gone()
        new = None if shown is None else str(shown["presence"])
        legal = getattr(self, f"_from_{self.presence}")(new, now_s)
        faults = [] if legal is None else [legal]
        if shown is not None:
            faults += self._identity(shown) + self._details(shown, now_s)
        self._follow(shown, now_s)
        return [f"{self.told.name}: {fault}" for fault in faults]

    def _ended_between(self, id_: str, now_s: float) -> bool:
        """Whether this is another occurrence, and the one before was over at this very instant.

        The delay after which it is over may end with the number that begins the next one.
        """
        if id_ == self.id or not self._may_end(now_s):
            return False
        latches = self.told.latches(self.worst) != "none"
        return self.presence == "acknowledged" or (self.presence == "on" and not latches)

    def rises(self, shown: Event | None) -> bool:
        """Whether what is shown calls more than what was shown before."""
        if shown is None or shown["presence"] != "on":
            return False
        worse = RANKS[shown["priority"]] < RANKS[self.priority]
        return self.presence in (None, "latched") or worse

    def _from_None(self, new: str | None, now_s: float) -> str | None:  # noqa: N802 - a state
        if new is None:
            return "is not shown though its limit is passed" if self._must_begin(now_s) else None
        if new != "on":
            return f"begins as {new}"
        return None if self._may_begin(now_s) else "begins without a cause"

    def _from_on(self, new: str | None, now_s: float) -> str | None:
        if new == "on":
            return "is on though its condition is over" if self._must_end(now_s) else None
        if new == "acknowledged":
            return "is acknowledged and nobody was there"
        if not self._may_end(now_s):
            return f"goes from on to {new} while its condition holds"
        latches = self.told.latches(self.worst) != "none"
        return None if latches == (new == "latched") else f"ends as {new} after {self.worst}"

    def _from_acknowledged(self, new: str | None, now_s: float) -> str | None:
        over_s = self.acknowledged_s + self.told.acknowledge_s
        truth, own = self.truth, self.truth.priority
        worse = own is not None and RANKS[own] < RANKS[self.answered]
        if new == "acknowledged":
            sure_s = max(truth.changed_s, truth.sure_s)
            late = worse and now_s > sure_s + TOLERANCE_S
            if late or now_s > over_s + TOLERANCE_S or self._must_end(now_s):
                return "is still acknowledged"
            return None
        if new == "on":
            worse = worse or self._was_milder(now_s)
            return None if worse or now_s >= over_s else "is on before its acknowledgement is over"
        if new == "latched":
            return "is latched though it was acknowledged"
        return None if self._may_end(now_s) else "is gone while it is acknowledged"

    def _was_milder(self, now_s: float) -> bool:
        """Whether it became milder than what was answered at the very instant at which it rose."""
        truth = self.truth
        if truth.changed_s != now_s or truth.was is None or truth.priority is None:
            return False
        milder = RANKS[truth.was] > max(RANKS[self.answered], RANKS[truth.priority])
        return milder and now_s >= truth.was_from_s + self.told.clear_s

    def _from_latched(self, new: str | None, now_s: float) -> str | None:
        if new == "latched":
            return "is latched though its limit is passed" if self._must_begin(now_s) else None
        if new == "on":
            return None if self._may_begin(now_s) else "is on again without a cause"
        return f"goes from latched to {new} without a reset"

    def _may_begin(self, now_s: float) -> bool:
        if self.off:
            return False
        return any(
            priority is not None and now_s >= self.truth.met_s + self.told.delay_at(priority)
            for priority in (self.truth.until(now_s), self.truth.priority)
        )

    def _must_begin(self, now_s: float) -> bool:
        truth = self.truth
        if self.off or truth.priority is None:
            return False
        since_s = max(truth.met_s, truth.sure_s, self.switched_on_s)
        return now_s > since_s + self.told.delay_at(truth.priority) + TOLERANCE_S

    def _may_end(self, now_s: float) -> bool:
        over = not self.truth.met or self.truth.until(now_s) is None
        return over and now_s >= self.truth.clear_s + self.told.clear_s

    def _must_end(self, now_s: float) -> bool:
        since_s = max(self.truth.clear_s, self.truth.sure_s)
        return not self.truth.met and now_s > since_s + self.told.clear_s + TOLERANCE_S

    def _identity(self, shown: Event) -> list[str]:
        if self.presence is not None and shown["id"] != self.id:
            return [f"its id changes from {self.id} to {shown['id']}"]
        return []

    def _details(self, shown: Event, now_s: float) -> list[str]:
        """Its priority, and whether it is marked as undecided."""
        truth, found = self.truth, shown["priority"]
        if shown["presence"] == "latched":
            return [] if found == self.worst else [f"is latched as {found}, it was {self.worst}"]
        faults = [] if found in self._priorities(now_s) else [f"is {found}, {truth.priority} holds"]
        if shown["undecided"] and truth.met and now_s > truth.sure_s + TOLERANCE_S:
            faults.append("is undecided though its number is seen")
        if not shown["undecided"] and truth.met and now_s > truth.blind_s + BLIND_S + TOLERANCE_S:
            faults.append("is not undecided though nothing is seen")
        return faults

    def _priorities(self, now_s: float) -> set[str]:
        """Those that it may have now: a worse one at once, a milder one after a while."""
        truth, own = self.truth, self.truth.priority or self.truth.until(now_s)
        if own is None:
            return {self.priority}
        if not truth.met:
            return {self.priority, own}
        if self.presence in (None, "latched"):
            changing = now_s <= truth.changed_s + TOLERANCE_S
            return {own, *(self.told.levels.values() if changing else ())}
        lower = RANKS[own] > RANKS[self.priority]
        wait_s = self.told.clear_s if lower else 0.0
        if now_s > max(truth.changed_s, truth.sure_s) + wait_s + TOLERANCE_S:
            return {own}
        return {self.priority, own} if now_s >= truth.changed_s + wait_s else {self.priority}

    def _follow(self, shown: Event | None, now_s: float) -> None:
        if shown is None:
            self.gone()
            return
        new = str(shown["presence"])
        if self.presence in (None, "latched") and new == "on":
            self.worst, self.since_s = shown["priority"], now_s
        self.presence, self.id, self.priority = new, str(shown["id"]), str(shown["priority"])
        self.worst = min(self.worst, self.priority, key=RANKS.__getitem__)
        self.answered = max(self.answered, self.priority, key=RANKS.__getitem__)


def old(state: Event) -> list[str]:
    """Numbers that are shown as if they were new, and are not."""
    return [
        f"{name} is {age_s:.0f} s old and says nothing of it"
        for name, one in state["readings"].items()
        if not one["reason"] and (age_s := (state["at_ns"] - one["at_ns"]) / 1e9) > BLIND_S
    ]
