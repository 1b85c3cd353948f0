"""Stretches of time in which something is so, from events and from courses second by second."""

from collections.abc import Iterator
from math import ceil, inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.simulation.lane import F64


def gaps(events_s: F64, seconds: float, over_s: float) -> Iterator[tuple[float, float]]:
    """From one event to the next where that is longer; the begin and the end count as events."""
    times_s = np.concatenate([[0.0], events_s, [seconds]])
    for place in np.flatnonzero(np.diff(times_s) > over_s):
        yield float(times_s[place]), float(times_s[place + 1])


def stretches(true: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The first place of each run of True, and the one after its last."""
    edges = np.flatnonzero(np.diff(true.astype(np.int8), prepend=0, append=0))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(end)


def rate_courses(beats_s: F64, seconds: float, silent_s: float) -> tuple[F64, F64, F64]:
    """Three heart rates at each second: of the last interval, of the last 3, of the last 8.

    The interval under way counts as soon as it is longer than the one before. Where nothing can be
    said there is NaN: before the first, and when no beat came for `silent_s`.
    """
    at_s = np.arange(ceil(seconds), dtype=np.float64)
    count = np.searchsorted(beats_s, at_s, side="right")
    one, three, eight = (_rate(beats_s, at_s, count, over, silent_s) for over in (1, 3, 8))
    return one, three, eight


def _rate(beats_s: F64, at_s: F64, count: NDArray[np.intp], over: int, silent_s: float) -> F64:
    """The rate of the last intervals at each instant."""
    rates = np.full(len(at_s), np.nan)
    known = count > over
    last = beats_s[count[known] - 1]
    mean_s = (last - beats_s[count[known] - 1 - over]) / over
    under_way_s = at_s[known] - last
    longer = (mean_s * (over - 1) + under_way_s) / over
    rates[known] = 60.0 / np.maximum(mean_s, np.where(under_way_s > mean_s, longer, 0.0))
    rates[known] = np.where(under_way_s < silent_s, rates[known], np.nan)
    return rates


class Beyond(NamedTuple):
    """A stretch beyond a limit, in seconds."""

    earliest: float
    begins: float
    ends: float
    certain: bool


def runs_beyond(
    courses: tuple[F64, F64, F64], limit: float, margin: float, lasting: int, lag: int
) -> list[Beyond]:
    """Stretches in which values lie above a limit (what is to lie below comes negated).

    The courses are of one thing, from the quickest to the steadiest; a stretch is certain when all
    but the quickest lie beyond the margin for as long as `lasting`. It begins where the quickest
    passes the limit. A value near the limit may be noticed `lag` seconds later still.
    """
    quick, short, steady = courses
    certain = (short > limit + margin) & (steady > limit + margin) & np.isfinite(short)
    near = (short > limit - margin) | (steady > limit - margin)
    found = []
    for first, end in stretches(_merged(near, lag)):
        sure = [
            (_begin(quick, limit, first + low), first + high)
            for low, high in stretches(certain[first:end])
        ]
        lasting_ones = [low for low, high in sure if high - low >= lasting]
        begins = lasting_ones[0] if lasting_ones else first
        earliest = max(0.0, first - 1.0)
        found.append(Beyond(earliest, float(begins), float(end), bool(lasting_ones)))
    return found


def _begin(quick: F64, limit: float, place: int) -> int:
    """Back to where the quickest course passed the limit."""
    while place > 0 and quick[place - 1] > limit and quick[place - 1] < inf:
        place -= 1
    return place


def _merged(true: NDArray[np.bool_], lag: int) -> NDArray[np.bool_]:
    """Runs with holes of no more than `lag` between them as one."""
    out = true.copy()
    for low, high in stretches(~true):
        if low > 0 and high < len(true) and high - low < lag:
            out[low:high] = True
    return out
