"""How long an inference takes here: the figures that `check` prints and admission judges.

Rules:
1. The first calls warm caches and are not counted.
2. Each call is timed alone, on windows that take turns. Nothing is taken off for reading the clock
   (0.1 us), so a figure is never better than the truth.
3. A percentile is a time that was measured, the shortest that this share of the calls kept; nothing
   is interpolated. The 99th of fewer than 100 calls is therefore the longest.

These are times of this host in this minute. Whether it was quiet enough to judge a device by them
is not known here; the harness looks at that from outside.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeward.model.engine import InferenceEngine, probe_windows
from edgeward.ports import Clock
from edgeward.signal.windows import Samples


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. The usual plan is a second or less with a small model."""

    calls: int = 1000
    warm_up_calls: int = 50
    windows_per_call: int = 1
    """More than one measures micro-batches."""
    pause_ns: int = 0
    """Between two calls: a device that judges a window now and then has colder caches."""

    def __post_init__(self) -> None:
        """Refuse a plan that measures nothing.

        Raises:
            ValueError: a number is too small.
        """
        lowest = {"calls": 1, "warm_up_calls": 0, "windows_per_call": 1, "pause_ns": 0}
        faults = [
            f"{name} is {getattr(self, name)}, must be {least} or more"
            for name, least in lowest.items()
            if getattr(self, name) < least
        ]
        if faults:
            raise ValueError("; ".join(faults))


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """What each counted call took, in the order in which they were made."""

    plan: Plan
    elapsed_ns: NDArray[np.int64]

    def percentile_ns(self, share: float) -> int:
        """Rule 3: the shortest time that this share of the calls, above 0 and up to 1, kept.

        Raises:
            ValueError: the share is not above 0 and up to 1.
        """
        if not 0 < share <= 1:
            raise ValueError(f"a share of {share}; must be above 0 and up to 1")
        rank = math.ceil(share * len(self.elapsed_ns) * (1 - 1e-12))  # 0.07 * 100 is a hair over 7
        return int(np.partition(self.elapsed_ns, rank - 1)[rank - 1])

    @property
    def mean_ns(self) -> float:
        """The mean time of a call."""
        return float(self.elapsed_ns.mean())

    @property
    def windows_per_s(self) -> float | None:
        """Windows judged in a second of these calls; None where the clock stood still."""
        total_ns = int(self.elapsed_ns.sum())
        windows = len(self.elapsed_ns) * self.plan.windows_per_call
        return windows * 1e9 / total_ns if total_ns else None

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            "calls": len(self.elapsed_ns),
            "windows_per_call": self.plan.windows_per_call,
            "min_ns": int(self.elapsed_ns.min()),
            "p50_ns": self.percentile_ns(0.5),
            "p99_ns": self.percentile_ns(0.99),
            "max_ns": int(self.elapsed_ns.max()),
            "mean_ns": self.mean_ns,
            "windows_per_s": self.windows_per_s,
        }


def measure(
    engine: InferenceEngine, clock: Clock, plan: Plan | None = None, windows: Samples | None = None
) -> Times:
    """Time an engine on these windows, one to a row, or on some that mean nothing.

    Raises:
        ModelError: the model failed on one of them, or takes fewer windows in a call.
        ValueError: there is no window to measure with.
    """
    plan = Plan() if plan is None else plan
    if windows is None:
        windows = probe_windows(engine.card.input.window_samples, max(8, plan.windows_per_call))
    if not len(windows):
        raise ValueError("no window to measure with; give one or more")
    calls = _calls(engine, windows, plan.windows_per_call)
    for number in range(plan.warm_up_calls):
        calls[number % len(calls)]()
    elapsed_ns = np.zeros(plan.calls, dtype=np.int64)
    for number in range(plan.calls):
        call = calls[number % len(calls)]
        if plan.pause_ns:
            clock.sleep_ns(plan.pause_ns)
        started_ns = clock.monotonic_ns()
        call()
        elapsed_ns[number] = clock.monotonic_ns() - started_ns
    return Times(plan, elapsed_ns)


def _calls(
    engine: InferenceEngine, windows: Samples, windows_per_call: int
) -> list[Callable[[], object]]:
    """One call for each window, which begins with it: what is timed is the call alone."""
    if windows_per_call == 1:
        return [partial(engine.probabilities, window) for window in windows]
    starts = range(len(windows))
    batches = [
        np.take(windows, range(at, at + windows_per_call), axis=0, mode="wrap") for at in starts
    ]
    return [partial(engine.probabilities_many, batch) for batch in batches]
