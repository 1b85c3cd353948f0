"""What the bench rebuilds of records is what was packed; what is no samples is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.comms.packing.samples import pack_samples
from edgeward_harness.rig.rebuilding import Rebuilt, rebuilt, unpacked
from edgeward_harness.rig.sink.opening import Payload, UnreadableError, read_payload

S = 1_000_000_000


@given(
    st.lists(st.integers(-(1 << 29), 1 << 29), max_size=60),
    st.sampled_from([None, 1.0, 200.0]),
    st.randoms(use_true_random=False),
)
def test_it_reads_what_the_runtime_packs(counts: list[int], per_unit: float | None, r: Any) -> None:
    values = (np.array(counts, np.float64) / (per_unit or 3.0)).astype(np.float32)
    valid = np.array([r.random() < 0.8 for _ in counts], np.bool_)
    payload = read_payload(pack_samples({}, values, valid, per_unit))
    assert payload.samples is not None
    back = unpacked(payload.told["packed"], payload.samples)
    assert np.array_equal(np.isnan(back), ~valid)
    assert np.array_equal(back[valid].astype(np.float32), values[valid])


@pytest.mark.parametrize(
    ("about", "data"),
    [
        ({"samples": 3}, b"\0\0"),
        ({"samples": 3, "mask": True}, b"\0\0\0"),
        ({"samples": -1}, b""),
        ({"samples": 1 << 40, "planes": 0}, b""),
    ],
)
def test_what_says_another_length_is_refused(about: dict[str, Any], data: bytes) -> None:
    packed = {"samples": 0, "planes": 1, "start": 0, "per_unit": None, "mask": False, **about}
    with pytest.raises(UnreadableError, match="bytes of samples"):
        unpacked(packed, data)


def number(at_s: int, value: float | None) -> dict[str, Any]:
    return {"kind": "vital", "channel": "ecg", "vital": "heart_rate", "value": value,
            "reason": None, "at_ns": at_s * S}  # fmt: skip


def came(**thinned: Any) -> Rebuilt:
    told = {"patient": "p1", "events": [number(10, 70.0), number(20, None), {"kind": "alarm"}]}
    others = Payload({"patient": "p2", "events": [number(11, 99.0)]})
    return rebuilt([others, Payload({**told, **thinned})], "p1")


def test_a_number_holds_until_the_next_and_no_longer_than_its_heartbeat() -> None:
    thinned = {"heartbeat_ns": 5 * S, "deadbands": {"heart_rate": 1.0}}
    found = came(thinned=thinned)
    held = {at_s: found.known("ecg", "heart_rate", at_s * S) for at_s in (9, 10, 15, 16, 21)}
    assert held[9] is None
    assert held[10] is held[15]
    assert held[10] is not None
    assert (held[10].value, held[10].deadband) == (70.0, 1.0)
    assert held[16] is None
    assert held[21] is not None
    assert held[21].value is None
    assert [one["kind"] for one in found.events] == ["alarm"]


def test_a_number_of_a_device_that_leaves_nothing_out_has_no_bound() -> None:
    point = came().known("ecg", "heart_rate", 19 * S)
    assert point is not None
    assert (point.value, point.deadband, point.heartbeat_ns) == (70.0, 0.0, None)
