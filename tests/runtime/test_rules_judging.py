"""Rules give the events of the sample-by-sample oracle, however the samples are cut into blocks."""

import math
import random
from typing import Any

import numpy as np
import pytest
import rule_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.process.rules import (
    Band,
    EventKind,
    Follows,
    OnInvalid,
    Phase,
    RateOfChange,
    Rule,
    RuleEvent,
    RuleSet,
    Shape,
    Side,
    Threshold,
)

RATE_HZ = 250
COMMON: dict[str, Any] = {"signal": "ecg", "unit": "mV"}

limits = st.lists(st.integers(-3, 3), min_size=2, max_size=2, unique=True).map(sorted)
counts = st.integers(1, 5)


@st.composite
def common(draw: st.DrawFn, name: str) -> dict[str, Any]:
    return {
        **COMMON,
        "name": name,
        "clear_samples": draw(counts),
        "on_invalid": draw(st.sampled_from(OnInvalid)),
        "cannot_judge_samples": draw(counts),
    }


@st.composite
def thresholds(draw: st.DrawFn) -> Rule:
    low, high = draw(limits)
    side, needed = draw(st.sampled_from(Side)), draw(counts)
    fields = draw(common("threshold"))
    return Threshold(**fields, side=side, low=low, high=high, persistence_samples=needed)


@st.composite
def rates(draw: st.DrawFn) -> Rule:
    low, high = draw(limits)
    return RateOfChange(
        **draw(common("rate")),
        side=draw(st.sampled_from(Side)),
        low_per_s=low * 30.0,
        high_per_s=high * 30.0,
        span_samples=draw(st.integers(1, 7)),
        persistence_samples=draw(counts),
    )


@st.composite
def bands(draw: st.DrawFn) -> Band:
    low, high = draw(limits)
    kept = draw(st.sampled_from(["low", "high", "both"]))
    return Band(low=None if kept == "high" else low, high=None if kept == "low" else high)


@st.composite
def sequences(draw: st.DrawFn) -> Rule:
    first, then, within = draw(bands()), draw(bands()), draw(st.integers(1, 8))
    return Follows(**draw(common("follows")), first=first, then=then, within_samples=within)


@st.composite
def shapes(draw: st.DrawFn) -> Rule:
    ranges = draw(
        st.lists(st.sampled_from([(-3, -1), (0, 1), (2, 3), (-1, 0)]), min_size=1, max_size=4)
    )
    apart = [ranges[0]]
    for low, high in ranges[1:]:
        if high < apart[-1][0] or low > apart[-1][1]:
            apart.append((low, high))
    phases = []
    for place, (low, high) in enumerate(apart):
        least = draw(st.integers(1, 3))
        more = draw(st.one_of(st.none(), st.integers(0, 3)))
        last = place == len(apart) - 1 or more is None
        most = None if last or more is None else least + more
        phases.append(Phase(low=low, high=high, min_samples=least, max_samples=most))
    return Shape(**draw(common("shape")), phases=tuple(phases))


values = st.one_of(st.integers(-4, 4).map(float), st.integers(-4, 4).map(float), st.none())
stays = st.lists(st.tuples(values, st.integers(1, 9)), max_size=30).map(
    lambda runs: [value for value, count in runs for _ in range(count)]
)


def pushed(
    rules: list[Rule], samples: list[oracle.Sample], cuts: random.Random | int
) -> list[RuleEvent]:
    """The events of the samples cut into blocks of a size, or of drawn sizes with gaps left out."""
    judged = RuleSet(rules, signal="ecg", unit="mV", rate_hz=RATE_HZ)
    events: list[RuleEvent] = []
    at = 0
    while at < len(samples):
        size = cuts if isinstance(cuts, int) else cuts.choice((0, 1, 2, 5, 10, 40))
        part = samples[at : at + size]
        valid = np.array([each is not None for each in part], dtype=np.bool_)
        block = np.array([math.nan if each is None else each for each in part], dtype=np.float32)
        if isinstance(cuts, random.Random) and not valid.any() and at + size < len(samples):
            at += size  # a gap: the next index tells
            continue
        if valid.all() or (isinstance(cuts, random.Random) and cuts.random() < 0.3):
            events += judged.push(at, block)  # not a number is invalid without a mask, too
        else:
            block[~valid] = 99  # whatever stands where the mask is 0
            events += judged.push(at, block, valid)
        at += size
    return events


@pytest.mark.parametrize("kind", [thresholds(), rates(), sequences(), shapes()])
@settings(max_examples=150)
@given(drawn=st.data())
def test_each_kind_gives_the_events_of_the_oracle(
    kind: st.SearchStrategy[Rule], drawn: st.DataObject
) -> None:
    rule, samples = drawn.draw(kind), drawn.draw(stays)
    expected = oracle.expected([rule], RATE_HZ, samples)
    for cut in (1, 10, 250, drawn.draw(st.randoms(use_true_random=False))):
        assert pushed([rule], samples, cut) == expected


@given(thresholds(), rates(), sequences(), shapes(), stays, st.randoms(use_true_random=False))
def test_rules_together_keep_their_order(
    one: Rule, two: Rule, three: Rule, four: Rule, samples: list[oracle.Sample], cuts: random.Random
) -> None:
    rules = [one, two, three, four]
    assert pushed(rules, samples, cuts) == oracle.expected(rules, RATE_HZ, samples)


@pytest.mark.slow
def test_a_long_noisy_record_gives_the_events_of_the_oracle() -> None:
    draw, noise = random.Random(1), np.random.default_rng(1)
    walk = np.clip(np.cumsum(noise.normal(0, 0.4, 20_000)) % 8 - 4, -4, 4).astype(np.float32)
    invalid = noise.random(20_000) < 0.01
    samples = [None if bad else float(each) for each, bad in zip(walk, invalid, strict=True)]
    base = {**COMMON, "clear_samples": 3, "cannot_judge_samples": 2}
    held, reset = {**base, "on_invalid": OnInvalid.HOLD}, {**base, "on_invalid": OnInvalid.RESET}
    falling = (Phase(low=1.0, min_samples=2), Phase(low=-1, high=0.9, min_samples=1, max_samples=9))
    rules: list[Rule] = [
        Threshold(**held, name="a", side=Side.ABOVE, low=0.3, high=2, persistence_samples=4),
        RateOfChange(**reset, name="b", side=Side.BELOW, low_per_s=-40, high_per_s=-3.7,
                     span_samples=25, persistence_samples=2),
        Follows(**held, name="c", first=Band(low=3), then=Band(high=-3), within_samples=30),
        Shape(**reset, name="d", phases=(*falling, Phase(high=-1.1, min_samples=4))),
    ]  # fmt: skip
    expected = oracle.expected(rules, RATE_HZ, samples)
    assert {event.rule for event in expected if event.kind is EventKind.CONDITION} == {*"abcd"}
    for cuts in (10, 250, 7_777, draw):
        assert pushed(rules, samples, cuts) == expected
