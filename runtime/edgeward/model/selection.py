"""Which of several verified models runs: the cheapest one, and not another one every second.

Rules:
1. A better model replaces the running one only if its score was lower by the margin each time it
   was looked at for the dwell time, and the last change is long enough ago. Noise makes no switch.
2. A running model that is not eligible any more is replaced at once. With nothing to replace it the
   answer is a refusal, with the reason for each model; what then runs is for the caller to say.
3. Each change is a record: from what, to what, why, and by which figures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeward.model.candidates import Candidate, Criterion, cheapest, refuse


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """Rule 1. With the usual one there is at most one such switch a minute."""

    margin: float = 0.1
    """Share by which a better score must be lower."""
    dwell_ns: int = 10_000_000_000
    """How long it must be so."""
    hold_ns: int = 60_000_000_000
    """From one change to the next, at least."""

    def __post_init__(self) -> None:
        """Refuse what is no hysteresis.

        Raises:
            ValueError: a number is negative, or the margin is not below 1.
        """
        refuse(self, lambda value: value >= 0, "0 or more")
        if not self.margin < 1:
            raise ValueError(f"margin is {self.margin}, must be below 1: no score is below 0")


class Reason(StrEnum):
    """Why another model runs from now on."""

    FIRST = "first"
    """None ran before."""
    BETTER = "better"
    """Rule 1."""
    NOT_ELIGIBLE = "not_eligible"
    """Rule 2."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One change of the running model: a record to be kept with the events of the device."""

    at_ns: int
    before: str | None
    """SHA-256 of the model that ran; None for the first."""
    after: str
    reason: Reason
    scores: dict[str, float]
    """Of each eligible model, by its SHA-256."""
    refused: dict[str, str]
    """Why each other one was not eligible, by its SHA-256."""

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values."""
        return {
            "at_ns": self.at_ns,
            "before": self.before,
            "after": self.after,
            "reason": self.reason.value,
            "scores": self.scores,
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """The running model runs on."""

    sha256: str


@dataclass(frozen=True, slots=True)
class NoneEligible:
    """No model may run: none has what makes one eligible."""

    refused: dict[str, str]
    """Why, by the model's SHA-256; empty when none was offered."""


Selection = Switch | Kept | NoneEligible


class Selector:
    """Remembers which model runs, since when, and which ones were better for how long."""

    __slots__ = ("_better_since_ns", "_changed_ns", "_criterion", "_hysteresis", "_running")

    def __init__(self, criterion: Criterion, hysteresis: Hysteresis | None = None) -> None:
        """Start without a running model."""
        self._criterion = criterion
        self._hysteresis = Hysteresis() if hysteresis is None else hysteresis
        self._running: Candidate | None = None
        self._changed_ns = 0
        self._better_since_ns: dict[str, int] = {}

    @property
    def running(self) -> str | None:
        """SHA-256 of the model that runs; None before the first, and after a refusal."""
        return self._running.sha256 if self._running else None

    def select(self, candidates: Iterable[Candidate], now_ns: int) -> Selection:
        """Which model runs from now on, by the models offered and the time on a monotonic clock.

        The running model counts with its last figures while it is not among those offered; it is
        withdrawn by offering it without evidence. Of two with one digest, the last one counts.
        """
        offered = {each.sha256: each for each in candidates}
        if self._running is not None:
            self._running = offered.setdefault(self._running.sha256, self._running)
        scores, refused = self._criterion.judge(offered.values())
        self._note_better(scores, now_ns)
        chosen, reason = self._choose(scores, now_ns)
        if chosen is None:
            self._running = None
            return NoneEligible(refused)
        before = self.running
        if chosen == before:
            return Kept(chosen)
        self._running = offered[chosen]
        self._changed_ns = now_ns
        self._better_since_ns.clear()
        return Switch(now_ns, before, chosen, reason, scores, refused)

    def _note_better(self, scores: dict[str, float], now_ns: int) -> None:
        """Since when each model has been better than the running one, by the margin."""
        running = scores.get(self.running or "", 0.0)  # not eligible: nobody is better than nothing
        limit = running * (1 - self._hysteresis.margin)
        self._better_since_ns = {
            name: self._better_since_ns.get(name, now_ns)
            for name, score in scores.items()
            if score < running and score <= limit
        }

    def _choose(self, scores: dict[str, float], now_ns: int) -> tuple[str | None, Reason]:
        """The model that should run, and why if it is another one."""
        running = self.running
        if running not in scores:
            return cheapest(scores), Reason.FIRST if running is None else Reason.NOT_ELIGIBLE
        held = now_ns - self._changed_ns < self._hysteresis.hold_ns
        ripe = {
            name: scores[name]
            for name, since_ns in self._better_since_ns.items()
            if not held and now_ns - since_ns >= self._hysteresis.dwell_ns
        }
        return cheapest(ripe) or running, Reason.BETTER
