"""Beside a heart rate a slow pulse is held against its critical limit, a fast one against all."""

from collections.abc import Callable
from typing import Any

import pytest
from bedside_ward import Ward

from edgeward.alarm.moment import Moment
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Category, Priority
from edgeward.device.bedside.limited import hold_against_limits
from edgeward.device.bedside.patient import BedsidePatient
from edgeward.limits import DEFAULT
from edgeward.signal.channel import Signal
from edgeward.signal.findings import Reading, Reason, Vital
from edgeward.signal.simulation.generate import CHANNELS, simulate
from edgeward.signal.simulation.heart_steps import Ectopy
from edgeward.signal.simulation.script import Script
from edgeward.signal.vitals.channel_vitals import Told

S = 1_000_000_000


class Shown:
    """A patient with a lead and a pulse, whose numbers come as they are given here."""

    def __init__(self) -> None:
        self.second = 0
        self.patient = BedsidePatient("p1", DEFAULT, Category.ADULT)
        self.alarms = AlarmSystem(epoch=1, now=Moment(0, 0), tell=lambda _: None)

    def numbers(self, heart: float | None, pulse: float | None, seconds: int = 1) -> set[str]:
        """The conditions that are up after so many seconds of these numbers."""
        for _ in range(seconds):
            self.second += 1
            self._one("ecg", Signal.ECG, Vital.HEART_RATE, heart)
            self._one("ppg", Signal.PPG, Vital.PULSE_RATE, pulse)
            self.alarms.advance(self._now())
        return {one.condition for one in self.alarms.alarms if one.holds}

    def _now(self) -> Moment:
        return Moment(self.second * S, self.second * S)

    def _one(self, channel: str, signal: Signal, vital: Vital, value: float | None) -> None:
        reason = Reason.NOISE if value is None else None
        reading = Reading(vital, value, self.second, reason)
        told = Told(channel, signal, reading, self.second * S, self.second * S)
        self.patient.show(channel, reading, told.at_ns)
        hold_against_limits(self.alarms, self.patient, reading, told, self._now())


def test_a_pulse_somewhat_slower_than_the_heart_is_no_alarm() -> None:
    assert Shown().numbers(80.0, 40.0, 5) == set()


@pytest.mark.parametrize(
    ("heart", "pulse", "condition", "priority"),
    [
        (70.0, 39.0, "pulse_rate_low", Priority.HIGH),
        (110.0, 43.0, "pulse_rate_low", Priority.MEDIUM),
        (60.0, 121.0, "pulse_rate_high", Priority.MEDIUM),
        (60.0, 151.0, "pulse_rate_high", Priority.HIGH),
    ],
)
def test_a_pulse_that_the_lead_cannot_explain_is_an_alarm(
    heart: float, pulse: float, condition: str, priority: Priority
) -> None:
    shown = Shown()
    assert shown.numbers(heart, pulse) == {condition}
    assert {one.priority for one in shown.alarms.alarms} == {priority}


def test_a_pulse_that_is_not_critical_any_more_is_an_alarm_until_it_has_come_back_clearly() -> None:
    shown = Shown()
    assert shown.numbers(70.0, 39.0) == {"pulse_rate_low"}
    assert shown.numbers(70.0, 41.0, 5) == {"pulse_rate_low"}
    assert shown.numbers(70.0, 42.0, 5) == set()


def test_without_a_heart_rate_the_pulse_is_held_against_all_its_limits_and_no_longer() -> None:
    shown = Shown()
    assert shown.numbers(80.0, 41.0) == set()
    assert shown.numbers(None, 41.0) == {"pulse_rate_low"}
    assert shown.numbers(80.0, 41.0, 3) == set()


def test_a_pulse_that_cannot_be_counted_leaves_open_what_was_up() -> None:
    shown = Shown()
    shown.numbers(None, 41.0)
    assert shown.numbers(80.0, None, 5) == {"pulse_rate_low"}
    assert all(one.undecided for one in shown.alarms.alarms)


def test_an_alarm_of_the_heart_rate_does_not_depend_on_the_pulse() -> None:
    assert Shown().numbers(41.0, 80.0) == {"heart_rate_low"}


def test_every_other_beat_too_early_to_be_felt_is_shown_and_no_alarm(
    inprocess: Callable[..., Any],
) -> None:
    channels = tuple(one for one in CHANNELS if one.name in ("ecg", "ppg"))
    record = simulate(Script((Ectopy(30.0, 90.0),)), 7, channels)
    ward = Ward(inprocess)
    ward.admit("p1", *channels)
    for second in range(30):
        ward.pass_second()
        for one in channels:
            first = second * one.rate_hz
            ward.push("p1", one.name, first, record.signals[one.name][first:][: one.rate_hz])
    rates = [one["value"] for one in ward.told if one.get("vital") == "pulse_rate"]
    assert min(rate for rate in rates if rate is not None) < 50
    assert ward.changes("pulse_rate_low") == ward.changes("heart_rate_low") == []
