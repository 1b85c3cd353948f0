"""What a sample of delays says about its tail, and what can only be extrapolated from it."""

from dataclasses import dataclass
from typing import Any, Final

from edgeward_harness.measure.acceptance import zero_failure_trials
from edgeward_harness.measure.extremes import TailBound, TailRefused, fit_tail
from edgeward_harness.measure.judge import CONFIDENCE, Sample

FRACTIONS: Final = (0.999, 0.997, 0.99)
EXCEEDANCE: Final = 1e-4
"""Of one window a second, one every three hours: rarer than any drive here would show."""


@dataclass(frozen=True, slots=True)
class Tail:
    """An extrapolation, or the reason why there is none."""

    fit: TailBound | TailRefused

    @property
    def said(self) -> str:
        """For the note beside a measurement."""
        if isinstance(self.fit, TailRefused):
            return f"no extrapolation beyond the sample: {self.fit.reason}"
        return (
            f"extrapolated, not judged: one in {1 / EXCEEDANCE:.0f} beyond"
            f" {self.fit.quantile_ms:.3g} ms, at most {self.fit.bound_ms:.3g} ms with 95 %"
            f" confidence (fit p = {self.fit.p_value:.2f})"
        )

    def to_json(self) -> dict[str, Any]:
        """The form kept beside the record."""
        return {"exceedance": EXCEEDANCE, "confidence": CONFIDENCE, **self.fit.to_json()}


def highest_percentile(values: int) -> float:
    """The highest percentile that order statistics can bound from so many values."""
    return next(
        (one for one in FRACTIONS if values >= zero_failure_trials(1.0 - one, CONFIDENCE)),
        FRACTIONS[-1],
    )


def tail_beyond(sample: Sample, *, seed: int) -> Tail:
    """What lies beyond the sample, as observed and in its order."""
    return Tail(fit_tail(sample.values, exceedance=EXCEEDANCE, confidence=CONFIDENCE, seed=seed))
