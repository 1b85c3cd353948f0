"""What nobody could read is told by one window; what a heart makes never is."""

import numpy as np
import pytest

from edgeward.signal.patient import Rhythm, SimulatedPatient
from edgeward.signal.unreadable import unreadable_in

RATE_HZ = 250
TIME_S = np.arange(1250) / RATE_HZ


def why(samples: np.ndarray, rate_hz: int = RATE_HZ) -> str | None:
    judge = unreadable_in("ecg", "mV", rate_hz, len(samples))
    assert judge is not None
    return judge(samples.astype(np.float32))


@pytest.mark.parametrize("level_mv", [0.0, 10.0, -0.3])
def test_where_nothing_moves_nobody_is(level_mv: float) -> None:
    assert why(np.full(1250, level_mv)) == (
        "nothing moves: 0.0 uV from the least to the greatest sample"
    )


@pytest.mark.parametrize(
    "noise",
    [
        np.sin(2 * np.pi * 50 * TIME_S),
        0.5 * np.sin(2 * np.pi * 60 * TIME_S),
        np.random.default_rng(1).standard_normal(1250),
        10 * np.sign(np.sin(2 * np.pi * 50 * TIME_S + 0.1)),
    ],
)
def test_hum_and_noise_are_no_heart(noise: np.ndarray) -> None:
    assert (why(noise) or "").startswith("noise: ")


@pytest.mark.parametrize("rate_hz", [125, 200, 500, 1000])
def test_the_sampling_rate_does_not_matter(rate_hz: int) -> None:
    time_s = np.arange(5 * rate_hz) / rate_hz
    assert why(np.sin(2 * np.pi * 50 * time_s), rate_hz)
    assert why(SimulatedPatient(3, rate_hz).ecg(Rhythm.SINUS, 5), rate_hz) is None


def test_what_no_electrode_shows_is_no_signal() -> None:
    largest = float(np.finfo(np.float32).max)
    assert why(np.linspace(-largest, largest, 1250)) is not None


@pytest.mark.parametrize("spike_mv", [4.0, 700.0])
def test_a_pacemaker_is_no_noise(spike_mv: float) -> None:
    heart = SimulatedPatient(1, RATE_HZ).ecg(Rhythm.SINUS, 5)
    assert why(heart + np.where(np.arange(1250) % 250 == 0, spike_mv, 0.0)) is None


def test_hearts_are_read_those_that_stand_still_too() -> None:
    for seed in range(30):
        for rhythm in Rhythm:
            assert why(SimulatedPatient(seed, RATE_HZ).ecg(rhythm, 5)) is None


@pytest.mark.parametrize(
    ("signal", "unit", "rate_hz", "samples"),
    [("ppg", "1", 250, 1250), ("ecg", "uV", 250, 1250), ("ecg", "mV", 50, 250),
     ("ecg", "mV", 250, 499)],
)  # fmt: skip
def test_of_other_windows_nothing_is_known(
    signal: str, unit: str, rate_hz: int, samples: int
) -> None:
    assert unreadable_in(signal, unit, rate_hz, samples) is None
