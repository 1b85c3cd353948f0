"""Pace pulses are looked for only where there may be one: none is missed by that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.signal.detect.qrs.front import Values
from edgeward.signal.detect.qrs.spikes import Spikes

STEP = 22


class Thorough(Spikes):
    """Looks wherever the signal changes at all."""

    def _may_hold(self, known: Values) -> bool:
        return bool(np.abs(np.diff(known[self._before :])).max() > 0.02)


def cleaned(spikes: Spikes, wave: Values) -> Values:
    valid = np.ones(STEP, np.bool_)
    steps = wave.astype(np.float32).reshape(-1, STEP)
    return np.concatenate([spikes.push(step, valid) for step in steps])


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([125, 250, 360, 1000]),
    st.floats(0.001, 0.3),
    st.lists(st.floats(0.03, 8), min_size=1, max_size=12),
)
def test_a_quick_look_misses_no_pulse(
    seed: int, rate_hz: int, noise_mv: float, heights_mv: list[float]
) -> None:
    draws = np.random.default_rng(seed)
    wave = draws.normal(0, noise_mv, 15 * STEP)
    for height_mv in heights_mv:
        first = int(draws.integers(len(wave)))
        wave[first : first + int(draws.integers(1, 4))] += height_mv * draws.choice([-1, 1])
    found = cleaned(Spikes(rate_hz), wave)
    assert np.array_equal(found, cleaned(Thorough(rate_hz), wave))


@pytest.mark.parametrize("height_mv", [0.06, -0.06, 3.0, -3.0, 400.0])
def test_a_pulse_on_a_still_line_is_taken_out(height_mv: float) -> None:
    wave = np.zeros(6 * STEP)
    wave[50:52] = height_mv
    assert not cleaned(Spikes(360), wave).any()
