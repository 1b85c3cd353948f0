"""Put what was seen into the record, and with it that the patients are simulated."""

from collections.abc import Sequence
from typing import Final

from edgeward_harness.measure.judge import Sample, judge_failures, judge_maximum
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.measure.rates import judge_none_per_hour
from edgeward_harness.run.measure import Measure

SHOWN: Final = 3


def count(measure: Measure, name: str, faults: Sequence[str], trials: int, expected: str) -> None:
    """Record how many of so many trials failed, with the first few of them."""
    measure.rests_on(SIMULATED)
    detail = "; ".join(faults[:SHOWN])
    measure.record(name, judge_failures(len(faults), trials, expected, detail=detail))


def delays(measure: Measure, name: str, values_s: Sequence[float], limit_s: float) -> None:
    """Record delays on a simulated clock, to which no noise of the host adds anything."""
    measure.rests_on(SIMULATED)
    sample = Sample(values_s, [0.0] * len(values_s), unit="s")
    measure.record(name, judge_maximum(sample, limit_s))


def none_per_hour(measure: Measure, name: str, events: Sequence[str], hours: float) -> None:
    """Record how often something came that must not."""
    measure.rests_on(SIMULATED)
    detail = "; ".join(events[:SHOWN])
    measure.record(name, judge_none_per_hour(len(events), hours, detail))
