"""Samples come out to the last bit, and an ECG is about as small as the steps it is made of."""

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_ecg import ecg, every
from packed import ABOUT, all_of, as_sealed, delta_entropy_bytes

from edgeward.comms.packing.payload import Content, pack, unpack
from edgeward.comms.packing.samples import pack_samples, unpack_samples
from edgeward.errors import DamagedError, EdgewardError, LimitError, StreamError
from edgeward.limits import Limits
from edgeward.signal.ring import Samples

BITS = hnp.arrays(np.uint32, st.integers(0, 300))


def same(one: Samples, other: Samples) -> bool:
    return bool(np.array_equal(one.view(np.uint32), other.view(np.uint32)))


@settings(max_examples=25, deadline=None)
@given(BITS, st.data(), st.none() | st.floats(1e-3, 1e6))
def test_any_bits_come_out_where_they_are_valid(
    bits: np.ndarray[Any, Any], data: st.DataObject, per_unit: float | None
) -> None:
    values = bits.view(np.float32)
    valid = data.draw(hnp.arrays(np.bool_, len(bits)))
    about, found, mask = unpack_samples(pack_samples(ABOUT, values, valid, per_unit))
    assert about == ABOUT
    assert np.array_equal(mask, valid)
    assert same(found[valid], values[valid])
    assert np.isnan(found[~valid]).all()


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.int32, st.integers(0, 300), elements=st.integers(-(2**23), 2**23)),
    st.sampled_from([1.0, 200.0, 1000.0, 3.7, 1 / 3, 6554.0]),
    st.data(),
)
def test_what_a_converter_counted_comes_out(
    counts: np.ndarray[Any, Any], per_unit: float, data: st.DataObject
) -> None:
    values = (counts / per_unit).astype(np.float32)
    valid = data.draw(hnp.arrays(np.bool_, len(counts)))
    _, found, mask = unpack_samples(pack_samples(ABOUT, values, valid, per_unit))
    assert np.array_equal(mask, valid)
    assert same(found[valid], values[valid])


@pytest.mark.parametrize(
    "odd", [np.nan, -np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38, np.float32(0.1) / 3]
)
def test_one_odd_sample_costs_bytes_and_no_bit(odd: float) -> None:
    values = (np.arange(1000) % 50 / 200).astype(np.float32)
    values[500] = odd
    payload = pack_samples(ABOUT, values, all_of(values), 200.0)
    assert unpack(payload).about["packed"]["per_unit"] is None
    _, found, _ = unpack_samples(payload)
    assert same(found, values)


def test_invalid_samples_cost_next_to_nothing() -> None:
    values = (np.arange(2500) % 50 / 200).astype(np.float32)
    valid = all_of(values)
    valid[:700] = valid[900:1300] = valid[-30:] = False
    values[~valid] = np.random.default_rng(1).normal(size=(~valid).sum()).astype(np.float32)
    payload = pack_samples(ABOUT, values, valid, 200.0)
    assert unpack(payload).about["packed"]["per_unit"] == 200.0
    assert len(payload) < len(pack_samples(ABOUT, values, all_of(values))) / 15
    _, found, mask = unpack_samples(payload)
    assert same(found[valid], values[valid])
    assert np.array_equal(mask, valid)


@pytest.mark.parametrize("level", [1, 3, 12])
@pytest.mark.parametrize(("rate_hz", "per_unit"), [(250, 200.0), (250, 1000.0), (500, 200.0)])
def test_a_made_ecg_is_within_a_quarter_of_its_entropy(
    rate_hz: int, per_unit: float, level: int
) -> None:
    wave = ecg(every(0.8, 0.3, 10), 10, rate_hz)
    counts = np.rint(wave.astype(np.float64) * per_unit).astype(np.int32)
    assert as_sealed(counts, per_unit, level) <= 1.25 * delta_entropy_bytes(counts)


def test_what_are_no_samples_is_refused() -> None:
    values = np.zeros(4, np.float32)
    for bad, mask in (
        (values.reshape(2, 2), all_of(values)),
        (values, all_of(values)[:3]),
        (values.astype(np.float64), all_of(values)),
    ):
        with pytest.raises(StreamError, match="accepted: one row of float32 and a mask as long"):
            pack_samples(ABOUT, bad, mask)  # type: ignore[arg-type]
    with pytest.raises(StreamError, match="found 'packed'"):
        pack_samples({"packed": 1}, values, all_of(values))
    for per_unit in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(StreamError, match="steps a unit"):
            pack_samples(ABOUT, values, all_of(values), per_unit)
    with pytest.raises(LimitError, match="block_samples_max = 3"):
        pack_samples(ABOUT, values, all_of(values), limits=Limits(block_samples_max=3))


GOOD = {"samples": 4, "planes": 1, "start": 0, "per_unit": 200.0, "mask": False}


@pytest.mark.parametrize(
    "packed",
    [
        None,
        {**GOOD, "samples": 5},
        {**GOOD, "samples": -1},
        {**GOOD, "samples": 1 << 40},
        {**GOOD, "samples": True},
        {**GOOD, "planes": 5},
        {**GOOD, "planes": 0.5},
        {**GOOD, "start": 1 << 32},
        {**GOOD, "per_unit": "x"},
        {**GOOD, "mask": True},
        {key: value for key, value in GOOD.items() if key != "start"},
    ],
)
def test_packed_samples_that_contradict_themselves_are_refused(packed: object) -> None:
    with pytest.raises(DamagedError):
        unpack_samples(pack(Content({"packed": packed}, bytes(4))))
    with pytest.raises(DamagedError, match="without packed samples"):
        unpack_samples(pack(Content({"packed": GOOD})))


@settings(max_examples=25, deadline=None)
@given(
    st.fixed_dictionaries({name: st.none() | st.integers() | st.floats() for name in GOOD}),
    st.binary(max_size=40),
)
def test_any_header_is_read_or_refused(packed: dict[str, Any], data: bytes) -> None:
    try:
        payload = pack(Content({"packed": packed}, data))
    except ValueError:
        return  # NaN has no word in JSON
    with contextlib.suppress(EdgewardError):
        unpack_samples(payload)
