"""Put what was seen into the record: how many of so many were otherwise than promised."""

from collections.abc import Sequence
from random import Random
from typing import Final

from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.run.measure import Measure

SHOWN: Final = 3


def count(measure: Measure, name: str, faults: Sequence[str], trials: int, expected: str) -> None:
    """Record how many of so many trials failed, with the first few of them."""
    detail = "; ".join(faults[:SHOWN])
    measure.record(name, judge_failures(len(faults), trials, expected, detail=detail))


def drawn(seed: int) -> Random:
    """Where a case draws its moments, places and words: from one integer that replays it."""
    return Random(seed)  # noqa: S311 - nothing drawn here is a secret
