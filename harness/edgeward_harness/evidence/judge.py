"""What one item proves: its records judged again from their own numbers.

Rules:
- A measurement counts when it took at least one value and says what was expected.
- Its verdict is reached again from its bound (else what was observed) and its limit, wherever its
  method says which way the promise goes. A "passed" that its own numbers contradict is a failure; a
  "failed" is never made better.
- A failed measurement makes the item failed, whatever state its record claims; only an announced
  failure (known anomaly) stays what it is.
- More than one attempt is flaky, unless every attempt failed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.measurement import Measurement, Scalar
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.strict import is_number
from edgeward_harness.measure.judge import Verdict

_OPERATOR = re.compile(r"<=|>=|≤|≥|<|>")
_AT_MOST = ("upper bound", "no exceedance", "no failure")
_AT_LEAST = ("lower bound",)


@dataclass(frozen=True, slots=True)
class ItemStanding:
    """What became of an item, why, and how many measurements count for each requirement.

    The key "" counts those that speak for every requirement their case cites.
    """

    state: State
    reasons: tuple[str, ...] = ()
    counted: tuple[tuple[str, int], ...] = ()

    def counts_for(self, requirement: str) -> bool:
        """Whether a measurement of this item speaks for a requirement."""
        return any(name in ("", requirement) for name, _ in self.counted)


def judge_item(entry: ItemEntry, records: Sequence[Record]) -> ItemStanding:
    """What the records of an item say together."""
    if not records:
        if entry.inapplicable is None:
            return ItemStanding(State.NOT_EXECUTED, ("no record",))
        return ItemStanding(State.NOT_APPLICABLE, (entry.inapplicable,))
    judged = [judge_record(record) for record in records]
    if not entry.applies and judged[-1].state is not State.FAILED:
        return ItemStanding(State.ERROR, ("was run although it does not apply",))
    if len(judged) == 1:
        return judged[0]
    told = ", then ".join(one.state.value for one in judged)
    reasons = tuple(dict.fromkeys(reason for one in judged for reason in one.reasons))
    if all(one.state is State.FAILED for one in judged):
        return ItemStanding(State.FAILED, (f"{len(judged)} attempts, all failed", *reasons))
    return ItemStanding(State.FLAKY, (f"{len(judged)} attempts: {told}", *reasons))


def judge_record(record: Record) -> ItemStanding:
    """What one record says, trusting its numbers more than its state."""
    if not record.measurements:
        return _unmeasured(record.state, record.reason)
    reasons = [record.reason] if record.reason else []
    verdicts = []
    for measurement in record.measurements:
        verdict, why = recompute(measurement)
        verdicts.append(verdict)
        if verdict is not Verdict.PASSED:
            reasons.append(f"{measurement.name}: {why}")
    counted: dict[str, int] = {}
    for measurement in record.measurements:
        if counts(measurement):
            counted[measurement.requirement] = counted.get(measurement.requirement, 0) + 1
    return _standing(record.state, record.reason, verdicts, reasons, counted)


@lru_cache(maxsize=256)
def _unmeasured(state: State, reason: str) -> ItemStanding:
    """Records that measured nothing differ by state and reason only; often they are alike."""
    return _standing(state, reason, (), [reason] if reason else [], {})


def _standing(
    told: State,
    reason: str,
    verdicts: Sequence[Verdict],
    reasons: list[str],
    counted: dict[str, int],
) -> ItemStanding:
    state = _state(told, verdicts, evidence=bool(counted))
    if state is State.NO_EVIDENCE and told is State.PASSED:
        reasons.append("passed without a single counted measurement or check")
    if state is State.NOT_APPLICABLE and not reason:
        state, reasons = State.ERROR, ["does not apply, but no reason is given"]
    return ItemStanding(state, tuple(reasons), tuple(counted.items()))


def _state(told: State, verdicts: Sequence[Verdict], *, evidence: bool) -> State:
    if Verdict.FAILED in verdicts and told is not State.KNOWN_ANOMALY:
        return State.FAILED
    if told is not State.PASSED:
        return told
    if Verdict.CANNOT_JUDGE in verdicts:
        return State.CANNOT_JUDGE
    return State.PASSED if evidence else State.NO_EVIDENCE


def counts(measurement: Measurement) -> bool:
    """Whether a measurement is evidence of anything."""
    return measurement.n >= 1 and measurement.expected not in ("", None)


def recompute(measurement: Measurement) -> tuple[Verdict, str]:
    """The verdict the numbers allow, and why it is not a pass."""
    if measurement.verdict is not Verdict.PASSED:
        return measurement.verdict, _told(measurement)
    if _contradicted(measurement):
        told = f"recorded as passed, but its numbers say otherwise: {_told(measurement)}"
        return Verdict.FAILED, told
    return Verdict.PASSED, ""


def _told(measurement: Measurement) -> str:
    told = f"expected {measurement.expected}, observed {_shown(measurement.observed)}"
    if measurement.bound is not None:
        told += f", bound {_shown(measurement.bound)}"
    return f"{told} ({measurement.note})" if measurement.note else told


def _shown(value: Scalar) -> str:
    """A figure to the digits that a reader wants; the record keeps all of them."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _contradicted(measurement: Measurement) -> bool:
    """Whether the numbers of a pass deny it. Without a limit or a direction nothing can be said."""
    upwards = direction(measurement)
    if measurement.limit is None or upwards is None:
        return False
    value = measurement.observed if measurement.bound is None else measurement.bound
    if "bound of the" in measurement.method and "percentile" in measurement.method:
        value = measurement.bound  # a percentile is accepted on its bound, never on its estimate
    if not is_number(value):
        return True
    assert isinstance(value, int | float)
    return value < measurement.limit if upwards else value > measurement.limit


def direction(measurement: Measurement) -> bool | None:
    """Which way a promise goes. True: at least the limit; False: at most; None: it is not said."""
    expected = measurement.expected if isinstance(measurement.expected, str) else ""
    return _direction(measurement.method, expected)


@lru_cache(maxsize=256)
def _direction(method: str, expected: str) -> bool | None:
    """Methods and promises are few, and asked for again with each record."""
    if any(words in method for words in _AT_MOST):
        return False
    if any(words in method for words in _AT_LEAST):
        return True
    found = None if method == "check" else _OPERATOR.search(expected)
    return None if found is None else found.group()[0] in ">≥"
