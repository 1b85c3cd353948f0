"""A link's faults happen as often as they were asked for, and each block says what became of it."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from edgeward.signal.arrival import Arrival
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.delivery import Delivered, Delivery, Fate, deliver
from edgeward.signal.simulation.generate import CHANNELS, simulate, stream
from edgeward.signal.simulation.heart_steps import Sinus
from edgeward.signal.simulation.script import Script

RAMP = np.arange(100_000, dtype=np.float32)


def delivered(delivery: Delivery, signal: Samples = RAMP, seed: int = 1) -> list[Delivered]:
    return list(deliver([signal], 250, delivery, seed))


def test_a_good_link_hands_over_everything_in_order_and_in_time() -> None:
    blocks = delivered(Delivery(10))
    assert np.concatenate([block.samples for block in blocks]).tobytes() == RAMP.tobytes()
    assert [block.first for block in blocks] == list(range(0, 100_000, 10))
    assert {block.fate for block in blocks} == {Fate.PROMPT}
    assert {block.provenance for block in blocks} == {"simulated"}
    assert {block.arrives_ns for block in blocks[:2]} == {40_000_000, 80_000_000}


def test_each_fault_happens_as_often_as_asked_for() -> None:
    delivery = Delivery(10, lost=0.1, duplicated=0.05, late=0.2, late_by=4)
    blocks = delivered(delivery)
    assert all(a.arrives_ns <= b.arrives_ns for a, b in pairwise(blocks))
    seen = Counter(block.first for block in blocks)
    assert 10_000 - len(seen) == pytest.approx(1000, rel=0.1)
    assert sum(count == 2 for count in seen.values()) == pytest.approx(500, rel=0.15)
    assert set(seen.values()) == {1, 2}
    late = [block for block in blocks if block.fate is Fate.LATE]
    assert len(late) == pytest.approx(2000, rel=0.1)
    by_blocks = {(block.arrives_ns / 40e6 - (block.first + 10) / 10) for block in late}
    assert {round(by, 3) for by in by_blocks} == {1.5, 2.5, 3.5, 4.5}
    assert all(np.array_equal(one.samples, RAMP[one.first : one.first + 10]) for one in blocks)


def test_late_blocks_come_out_of_order() -> None:
    firsts = [block.first for block in delivered(Delivery(10, late=0.1))]
    assert sorted(firsts) == list(range(0, 100_000, 10))
    assert firsts != sorted(firsts)


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_a_fast_clock_shows_in_when_samples_come(ppm: float) -> None:
    last = delivered(Delivery(250, drift_ppm=ppm))[-1]
    assert last.arrives_ns == pytest.approx(400e9 * (1 - ppm * 1e-6), rel=1e-7)


def test_an_outage_loses_what_falls_into_it() -> None:
    blocks = delivered(Delivery(250, outages=((100.0, 160.0),)))
    holes = set(range(0, 100_000, 250)) - {block.first for block in blocks}
    assert holes == set(range(99 * 250, 159 * 250, 250))


def test_the_same_seed_has_the_same_faults_however_the_signal_comes() -> None:
    delivery = Delivery(7, lost=0.1, late=0.2, duplicated=0.1)

    def firsts(pieces: list[Samples], seed: int) -> list[tuple[int, int]]:
        return [(one.first, one.arrives_ns) for one in deliver(pieces, 250, delivery, seed)]

    whole = firsts([RAMP], 3)
    assert firsts(list(np.array_split(RAMP, 333)), 3) == whole
    assert firsts([RAMP], 4) != whole


def test_a_stream_can_be_delivered_as_it_comes_and_put_in_order_again() -> None:
    script = Script((Sinus(60),))
    released: list[Samples] = []

    def release(first: int, samples: Samples, mask: Mask | None) -> None:
        assert mask is None
        assert first == sum(len(one) for one in released)
        released.append(samples.copy())

    arrival = Arrival(wait_samples=2500, wait_blocks=250)
    pieces = (block.signals["ecg"] for block in stream(script, 1, CHANNELS[:1]))
    for block in deliver(pieces, 250, Delivery(10, duplicated=0.1, late=0.2), 5):
        arrival.offer(block.first, block.samples, None, release)
    assert arrival.counts.missing == 0
    assert arrival.counts.duplicate > 0
    ecg = simulate(script, 1, CHANNELS[:1]).signals["ecg"]
    assert np.concatenate(released).tobytes() == ecg.tobytes()


def test_what_no_link_does_is_refused() -> None:
    with pytest.raises(ScriptError, match=r"block_samples: found 0.*\n.*lost: found 2"):
        Delivery(0, lost=2)
