"""Scoring of beats, runs, episodes and alarms, against figures worked out by hand."""

import math
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.measure.scoring.beats import (
    AAMI,
    AamiClass,
    Labelled,
    average,
    gross,
    match,
    score_beats,
)
from edgeward_harness.measure.scoring.challenge import score_alarms
from edgeward_harness.measure.scoring.episodes import poisson_upper_bound, score_episodes
from edgeward_harness.measure.scoring.noise_stress import (
    add_noise,
    noise_power,
    noisy_blocks,
    signal_power,
)
from edgeward_harness.measure.scoring.runs import RunKind, RunScore, kind_of, score_runs

N, S, V, F, Q = AamiClass
RATE_HZ = 100


def labelled(text: str, step: int = 100) -> Labelled:
    """One beat a letter, `step` samples apart; a dot is no beat."""
    places = [(step * place, letter) for place, letter in enumerate(text, 1) if letter != "."]
    return Labelled([at for at, _ in places], [AamiClass(letter) for _, letter in places])


def test_each_beat_is_used_once_and_the_nearer_candidate_is_taken() -> None:
    found = match([100, 200, 300], [95, 104, 215, 260, 400], 15)
    assert found.pairs == ((0, 1), (1, 2))
    assert found.missed == (2,)
    assert found.extra == (0, 3, 4)


def test_the_window_is_150_ms_and_its_end_belongs_to_it() -> None:
    assert match([1000], [1015], 15).pairs == ((0, 0),)
    assert match([1000], [1016], 15).pairs == ()


def test_lists_must_ascend() -> None:
    with pytest.raises(ValueError, match="the detected beats do not ascend"):
        match([1, 2], [2, 1], 15)


BEATS = st.lists(st.integers(0, 400), max_size=30).map(sorted)


@given(reference=BEATS, detected=BEATS)
def test_every_beat_is_counted_exactly_once(reference: list[int], detected: list[int]) -> None:
    found = match(reference, detected, 15)
    assert sorted([beat for beat, _ in found.pairs] + [*found.missed]) == [*range(len(reference))]
    assert sorted([one for _, one in found.pairs] + [*found.extra]) == [*range(len(detected))]
    assert all(abs(reference[beat] - detected[one]) <= 15 for beat, one in found.pairs)


def test_the_learning_period_and_excluded_stretches_count_on_neither_side() -> None:
    reference, detected = labelled("NNNNNN"), labelled("NNN.NN")
    table = score_beats(reference, detected, RATE_HZ, excluded=[(500, 601)], learning_s=1.5)
    assert table.counts == {(N, N): 2, (N, None): 1}
    assert (table.sensitivity, table.predictivity) == (2 / 3, 1.0)


def test_ventricular_figures_excuse_fusion_and_unclassified_beats() -> None:
    reference, detected = labelled("VVVFQNSN"), labelled("VVNVVVVN")
    table = score_beats(reference, detected, RATE_HZ, learning_s=0)
    assert table.class_sensitivity(V) == 2 / 3
    assert table.class_predictivity(V) == 2 / 4  # N and S taken for V are wrong, F and Q excused
    assert table.class_predictivity(N) == 1 / 2


def test_gross_and_average_differ_when_records_do() -> None:
    long = score_beats(labelled("N" * 98), labelled("N" * 98), RATE_HZ, learning_s=0)
    short = score_beats(labelled("NN"), labelled("N"), RATE_HZ, learning_s=0)
    none = score_beats(labelled(""), labelled(""), RATE_HZ, learning_s=0)
    assert gross([long, short, none]).sensitivity == 0.99
    assert average(one.sensitivity for one in (long, short, none)) == 0.75
    assert average([None]) is None


def test_junctional_and_atrial_escapes_are_normal_after_ec57() -> None:
    assert (AAMI["e"], AAMI["j"], AAMI["E"], AAMI["/"]) == (N, N, V, Q)


@pytest.mark.parametrize(("beats", "kind"), [(2, "couplet"), (5, "short run"), (6, "long run")])
def test_a_run_is_named_by_its_length(beats: int, kind: str) -> None:
    assert kind_of(beats) is RunKind(kind)


def test_a_run_split_in_two_is_not_found() -> None:
    scored = score_runs(labelled("NVVVVVVN"), labelled("NVVVNVVN"), RATE_HZ)
    assert scored[RunKind.LONG] == RunScore(present=1, found=0, told=0, right=0)
    assert scored[RunKind.SHORT] == RunScore(present=0, found=0, told=1, right=1)
    assert scored[RunKind.COUPLET] == RunScore(present=0, found=0, told=1, right=1)


def test_a_run_that_was_invented_is_not_right() -> None:
    scored = score_runs(labelled("NNVVNN"), labelled("NVVVVN"), RATE_HZ)
    assert scored[RunKind.COUPLET] == RunScore(present=1, found=1, told=0, right=0)
    assert scored[RunKind.SHORT] == RunScore(present=0, found=0, told=1, right=0)


def test_episodes_found_missed_false_and_their_delays() -> None:
    truth, told = [(10.0, 20.0), (100.0, 110.0), (200.0, 201.0)], [(5.0, 12.0), (203.0, 204.0)]
    scored = score_episodes(truth, told, 3600, late_s=2.0)
    assert (scored.present, scored.found, scored.missed, scored.false) == (3, 2, 1, 0)
    assert scored.delays_s == (0.0, 3.0)
    assert (scored.covered_s, scored.present_s, scored.told_s) == (2.0, 21.0, 8.0)
    strict = score_episodes(truth, told, 3600)
    assert (strict.found, strict.false, strict.false_per_hour) == (1, 1, 1.0)
    both = scored + strict
    assert (both.present, both.false, both.hours) == (6, 1, 2.0)


def test_no_episode_gives_no_sensitivity_and_nothing_is_sure() -> None:
    scored = score_episodes([], [], 7200)
    assert scored.sensitivity is None
    assert scored.missed_share_bound(0.95) == 1.0
    assert scored.false_per_hour_bound(0.95) == pytest.approx(-math.log(0.05) / 2)


def test_an_episode_must_end_after_it_begins() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        score_episodes([(2.0, 1.0)], [], 10)


@pytest.mark.parametrize(
    ("events", "bound"), [(0, 2.9957), (1, 4.7439), (5, 10.5130), (20, 29.0620)]
)
def test_poisson_bounds_are_those_of_the_tables(events: int, bound: float) -> None:
    assert poisson_upper_bound(events, 0.95) == pytest.approx(bound, abs=5e-4)


def test_the_challenge_weighs_a_miss_five_times() -> None:
    judged = [(True, True)] * 8 + [(True, False)] * 2 + [(False, False)] * 6 + [(False, True)] * 4
    scored = score_alarms(judged)
    assert scored.score == pytest.approx(100 * 14 / 28)
    assert (scored.true_positive_rate, scored.true_negative_rate) == (0.8, 0.6)
    assert score_alarms([]).score is None


def test_noise_is_added_at_the_ratio_that_was_asked_for() -> None:
    rate_hz, seconds = 100, 700
    time_s = np.arange(rate_hz * seconds) / rate_hz
    beats = [*range(50, rate_hz * seconds - 50, 100)]
    ecg = np.zeros(len(time_s))
    ecg[beats] = 2.0
    noise = np.sqrt(2) * 3.0 * np.sin(2 * np.pi * 5 * time_s[: 60 * rate_hz])
    assert signal_power(ecg, beats, rate_hz) == pytest.approx(0.5)
    assert noise_power(noise, rate_hz) == pytest.approx(9.0)
    stressed = add_noise(ecg, noise, beats, rate_hz, snr_db=10)
    added = stressed - ecg
    blocks = noisy_blocks(seconds)
    assert blocks == [(300, 420), (540, 660)]
    for first, last in blocks:
        span = added[first * rate_hz : last * rate_hz]
        assert 10 * math.log10(0.5 / cast("float", np.mean(span**2))) == pytest.approx(10)
    clean = np.ones(len(ecg), bool)
    for first, last in blocks:
        clean[first * rate_hz : last * rate_hz] = False
    assert not added[clean].any()
