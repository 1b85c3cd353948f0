"""Episodes: how many of them were found, how much of their time, and how soon.

Rules:
1. An episode is found when what was told overlaps it (EC57's rule for fibrillation), or begins at
   most `late_s` after its end: whoever hears of it then still hears of it.
2. What was told and overlaps no episode, nor begins that soon after one, is false.
3. The time to alarm is from the onset to when it was told; 0 when it was told already.
4. False ones an hour carry an exact Poisson bound; a share carries Clopper and Pearson's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeward_harness.measure.acceptance import rate_upper_bound

Episode = tuple[float, float]
"""From and to, in seconds."""


@dataclass(frozen=True, slots=True)
class EpisodeScore:
    """What was made of the episodes of one kind."""

    present: int
    found: int
    told: int
    false: int
    hours: float
    delays_s: tuple[float, ...]
    """From onset to alarm, for each episode that was found."""
    covered_s: float
    """Of the time of the episodes, how much was told."""
    present_s: float
    told_s: float

    @property
    def missed(self) -> int:
        """Episodes that were not found."""
        return self.present - self.found

    @property
    def sensitivity(self) -> float | None:
        """The share of episodes found; None where there was none."""
        return self.found / self.present if self.present else None

    @property
    def false_per_hour(self) -> float:
        """False ones an hour."""
        return self.false / self.hours

    def missed_share_bound(self, confidence: float) -> float:
        """The upper bound of the share that is missed; 1 where there was no episode."""
        return rate_upper_bound(self.missed, self.present, confidence)

    def false_per_hour_bound(self, confidence: float) -> float:
        """The upper bound of false ones an hour."""
        return poisson_upper_bound(self.false, confidence) / self.hours

    def __add__(self, other: "EpisodeScore") -> "EpisodeScore":
        """Both recordings together."""
        return EpisodeScore(
            self.present + other.present,
            self.found + other.found,
            self.told + other.told,
            self.false + other.false,
            self.hours + other.hours,
            self.delays_s + other.delays_s,
            self.covered_s + other.covered_s,
            self.present_s + other.present_s,
            self.told_s + other.told_s,
        )


def score_episodes(
    truth: Sequence[Episode], told: Sequence[Episode], seconds: float, late_s: float = 0.0
) -> EpisodeScore:
    """The episodes of one recording of so many seconds.

    Raises:
        ValueError: an episode ends before it begins, or the recording has no length.
    """
    if seconds <= 0:
        raise ValueError(f"found a recording of {seconds} s; accepted: more than 0")
    for first, last in (*truth, *told):
        if not first <= last:
            raise ValueError(
                f"found an episode from {first} s to {last} s; it ends before it begins"
            )

    def belongs(alarm: Episode, episode: Episode) -> bool:
        return alarm[0] <= episode[1] + late_s and alarm[1] >= episode[0]

    firsts = [
        min((alarm[0] for alarm in told if belongs(alarm, episode)), default=None)
        for episode in truth
    ]
    delays = [
        max(0.0, first - episode[0])
        for first, episode in zip(firsts, truth, strict=True)
        if first is not None
    ]
    false = sum(not any(belongs(alarm, episode) for episode in truth) for alarm in told)
    return EpisodeScore(
        present=len(truth),
        found=len(delays),
        told=len(told),
        false=false,
        hours=seconds / 3600,
        delays_s=tuple(delays),
        covered_s=_length([_overlap(a, e) for a in _joined(told) for e in _joined(truth)]),
        present_s=_length(_joined(truth)),
        told_s=_length(_joined(told)),
    )


def _joined(episodes: Sequence[Episode]) -> list[Episode]:
    """The same time, each instant once."""
    joined: list[Episode] = []
    for first, last in sorted(episodes):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _overlap(one: Episode, other: Episode) -> Episode:
    first = max(one[0], other[0])
    return first, max(first, min(one[1], other[1]))


def _length(episodes: Sequence[Episode]) -> float:
    return math.fsum(last - first for first, last in episodes)


def poisson_upper_bound(events: int, confidence: float) -> float:
    """The exact one-sided upper bound of the mean of a Poisson number that was seen once."""
    low, high = float(events), 2.0 * events + 20.0
    for _ in range(80):
        middle = (low + high) / 2
        if _poisson_cdf(events, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def _poisson_cdf(events: int, mean: float) -> float:
    log_terms = [k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(events + 1)]
    peak = max(log_terms)
    return math.exp(peak) * math.fsum(math.exp(term - peak) for term in log_terms)
