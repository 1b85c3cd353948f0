"""Falls: an impact, another posture and stillness; never an impact alone."""

import numpy as np
import pytest
from body_moves import Vectors, fall, felt, gait, jump, lying, rest
from detecting import changes, feed, same_however_cut
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.signal.detect.fall import FallDetector
from edgeward.signal.findings import Sign, SignChange
from edgeward.signal.ring import Samples

RATE_HZ = 50


def told(samples: Samples, rate_hz: int = RATE_HZ) -> list[SignChange]:
    return changes(feed(FallDetector(rate_hz), samples), Sign.FALL)


def presents(parts: list[Vectors], seed: int = 1) -> list[bool | None]:
    return [one.present for one in told(felt(parts, seed))]


@pytest.mark.parametrize("rate_hz", [25, 50, 100, 333, 1000])
@pytest.mark.parametrize("impact_g", [2.5, 6.0, 16.0])
@pytest.mark.parametrize("turned_deg", [60.0, 90.0, 170.0])
def test_a_fall_is_told_once_with_its_impact(
    rate_hz: int, impact_g: float, turned_deg: float
) -> None:
    samples = felt([rest(10, rate_hz), fall(rate_hz, impact_g, turned_deg, 60)])
    before, fallen = told(samples, rate_hz)
    assert (before.present, fallen.present) == (False, True)
    impact = 10.3 * rate_hz
    assert abs(fallen.since - impact) <= 0.06 * rate_hz + 1
    assert 3.3 * rate_hz <= fallen.at - fallen.since <= 3.8 * rate_hz
    assert f"{turned_deg:.0f}" in fallen.text or f"{turned_deg - 1:.0f}" in fallen.text


@pytest.mark.parametrize("seed", range(8))
def test_how_the_sensor_sits_does_not_matter(seed: int) -> None:
    assert presents([gait(20, RATE_HZ, 2.0, 0.5), fall(RATE_HZ, 5, 80)], seed) == [False, True]


@pytest.mark.parametrize("range_g", [2.1, 4.0, 8.0])
def test_a_range_that_cuts_the_impact_off_loses_no_fall(range_g: float) -> None:
    samples = felt([rest(10, RATE_HZ), fall(RATE_HZ, 12, 90)], turned=False)
    assert [one.present for one in told(np.clip(samples, -range_g, range_g))] == [False, True]


@pytest.mark.parametrize(
    "daily",
    [
        [gait(60, RATE_HZ, 2.6, 3.5), rest(20, RATE_HZ)],  # jogging
        [gait(60, RATE_HZ, 1.7, 1.8), rest(20, RATE_HZ)],  # stairs, fast
        [rest(10, RATE_HZ), *[jump(RATE_HZ), rest(5, RATE_HZ)] * 5],
        [rest(10, RATE_HZ), rest(0.1, RATE_HZ, 2.6 * lying(20)), rest(20, RATE_HZ, lying(30))],
        [rest(10, RATE_HZ), rest(20, RATE_HZ, lying(90))],  # lies down, softly
        [rest(10, RATE_HZ), rest(0.1, RATE_HZ, 3 * lying(60)), gait(20, RATE_HZ, 2, 1.5)],
    ],
    ids=["jogging", "stairs", "jumps", "into a chair", "lies down", "stumbles on"],
)
def test_daily_life_is_no_fall(daily: list[Vectors]) -> None:
    assert presents(daily) == [False]


def test_a_fall_out_of_jogging_is_one() -> None:
    assert presents([gait(20, RATE_HZ, 2.6, 3.5), fall(RATE_HZ, 6, 90)]) == [False, True]


def test_several_impacts_are_one_fall() -> None:
    hits = [fall(RATE_HZ, 5, 40, 0.4), fall(RATE_HZ, 4, 90, 0.3), fall(RATE_HZ, 3, 90, 30)]
    assert presents([rest(10, RATE_HZ), *hits]) == [False, True]


def test_it_ends_when_the_patient_is_up_and_the_next_fall_is_another() -> None:
    parts = [rest(10, RATE_HZ), fall(RATE_HZ, 5, 90, 20), rest(20, RATE_HZ), fall(RATE_HZ, 5, 90)]
    before, first, up, second = told(felt(parts))
    assert [one.present for one in (before, first, up, second)] == [False, True, False, True]
    assert 3 <= up.at / RATE_HZ - 30.36 <= 3.3
    assert second.since > up.at


@given(
    cuts=st.lists(st.integers(1, 200), min_size=1, max_size=6),
    lost=st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 300)), max_size=3),
)
@settings(max_examples=20, deadline=None)
def test_what_is_found_does_not_depend_on_the_blocks(
    cuts: list[int], lost: list[tuple[int, int]]
) -> None:
    samples = felt([rest(8, RATE_HZ), fall(RATE_HZ, 5, 90), rest(9, RATE_HZ), jump(RATE_HZ)])
    valid = np.ones(len(samples), np.bool_)
    for first, count in lost:
        valid[first : first + count] = False
        samples[first : first + count] = np.inf
    same_however_cut(lambda: FallDetector(RATE_HZ), samples, valid, cuts)


@pytest.mark.parametrize("bad", [np.nan, np.inf, "marked"])
def test_what_did_not_come_decides_nothing_and_a_fall_is_not_forgotten(bad: float | str) -> None:
    samples = felt([rest(10, RATE_HZ), fall(RATE_HZ, 5, 90, 60)])
    valid = np.ones(len(samples), np.bool_)
    hole = slice(20 * RATE_HZ, 30 * RATE_HZ)
    if bad == "marked":
        valid[hole] = False
    else:
        samples[hole, 1] = bad  # one axis is enough
    found = changes(feed(FallDetector(RATE_HZ), samples, valid), Sign.FALL)
    assert [one.present for one in found] == [False, True, None, True]
    assert 21.9 <= found[2].at / RATE_HZ <= 22.2


def test_single_samples_that_are_lost_lose_no_fall() -> None:
    samples = felt([rest(10, RATE_HZ), fall(RATE_HZ, 5, 90)])
    valid = np.arange(len(samples)) % 5 != 0
    found = changes(feed(FallDetector(RATE_HZ), samples, valid), Sign.FALL)
    assert [one.present for one in found] == [False, True]


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_hz: found 10; accepted: 25 to 1000"):
        FallDetector(10)
