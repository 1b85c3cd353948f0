"""How long after an overload results are in time again, and stay so."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Timed(NamedTuple):
    """One result: when its last sample was sent, and how long it took."""

    sent_ns: int
    latency_ms: float
    """Infinite for a result that never came."""


def recovery_ms(
    results: Sequence[Timed], overload_end_ns: int, limit_ms: float, run: int = 10
) -> float:
    """From the end of the overload to the first result of a run within the limit without relapse.

    The results are those sent after the overload, in the order in which they were sent. The time is
    to the sending of that first result: from then on a patient is served as before. Infinite when
    the last results are no such run.

    Raises:
        ValueError: the run is not 1 or more, or a result was sent out of order.
    """
    if run < 1:
        raise ValueError(f"a run of {run}; accepted: 1 or more")
    after = [one for one in results if one.sent_ns >= overload_end_ns]
    if any(later.sent_ns < one.sent_ns for one, later in pairwise(after)):
        raise ValueError("the results are not in the order in which their samples were sent")
    late = [place for place, one in enumerate(after) if not one.latency_ms <= limit_ms]
    first = late[-1] + 1 if late else 0
    if len(after) - first < run:
        return math.inf
    return (after[first].sent_ns - overload_end_ns) / 1e6
