"""What a sample of delays says about its tail, and what can only be extrapolated from it."""

from dataclasses import dataclass
from typing import Any, Final

from edgeward_harness.measure.acceptance import zero_failure_trials
from edgeward_harness.measure.block_maxima import fit_maxima
from edgeward_harness.measure.extremes import fit_tail
from edgeward_harness.measure.judge import CONFIDENCE, Sample
from edgeward_harness.measure.tails import TailFit, TailRefused, reconciled

FRACTIONS: Final = (0.999, 0.997, 0.99)
EXCEEDANCE: Final = 1e-4
"""Of one window a second, one every three hours: rarer than any drive here would show."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Two extrapolations by two methods, or the reason why one says nothing."""

    peaks: TailFit
    maxima: TailFit

    @property
    def said(self) -> str:
        """For the note beside a measurement."""
        named = (("peaks over a threshold", self.peaks), ("block maxima", self.maxima))
        return "; ".join(f"by {method} {_said(fit)}" for method, fit in named)

    def to_json(self) -> dict[str, Any]:
        """The form kept beside the record."""
        return {
            "exceedance": EXCEEDANCE,
            "confidence": CONFIDENCE,
            "peaks_over_threshold": self.peaks.to_json(),
            "block_maxima": self.maxima.to_json(),
        }


def _said(fit: TailFit) -> str:
    if isinstance(fit, TailRefused):
        return f"no extrapolation beyond the sample: {fit.reason}"
    return (
        f"extrapolated, not judged: one in {1 / EXCEEDANCE:.0f} beyond {fit.quantile_ms:.3g} ms, at"
        f" most {fit.bound_ms:.3g} ms with 95 % confidence (fit p = {fit.p_value:.2f})"
    )


def highest_percentile(values: int) -> float:
    """The highest percentile that order statistics can bound from so many values."""
    return next(
        (one for one in FRACTIONS if values >= zero_failure_trials(1.0 - one, CONFIDENCE)),
        FRACTIONS[-1],
    )


def tail_beyond(sample: Sample, *, seed: int) -> Tail:
    """What lies beyond the sample, as observed and in its order."""
    peaks, maxima = (
        fit(sample.values, exceedance=EXCEEDANCE, confidence=CONFIDENCE, seed=seed)
        for fit in (fit_tail, fit_maxima)
    )
    return Tail(*reconciled(peaks, maxima))
