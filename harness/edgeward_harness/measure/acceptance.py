"""Acceptance statistics: what a sample allows us to say, with stated confidence.

A promise is accepted on a confidence limit, never on a point estimate. All bounds here are exact
and make no assumption about the shape of a distribution:

- a percentile by an order statistic (the k-th smallest value, k from the binomial distribution);
- a rate by Clopper and Pearson's bound.
"""

import math
from collections.abc import Sequence
from functools import lru_cache


def binomial_cdf(successes: int, trials: int, rate: float) -> float:
    """P(X <= successes) for X binomial, summed in log space so that large n does not underflow."""
    if successes < 0:
        return 0.0
    if successes >= trials or rate <= 0.0:
        return 1.0
    if rate >= 1.0:
        return 0.0
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    log_terms = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * log_rate
        + (trials - k) * log_rest
        for k in range(successes + 1)
    ]
    peak = max(log_terms)
    return min(1.0, math.exp(peak) * math.fsum(math.exp(term - peak) for term in log_terms))


@lru_cache(maxsize=1024)  # samples of one size are judged by the thousand
def percentile_rank(trials: int, quantile: float, confidence: float) -> int | None:
    """The smallest rank k (from 1) whose order statistic bounds the quantile from above.

    The k-th smallest of n values is at or above the true quantile with probability
    P(Bin(n, quantile) <= k - 1). None when even the largest value is not enough.
    """
    if binomial_cdf(trials - 1, trials, quantile) < confidence:
        return None
    low, high = 1, trials
    while low < high:
        middle = (low + high) // 2
        if binomial_cdf(middle - 1, trials, quantile) >= confidence:
            high = middle
        else:
            low = middle + 1
    return low


def percentile_upper_bound(
    values: Sequence[float], quantile: float, confidence: float
) -> float | None:
    """The upper confidence bound of a quantile; None when the sample is too small to have one."""
    rank = percentile_rank(len(values), quantile, confidence) if values else None
    return None if rank is None else sorted(values)[rank - 1]


@lru_cache(maxsize=1024)
def rate_upper_bound(failures: int, trials: int, confidence: float) -> float:
    """Clopper and Pearson's one-sided upper bound of a failure rate."""
    if trials <= 0 or failures >= trials:
        return 1.0
    low, high = failures / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_cdf(failures, trials, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def zero_failure_trials(rate: float, confidence: float) -> int:
    """How many trials without a failure show that the failure rate is below `rate`."""
    return math.ceil(math.log(1.0 - confidence) / math.log1p(-rate))


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """The smallest value of an ordered sample with at least that share at or below it."""
    rank = max(1, math.ceil(fraction * len(ordered)))
    return ordered[rank - 1]
