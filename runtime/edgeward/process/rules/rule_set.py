"""All rules of one stream, fed with its blocks.

Rules:
1. The events, their order and their indices are the same however the samples were cut into blocks.
   They come in the order of their samples; at one sample in the order of the rules, and of one rule
   the end of a loss first.
2. An index past the expected one is a gap: its samples exist and are invalid. One before it is
   refused.
3. A sample is invalid when its mask is 0, or when it is NaN or infinite.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from math import isfinite
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import LimitError, RuleError, StreamError
from edgeward.limits import DEFAULT, Limits
from edgeward.process.rules.detector import Block, Detector, Values
from edgeward.process.rules.event import EventKind, RuleEvent
from edgeward.process.rules.marks import FollowsMarks, LevelMarks, Marks, ShapeMarks
from edgeward.process.rules.rule import Follows, RateOfChange, Rule, Shape, Threshold, single
from edgeward.signal.windows import Mask, Samples


class _Judge:
    """One rule and all it must remember."""

    __slots__ = ("_detector", "_marks")

    def __init__(self, rule: Rule, marks: Marks, raise_at: int = 1) -> None:
        self._marks = marks
        self._detector = Detector(rule, raise_at)

    def push(self, block: Block) -> list[RuleEvent]:
        """The events of one block."""
        detector = self._detector
        if block.valid is None and not detector.lost:
            count = len(block.values)
            if self._marks.quiet(block.low, block.high, count, detector):
                return []
        places, breaks, events = detector.judged(block)
        values = block.values if block.valid is None else block.values[places]
        was_active = detector.active
        for number, turn in enumerate(detector.turns(*self._marks.marks(values, breaks), breaks)):
            raised = was_active is (number % 2 == 1)
            index, value = block.first + int(places[turn]), float(values[turn])
            rule = detector.rule
            events.append(
                RuleEvent(rule.name, EventKind.CONDITION, raised, index, value, rule.value_unit)
            )
        return events


class _RateJudge(_Judge):
    """A judge of what a signal changes by in a second. What it looks back to is kept."""

    __slots__ = ("_kept", "_kept_valid", "_per_s", "_span", "_unbroken")

    def __init__(self, rule: RateOfChange, rate_hz: float) -> None:
        super().__init__(
            rule, LevelMarks(rule.side, rule.low_per_s, rule.high_per_s), rule.persistence_samples
        )
        self._span = rule.span_samples
        self._per_s = rate_hz / rule.span_samples
        self._kept = np.zeros(0, dtype=np.float64)
        self._kept_valid = np.zeros(0, dtype=np.bool_)
        self._unbroken = 0
        """Valid samples in a row, up to now."""

    def push(self, block: Block) -> list[RuleEvent]:
        """The events of one block of the signal."""
        count = len(block.values)
        values: NDArray[np.float64] = np.concatenate((self._kept, block.values), dtype=np.float64)
        valid = np.concatenate(
            (self._kept_valid, np.ones(count, np.bool_) if block.valid is None else block.valid)
        )
        first = block.first - len(self._kept) + self._span
        whole = block.valid is None and self._unbroken >= len(self._kept)
        self._unbroken = self._unbroken + count if block.valid is None else _unbroken(block.valid)
        self._kept, self._kept_valid = values[-self._span :], valid[-self._span :]
        if len(values) <= self._span:
            return []
        rates = (values[self._span :] - values[: -self._span]) * self._per_s
        if whole:
            return super().push(Block(first, rates, None, float(rates.min()), float(rates.max())))
        return super().push(Block(first, rates, valid[self._span :] & valid[: -self._span]))


def _unbroken(valid: Mask) -> int:
    """How many valid samples in a row end here."""
    invalid = np.flatnonzero(~valid)
    return len(valid) - 1 - int(invalid[-1]) if len(invalid) else 0


def _judge(rule: Rule, rate_hz: float) -> _Judge:
    match rule:
        case Threshold():
            marks = LevelMarks(rule.side, single(rule.low), single(rule.high))
            return _Judge(rule, marks, rule.persistence_samples)
        case RateOfChange():
            return _RateJudge(rule, rate_hz)
        case Follows():
            return _Judge(rule, FollowsMarks(rule))
        case Shape():
            return _Judge(rule, ShapeMarks(rule))
        case _:
            raise RuleError([f"rule {rule.name!r}: a {type(rule).__name__} cannot be judged"])


class RuleSet:
    """The rules of one stream. Belongs to one thread."""

    __slots__ = ("_gap_max", "_judges", "_next_sample", "actions", "rules")

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        signal: str,
        unit: str,
        rate_hz: float,
        actions: Collection[str] = (),
        limits: Limits = DEFAULT,
        first: int = 0,
    ) -> None:
        """Judge these rules on a stream from this sample on; actions are the names there are.

        Raises:
            RuleError: with every rule that does not fit the stream.
        """
        faults = _misfits(rules, signal, unit, actions)
        if not (isfinite(rate_hz) and rate_hz > 0):
            faults.append(f"rate_hz = {rate_hz}: expected a finite number above 0")
        if faults:
            raise RuleError(faults)
        self.rules = tuple(rules)
        self.actions = MappingProxyType({rule.name: rule.action for rule in rules if rule.action})
        """The action that each rule asks for, for `Actions.perform`."""
        self._judges = tuple(_judge(rule, rate_hz) for rule in rules)
        self._gap_max = limits.gap_samples_max
        self._next_sample = first

    @property
    def next_sample(self) -> int:
        """The index expected next."""
        return self._next_sample

    def push(
        self, first_index: int, samples: Samples, valid: Mask | None = None
    ) -> tuple[RuleEvent, ...]:
        """Take a block that starts at this index; the events it decides (rules 1 to 3).

        Raises:
            StreamError: the block starts before the expected index, or its mask has another length.
            LimitError: the gap before the block is too long to be believed.
        """
        self._check(first_index, samples, valid)
        blocks = []
        missing = first_index - self._next_sample
        if missing:
            nothing = np.zeros(missing, np.float32)
            blocks.append(Block(self._next_sample, nothing, np.zeros(missing, np.bool_)))
        if len(samples):
            blocks.append(_block(first_index, samples, valid))
        self._next_sample = first_index + len(samples)
        found = [event for block in blocks for judge in self._judges for event in judge.push(block)]
        if len(found) > 1:
            ranks = {rule.name: rank for rank, rule in enumerate(self.rules)}
            found.sort(key=lambda each: (each.sample_index, ranks[each.rule]))
        return tuple(found)

    def _check(self, first_index: int, samples: Samples, valid: Mask | None) -> None:
        if first_index < self._next_sample:
            raise StreamError(
                f"sample {first_index} was offered where {self._next_sample} is the next one;"
                f" accepted: {self._next_sample} or later (what is missing counts as invalid)"
            )
        if valid is not None and len(valid) != len(samples):
            raise StreamError(f"{len(samples)} samples came with a mask of {len(valid)}")
        if first_index - self._next_sample > self._gap_max:
            raise LimitError(
                f"{first_index - self._next_sample} samples are missing before sample"
                f" {first_index}; accepted: at most {self._gap_max}"
            )


def _block(first: int, samples: Samples, valid: Mask | None) -> Block:
    """The samples as rules see them (rule 3)."""
    if valid is None or valid.all():
        low, high = float(samples.min()), float(samples.max())
        if isfinite(low) and isfinite(high):
            return Block(first, samples, None, low, high)
    good = np.isfinite(samples) if valid is None else np.isfinite(samples) & valid
    values: Values = np.where(good, samples, np.float32(0))
    return Block(first, values, good)


def _misfits(rules: Sequence[Rule], signal: str, unit: str, actions: Collection[str]) -> list[str]:
    """Every rule that does not fit the stream, or the others."""
    counted = Counter(rule.name for rule in rules)
    found = [
        f"rule {name!r}: {count} rules of this name; expected one"
        for name, count in counted.items()
        if count > 1
    ]
    for rule in rules:
        if rule.signal != signal:
            found.append(f"rule {rule.name!r}: signal = {rule.signal!r}; this stream is {signal!r}")
        if rule.unit != unit:
            found.append(f"rule {rule.name!r}: unit = {rule.unit!r}; this stream is in {unit!r}")
        if rule.action and rule.action not in actions:
            known = ", ".join(actions) or "none"
            found.append(f"rule {rule.name!r}: action = {rule.action!r}; expected one of: {known}")
    return found
