"""Standstill, pause, extreme rates and ventricular runs, from beats alone."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.detect.rhythm.rhythm import RhythmDetector
from edgeward.signal.findings import Beat, BeatClass, Sign, SignChange

RATE_HZ = 250
LAG = 75
STEP = 10
NO_LEARNING = RhythmLimits(learning_s=0.0)


def beats_at(places: Sequence[float], kind: BeatClass = BeatClass.NORMAL) -> list[Beat]:
    """Beats at these seconds, each told at the last moment that is allowed."""
    samples = [round(place * RATE_HZ) for place in places]
    return [Beat(sample, sample + LAG, 1.0, None, kind) for sample in samples]


def run(
    beats: Sequence[Beat],
    seconds: float,
    limits: RhythmLimits = NO_LEARNING,
    holes: Sequence[tuple[float, float]] = (),
    cuts: Sequence[int] = (),
) -> list[SignChange]:
    """What is told of beats, in blocks that end at these samples."""
    count = round(seconds * RATE_HZ)
    valid = np.ones(count, np.bool_)
    for first, end in holes:
        valid[round(first * RATE_HZ) : round(end * RATE_HZ)] = False
    detector, found = RhythmDetector(RATE_HZ, LAG, limits), []
    edges = sorted({0, count, *(cut for cut in cuts if 0 < cut < count)})
    for first, end in pairwise(edges):
        known = [beat for beat in beats if first <= beat.at < end]
        found += detector.push(known, valid[first:end])
    return found


def of(sign: Sign, found: Sequence[SignChange]) -> list[SignChange]:
    """What is told of one sign."""
    return [one for one in found if one.sign is sign]


def steady(seconds: float, per_min: float) -> list[float]:
    """The places of beats."""
    return list(np.arange(0.5, seconds, 60 / per_min))


def test_a_standstill_is_told_after_four_seconds_the_lag_and_a_step() -> None:
    beats = beats_at(steady(10, 60))
    begun = [one for one in of(Sign.ASYSTOLE, run(beats, 20)) if one.present]
    last = beats[-1].sample
    assert [(one.since, one.text) for one in begun] == [(last, "no beat for 4.0 s")]
    assert 0 <= begun[0].at - (last + 4 * RATE_HZ + LAG) < 2 * STEP


@pytest.mark.parametrize(("gap_samples", "told"), [(999, False), (1000, True), (1001, True)])
def test_the_limit_itself_is_a_standstill(gap_samples: int, told: bool) -> None:
    after = 9.5 + gap_samples / RATE_HZ
    beats = beats_at([*steady(10, 60), *(after + k for k in range(4))])
    found = of(Sign.ASYSTOLE, run(beats, 20))
    assert [one.present for one in found] == ([False, True, False] if told else [False])


@given(
    intervals=st.lists(st.integers(60, 1300), min_size=1, max_size=25),
    kinds=st.lists(st.sampled_from(list(BeatClass)), min_size=25, max_size=25),
    hole=st.tuples(st.floats(0, 20), st.floats(0, 3)),
    cuts=st.lists(st.integers(1, 9999), max_size=30),
)
@settings(max_examples=20, deadline=None)
def test_it_does_not_matter_how_the_signal_is_cut(
    intervals: list[int], kinds: list[BeatClass], hole: tuple[float, float], cuts: list[int]
) -> None:
    places = accumulate(intervals)
    beats = [
        Beat(place, place + LAG - place % 7, 1.0, None, kind)
        for place, kind in zip(places, kinds, strict=False)
    ]
    beats.sort(key=lambda beat: beat.at)
    holes = [(hole[0], hole[0] + hole[1])]
    whole = run(beats, 40, holes=holes)
    assert run(beats, 40, holes=holes, cuts=cuts) == whole
    assert run(beats, 40, holes=holes, cuts=range(0, 10_000, 23)) == whole
    assert [one.at for one in whole] == sorted(one.at for one in whole)
    for sign in Sign:
        told = [one.present for one in of(sign, whole)]
        assert all(one is not other for one, other in pairwise(told))


def test_without_a_beat_from_the_start_it_is_a_standstill_when_learning_is_over() -> None:
    found = of(Sign.ASYSTOLE, run([], 12, RhythmLimits(learning_s=2.0)))
    assert [one.present for one in found] == [True]
    assert 6 * RATE_HZ <= found[0].at - LAG <= 6 * RATE_HZ + 3 * STEP


def test_where_nothing_could_be_read_it_is_undecided_and_never_absent() -> None:
    found = of(Sign.ASYSTOLE, run(beats_at(steady(10, 60)), 30, holes=[(10, 30)]))
    assert [one.present for one in found] == [False, None]


def test_a_standstill_that_can_no_longer_be_seen_is_undecided_and_is_told_again() -> None:
    found = of(Sign.ASYSTOLE, run(beats_at(steady(5, 60)), 30, holes=[(12, 14)]))
    assert [one.present for one in found] == [False, True, None, True]
    assert found[-1].since == 14 * RATE_HZ


def test_short_losses_delay_a_standstill_and_do_not_hide_it() -> None:
    holes = [(10 + 0.5 * k, 10.1 + 0.5 * k) for k in range(40)]
    found = of(Sign.ASYSTOLE, run(beats_at(steady(10, 60)), 30, holes=holes))
    assert found[-1].present is True
    assert found[-1].at < (9.5 + 4 * 1.25 + 0.5) * RATE_HZ + LAG


def test_a_pause_is_shorter_than_a_standstill() -> None:
    beats = beats_at([*steady(5, 60), *(8 + k for k in range(5))])
    found = run(beats, 25)
    told = [one.present for one in of(Sign.PAUSE, found)]
    assert told == [False, True, False, True, False]
    assert [one.present for one in of(Sign.ASYSTOLE, found)] == [False, True]


def test_a_slow_heart_is_told_before_the_interval_that_proves_it_has_ended() -> None:
    beats = beats_at([*steady(10, 80), *(11 + 1.6 * k for k in range(10))])
    begun = [one for one in of(Sign.EXTREME_BRADYCARDIA, run(beats, 26)) if one.present]
    assert begun[0].text == "5 beats at 40/min"
    assert begun[0].at <= (11 + 1.6 * 4) * RATE_HZ + LAG + STEP


@pytest.mark.parametrize(("per_min", "told"), [(45, False), (39, True), (30, True)])
def test_the_limit_of_a_slow_heart(per_min: float, told: bool) -> None:
    found = of(Sign.EXTREME_BRADYCARDIA, run(beats_at(steady(30, per_min)), 30))
    assert [one.present for one in found if one.present is not None][-1] is told


@pytest.mark.parametrize(("per_min", "told"), [(130, False), (145, True), (220, True)])
def test_the_limit_of_a_fast_heart(per_min: float, told: bool) -> None:
    found = of(Sign.EXTREME_TACHYCARDIA, run(beats_at(steady(20, per_min)), 20))
    assert [one.present for one in found] == [told]


def test_a_fast_heart_about_its_limit_is_told_once() -> None:
    places = list(accumulate(60 / (140 + 3 * (-1) ** (k // 20)) for k in range(200)))
    found = of(Sign.EXTREME_TACHYCARDIA, run(beats_at(places), places[-1]))
    assert len([one for one in found if one.present]) == 1


@pytest.mark.parametrize(
    ("count", "per_min", "told"), [(4, 150, False), (5, 150, True), (8, 90, False), (8, 101, True)]
)
def test_a_run_of_ventricular_beats(count: int, per_min: float, told: bool) -> None:
    first = steady(10, 60)
    wide = [first[-1] + 0.5 + 60 / per_min * k for k in range(count)]
    after = [wide[-1] + 1 + k for k in range(5)]
    beats = [*beats_at(first), *beats_at(wide, BeatClass.VENTRICULAR), *beats_at(after)]
    found = of(Sign.VENTRICULAR_TACHYCARDIA, run(beats, after[-1] + 2))
    assert [one.present for one in found] == ([False, True, False] if told else [False])
    if told:
        assert found[1].since == round(wide[0] * RATE_HZ)


@pytest.mark.parametrize(("every", "told"), [(1, None), (2, True), (99, True)])
@pytest.mark.parametrize("sign", [Sign.VENTRICULAR_TACHYCARDIA, Sign.EXTREME_TACHYCARDIA])
def test_a_fast_row_of_beats_that_are_like_no_other_is_undecided(
    sign: Sign, every: int, told: bool | None
) -> None:
    slow = beats_at(steady(10, 60))
    fast = beats_at(np.arange(10, 20, 60 / 200).tolist(), BeatClass.VENTRICULAR)
    strange = [replace(one, strange=at % every == 0) for at, one in enumerate(fast)]
    found = of(sign, run([*slow, *strange], 20))
    assert found[-1].present is told


def likened(beats: Sequence[Beat], kinds: str) -> list[Beat]:
    """The same beats; those whose kinds are one letter are like each other."""
    own = kinds[: len(beats)]
    likeness = [
        tuple(0.95 if own[before] == kind else 0.6 for before in range(place - 1, -1, -1)[:16])
        for place, kind in enumerate(own)
    ]
    return [replace(one, likeness=like) for one, like in zip(beats, likeness, strict=True)]


@pytest.mark.parametrize(
    ("kinds", "beats", "told"),
    [
        ("a", 5, True),
        ("ab", 5, True),  # three are like two others each
        ("abcdefgh", 5, None),
        ("aab", 5, True),
        ("abc", 5, None),
        ("abcd", 5, None),
        ("abcdefgh", 3, None),
        ("a", 3, True),
    ],
)
def test_ventricular_beats_in_a_row_are_like_each_other(
    kinds: str, beats: int, told: bool | None
) -> None:
    limits = replace(NO_LEARNING, ventricular_beats=beats)
    slow = beats_at(steady(10, 60))
    fast = beats_at([10 + 0.4 * k for k in range(12)], BeatClass.VENTRICULAR)
    row = likened([*slow, *fast], "s" * len(slow) + kinds * 12)
    found = of(Sign.VENTRICULAR_TACHYCARDIA, run(row, 14, limits))
    assert [one.present for one in found] == [False, told]


@pytest.mark.parametrize(("short_s", "told"), [(0.4, True), (0.28, True), (0.2, None)])
def test_a_ventricular_tachycardia_is_not_all_too_uneven(short_s: float, told: bool | None) -> None:
    """One beat of it may be overlooked; what comes in pairs far apart is no rhythm."""
    steps = accumulate([short_s, 0.75] * 4, initial=10.0)
    row = [*beats_at(steady(10, 60)), *beats_at(list(steps), BeatClass.VENTRICULAR)]
    found = of(Sign.VENTRICULAR_TACHYCARDIA, run(row, 14))
    assert [one.present for one in found][:2] == [False, told]


@pytest.mark.parametrize(
    ("kinds", "told"), [("a", True), ("ab", True), ("abc", None), ("aaab", True)]
)
def test_the_beats_of_a_tachycardia_are_like_each_other(kinds: str, told: bool | None) -> None:
    slow, fast = beats_at(steady(10, 60)), beats_at([10 + 0.35 * k for k in range(25)])
    row = likened([*slow, *fast], "s" * len(slow) + kinds * 25)
    found = of(Sign.EXTREME_TACHYCARDIA, run(row, 19))
    assert found[-1].present is told


def test_a_ventricular_tachycardia_that_has_begun_goes_on_whatever_its_beats_look_like() -> None:
    slow = beats_at(steady(10, 60))
    fast = beats_at([10 + 0.4 * k for k in range(24)], BeatClass.VENTRICULAR)
    row = likened([*slow, *fast], "s" * len(slow) + "a" * 8 + "abcdefgh" * 2)
    found = of(Sign.VENTRICULAR_TACHYCARDIA, run(row, 18))
    assert [one.present for one in found] == [False, True]


def test_a_fast_rhythm_that_stops_is_over_before_it_is_a_standstill() -> None:
    beats = beats_at(steady(10, 180), BeatClass.VENTRICULAR)
    found = run(beats, 20)
    ended = {one.sign: one.at for one in found if one.present is False}
    begun = [one.at for one in of(Sign.ASYSTOLE, found) if one.present]
    assert ended[Sign.VENTRICULAR_TACHYCARDIA] < begun[0]
    assert ended[Sign.EXTREME_TACHYCARDIA] < begun[0]


def test_a_hole_breaks_the_rows_and_that_is_told() -> None:
    beats = beats_at(steady(30, 180))
    beats = [beat for beat in beats if not 12 * RATE_HZ <= beat.sample < 15 * RATE_HZ]
    found = of(Sign.EXTREME_TACHYCARDIA, run(beats, 30, holes=[(12, 15)]))
    assert [one.present for one in found] == [True, None, True]


def test_every_fault_of_a_setting_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"asystole_s: found 2(.|\n)*pause_s: found 5") as refused:
        RhythmLimits(asystole_s=2, pause_s=5, tachy_per_min=float("nan"))
    assert "tachy_per_min: found nan; accepted: 100 to 280" in str(refused.value)
    with pytest.raises(ValueError, match="a lag of -1 samples"):
        RhythmDetector(RATE_HZ, -1)


def test_an_overlooked_beat_that_is_told_late_ends_the_silence_where_it_was() -> None:
    beats = beats_at(steady(10, 60))
    last = beats[-1].sample
    late = Beat(last + 2 * RATE_HZ, last + 2 * RATE_HZ + LAG + 450, 1.0)
    found = of(Sign.ASYSTOLE, run([*beats, late], 20))
    assert [one.present for one in found] == [False, True]
    assert found[1].since == late.sample
    assert found[1].at - late.sample - 4 * RATE_HZ - LAG <= 2 * STEP


def test_a_beat_that_is_told_too_late_ends_a_standstill() -> None:
    beats = beats_at(steady(10, 60))
    last = beats[-1].sample
    late = Beat(last + 3 * RATE_HZ, last + 5 * RATE_HZ, 1.0)
    found = of(Sign.ASYSTOLE, run([*beats, late], 20))
    assert [one.present for one in found] == [False, True, False, True]
