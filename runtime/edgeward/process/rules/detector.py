"""From marks to events: counts that persist, a condition that begins and ends, a lost signal.

Rules:
1. A sample that can be judged is marked bad, good or neither, never both. So many bad ones in a row
   raise the condition; so many good ones clear it. A neither ends both counts.
2. An invalid sample has no mark. What it does to the counts is the rule's `on_invalid`; from the
   sample on at which the rule cannot judge, both counts begin anew in any case.
3. What was raised stays raised while nothing can be judged. The first sample that can be judged
   ends the loss.
4. Nothing depends on how the samples were cut into blocks: all that crosses a border is a count.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeward.process.rules.event import EventKind, RuleEvent
from edgeward.process.rules.rule import OnInvalid, Rule
from edgeward.signal.windows import Mask

Values = NDArray[np.float32] | NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(slots=True)
class Block:
    """Samples in a row as one rule sees them; those that are invalid read as 0."""

    first: int
    """The index of its first sample in the stream."""
    values: Values
    valid: Mask | None
    """None: all are."""
    low: float = 0.0
    """The lowest value; set where all are valid."""
    high: float = 0.0


def run_lengths(flags: Mask, breaks: Places, before: int) -> Places:
    """How many flags in a row end at each place, counting those before the block.

    At a break the count begins anew.
    """
    places = np.arange(len(flags))
    last = np.where(flags, -1 - before, places)  # the last place that is not in the row
    if len(breaks):
        last[breaks] = np.maximum(last[breaks], breaks - 1)
    ends: Places = places - np.maximum.accumulate(last)
    return ends


class Detector:
    """The state of one rule between blocks."""

    __slots__ = ("_break_at", "_lost_at", "_raise_at", "active", "bad", "clear_at", "good", "lost",
                 "rule")  # fmt: skip

    def __init__(self, rule: Rule, raise_at: int) -> None:
        """Start with nothing raised; so many bad marks in a row raise."""
        self.rule = rule
        self._raise_at = raise_at
        self.clear_at = rule.clear_samples
        self._lost_at = rule.cannot_judge_samples
        self._break_at = 1 if rule.on_invalid is OnInvalid.RESET else rule.cannot_judge_samples
        self.active = False
        self.bad = 0
        self.good = 0
        self.lost = 0
        """Invalid samples since the last valid one."""

    def judged(self, block: Block) -> tuple[Places, Places, list[RuleEvent]]:
        """The places that can be judged, which of these begin anew, and what was lost and found."""
        count = len(block.values)
        places = np.arange(count) if block.valid is None else np.flatnonzero(block.valid)
        if block.valid is None and not self.lost:
            return places, places[:0], []
        gaps = np.diff(places, prepend=-1 - self.lost) - 1
        events = []
        for gap in np.flatnonzero(gaps >= self._lost_at):
            found = int(places[gap])
            events += self._loss(block.first, found - int(gaps[gap]))
            events.append(self._lost_event(block.first + found, raised=False))
        self.lost = count - 1 - int(places[-1]) if len(places) else self.lost + count
        if self.lost >= self._lost_at:
            events += self._loss(block.first, count - self.lost)
        return places, np.flatnonzero(gaps >= self._break_at), events

    def _loss(self, first: int, start: int) -> list[RuleEvent]:
        """The event of a loss whose first sample has this place; none if an earlier block told."""
        told = start + self._lost_at - 1
        return [self._lost_event(first + told, raised=True)] if told >= 0 else []

    def _lost_event(self, index: int, *, raised: bool) -> RuleEvent:
        return RuleEvent(
            self.rule.name, EventKind.CANNOT_JUDGE, raised, index, None, self.rule.value_unit
        )

    def turns(self, bad: Mask, good: Mask, breaks: Places) -> Places:
        """Rule 1: the places at which the condition begins or ends, in turn."""
        if not len(bad):
            return breaks[:0]
        bads, goods = run_lengths(bad, breaks, self.bad), run_lengths(good, breaks, self.good)
        self.bad, self.good = int(bads[-1]), int(goods[-1])
        decided = np.where(goods >= self.clear_at, -1, 0) + np.where(bads >= self._raise_at, 1, 0)
        said = np.flatnonzero(decided)
        now = decided[said]
        before = np.concatenate(([1 if self.active else -1], now[:-1]))
        turns: Places = said[now != before]
        self.active ^= bool(len(turns) % 2)
        return turns
