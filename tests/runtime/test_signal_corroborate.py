"""Other channels bear a sign out, contradict it with strong evidence, or say nothing."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeward.signal.detect.rhythm.corroborate import HOLD_NS, Corroboration, Judgement, Verdict
from edgeward.signal.detect.rhythm.corroborate_rules import STRONG
from edgeward.signal.detect.rhythm.corroborate_witness import Kind, Witness
from edgeward.signal.findings import Sign

S = 1_000_000_000
LAG_NS = 1_100_000_000
START_NS = 86_400 * S
"""A monotonic clock has run for a while."""


def ns(seconds: float) -> int:
    """A moment of the test."""
    return START_NS + round(seconds * S)


def tell(witness: Witness, places: Iterable[float], height: float = 1.0) -> None:
    """Beats at these seconds, each known a second later."""
    for place in places:
        witness.beat(ns(place), ns(place + 1), height)


def every(first: float, end: float, step: float) -> list[float]:
    """Places of beats."""
    return [first + k * step for k in range(int((end - first) / step) + 1)]


def pulse(places: Sequence[float], kind: Kind = Kind.PULSE) -> Corroboration:
    """One witness with these beats."""
    found = Corroboration()
    tell(found.witness("PLETH", kind, LAG_NS), places)
    return found


def answers(asked: Corroboration, sign: Sign, since: float, at: float) -> list[Judgement]:
    """What is told of a sign within two seconds."""
    return [*asked.begin(sign, ns(since), ns(at)), *asked.advance(ns(at + 2))]


LETHAL = sorted({sign for sign, _ in STRONG})


@pytest.mark.parametrize("sign", LETHAL)
def test_without_a_witness_every_sign_stands_at_once(sign: Sign) -> None:
    (told,) = answers(Corroboration(), sign, 10, 14)
    assert (told.verdict, told.stands, told.at_ns) == (Verdict.UNDECIDED, True, ns(14))


@pytest.mark.parametrize("sign", LETHAL)
@pytest.mark.parametrize(
    "places",
    [
        pytest.param(every(0, 4, 0.8), id="stopped long ago"),
        pytest.param([*every(0, 10, 0.8), 13.2], id="one wave of motion"),
        pytest.param(every(0, 20, 0.25), id="faster than a heart"),
        pytest.param([0.8 * k for k in range(25) if k % 5 > 2], id="holes"),
    ],
)
def test_no_sign_is_suppressed_without_strong_evidence(sign: Sign, places: list[float]) -> None:
    told = answers(pulse(places), sign, 10, 14.5)
    assert [one.stands for one in told] == [True]
    assert told[0].at_ns <= ns(14.5) + HOLD_NS


@pytest.mark.parametrize("sign", sorted(set(LETHAL) - {Sign.EXTREME_TACHYCARDIA}))
def test_a_pulse_through_the_very_interval_contradicts_and_says_so(sign: Sign) -> None:
    asked = pulse(every(0, 20, 0.8))
    (told,) = answers(asked, sign, 10, 14.5)
    assert told.verdict is Verdict.CONTRADICTED
    assert "PLETH: " in told.text
    assert "beats at 75/min" in told.text
    assert asked.counts == {(sign, Verdict.CONTRADICTED): 1}


def test_a_pulse_alone_does_not_contradict_a_fast_rate_with_a_lead_it_does() -> None:
    asked = pulse(every(0, 20, 0.8))
    assert answers(asked, Sign.EXTREME_TACHYCARDIA, 8, 14)[0].stands
    asked.end(Sign.EXTREME_TACHYCARDIA)
    tell(asked.witness("V", Kind.LEAD, S), every(0, 20, 0.8))
    assert not answers(asked, Sign.EXTREME_TACHYCARDIA, 8, 17)[0].stands


def test_the_lead_that_raised_a_sign_is_no_witness_of_it() -> None:
    asked = pulse(every(0, 20, 0.8), Kind.LEAD)
    told = asked.begin(Sign.ASYSTOLE, ns(10), ns(14.5), apart_from="PLETH")
    assert [one.verdict for one in told] == [Verdict.UNDECIDED]


def test_a_pulse_that_stopped_with_the_heart_bears_it_out_without_delay() -> None:
    asked = pulse(every(0, 10, 0.8))
    tell(asked.witness("V", Kind.LEAD, S), every(0, 20, 0.8))
    (told,) = asked.begin(Sign.ASYSTOLE, ns(10), ns(14.5))
    assert (told.verdict, told.at_ns) == (Verdict.CONFIRMED, ns(14.5))
    assert told.text == "PLETH: no pulse for 4.9 s"


def test_evidence_that_could_still_come_is_waited_for_half_a_second() -> None:
    late = pulse(every(0, 12, 0.8))
    assert late.begin(Sign.ASYSTOLE, ns(11.3), ns(14.5)) == []
    assert late.advance(ns(14.9)) == []
    (told,) = late.advance(ns(15.2))
    assert (told.verdict, told.at_ns) == (Verdict.UNDECIDED, ns(15))


def test_a_contradicted_sign_stands_as_soon_as_the_evidence_ends() -> None:
    asked = pulse(every(0, 20, 0.8))
    told = [*asked.begin(Sign.ASYSTOLE, ns(10), ns(14.5)), *asked.advance(ns(40))]
    assert [one.stands for one in told] == [False, True]
    assert ns(20) < told[1].at_ns < ns(24)
    assert asked.advance(ns(60)) == []


def test_what_stands_is_never_taken_back() -> None:
    asked = Corroboration()
    witness = asked.witness("ABP", Kind.PULSE, LAG_NS)
    (told,) = asked.begin(Sign.ASYSTOLE, ns(10), ns(14))
    assert told.stands
    tell(witness, every(10, 40, 0.8))
    assert asked.advance(ns(40)) == []
    asked.end(Sign.ASYSTOLE)
    assert [one.stands for one in asked.begin(Sign.ASYSTOLE, ns(34), ns(40))] == [False]


def test_a_witness_that_could_not_be_read_says_nothing() -> None:
    asked = Corroboration()
    witness = asked.witness("PLETH", Kind.PULSE, LAG_NS)
    tell(witness, every(0, 20, 0.8))
    witness.unread(ns(12), ns(12.3))
    assert answers(asked, Sign.ASYSTOLE, 10, 14.5)[0].verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("shares", "stands"), [([1.0], False), ([1.0, 1.0, 0.5], True), ([0.7, 1.3], True)]
)
def test_a_pulse_that_changes_with_the_beats_says_nothing_against_a_tachycardia(
    shares: list[float], stands: bool
) -> None:
    asked, at = Corroboration(), 0.0
    witness = asked.witness("PLETH", Kind.PULSE, LAG_NS)
    for number in range(30):
        share = shares[number % len(shares)]
        at += 0.8 * (share if len(shares) == 2 else 1)
        witness.beat(ns(at), ns(at + 0.8), share)
    assert answers(asked, Sign.VENTRICULAR_TACHYCARDIA, 14, 18)[0].stands is stands


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(("interval_s", "stands"), [(0.45, True), (0.62, True), (0.75, False)])
def test_beats_as_fast_as_a_tachycardia_may_be_its_own(
    kind: Kind, interval_s: float, stands: bool
) -> None:
    asked = pulse(every(0, 30, interval_s), kind)
    assert answers(asked, Sign.VENTRICULAR_TACHYCARDIA, 14, 18)[0].stands is stands


@given(
    places=st.lists(st.floats(0.2, 3), max_size=40),
    at=st.floats(8, 20),
    cuts=st.lists(st.integers(1, 400), max_size=20),
    sign=st.sampled_from(LETHAL),
)
@example(places=[1.0] * 15 + [3.0] * 6, at=8.0, cuts=[], sign=Sign.EXTREME_BRADYCARDIA)
@settings(max_examples=50, deadline=None)
def test_it_does_not_matter_how_often_one_asks(
    places: list[float], at: float, cuts: list[int], sign: Sign
) -> None:
    def run(ends: Sequence[float]) -> list[Judgement]:
        asked, begun, told = Corroboration(), False, []
        witness = asked.witness("PLETH", Kind.PULSE, LAG_NS)
        coming = [sum(places[: k + 1]) for k in range(len(places))]
        for end in ends:
            while coming and coming[0] + 1 <= end:
                tell(witness, [coming.pop(0)])
            if not begun and at <= end:
                begun, told = True, asked.begin(sign, ns(at - 4), ns(at))
            told += asked.advance(ns(end))
        return told

    assert run([*sorted({*(cut / 10 for cut in cuts), 50.0})]) == run([k / 4 for k in range(201)])


def test_a_name_can_be_taken_once() -> None:
    asked = pulse([])
    with pytest.raises(ValueError, match="the witness 'PLETH'"):
        asked.witness("PLETH", Kind.LEAD, 0)
    with pytest.raises(ValueError, match="a lag of -1 ns"):
        asked.witness("ABP", Kind.PULSE, -1)


def test_memory_is_bounded() -> None:
    asked = Corroboration()
    witness = asked.witness("PLETH", Kind.PULSE, LAG_NS)
    for number in range(5000):
        witness.beat(number * S // 100, number * S // 100, 1.0)
        witness.unread(number * S, number * S + 1)
    assert witness.kept <= 512
