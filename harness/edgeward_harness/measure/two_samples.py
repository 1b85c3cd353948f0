"""Are two samples alike? Tests that assume no shape, and what many tests at once may claim.

- Two samples of a quantity, each as counts over classes: the rank test of Mann and Whitney with
  ties, by its normal limit. Neighbours within a sample that resemble each other make it claim too
  much; a caller says so beside it.
- Two counts of failures: Fisher's exact test, two-sided.
- Several tests: Holm's step-down, which holds the chance of any false claim.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist

Weighted = Mapping[float, int]
"""Values, each with how often it was taken."""


def rank_test(before: Weighted, after: Weighted) -> float:
    """The two-sided probability of so large a difference in rank, were both alike.

    Raises:
        ValueError: one sample is empty.
    """
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        raise ValueError(f"samples of {n} and {m}; accepted: one or more each")
    rank_sum, ties, seen = 0.0, 0.0, 0
    for value in sorted({*before, *after}):
        count = before.get(value, 0) + after.get(value, 0)
        rank_sum += after.get(value, 0) * (seen + (count + 1) / 2)
        ties += count**3 - count
        seen += count
    whole = n + m
    variance = n * m / 12 * ((whole + 1) - ties / (whole * max(1, whole - 1)))
    if variance <= 0:
        return 1.0
    distance = abs(rank_sum - m * (whole + 1) / 2) - 0.5
    return min(1.0, 2 * (1 - NormalDist().cdf(max(0.0, distance) / math.sqrt(variance))))


def exact_test(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Fisher's two-sided probability; each count is failures and trials.

    Raises:
        ValueError: more failures than trials.
    """
    (a, n), (b, m) = before, after
    if not (0 <= a <= n and 0 <= b <= m):
        raise ValueError(f"{a} of {n} and {b} of {m}; accepted: failures up to trials")
    total = a + b
    here = _log_ways(n, a) + _log_ways(m, b)
    every = [
        _log_ways(n, k) + _log_ways(m, total - k)
        for k in range(max(0, total - m), min(n, total) + 1)
    ]
    whole = _log_ways(n + m, total)
    return min(1.0, math.fsum(math.exp(one - whole) for one in every if one <= here + 1e-9))


def _log_ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def significant(probabilities: Sequence[float], level: float) -> tuple[bool, ...]:
    """Which of several tests may be claimed at a level, by Holm."""
    order = sorted(range(len(probabilities)), key=lambda at: probabilities[at])
    claimed = [False] * len(probabilities)
    for place, at in enumerate(order):
        if probabilities[at] > level / (len(order) - place):
            break
        claimed[at] = True
    return tuple(claimed)


def weighted(edges: Sequence[float], counts: Iterable[int]) -> dict[float, int]:
    """A histogram as values at the middle of its classes."""
    found: dict[float, int] = {}
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        if count:
            middle = float(f"{(low + high) / 2:.4g}")
            found[middle] = found.get(middle, 0) + count
    return found
