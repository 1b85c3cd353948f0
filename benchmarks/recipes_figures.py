"""Times of contenders that take turns, and figures with the intervals they lie in.

Times: each round asks every contender some windows, in an order that is drawn anew. What disturbs
the host for a moment disturbs a round; so rounds are drawn with replacement for the intervals, and
ratios are of the same draws. Medians are of wall time, the 99th percentile is of the processor time
of the calling thread, which is the only one that works: on a busy host the tail of wall time is
the scheduler's.

Answers: whole patients are drawn, as `scores` does it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from recipes_contenders import Contender

from edgeward.model.compress.examples import Examples
from edgeward.model.compress.scores import DRAWS, Figure, Scores, retained, score
from edgeward.model.engine import Probabilities
from edgeward.signal.windows import Samples

CALLS: Final = 10
_TAIL: Final = 0.025
_DRAWS_OF_TIMES: Final = 400
_NS_PER_US: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """What each call took: for each contender, rounds by calls."""

    wall_ns: dict[str, NDArray[np.int64]]
    cpu_ns: dict[str, NDArray[np.int64]]

    def p50_us(self, name: str) -> Figure:
        """The median of wall time."""
        return self._figure(self.wall_ns[name], 0.5)

    def cpu_p99_us(self, name: str) -> Figure:
        """The 99th percentile of processor time."""
        return self._figure(self.cpu_ns[name], 0.99)

    def faster(self, name: str, than: str) -> Figure:
        """The ratio of the medians."""
        mine, theirs = self.wall_ns[name], self.wall_ns[than]
        drawn = _drawn(theirs, 0.5) / _drawn(mine, 0.5)
        return _between(float(np.median(theirs) / np.median(mine)), drawn)

    @staticmethod
    def _figure(taken: NDArray[np.int64], share: float) -> Figure:
        value = float(np.quantile(taken, share, method="higher")) / _NS_PER_US
        return _between(value, _drawn(taken, share) / _NS_PER_US)


def take_turns(contenders: Sequence[Contender], windows: Samples, rounds: int, seed: int) -> Turns:
    """Ask them; the first call of each turn warms the caches and is not counted."""
    draw = np.random.default_rng(seed)
    shape = (rounds, CALLS)
    wall, cpu = ({one.name: np.zeros(shape, np.int64) for one in contenders} for _ in range(2))
    for at in range(rounds):
        given = [windows[place : place + 1] for place in draw.integers(len(windows), size=CALLS)]
        for place in draw.permutation(len(contenders)):
            one = contenders[place]
            one.ask(given[0])
            for call, window in enumerate(given):
                cpu_ns, wall_ns = time.thread_time_ns(), time.perf_counter_ns()
                one.ask(window)
                wall[one.name][at, call] = time.perf_counter_ns() - wall_ns
                cpu[one.name][at, call] = time.thread_time_ns() - cpu_ns
    return Turns(wall, cpu)


@dataclass(frozen=True, slots=True)
class Rightness:
    """How right a contender is, and what it lost against the reference."""

    scores: Scores
    kept: Scores
    """The difference to the reference; negative where something is lost."""
    agreeing: Figure
    apart: Figure
    """The largest change of one probability."""


def rightness(judging: Examples, found: Probabilities, reference: Probabilities) -> Rightness:
    """Of a contender's answers to the windows to judge on."""
    same = replace(judging, labels=reference.argmax(1))
    return Rightness(
        score(judging, found, 1),
        retained(judging, found, reference, 1),
        score(same, found, 1).accuracy,
        _apart(judging, np.abs(found - reference).max(1)),
    )


def _apart(judging: Examples, each: NDArray[np.floating]) -> Figure:
    """The largest of all patients, and of patients drawn."""
    _, patient = np.unique(judging.patients, return_inverse=True)
    most = np.zeros(int(patient.max()) + 1)
    np.maximum.at(most, patient, each)
    draws = np.random.default_rng(1).integers(len(most), size=(DRAWS, len(most)))
    return _between(float(most.max()), most[draws].max(1))


def _drawn(taken: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """The percentile of each draw of rounds; the same draws for everybody."""
    draws = np.random.default_rng(1).integers(len(taken), size=(_DRAWS_OF_TIMES, len(taken)))
    return np.array([np.quantile(taken[one], share, method="higher") for one in draws], np.float64)


def _between(value: float, drawn: NDArray[np.float64]) -> Figure:
    low, high = np.quantile(drawn, [_TAIL, 1 - _TAIL])
    return Figure(value, float(low), float(high))
