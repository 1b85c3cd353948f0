"""Typed channels: what is refused, and what units become."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.errors import StreamError
from edgeward.signal.channel import ACCEPTED, Channel, Signal, accepted


def first_rate_hz(signal: Signal) -> int:
    return ACCEPTED[signal].rates_hz[0][0]


@pytest.mark.parametrize(
    ("signal", "unit", "given_value", "expected"),
    [
        (Signal.ECG, "mV", 1.5, 1.5),
        (Signal.ECG, "uV", 1500.0, 1.5),
        (Signal.ECG, "V", 0.0015, 1.5),
        (Signal.PRESSURE, "kPa", 16.0, 120.00986),
        (Signal.PRESSURE, "mmHg", 120.0, 120.0),
        (Signal.TEMPERATURE, "Cel", 37.0, 37.0),
        (Signal.TEMPERATURE, "K", 310.15, 37.0),
        (Signal.TEMPERATURE, "degF", 98.6, 37.0),
        (Signal.SPO2, "1", 0.97, 97.0),
        (Signal.PPG, "1", 0.5, 0.5),
        (Signal.RESPIRATION, "Ohm", 250.0, 250.0),
    ],
)
def test_a_unit_becomes_the_canonical_one(
    signal: Signal, unit: str, given_value: float, expected: float
) -> None:
    channel = Channel("one", signal, unit, first_rate_hz(signal))
    converted = channel.to_canonical(np.array([given_value, np.nan], np.float32))
    assert converted[0] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(converted[1])
    assert converted.dtype == np.float32


def test_acceleration_has_three_axes() -> None:
    channel = Channel("chest", Signal.ACCELERATION, "m/s2", 50)
    converted = channel.to_canonical(np.array([[0.0, -9.80665, 19.6133]], np.float32))
    assert converted[0] == pytest.approx([0.0, -1.0, 2.0], rel=1e-6)
    with pytest.raises(StreamError, match=r"'chest': found samples of shape \(2,\)"):
        channel.to_canonical(np.zeros(2, np.float32))
    with pytest.raises(StreamError, match=r"found samples of shape \(2, 3\); accepted: \(2,\)"):
        Channel("ii", Signal.ECG, "mV", 250).to_canonical(np.zeros((2, 3), np.float32))


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(StreamError) as caught:
        Channel("", Signal.ECG, "mmHg", 10)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("channel '': found the ") for line in lines)
    assert "'mmHg'; accepted: mV, uV, V" in lines[1]
    assert "10 Hz; accepted: a whole number, 125 to 1000" in lines[2]


@pytest.mark.parametrize("rate", [0, -250, 124, 1001, 250.0, True, "250", None, float("nan")])
def test_a_rate_that_cannot_be_is_refused(rate: Any) -> None:
    with pytest.raises(StreamError, match="found the rate"):
        Channel("ii", Signal.ECG, "mV", rate)


def test_pressure_is_a_wave() -> None:
    for rate_hz in (50, 1000):
        assert Channel("art", Signal.PRESSURE, "mmHg", rate_hz).rate_hz == rate_hz
    with pytest.raises(StreamError, match="2 Hz; accepted: a whole number, 50 to 1000"):
        Channel("art", Signal.PRESSURE, "mmHg", 2)


@pytest.mark.parametrize("signal", ["ekg", "", None, 3])
def test_an_unknown_signal_is_refused(signal: Any) -> None:
    with pytest.raises(StreamError, match="accepted: ecg, ppg, spo2"):
        Channel("ii", signal, "mV", 250)


@pytest.mark.parametrize("name", ["", " II", "a" * 65, "a\nb", "é", None])
def test_a_name_that_cannot_be_told_is_refused(name: Any) -> None:
    with pytest.raises(StreamError, match="found the name"):
        Channel(name, Signal.ECG, "mV", 250)


def test_a_signal_may_be_given_by_its_word() -> None:
    word: Any = "ecg"
    channel = Channel("II", word, "mV", 250)
    assert channel.signal is Signal.ECG
    assert channel == Channel("II", Signal.ECG, "mV", 250)


def test_the_table_is_plain_data_and_holds_what_is_accepted() -> None:
    table = json.loads(json.dumps(accepted()))
    assert sorted(table) == sorted(Signal)
    for word, one in table.items():
        assert one["unit"] in one["units"]
        for unit in one["units"]:
            for low, high in one["rates_hz"]:
                assert Channel("x", Signal(word), unit, low).acceptance.axes == one["axes"]
                assert Channel("x", Signal(word), unit, high).unit == unit


@given(st.sampled_from(sorted(Signal)), st.data())
def test_each_factor_is_the_exact_one(signal: Signal, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(sorted(ACCEPTED[signal].units)))
    conversion = ACCEPTED[signal].units[unit]
    assert isinstance(conversion.scale, Fraction)
    low, high = ACCEPTED[signal].possible
    value = data.draw(st.floats(low, high))
    back = (Fraction(value) - conversion.offset) / conversion.scale
    shape = (1,) if ACCEPTED[signal].axes == 1 else (1, 3)
    channel = Channel("x", signal, unit, first_rate_hz(signal))
    converted = channel.to_canonical(np.full(shape, float(back), np.float32))
    # float32 holds 24 bits of the value given, offset included
    scale = abs(float(back) * float(conversion.scale)) + abs(float(conversion.offset))
    assert np.abs(converted - np.float32(value)).max() <= scale * 2.0**-22 + 1e-40
