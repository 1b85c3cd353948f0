"""The cheapest verified model runs; noise does not change it, and nothing unverified ever does."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.model.candidates import Budget, Candidate, Cost, Criterion, Weights
from edgeward.model.selection import (
    Hysteresis,
    Kept,
    NoneEligible,
    Reason,
    Selection,
    Selector,
    Switch,
)
from edgeward.profile import load_profile

HERE, ELSEWHERE = "a" * 64, "b" * 64
S = 1_000_000_000
PROFILES = Path(__file__).parents[2] / "device_profiles"
CRITERION = Criterion(HERE, Budget(10_000, 20_000, 4_000), Weights(1, 1, 1))
AT_ONCE = Hysteresis(margin=0, dwell_ns=0, hold_ns=0)


def model(name: str, latency_ns: int | None = 1000, *, here: bool = True) -> Candidate:
    """A model whose latency alone differs from the others'."""
    evidence = frozenset({ELSEWHERE, HERE} if here else {ELSEWHERE})
    return Candidate(name, Cost(latency_ns, 0, 0), evidence)


def running(told: Selection) -> str | None:
    """The model that runs after an answer."""
    match told:
        case Switch():
            return told.after
        case Kept():
            return told.sha256
        case NoneEligible():
            return None


costs = st.none() | st.integers(0, 10**9)
candidates = st.builds(
    Candidate,
    st.sampled_from("pqrst"),
    st.builds(Cost, costs, costs, costs),
    st.frozensets(st.sampled_from([HERE, ELSEWHERE])),
)
offers = st.lists(candidates, unique_by=lambda each: each.sha256)
weight = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
weights = st.tuples(weight, weight, weight).filter(any).map(lambda three: Weights(*three))
budgets = st.builds(Budget, *[st.integers(1, 10**9)] * 3)
criteria = st.builds(Criterion, st.just(HERE), budgets, weights)


def exact_scores(offer: list[Candidate], criterion: Criterion) -> dict[str, Fraction]:
    """The brute force: each eligible model's score by the formula, without rounding."""
    scores = {}
    for each in offer:
        terms = [
            (criterion.weights.latency, each.cost.latency_ns, criterion.budget.latency_ns),
            (criterion.weights.cpu, each.cost.cpu_ns, criterion.budget.cpu_ns),
            (criterion.weights.energy, each.cost.energy_nj, criterion.budget.energy_nj),
        ]
        counted = [term for term in terms if term[0] > 0]
        if HERE in each.evidence and all(cost is not None for _, cost, _ in counted):
            scores[each.sha256] = sum(
                (Fraction(w) * Fraction(c or 0) / b for w, c, b in counted), Fraction(0)
            )
    return scores


@given(criteria, st.lists(offers, max_size=5))
def test_it_chooses_what_brute_force_chooses(
    criterion: Criterion, trace: list[list[Candidate]]
) -> None:
    for now_ns, offer in enumerate(trace):
        told = Selector(criterion, AT_ONCE).select(offer, now_ns)
        scores = exact_scores(offer, criterion)
        if not scores:
            assert told == NoneEligible({each.sha256: mine for each in offer
                                         if (mine := criterion.refusal(each))})  # fmt: skip
            assert len(told.refused) == len(offer)
        else:
            assert isinstance(told, Switch)
            assert scores[told.after] <= min(scores.values()) * (1 + Fraction(1, 10**12))
            assert told.scores.keys() == scores.keys()
            assert told.scores.keys().isdisjoint(told.refused)


@given(criteria, st.lists(offers, max_size=20), st.sampled_from([AT_ONCE, Hysteresis(0.1, 3, 5)]))
def test_what_runs_always_has_evidence_and_without_hysteresis_is_the_cheapest(
    criterion: Criterion, trace: list[list[Candidate]], hysteresis: Hysteresis
) -> None:
    selector = Selector(criterion, hysteresis)
    known: dict[str, Candidate] = {}
    for now_ns, offer in enumerate(trace):
        before = selector.running
        known = {name: each for name, each in known.items() if name == before}
        known |= {each.sha256: each for each in offer}
        scores = exact_scores(list(known.values()), criterion)
        chosen = running(selector.select(offer, now_ns))
        assert chosen == selector.running
        assert (chosen in scores) if scores else (chosen is None)
        if chosen is not None and hysteresis is AT_ONCE:
            assert scores[chosen] <= min(scores.values()) * (1 + Fraction(1, 10**12))


def switches_of_a_noisy_trace(seed: int, hysteresis: Hysteresis | None) -> list[int]:
    """In which seconds of a quarter of an hour the model changed; drifts make some changes due."""
    random = np.random.default_rng(seed)
    drift = np.cumsum(random.normal(scale=0.02, size=(900, 3)), axis=0)
    traces = np.clip(1000 * np.exp(drift + random.normal(scale=0.3, size=drift.shape)), 1, 1e9)
    selector, changed_s = Selector(CRITERION, hysteresis), []
    for second, row in enumerate(traces.astype(int).tolist()):
        offer = [model(name, cost) for name, cost in zip("pqr", row, strict=True)]
        if isinstance(selector.select(offer, second * S), Switch):
            changed_s.append(second)
    return changed_s


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([None, Hysteresis(margin=0, dwell_ns=0)]))
def test_however_noisy_the_figures_there_is_one_switch_a_minute_at_most(
    seed: int, hysteresis: Hysteresis | None
) -> None:
    changed_s = switches_of_a_noisy_trace(seed, hysteresis)
    assert all(after - before >= 60 for before, after in pairwise(changed_s))


def test_the_noisy_traces_would_switch_all_the_time() -> None:
    assert len(switches_of_a_noisy_trace(6, AT_ONCE)) > 400
    assert len(switches_of_a_noisy_trace(6, Hysteresis(margin=0, dwell_ns=0))) > 10
    assert len(switches_of_a_noisy_trace(6, None)) > 1


def test_noise_within_the_margin_never_switches() -> None:
    random = np.random.default_rng(1)
    selector = Selector(CRITERION)
    selector.select([model("p", 1000), model("q", 1000)], 0)
    for second in range(1, 3600):
        p, q = (1000 + random.integers(-50, 51, size=2)).tolist()
        assert selector.select([model("p", p), model("q", q)], second * S) == Kept("p")


def test_a_better_model_takes_over_when_it_has_been_better_for_long_enough() -> None:
    selector = Selector(CRITERION, Hysteresis(margin=0.1, dwell_ns=10 * S, hold_ns=0))
    first = selector.select([model("p", 1000)], 0)
    assert first == Switch(0, None, "p", Reason.FIRST, {"p": 0.1}, {})
    offer = [model("p", 1000), model("q", 901), model("r", 1, here=False)]
    assert selector.select(offer, 100 * S) == Kept("p")
    assert selector.select(offer, 200 * S) == Kept("p")  # better, not by the margin
    offer[1] = model("q", 900)
    assert selector.select(offer, 201 * S) == Kept("p")
    assert selector.select([*offer[:1], model("q", 950)], 206 * S) == Kept("p")  # from the start
    assert selector.select(offer, 208 * S) == Kept("p")
    assert selector.select(offer, 218 * S - 1) == Kept("p")
    told = selector.select(offer, 218 * S)
    assert isinstance(told, Switch)
    assert told.to_dict() == {
        "at_ns": 218 * S,
        "before": "p",
        "after": "q",
        "reason": "better",
        "scores": {"p": 0.1, "q": 0.09},
        "refused": {"r": f"no evidence for profile {HERE}"},
    }


def test_after_a_change_the_model_is_held() -> None:
    selector = Selector(CRITERION, Hysteresis(margin=0, dwell_ns=0, hold_ns=60 * S))
    selector.select([model("p", 1000)], 5 * S)
    offer = [model("p", 1000), model("q", 1)]
    assert selector.select(offer, 65 * S - 1) == Kept("p")
    assert running(selector.select(offer, 65 * S)) == "q"


def test_the_best_of_those_that_were_better_for_long_enough_is_taken() -> None:
    selector = Selector(CRITERION, Hysteresis(margin=0.1, dwell_ns=10 * S, hold_ns=0))
    selector.select([model("p", 1000)], 0)
    selector.select([model("p", 1000), model("q", 500), model("r", 400)], 10 * S)
    newcomer = model("s", 10)
    told = selector.select([model("q", 500), model("r", 400), newcomer], 20 * S)
    assert running(told) == "r"


def test_a_model_without_evidence_is_replaced_at_once() -> None:
    selector = Selector(CRITERION)
    selector.select([model("p", 1), model("q", 1000)], 0)
    told = selector.select([model("p", 1, here=False), model("q", 1000)], 1)
    assert isinstance(told, Switch)
    assert (told.before, told.after, told.reason) == ("p", "q", Reason.NOT_ELIGIBLE)
    assert told.refused == {"p": f"no evidence for profile {HERE}"}


def test_a_running_model_that_is_not_offered_runs_on() -> None:
    selector = Selector(CRITERION)
    selector.select([model("p")], 0)
    assert selector.select([], 1) == Kept("p")
    assert selector.select([model("q", 1, here=False)], 2) == Kept("p")


def test_without_any_eligible_model_there_is_a_refusal_for_each() -> None:
    selector = Selector(CRITERION)
    assert selector.select([], 0) == NoneEligible({})
    selector.select([model("p")], 1)
    unknown = replace(model("q"), cost=Cost(None, 1, None))
    told = selector.select([model("p", here=False), unknown], 2)
    assert told == NoneEligible(
        {"p": f"no evidence for profile {HERE}", "q": "unknown: latency_ns, energy_nj"}
    )
    assert selector.running is None


def test_what_does_not_count_may_be_unknown() -> None:
    criterion = replace(CRITERION, weights=Weights(1, 0, 0))
    known = replace(model("p"), cost=Cost(5_000, None, None))
    told = Selector(criterion).select([known], 0)
    assert isinstance(told, Switch)
    assert told.scores == {"p": 0.5}


def test_equal_scores_choose_by_digest_and_change_nothing() -> None:
    selector = Selector(CRITERION, AT_ONCE)
    assert running(selector.select([model("q", 0), model("r", 0)], 0)) == "q"
    assert selector.select([model("p", 0), model("q", 0)], 1) == Kept("q")


def test_a_profile_gives_the_budgets() -> None:
    profile = load_profile("bedside_monitor", [PROFILES]).profile
    budget = Budget.of(profile, 2 * S)
    assert budget.latency_ns == profile.budget.inference_ms * 1_000_000
    assert budget.energy_nj == profile.budget.energy_mj_per_inference * 1_000_000
    cores = profile.compute.cores * profile.budget.cpu_percent / 100
    assert budget.cpu_ns == pytest.approx(2 * S * cores)


@pytest.mark.parametrize(
    ("make", "values", "said"),
    [
        (Budget, (0, 1, -1), "latency_ns is 0, must be above 0; energy_nj is -1, must be above 0"),
        (Cost, (None, -1, 0), "cpu_ns is -1, must be 0 or more, or None"),
        (Weights, (0, 0, 0), "one must be above 0"),
        (Weights, (1, -1, float("inf")), "cpu is -1, must be 0 or more, and finite; energy is inf"),
        (Weights, (float("nan"), 1, 1), "latency is nan"),
        (Hysteresis, (-0.1, -1, 0), "margin is -0.1, must be 0 or more; dwell_ns is -1"),
        (Hysteresis, (1.0, 0, 0), "margin is 1.0, must be below 1"),
        (Hysteresis, (float("nan"), 0, 0), "margin is nan"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(make: Any, values: Any, said: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        make(*values)
    assert said in str(refused.value)
