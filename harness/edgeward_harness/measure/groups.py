"""The parts that a figure was pooled from: one recording, one subgroup, one type of beat each.

A pooled figure hides the recording on which a detector fails. A judgement may carry its parts; they
are shown beside it and never judged: the promise is about the pooled figure.
"""

import math
from dataclasses import dataclass, replace

GROUPS_MAX = 4096
"""Parts of one judgement; the largest public collections have some thousand recordings."""
NAME_CHARS_MAX = 512


@dataclass(frozen=True, slots=True)
class Group:
    """The figure of one part, in the unit of the judgement and at its confidence.

    What was not measured is None: a recording without a single event has no value, an interval may
    be open on one side. Nothing stands in for it.

    Raises:
        ValueError: its name cannot be shown, its count is negative, or its bounds are crossed.
    """

    name: str
    n: int
    """What was counted in this part: beats, events, windows."""
    value: float | None
    low: float | None
    high: float | None
    detail: str = ""

    def __post_init__(self) -> None:
        faults = []
        if not (0 < len(self.name) <= NAME_CHARS_MAX and self.name.isprintable()):
            faults.append(f"name: expected 1 to {NAME_CHARS_MAX} printable characters")
        if self.n < 0:
            faults.append(f"n: found {self.n}, expected 0 or more")
        if self.low is not None and self.high is not None and self.low > self.high:
            faults.append(f"low: found {self.low:g}, expected no more than high ({self.high:g})")
        if faults:
            raise ValueError(f"group {self.name[:NAME_CHARS_MAX]!r}: {'; '.join(faults)}")

    def finite(self) -> "Group":
        """The part as evidence can hold it: what is no finite number is none.

        An infinite bound is an open one. An infinite value is said in words.
        """
        endless = self.value is not None and math.isinf(self.value)
        said = [self.detail] if self.detail else []
        return replace(
            self,
            n=int(self.n),
            value=_finite(self.value),
            low=_finite(self.low),
            high=_finite(self.high),
            detail="; ".join([*said, "without bound"] if endless else said),
        )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
