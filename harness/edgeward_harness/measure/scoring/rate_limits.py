"""When a heart rate was beyond a limit, by the beats that people marked.

Rules:
1. The rate at a second is that of the mean interval between the beats of the last ten seconds; with
   fewer than two there is none, nor where nobody marked beats.
2. It is beyond a limit in an episode when it stays there for at least three seconds.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from edgeward_harness.measure.scoring.beats import Span
from edgeward_harness.measure.scoring.episodes import Episode

MEAN_S: Final = 10
EPISODE_S: Final = 3

Rates = Sequence[float | None]
"""One a second; None where there is none."""


def mean_rates(
    beats: Sequence[int], rate_hz: float, seconds: int, unmarked: Sequence[Span] = ()
) -> list[float | None]:
    """Rule 1, at the end of each second of a recording."""
    rates: list[float | None] = []
    for second in range(1, seconds + 1):
        since, until = (second - MEAN_S) * rate_hz, second * rate_hz
        first, end = bisect_left(beats, since), bisect_left(beats, until)
        span = beats[end - 1] - beats[first] if end - first > 1 else 0
        blind = any(begin < until and over > since for begin, over in unmarked)
        rates.append(60 * rate_hz * (end - first - 1) / span if span and not blind else None)
    return rates


def episodes_below(rates: Rates, limit: float) -> list[Episode]:
    """Rule 2, for a low limit."""
    return _episodes([rate is not None and rate < limit for rate in rates])


def episodes_above(rates: Rates, limit: float) -> list[Episode]:
    """Rule 2, for a high limit."""
    return _episodes([rate is not None and rate > limit for rate in rates])


def _episodes(beyond: Sequence[bool]) -> list[Episode]:
    found: list[Episode] = []
    second = 0
    for held, run in groupby(beyond):
        length = len(list(run))
        if held and length >= EPISODE_S:
            found.append((float(second), float(second + length)))
        second += length
    return found
