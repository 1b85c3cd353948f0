"""Put counted faults into the record, with the first few of them."""

from collections.abc import Sequence

from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.run.measure import Measure

from .sensor import Crossing

SHOWN = 3


def count(measure: Measure, name: str, faults: Sequence[str], trials: int, expected: str) -> None:
    """Record how many of so many trials failed."""
    detail = "; ".join(faults[:SHOWN])
    measure.record(name, judge_failures(len(faults), trials, expected, detail=detail))


def count_marks(
    measure: Measure, *, late: Sequence[Crossing], in_time: Sequence[Crossing], why_late: str
) -> None:
    """Record which results bear another mark of lateness than they must."""
    count(
        measure, "late_results_not_declared", _marked_otherwise(late, late=True), len(late),
        f"each result {why_late} is marked late",
    )  # fmt: skip
    count(
        measure, "results_in_time_marked_late", _marked_otherwise(in_time, late=False),
        len(in_time), "no result seen in time is marked late",
    )  # fmt: skip


def _marked_otherwise(crossings: Sequence[Crossing], *, late: bool) -> list[str]:
    """The windows whose result is missing or has another mark than this."""
    return [
        f"window {one.expected['index']}: "
        + ("no result" if one.event is None else f"late is {one.event['late']!r}")
        for one in crossings
        if one.event is None or one.event["late"] is not late
    ]
