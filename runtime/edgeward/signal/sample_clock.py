"""Sample indices and nanoseconds, in integers: no rounding ever adds up.

The rate is a ratio of two integers, so 360 Hz or 44,100/1,001 Hz is exact. Sample *i* is taken at
`origin + ceil(i * 1e9 / rate)`; the sample at an instant is the last one taken at or before it. Up
to 1 GHz the two are each other's inverse for every index, however large.
"""

from dataclasses import dataclass

NS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SampleClock:
    """The instants of a stream's samples: `rate_numerator / rate_denominator` of them a second."""

    rate_numerator: int
    rate_denominator: int = 1
    origin_ns: int = 0
    """The instant of sample 0."""

    def __post_init__(self) -> None:
        """Check the rate.

        Raises:
            ValueError: the rate is not above 0 and at most 1 GHz.
        """
        above_zero = self.rate_numerator > 0 and self.rate_denominator > 0
        if not above_zero or self.rate_numerator > NS_PER_SECOND * self.rate_denominator:
            raise ValueError(
                f"a rate of {self.rate_numerator}/{self.rate_denominator} Hz is not accepted;"
                " it must be above 0 and at most 1 GHz"
            )

    def instant_ns(self, index: int) -> int:
        """When the sample is taken: the first whole nanosecond at or after its exact instant."""
        return self.origin_ns - (-index * NS_PER_SECOND * self.rate_denominator) // (
            self.rate_numerator
        )

    def index_at(self, instant_ns: int) -> int:
        """The last sample taken at or before the instant (negative before the origin)."""
        elapsed_ns = instant_ns - self.origin_ns
        return elapsed_ns * self.rate_numerator // (NS_PER_SECOND * self.rate_denominator)

    def duration_ns(self, samples: int) -> int:
        """How long this many samples take, rounded up to a whole nanosecond."""
        return self.instant_ns(samples) - self.origin_ns
