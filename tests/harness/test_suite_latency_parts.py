"""What the latency suite makes of windows, without a device: changes, recovery, percentiles."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgeward_harness.measure.judge import Sample
from edgeward_harness.rig.stall import Span

ROOT = Path(__file__).parents[2]
MS = 1_000_000


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def crossing(
    index: int, *, sent_ms: float = 0.0, took_ms: float | None = 1.0, sinus: float = 1.0
) -> Any:
    from suites.latency.sensor import Crossing

    event = {
        "kind": "result",
        "stream": "bench",
        "window": {"index": index},
        "probabilities": {"sinus": sinus, "other": 1.0 - sinus},
    }
    sent_ns = int(sent_ms * MS)
    received_ns = sent_ns + int((took_ms or 0.0) * MS)
    return Crossing(
        sent_ns=sent_ns,
        received_ns=received_ns,
        stamped_ns=sent_ns,
        acquired_ns=sent_ns,
        scheduled=Span(sent_ns, received_ns),
        expected={"index": index},
        events=() if took_ms is None else (event,),
    )


def results() -> ModuleType:
    from suites.latency import results as module

    return module


def test_windows_around_the_greatest_changes_are_asked_about_again() -> None:
    told = [crossing(index, sinus=1.0 if index < 10 else 0.2) for index in range(20)]
    chosen = [one.expected["index"] for one in results().around_changes(told)]
    assert chosen == [9, 10, 11]


def test_a_shift_by_one_window_is_within_what_is_asked_again() -> None:
    """Told one late, the window before the change in what is told has another true answer."""
    true = [1.0 if index < 10 else 0.2 for index in range(20)]
    told = [crossing(index, sinus=true[max(0, index - 1)]) for index in range(20)]
    chosen = [one.expected["index"] for one in results().around_changes(told)]
    assert any(told[index].event["probabilities"]["sinus"] != true[index] for index in chosen)


def test_answers_that_hardly_change_and_windows_that_are_not_neighbours_are_left_out() -> None:
    calm = [crossing(index, sinus=0.5 + 0.001 * index) for index in range(5)]
    torn = [crossing(0, sinus=1.0), crossing(7, sinus=0.0)]
    assert results().around_changes(calm) == []
    assert results().around_changes(torn) == []


def episode(backlog: Sequence[Any], after: Sequence[Any]) -> Any:
    from suites.latency.overload import Episode

    return Episode(100 * MS, 100 * MS, backlog, after)


def paced(delays_ms: Sequence[float]) -> list[Any]:
    return [
        crossing(place, sent_ms=100.0 + 10 * place, took_ms=delay)
        for place, delay in enumerate(delays_ms)
    ]


def waited() -> list[Any]:
    """What was told 5 ms after the stop ended."""
    return [crossing(0, sent_ms=50.0, took_ms=55.0)]


@pytest.mark.parametrize(
    ("delays_ms", "back_ms"),
    [
        ([1.0] * 12, 5.0),
        ([80.0, 80.0, *[1.0] * 12], 20.0),
        ([80.0, 1.0, 1.0, 80.0, *[1.0] * 12], 40.0),
    ],
)
def test_a_device_is_back_when_a_run_is_in_budget_and_the_backlog_told(
    delays_ms: list[float], back_ms: float
) -> None:
    assert episode(waited(), paced(delays_ms)).back_after_ms(50.0) == back_ms


def test_a_device_that_never_calms_down_was_away_as_long_as_it_was_watched() -> None:
    assert episode(waited(), paced([80.0] * 30)).back_after_ms(50.0) == 290.0


def test_a_result_that_never_came_leaves_the_device_away() -> None:
    lost = crossing(0, sent_ms=50.0, took_ms=None)
    assert episode([lost], paced([1.0] * 12)).back_after_ms(50.0) == float("inf")


def test_what_noise_added_does_not_keep_a_device_away() -> None:
    one = episode(waited(), paced([80.0, *[1.0] * 12]))
    assert one.back_after_ms(50.0) == 10.0
    assert one.back_after_ms(50.0, [60.0, *[0.0] * 12], 5.0) == 0.0


@pytest.mark.parametrize(
    ("values", "fraction"), [(320, 0.99), (1000, 0.997), (2994, 0.997), (2995, 0.999)]
)
def test_the_highest_percentile_is_the_one_that_the_sample_carries(
    values: int, fraction: float
) -> None:
    from suites.latency.tail import highest_percentile

    assert highest_percentile(values) == fraction


def test_a_refused_extrapolation_says_why() -> None:
    from suites.latency.tail import tail_beyond

    tail = tail_beyond(Sample(values=[1.0] * 320, allowances=[0.0] * 320), seed=7)
    assert tail.said.count("no extrapolation beyond the sample: ") == 2
    for method in ("peaks_over_threshold", "block_maxima"):
        assert tail.to_json()[method]["refused"] in tail.said


def test_both_extrapolations_are_told_with_their_method() -> None:
    from suites.latency.tail import tail_beyond

    delays = np.random.default_rng(1).gumbel(size=1000).tolist()
    tail = tail_beyond(Sample(values=delays, allowances=[0.0] * 1000), seed=7)
    assert "by peaks over a threshold extrapolated, not judged" in tail.said
    assert "by block maxima extrapolated, not judged" in tail.said
    written = tail.to_json()
    assert written["peaks_over_threshold"]["method"].startswith("generalised Pareto")
    assert written["block_maxima"]["bound_ms"] > written["block_maxima"]["quantile_ms"]


def test_extrapolations_that_contradict_each_other_are_not_told() -> None:
    from suites.latency.tail import tail_beyond

    delays = np.random.default_rng(5).uniform(size=5000).tolist()
    tail = tail_beyond(Sample(values=delays, allowances=[0.0] * 5000), seed=7)
    assert "extrapolated" not in tail.said
    assert tail.said.count("contradict each other") == 2
