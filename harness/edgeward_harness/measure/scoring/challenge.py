"""The score of the CinC Challenge 2015: alarms kept or suppressed, a miss five times worse.

The record ends with the alarm of a bedside monitor; a judge keeps it or suppresses it. The score is
`100 (TP + TN) / (TP + TN + FP + 5 FN)`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MISS_WEIGHT = 5


@dataclass(frozen=True, slots=True)
class ChallengeScore:
    """True alarms kept and suppressed, false ones kept and suppressed."""

    kept_true: int = 0
    suppressed_true: int = 0
    kept_false: int = 0
    suppressed_false: int = 0

    def __add__(self, other: "ChallengeScore") -> "ChallengeScore":
        """Both together."""
        return ChallengeScore(
            self.kept_true + other.kept_true,
            self.suppressed_true + other.suppressed_true,
            self.kept_false + other.kept_false,
            self.suppressed_false + other.suppressed_false,
        )

    @property
    def true_positive_rate(self) -> float | None:
        """The share of true alarms that were kept; None where there was none."""
        true = self.kept_true + self.suppressed_true
        return self.kept_true / true if true else None

    @property
    def true_negative_rate(self) -> float | None:
        """The share of false alarms that were suppressed; None where there was none."""
        false = self.kept_false + self.suppressed_false
        return self.suppressed_false / false if false else None

    @property
    def score(self) -> float | None:
        """0 to 100; None where there was no alarm."""
        right = self.kept_true + self.suppressed_false
        weighed = right + self.kept_false + MISS_WEIGHT * self.suppressed_true
        return 100 * right / weighed if weighed else None


def score_alarms(judged: Iterable[tuple[bool, bool]]) -> ChallengeScore:
    """The score of alarms given as (it is true, it was kept)."""
    total = ChallengeScore()
    for true, kept in judged:
        total += ChallengeScore(
            kept_true=true and kept,
            suppressed_true=true and not kept,
            kept_false=not true and kept,
            suppressed_false=not true and not kept,
        )
    return total
