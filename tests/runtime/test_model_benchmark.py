"""What an inference takes is counted call by call, on the clock that is given."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.errors import ModelError
from edgeward.model.benchmark import Plan, Times, measure
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.engine import Probabilities
from edgeward.model.reference import load_reference_model
from edgeward.signal.windows import Samples

CARD = ModelCard("m", "1", "ab" * 32, ("bad", "good"), ModelInput("ecg", "mV", 250, 4, 2))
WINDOWS = np.arange(12, dtype=np.float32).reshape(3, 4)


class Paced:
    """An engine whose calls take known times on a simulated clock."""

    card = CARD
    batch_max = 16

    def __init__(self, clock: SimulatedClock, takes_ns: Iterable[int]) -> None:
        self.clock = clock
        self.takes_ns: Iterator[int] = iter(takes_ns)
        self.asked: list[tuple[float, list[float]]] = []

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        self.asked.append((self.clock.monotonic_ns(), samples.tolist()))
        self.clock.advance(next(self.takes_ns))
        return (0.5, 0.5)

    def probabilities_many(self, windows: Samples) -> Probabilities:
        self.probabilities(windows[:, 0])
        return np.full((len(windows), 2), 0.5, dtype=np.float32)


def test_each_call_counts_but_the_first_ones() -> None:
    clock = SimulatedClock()
    engine = Paced(clock, [10_000, 10_000, *range(1, 201)])
    times = measure(engine, clock, Plan(calls=200, warm_up_calls=2), WINDOWS)
    assert times.elapsed_ns.tolist() == list(range(1, 201))
    assert times.to_dict() == {
        "calls": 200,
        "windows_per_call": 1,
        "min_ns": 1,
        "p50_ns": 100,
        "p99_ns": 198,
        "max_ns": 200,
        "mean_ns": 100.5,
        "windows_per_s": 200 / 20_100 * 1e9,
    }


def test_the_windows_take_turns() -> None:
    clock = SimulatedClock()
    engine = Paced(clock, [1] * 9)
    measure(engine, clock, Plan(calls=5, warm_up_calls=4), WINDOWS)
    rows = WINDOWS.tolist()
    assert [samples for _, samples in engine.asked] == [rows[n % 3] for n in (*range(4), *range(5))]


def test_a_pause_is_between_the_calls_and_in_none_of_them() -> None:
    clock = SimulatedClock()
    engine = Paced(clock, [7] * 3)
    times = measure(engine, clock, Plan(calls=3, warm_up_calls=0, pause_ns=100), WINDOWS)
    assert times.elapsed_ns.tolist() == [7, 7, 7]
    assert [at for at, _ in engine.asked] == [100, 207, 314]


def test_a_micro_batch_is_one_call_with_as_many_windows() -> None:
    clock = SimulatedClock()
    engine = Paced(clock, [1000] * 4)
    plan = Plan(calls=4, warm_up_calls=0, windows_per_call=5)
    times = measure(engine, clock, plan, WINDOWS)
    firsts = [[0, 4, 8, 0, 4], [4, 8, 0, 4, 8], [8, 0, 4, 8, 0], [0, 4, 8, 0, 4]]
    assert [samples for _, samples in engine.asked] == firsts
    assert times.windows_per_s == 5 / 1000 * 1e9
    assert times.to_dict()["windows_per_call"] == 5


def test_on_a_clock_that_stands_still_there_is_no_rate() -> None:
    times = measure(load_reference_model(), SimulatedClock(), Plan(calls=3))
    assert times.to_dict()["max_ns"] == 0
    assert times.windows_per_s is None


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(1, 1000))
def test_a_percentile_is_the_shortest_time_that_the_share_of_the_calls_kept(
    elapsed: list[int], thousandths: int
) -> None:
    times = Times(Plan(), np.array(elapsed, dtype=np.int64))
    enough = math.ceil(thousandths * len(elapsed) / 1000 - 1e-9)
    found = times.percentile_ns(thousandths / 1000)
    assert found in elapsed
    assert sum(each <= found for each in elapsed) >= enough
    assert sum(each < found for each in elapsed) < enough


@pytest.mark.parametrize("share", [0, -1, 1.01, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="must be above 0 and up to 1"):
        Times(Plan(), np.zeros(1, dtype=np.int64)).percentile_ns(share)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"calls": 0, "pause_ns": -1}, "calls is 0, must be 1 or more; pause_ns is -1, must be 0"),
        ({"warm_up_calls": -1}, "warm_up_calls is -1, must be 0 or more"),
        ({"windows_per_call": 0}, "windows_per_call is 0, must be 1 or more"),
    ],
)
def test_a_plan_that_measures_nothing_is_refused(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        Plan(**plan)
    assert said in str(refused.value)


def test_no_window_is_refused() -> None:
    with pytest.raises(ValueError, match="give one or more"):
        measure(load_reference_model(), SimulatedClock(), windows=WINDOWS[:0])


def test_a_model_that_fails_is_no_measurement() -> None:
    with pytest.raises(ModelError, match="17 windows in one call"):
        measure(load_reference_model(), SimulatedClock(), Plan(windows_per_call=17))


@pytest.mark.parametrize("windows_per_call", [1, 16])
def test_the_reference_model_is_measured(windows_per_call: int) -> None:
    plan = Plan(calls=20, warm_up_calls=2, windows_per_call=windows_per_call)
    told = measure(load_reference_model(), SystemClock(), plan).to_dict()
    assert 0 < told["min_ns"] <= told["p50_ns"] <= told["p99_ns"] <= told["max_ns"]
    assert told["min_ns"] <= told["mean_ns"] <= told["max_ns"]
