"""Rules are read with every fault at once, fit their stream or are refused, and set off actions."""

import tomllib
from typing import Any

import numpy as np
import pytest

from edgeward.errors import LimitError, RuleError, StreamError
from edgeward.limits import Limits
from edgeward.process.rules import (
    Actions,
    Band,
    EventKind,
    Follows,
    OnInvalid,
    Phase,
    RateOfChange,
    RuleEvent,
    RuleSet,
    Shape,
    Side,
    Threshold,
    parse_rules,
)

COMMON: dict[str, Any] = {
    "signal": "spo2",
    "unit": "%",
    "clear_samples": 2,
    "on_invalid": OnInvalid.HOLD,
    "cannot_judge_samples": 3,
}

WRITTEN = """
[desaturation]
kind = "threshold"
signal = "spo2"
unit = "%"
side = "below"
low = 88
high = 90.5
persistence_samples = 2
clear_samples = 2
on_invalid = "hold"
cannot_judge_samples = 3
action = "alarm-tone"

[falling]
kind = "rate_of_change"
signal = "spo2"
unit = "%"
side = "below"
low_per_s = -2
high_per_s = -1
span_samples = 4
persistence_samples = 1
clear_samples = 2
on_invalid = "hold"
cannot_judge_samples = 3

[rebound]
kind = "follows"
signal = "spo2"
unit = "%"
first = {high = 85}
then = {low = 97, high = 100}
within_samples = 20
clear_samples = 2
on_invalid = "hold"
cannot_judge_samples = 3

[dip]
kind = "shape"
signal = "spo2"
unit = "%"
phases = [
  {low = 92, min_samples = 3},
  {high = 91.5, min_samples = 2, max_samples = 9},
  {low = 92, high = 100, min_samples = 1},
]
clear_samples = 2
on_invalid = "hold"
cannot_judge_samples = 3
"""

DESATURATION = Threshold(
    **COMMON,
    name="desaturation",
    side=Side.BELOW,
    low=88,
    high=90.5,
    persistence_samples=2,
    action="alarm-tone",
)


def judged(*rules: Any, **more: Any) -> RuleSet:
    given: dict[str, Any] = {"signal": "spo2", "unit": "%", "rate_hz": 1, "actions": ["alarm-tone"]}
    return RuleSet(rules, **(given | more))


def faults_of(written: str) -> tuple[str, ...]:
    with pytest.raises(RuleError) as caught:
        parse_rules(tomllib.loads(written))
    return caught.value.faults


def test_what_is_written_is_what_is_made_in_code() -> None:
    assert parse_rules(tomllib.loads(WRITTEN)) == (
        DESATURATION,
        RateOfChange(
            **COMMON,
            name="falling",
            side=Side.BELOW,
            low_per_s=-2,
            high_per_s=-1,
            span_samples=4,
            persistence_samples=1,
        ),
        Follows(
            **COMMON,
            name="rebound",
            first=Band(high=85),
            then=Band(low=97, high=100),
            within_samples=20,
        ),
        Shape(
            **COMMON,
            name="dip",
            phases=(
                Phase(low=92, min_samples=3),
                Phase(high=91.5, min_samples=2, max_samples=9),
                Phase(low=92, high=100, min_samples=1),
            ),
        ),
    )


def test_every_fault_of_every_rule_is_told() -> None:
    written = (
        WRITTEN.replace('side = "below"\nlow = 88', 'side = "under"\nlow = 91')
        .replace("span_samples = 4", "span_sample = 4")
        .replace("within_samples = 20", "within_samples = true")
        .replace("first = {high = 85}", "first = {}")
        .replace("{high = 91.5, min_samples = 2, max_samples = 9}", "{high = 95, max_samples = 0}")
    )
    told = faults_of(written + '[other]\nkind = "treshold"\n[third]\n')
    assert told == (
        'rules.desaturation.side = "under": expected "above" or "below"',
        "rules.desaturation.low = 91: expected less than high = 90.5",
        (
            "rules.falling.span_sample: no such key; expected name, signal, unit, clear_samples,"
            " on_invalid, cannot_judge_samples, action, side, low_per_s, high_per_s, span_samples,"
            ' persistence_samples; did you mean "span_samples"?'
        ),
        "rules.falling.span_samples: missing; expected a whole number from 1 to 100000 samples",
        "rules.rebound.first: without a limit; expected low, high or both",
        "rules.rebound.within_samples = true: expected a whole number from 1 to 10000000 samples",
        (
            "rules.dip.phases[1].min_samples: missing;"
            " expected a whole number from 1 to 10000000 samples"
        ),
        "rules.dip.phases[1].max_samples = 0: expected a whole number from 1 to 10000000 samples",
        (
            'rules.other.kind = "treshold": expected one of threshold, rate_of_change, follows,'
            ' shape; did you mean "threshold"?'
        ),
        "rules.third.kind: expected one of threshold, rate_of_change, follows, shape",
    )


@pytest.mark.parametrize(
    ("phases", "told"),
    [
        ("[]", "rules.dip.phases = []: expected a list of 1 to 16 tables"),
        ("[3]", "rules.dip.phases[0] = 3: expected a table"),
        (
            "[{low = 1, min_samples = 1}, {high = 1, min_samples = 1}]",
            "rules.dip.phases[1]: shares values with the phase before it; expected a band apart",
        ),
        (
            "[{low = 1, min_samples = 3, max_samples = 2}, {high = 0, min_samples = 1}]",
            "rules.dip.phases[0].min_samples = 3: expected at most max_samples = 2",
        ),
        (
            "[{low = 1, min_samples = 1, max_samples = 2}]",
            (
                "rules.dip.phases[0].max_samples = 2:"
                " expected none in the last phase, which ends the shape"
            ),
        ),
    ],
)
def test_phases_that_make_no_shape_are_refused(phases: str, told: str) -> None:
    start, end = WRITTEN.index("phases = ["), WRITTEN.index("]\nclear", WRITTEN.index("phases"))
    assert faults_of(f"{WRITTEN[:start]}phases = {phases}{WRITTEN[end + 1 :]}") == (told,)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "rules = []: expected a table of at most 64 rules"),
        ({"a": 3}, "rules.a = 3: expected a table"),
        ({"a": {"kind": ["x"]}}, 'rules.a.kind = ["x"]: expected one of'),
    ],
)
def test_what_is_no_table_of_rules_is_refused(data: object, told: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rules(data)
    assert str(caught.value).startswith(told)


def test_a_name_stands_before_its_rule_and_is_one() -> None:
    table = tomllib.loads(WRITTEN)["desaturation"]
    with pytest.raises(RuleError, match="its name stands before it"):
        parse_rules({"a": {**table, "name": "b"}})
    with pytest.raises(RuleError, match='name = "A b": expected a lower-case letter'):
        parse_rules({"A b": table})


def test_a_rule_made_in_code_is_checked_as_well() -> None:
    with pytest.raises(RuleError) as caught:
        Threshold(
            **(COMMON | {"clear_samples": 0}),
            name="x",
            side=Side.ABOVE,
            low=1.0,
            high=1.0,
            persistence_samples=1,
        )
    assert caught.value.faults == (
        'rule "x".clear_samples = 0: expected a whole number from 1 to 10000000 samples',
        'rule "x".low = 1.0: expected less than high = 1.0',
    )


def test_a_gap_that_samples_cannot_show_is_none() -> None:
    with pytest.raises(RuleError, match="expected less than high"):
        Band(low=1_000_000.0, high=1_000_000.01)
    with pytest.raises(RuleError, match="without a limit"):
        Band()
    with pytest.raises(RuleError, match="at most max_samples"):
        Phase(low=1, min_samples=2, max_samples=1)
    with pytest.raises(RuleError, match=r"0 of them; expected 1 to 16"):
        Shape(**COMMON, name="x", phases=())


def test_every_rule_that_does_not_fit_the_stream_is_told() -> None:
    with pytest.raises(RuleError) as caught:
        judged(DESATURATION, DESATURATION, unit="fraction", signal="ppg", actions=(), rate_hz=0)
    assert caught.value.faults == (
        "rule 'desaturation': 2 rules of this name; expected one",
        *2
        * (
            "rule 'desaturation': signal = 'spo2'; this stream is 'ppg'",
            "rule 'desaturation': unit = '%'; this stream is in 'fraction'",
            "rule 'desaturation': action = 'alarm-tone'; expected one of: none",
        ),
        "rate_hz = 0: expected a finite number above 0",
    )


def told(events: tuple[RuleEvent, ...]) -> list[tuple[EventKind, bool, int, float | None]]:
    return [(each.kind, each.raised, each.sample_index, each.value) for each in events]


def test_noise_inside_the_gap_neither_raises_nor_clears() -> None:
    rules = judged(DESATURATION)
    events = rules.push(0, np.array([95, 87, 89, 87, 87, 89, 91, 90, 91, 91], np.float32))
    assert told(events) == [
        (EventKind.CONDITION, True, 4, 87.0),
        (EventKind.CONDITION, False, 9, 91.0),
    ]
    assert {(each.rule, each.unit) for each in events} == {("desaturation", "%")}


def test_a_lost_signal_is_told_and_clears_nothing() -> None:
    rules = judged(DESATURATION)
    assert len(rules.push(0, np.array([80, 80], np.float32))) == 1
    lost = np.array([99, np.nan, np.inf, 99, 99], np.float32)
    events = rules.push(2, lost, np.array([0, 1, 1, 0, 1], np.bool_))
    assert told(events) == [
        (EventKind.CANNOT_JUDGE, True, 4, None),
        (EventKind.CANNOT_JUDGE, False, 6, None),
    ]
    assert told(rules.push(7, np.array([99], np.float32))) == [(EventKind.CONDITION, False, 7, 99)]


@pytest.mark.parametrize("on_invalid", OnInvalid)
@pytest.mark.parametrize("blocks", [[5], [1, 1, 1, 1, 1], [3, 2]])
def test_a_hole_in_a_pattern_is_passed_over_or_ends_it_as_declared(
    on_invalid: OnInvalid, blocks: list[int]
) -> None:
    given = COMMON | {"on_invalid": on_invalid}
    step = Shape(
        **given, name="step", phases=(Phase(high=1, min_samples=2), Phase(low=2, min_samples=1))
    )
    after = Follows(**given, name="after", first=Band(high=1), then=Band(low=2), within_samples=1)
    rules, samples = judged(step, after), np.array([0, 0, np.nan, 3, 3], np.float32)
    ends = np.cumsum(blocks)
    pieces = zip([0, *ends[:-1]], ends, strict=True)
    events = [event for at, end in pieces for event in rules.push(int(at), samples[at:end])]
    assert [(each.rule, each.sample_index) for each in events] == (
        [("step", 3), ("after", 3)] if on_invalid is OnInvalid.HOLD else []
    )


def test_a_gap_is_invalid_samples() -> None:
    rules = judged(DESATURATION)
    rules.push(0, np.array([95], np.float32))
    events = rules.push(11, np.array([95], np.float32))
    assert [each.sample_index for each in events] == [3, 11]
    assert rules.next_sample == 12


def test_a_rate_is_told_in_its_unit_and_begins_after_a_span() -> None:
    rules = judged(parse_rules(tomllib.loads(WRITTEN))[1])
    events = rules.push(0, np.array([98, 98, 98, 98, 98, 88, 88], np.float32))
    assert [(each.sample_index, each.value, each.unit) for each in events] == [(5, -2.5, "%/s")]


def test_what_comes_too_late_or_too_far_is_refused_and_changes_nothing() -> None:
    rules = judged(DESATURATION, limits=Limits(gap_samples_max=5))
    block = np.array([95, 95], np.float32)
    rules.push(0, block)
    with pytest.raises(StreamError, match="sample 1 was offered where 2 is the next one"):
        rules.push(1, block)
    with pytest.raises(StreamError, match="2 samples came with a mask of 3"):
        rules.push(2, block, np.ones(3, np.bool_))
    with pytest.raises(LimitError, match="6 samples are missing before sample 8; accepted: at mo"):
        rules.push(8, block)
    assert rules.next_sample == 2
    assert rules.push(7, block) != ()


def test_an_action_gets_every_event_of_its_rule_and_no_other() -> None:
    seen: list[RuleEvent] = []
    actions = Actions({"alarm-tone": seen.append})
    other = Threshold(
        **COMMON, name="other", side=Side.BELOW, low=88, high=90, persistence_samples=1
    )
    rules = judged(DESATURATION, other, actions=actions.names())
    events = rules.push(9, np.array([80, 80, 95, 95], np.float32))
    assert actions.perform(events, rules.actions) == ()
    assert seen == [each for each in events if each.rule == "desaturation"]
    assert [each.raised for each in seen] == [True, False, True, False]


def test_an_action_that_raises_is_reported_and_the_next_is_called() -> None:
    calls: list[int] = []

    def jammed(event: RuleEvent) -> None:
        calls.append(event.sample_index)
        raise OSError("the valve is stuck")

    actions = Actions({"alarm-tone": jammed})
    rules = judged(DESATURATION)
    events = rules.push(0, np.array([80, 80, 95, 95], np.float32))
    faults = actions.perform(events, rules.actions)
    assert calls == [1, 3]
    assert [(each.action, each.event, each.text) for each in faults] == [
        ("alarm-tone", event, "OSError: the valve is stuck") for event in events
    ]


def test_what_cannot_be_called_is_no_action() -> None:
    with pytest.raises(RuleError, match="action 'x' is of type int; expected something to call"):
        Actions({"x": 3})  # type: ignore[dict-item]
