"""Rules judged sample by sample, in plain Python: what the vectorised judges are compared with."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgeward.process.rules import (
    Band,
    EventKind,
    Follows,
    OnInvalid,
    RateOfChange,
    Rule,
    RuleEvent,
    Shape,
    Side,
    Threshold,
)

Sample = float | None
"""None: invalid."""


def expected(rules: Sequence[Rule], rate_hz: float, samples: Sequence[Sample]) -> list[RuleEvent]:
    """Every event, in order."""
    judges = [_Judge(rule, rate_hz) for rule in rules]
    return [
        event
        for index in range(len(samples))
        for judge in judges
        for event in judge.take(index, samples)
    ]


@dataclass
class _Judge:
    rule: Rule
    rate_hz: float
    active: bool = False
    lost: int = 0
    bad: int = 0
    good: int = 0
    since_first: int | None = None
    attempts: dict[int, int] = field(default_factory=dict)
    """Shape: how long each phase that has an attempt has lasted."""
    was_in_first: bool = False

    def take(self, index: int, samples: Sequence[Sample]) -> Iterator[RuleEvent]:
        rule = self.rule
        value: Sample = samples[index]
        if isinstance(rule, RateOfChange):
            if index < rule.span_samples:
                return
            before = samples[index - rule.span_samples]
            both = value is not None and before is not None
            value = (value - before) * (self.rate_hz / rule.span_samples) if both else None  # type: ignore[operator] # both are there
        if value is None:
            yield from self.invalid(index)
            return
        if self.lost >= rule.cannot_judge_samples:
            yield self.event(index, EventKind.CANNOT_JUDGE, None, raised=False)
        self.lost = 0
        bad, good = self.mark(value)
        self.bad = self.bad + 1 if bad else 0
        self.good = self.good + 1 if good else 0
        needed = getattr(rule, "persistence_samples", 1)
        if not self.active and self.bad >= needed:
            self.active = True
            yield self.event(index, EventKind.CONDITION, value, raised=True)
        elif self.active and self.good >= rule.clear_samples:
            self.active = False
            yield self.event(index, EventKind.CONDITION, value, raised=False)

    def invalid(self, index: int) -> Iterator[RuleEvent]:
        self.lost += 1
        lost = self.lost == self.rule.cannot_judge_samples
        if lost or self.rule.on_invalid is OnInvalid.RESET:
            self.bad = self.good = 0
            self.since_first = None
            self.attempts = {}
            self.was_in_first = False
        if lost:
            yield self.event(index, EventKind.CANNOT_JUDGE, None, raised=True)

    def event(self, index: int, kind: EventKind, value: Sample, *, raised: bool) -> RuleEvent:
        unit = self.rule.unit + ("/s" if isinstance(self.rule, RateOfChange) else "")
        return RuleEvent(self.rule.name, kind, raised, index, value, unit)

    def mark(self, value: float) -> tuple[bool, bool]:
        rule = self.rule
        if isinstance(rule, Threshold):
            low, high = (float(np.float32(limit)) for limit in (rule.low, rule.high))
            over, under = value > high, value < low
            return (over, under) if rule.side is Side.ABOVE else (under, over)
        if isinstance(rule, RateOfChange):
            over, under = value > rule.high_per_s, value < rule.low_per_s
            return (over, under) if rule.side is Side.ABOVE else (under, over)
        if isinstance(rule, Follows):
            occurs = self.follows(rule, value)
        else:
            assert isinstance(rule, Shape)
            occurs = self.shape(rule, value)
        return occurs, not occurs

    def follows(self, rule: Follows, value: float) -> bool:
        if self.since_first is not None:
            self.since_first += 1
        near = self.since_first is not None and self.since_first <= rule.within_samples
        occurs = near and inside(value, rule.then)
        if inside(value, rule.first):
            self.since_first = 0
        return occurs

    def shape(self, rule: Shape, value: float) -> bool:
        entered: dict[int, int] = {}
        for number, phase in enumerate(rule.phases):
            if not inside(value, phase.band):
                continue
            before = self.attempts.get(number - 1)
            if number in self.attempts:
                entered[number] = self.attempts[number] + 1
            elif number == 0 and not self.was_in_first:
                entered[0] = 1
            elif before is not None:
                earlier = rule.phases[number - 1]
                longest = math.inf if earlier.max_samples is None else earlier.max_samples
                if earlier.min_samples <= before <= longest:
                    entered[number] = 1
        self.attempts = entered
        self.was_in_first = inside(value, rule.phases[0].band)
        last = len(rule.phases) - 1
        return entered.get(last) == rule.phases[last].min_samples


def inside(value: float, band: Band) -> bool:
    low = -math.inf if band.low is None else float(np.float32(band.low))
    high = math.inf if band.high is None else float(np.float32(band.high))
    return low <= value <= high
