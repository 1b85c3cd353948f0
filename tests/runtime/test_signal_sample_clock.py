"""Sample clocks are exact, however long a stream lasts."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.signal.sample_clock import NS_PER_SECOND, SampleClock

rates = st.tuples(st.integers(1, 10**7), st.integers(1, 10**5)).filter(
    lambda rate: rate[0] <= NS_PER_SECOND * rate[1]
)
indices = st.integers(-(10**12), 10**12)


@given(rate=rates, index=indices, origin_ns=indices)
def test_an_instant_is_the_exact_one_rounded_up(
    rate: tuple[int, int], index: int, origin_ns: int
) -> None:
    exact = origin_ns + Fraction(index * NS_PER_SECOND * rate[1], rate[0])
    assert SampleClock(*rate, origin_ns).instant_ns(index) == ceil(exact)


@given(rate=rates, index=indices, origin_ns=indices)
def test_index_and_instant_are_each_others_inverse(
    rate: tuple[int, int], index: int, origin_ns: int
) -> None:
    clock = SampleClock(*rate, origin_ns)
    assert clock.index_at(clock.instant_ns(index)) == index
    assert clock.index_at(clock.instant_ns(index) - 1) == index - 1


@given(rate=rates, instant_ns=indices)
def test_the_sample_at_an_instant_is_the_last_one_taken(
    rate: tuple[int, int], instant_ns: int
) -> None:
    exact = Fraction(instant_ns * rate[0], NS_PER_SECOND * rate[1])
    assert SampleClock(*rate).index_at(instant_ns) == floor(exact)


def test_no_drift_over_a_hundred_million_samples() -> None:
    clock = SampleClock(360)
    assert clock.instant_ns(360 * 300_000) == 300_000 * NS_PER_SECOND
    assert clock.instant_ns(10**8) == 277_777_777_777_778
    steps = {clock.instant_ns(i + 1) - clock.instant_ns(i) for i in range(10**8, 10**8 + 360)}
    assert steps == {2_777_777, 2_777_778}
    assert SampleClock(250).duration_ns(1250) == 5 * NS_PER_SECOND


@pytest.mark.parametrize("rate", [(0, 1), (-250, 1), (250, 0), (2 * NS_PER_SECOND, 1)])
def test_a_rate_that_cannot_be_is_refused(rate: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1 GHz"):
        SampleClock(*rate)
