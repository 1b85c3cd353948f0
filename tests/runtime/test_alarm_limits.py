"""Limits: every boundary, monotonic severity, hysteresis, and all that is refused."""

import itertools

import pytest
from alarm_bench import PATIENT, AlarmBench
from hypothesis import given
from hypothesis import strategies as st

from edgeward.alarm.alarm_limits import (
    DEFAULTS,
    SPANS,
    Side,
    VitalLimits,
    faults,
    judge,
    read_limits,
)
from edgeward.alarm.change import What
from edgeward.alarm.vocabulary import Category, Level, Presence, Priority
from edgeward.errors import AlarmError
from edgeward.signal.findings import UNITS, Vital

SEVERITY = {None: 0, Level.WARNING: 1, Level.CRITICAL: 2}
EVERY = list(itertools.product(Category, Vital))


def severity(limits: VitalLimits, value: float, hysteresis: float = 0.0) -> int:
    return max(SEVERITY[judge(limits, side, value, hysteresis, None)] for side in Side)


@pytest.mark.parametrize(("category", "vital"), EVERY)
def test_the_defaults_can_be_used(category: Category, vital: Vital) -> None:
    assert not faults(vital, DEFAULTS[category][vital], UNITS[vital])


def test_each_category_has_limits_of_its_own() -> None:  # known fault 13
    rates = [DEFAULTS[category][Vital.HEART_RATE] for category in Category]
    assert len({*rates}) == 3


@pytest.mark.parametrize(("category", "vital"), EVERY)
def test_a_limit_itself_does_not_alarm_and_the_next_value_does(  # known fault 12
    category: Category, vital: Vital
) -> None:
    limits = DEFAULTS[category][vital]
    for name, limit in limits.pairs():
        if limit is None:
            continue
        outward = -0.01 if name.startswith("low") else 0.01
        beyond = 2 if name.endswith("critical") else 1
        assert severity(limits, limit) == beyond - 1
        assert severity(limits, limit + outward) == beyond


@pytest.mark.parametrize(("category", "vital"), EVERY)
def test_exhaustively_the_severity_is_what_the_limits_say(category: Category, vital: Vital) -> None:
    limits, span = DEFAULTS[category][vital], SPANS[vital]
    low_critical, low, high, high_critical = (
        inner if limit is None else limit
        for (_, limit), inner in zip(limits.pairs(), (-1e9, -1e9, 1e9, 1e9), strict=True)
    )
    for tenth in range(int(span.least * 10) - 50, int(span.most * 10) + 50):
        value = tenth / 10
        critical = value < low_critical or value > high_critical
        beyond = value < low or value > high
        assert severity(limits, value) == (2 if critical else 1 if beyond else 0)


@given(
    limits=st.lists(st.integers(20, 280), min_size=4, max_size=4).map(sorted),
    value=st.integers(0, 300),
    farther=st.integers(0, 100),
)
def test_farther_from_normal_is_never_less_severe(
    limits: list[float], value: int, farther: int
) -> None:
    four = VitalLimits(*limits)
    middle = (limits[1] + limits[2]) / 2
    outward = farther if value >= middle else -farther
    assert severity(four, value + outward) >= severity(four, value)


@given(st.lists(st.integers(80, 100), max_size=60), st.integers(1, 4))
def test_hysteresis_never_hides_a_value_that_is_beyond(values: list[int], back: int) -> None:
    limits, was = VitalLimits(85, 90, None, None), None
    for value in values:
        plain = judge(limits, Side.LOW, value, 0.0, None)
        was = judge(limits, Side.LOW, value, back, was)
        assert SEVERITY[was] >= SEVERITY[plain]


@pytest.mark.parametrize(
    ("value", "was", "found"),
    [
        (119, None, None),
        (121, None, Level.WARNING),
        (119, Level.WARNING, Level.WARNING),
        (118, Level.WARNING, None),
        (119, Level.CRITICAL, Level.WARNING),
        (118, Level.CRITICAL, None),
        (149, Level.WARNING, Level.WARNING),
        (149, Level.CRITICAL, Level.CRITICAL),
        (148, Level.CRITICAL, Level.WARNING),
        (51, Level.WARNING, None),
    ],
)
def test_a_level_is_left_when_the_value_has_come_back_by_the_hysteresis(
    value: float, was: Level | None, found: Level | None
) -> None:
    limits = DEFAULTS[Category.ADULT][Vital.HEART_RATE]
    assert judge(limits, Side.HIGH, value, 2, was) is found
    mirrored = VitalLimits(*(-each for each in (150, 120, 50, 40)))
    assert judge(mirrored, Side.LOW, -value, 2, was) is found


def test_a_severe_desaturation_is_left_by_the_hysteresis_too() -> None:
    bench = AlarmBench()
    bench.read(Vital.SPO2, 84)
    bench.read(Vital.SPO2, 86)
    bench.wait(10)
    assert bench.up("severe_desaturation").presence is Presence.ON
    bench.read(Vital.SPO2, 87)
    bench.wait(3)
    assert bench.up("severe_desaturation").presence is Presence.LATCHED
    assert bench.up("spo2_low").covered_by == bench.up("severe_desaturation").id
    bench.wait(10)
    assert bench.up("spo2_low").presence is Presence.ON


def test_a_value_that_swings_about_its_limit_is_one_alarm() -> None:  # T8
    bench = AlarmBench()
    for swing in range(200):
        bench.read(Vital.HEART_RATE, 120 + (1 if swing % 2 else -1))
        bench.wait(1)
    assert bench.lives("heart_rate_high") == ["declared", "signalled"]


def test_a_value_that_has_come_back_ends_it() -> None:
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 121)
    bench.read(Vital.HEART_RATE, 118)
    bench.wait(3)
    assert bench.up("heart_rate_high").presence is Presence.LATCHED  # MEDIUM: a silent message
    assert not bench.shown("heart_rate_high").sounds


def test_one_hundred_percent_oxygen_never_alarms() -> None:  # known fault 10, T15, S5
    for category in (Category.ADULT, Category.PAEDIATRIC):
        bench = AlarmBench()
        bench.by().set_category(PATIENT, category)
        for value in (100, 99.9, 100):
            bench.read(Vital.SPO2, value)
            bench.wait(60)
        assert not bench.system.alarms


def test_low_oxygen_begins_to_alarm_at_85_or_above() -> None:  # S1
    for category in Category:
        limits = DEFAULTS[category][Vital.SPO2]
        assert limits.low_critical is not None
        assert limits.low_critical >= 85
        assert limits.low_warning is not None
        assert limits.low_warning >= 85


def test_84_percent_is_a_high_alarm_at_once() -> None:  # T15
    bench = AlarmBench()
    bench.read(Vital.SPO2, 84)
    assert bench.signals.audible is Priority.HIGH
    assert bench.up("severe_desaturation").value == 84


def test_both_configured_levels_alarm_and_no_other_numbers_do() -> None:  # known fault 11
    bench = AlarmBench()
    bench.read(Vital.TEMPERATURE, 38.6)
    bench.wait(2)
    assert bench.up("temperature_high").priority is Priority.LOW
    bench.read(Vital.TEMPERATURE, 39.1)
    assert bench.up("temperature_high").priority is Priority.MEDIUM
    assert dict(bench.up("temperature_high").limits)["high_critical"] == 39.0
    mine = AlarmBench()
    mine.limit(Vital.HEART_RATE, 30, 40, 90, 140)
    mine.read(Vital.HEART_RATE, 95)  # inside the defaults, beyond this patient's own
    assert mine.up("heart_rate_high").value == 95


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_decides_nothing(value: float | None) -> None:  # known faults 5, 15
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, value)
    assert not bench.system.alarms
    bench.read(Vital.HEART_RATE, 180)
    bench.read(Vital.HEART_RATE, value)
    bench.wait(60)
    alarm = bench.up("heart_rate_high")
    assert alarm.undecided
    assert alarm.holds
    assert alarm.value == 180
    assert bench.shown("heart_rate_high").sounds


def test_a_wrong_unit_is_refused_and_says_which_is_right() -> None:
    bench = AlarmBench()
    with pytest.raises(AlarmError, match="'K' found, accepted is 'Cel'"):
        bench.system.read(PATIENT, Vital.TEMPERATURE, 310, at_ns=0, now=bench.now, unit="K")
    with pytest.raises(AlarmError, match="'bpm' found, accepted is '/min'"):
        bench.by().set_limits(PATIENT, Vital.HEART_RATE, VitalLimits(1, 2, 3, 4), "bpm")


@pytest.mark.parametrize(
    ("vital", "limits", "said"),
    [
        (Vital.HEART_RATE, (40, 120, 50, 150), "low_warning 120 and high_warning 50"),
        (Vital.HEART_RATE, (40, 50, 54, 150), "low_warning \\+ 5 or above"),
        (Vital.HEART_RATE, (60, 50, 120, 150), "low_critical 60 and low_warning 50"),
        (Vital.HEART_RATE, (40, 50, 150, 120), "high_warning 150 and high_critical 120"),
        (Vital.HEART_RATE, (10, 50, 120, 150), "10 found, accepted are 15 to 300"),
        (Vital.HEART_RATE, (40, 50, 120, 301), "301 found"),
        (Vital.HEART_RATE, (float("nan"), 50, 120, 150), "nan found"),
        (Vital.HEART_RATE, (40, None, 42, None), "low_critical \\+ 5"),
        (Vital.SPO2, (None, 90, None, None), "low_critical: cannot be switched off"),
        (Vital.SPO2, (60, 90, None, None), "60 found, accepted are 70 to 100"),
        (Vital.SPO2, (85, 97, 98, None), "low_warning \\+ 2"),
    ],
)
def test_limits_that_cannot_be_are_refused(  # A20, known fault 14
    vital: Vital, limits: tuple[float | None, ...], said: str
) -> None:
    bench = AlarmBench()
    before = len(bench.entries)
    with pytest.raises(AlarmError, match=said):
        bench.limit(vital, *limits)
    assert len(bench.entries) == before


def test_the_smallest_gap_is_accepted() -> None:  # A20
    assert not faults(Vital.SPO2, VitalLimits(85, 96, 98, None), "%")
    assert not faults(Vital.HEART_RATE, VitalLimits(50, 50, 55, 55), "/min")


def test_a_gap_is_never_under_the_hysteresis() -> None:
    assert all(span.gap >= span.hysteresis > 0 for span in SPANS.values())


def test_every_fault_of_limits_is_told_at_once() -> None:
    found = faults(Vital.SPO2, VitalLimits(None, 60, 50, 120), "1")
    assert len(found) == 6


PLAIN = {"unit": "/min", "low_critical": 40, "low_warning": 50, "high_warning": 120}


def test_a_missing_limit_is_an_error_and_off_is_said() -> None:  # C3
    with pytest.raises(AlarmError, match=r"heart_rate\.high_critical: missing"):
        read_limits({"heart_rate": PLAIN})
    read = read_limits({"heart_rate": {**PLAIN, "high_critical": "off"}})
    assert read == {Vital.HEART_RATE: VitalLimits(40, 50, 120, None)}


def test_every_fault_of_a_document_is_told_at_once() -> None:
    with pytest.raises(AlarmError) as refused:
        read_limits(
            {
                "heart_rate": {**PLAIN, "high_critical": "none", "extra": 1},
                "spo2": 90,
                "mood": {},
                "temperature": {
                    "unit": "Cel", "low_critical": True, "low_warning": 39, "high_warning": 38,
                    "high_critical": 40,
                },
                "pulse_rate": {**PLAIN, "high_critical": 100},
            }
        )  # fmt: skip
    told = "\n".join(refused.value.faults)
    for said in (
        "heart_rate.high_critical: 'none' found", "heart_rate.'extra': unknown", "spo2: 90 found",
        "mood: no vital", "temperature.low_critical: True found", "high_critical 100",
    ):  # fmt: skip
        assert said in told


def test_a_change_of_limits_is_told_with_who_and_from_what() -> None:  # A20
    bench = AlarmBench()
    bench.limit(Vital.HEART_RATE, 30, 45, 130, None)
    (entry,) = bench.told(What.LIMITS)
    assert entry.who == "nurse 7"
    assert entry.text == "heart_rate 40/50/120/150 -> 30/45/130/off /min"
    assert bench.system.limits(PATIENT, Vital.HEART_RATE) == VitalLimits(30, 45, 130, None)
    assert bench.system.limits("bed 5", Vital.HEART_RATE) == VitalLimits(40, 50, 120, 150)


def test_limits_of_one_vital_leave_those_of_another() -> None:
    bench = AlarmBench()
    bench.limit(Vital.HEART_RATE, 30, 45, 130, None)
    bench.limit(Vital.SPO2, 80, 88, None, None)
    bench.limit(Vital.HEART_RATE, 35, 45, 130, None)
    assert bench.system.limits(PATIENT, Vital.SPO2) == VitalLimits(80, 88, None, None)
    assert bench.system.limits(PATIENT, Vital.HEART_RATE) == VitalLimits(35, 45, 130, None)


def test_a_change_of_category_brings_its_limits_and_is_told() -> None:
    bench = AlarmBench()
    bench.limit(Vital.HEART_RATE, 30, 45, 130, None)
    bench.by().set_category(PATIENT, Category.NEONATE)
    assert bench.system.limits(PATIENT, Vital.HEART_RATE) == VitalLimits(80, 100, 200, 220)
    assert bench.told(What.CATEGORY)[0].text == "adult -> neonate, with its limits"


def test_a_limit_that_is_switched_off_ends_its_alarm() -> None:
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 135)
    bench.limit(Vital.HEART_RATE, 40, 50, None, None)
    assert not bench.system.alarms
    bench.limit(Vital.HEART_RATE, 40, 50, 136, None)
    bench.read(Vital.HEART_RATE, 135)  # inside the hysteresis of a limit that is new
    assert not bench.system.alarms


def test_limits_that_were_changed_count_without_the_hysteresis_of_the_old_ones() -> None:
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 130)
    bench.limit(Vital.HEART_RATE, 40, 50, 131, None)
    bench.read(Vital.HEART_RATE, 130)
    bench.wait(3)
    assert bench.up("heart_rate_high").presence is Presence.LATCHED


def test_the_hysteresis_lasts_over_an_outage_and_over_a_value_that_is_missing() -> None:
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 130)
    bench.read(Vital.HEART_RATE, None)
    bench.crash()
    bench.read(Vital.HEART_RATE, 119)
    bench.wait(10)
    assert bench.up("heart_rate_high").presence is Presence.ON
    assert not bench.up("heart_rate_high").undecided
    bench.read(Vital.HEART_RATE, 151)
    bench.crash()
    bench.read(Vital.HEART_RATE, 149)
    bench.wait(10)
    assert bench.up("heart_rate_high").priority is Priority.HIGH


def test_low_oxygen_without_a_warning_limit_tells_a_severe_one_only() -> None:
    bench = AlarmBench()
    bench.limit(Vital.SPO2, 85, None, None, None)
    bench.read(Vital.SPO2, 80)
    bench.wait(5)
    assert [alarm.condition for alarm in bench.system.alarms] == ["severe_desaturation"]


def test_a_worse_level_is_the_same_alarm_and_comes_back_by_the_hysteresis() -> None:  # T7
    bench = AlarmBench()
    bench.read(Vital.HEART_RATE, 130)
    first = bench.up("heart_rate_high")
    assert first.priority is Priority.MEDIUM
    bench.read(Vital.HEART_RATE, 151)
    assert bench.up("heart_rate_high").priority is Priority.HIGH
    bench.read(Vital.HEART_RATE, 149)
    bench.wait(10)
    assert bench.up("heart_rate_high").priority is Priority.HIGH
    bench.read(Vital.HEART_RATE, 148)
    bench.wait(1)
    assert bench.up("heart_rate_high").priority is Priority.HIGH
    bench.wait(1)
    assert bench.up("heart_rate_high").priority is Priority.MEDIUM
    assert bench.up("heart_rate_high").id == first.id
    assert bench.lives("heart_rate_high") == ["declared", "signalled", "level", "level"]
