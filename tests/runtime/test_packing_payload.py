"""What is packed comes out again, and nothing comes out of what is no payload."""

import json

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.comms.packing.level import OFFLINE, level_for
from edgeward.comms.packing.payload import (
    PAYLOAD_BYTES_MAX,
    Content,
    pack,
    pack_json,
    unpack,
)
from edgeward.errors import DamagedError, EdgewardError, LimitError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)  # fmt: skip
OBJECTS = st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=4)


@settings(max_examples=40, deadline=None)
@given(OBJECTS, st.none() | st.binary(max_size=300), st.sampled_from([1, 3, 12]))
def test_a_content_comes_out_as_it_went_in(
    about: dict[str, object], samples: bytes | None, level: int
) -> None:
    content = Content(about, samples)
    assert unpack(pack(content, level)) == content


def test_a_short_record_is_plain_and_grows_by_two_bytes() -> None:
    assert pack_json({"hr": 61}) == b'\x00\x01{"hr":61}'


def test_a_long_record_is_compressed_as_the_protocol_says() -> None:
    about = {"text": "sinus rhythm " * 40}
    payload = pack_json(about)
    assert payload[:1] == b"\x01"
    assert len(payload) < 100
    plain = zstandard.ZstdDecompressor().decompress(payload[1:])
    assert plain[:1] == b"\x01"
    assert json.loads(plain[1:]) == about


@pytest.mark.parametrize("size", [PAYLOAD_BYTES_MAX - 9, PAYLOAD_BYTES_MAX - 10])
def test_the_limit_holds_on_both_sides(size: int) -> None:
    content = Content({"t": "a" * (size)})
    if size == PAYLOAD_BYTES_MAX - 9:
        assert unpack(pack(content)) == content
        with pytest.raises(LimitError, match="accepted: PAYLOAD_BYTES_MAX"):
            pack(Content({"t": "a" * (size + 1)}))
    else:
        assert len(unpack(pack(content)).about["t"]) == size


def test_a_bomb_is_refused_before_it_grows() -> None:
    honest = zstandard.ZstdCompressor(level=19).compress(b"\x01" + bytes(PAYLOAD_BYTES_MAX))
    assert len(honest) < 1000
    silent = zstandard.ZstdCompressor(level=19, write_content_size=False).compress(bytes(1000))
    for frame in (honest, silent):
        with pytest.raises(LimitError, match="accepted: a frame that says its size"):
            unpack(b"\x01" + frame)
    # A frame that claims little and holds much: its claim is a field of its header.
    small = zstandard.ZstdCompressor(level=19).compress(bytes(100_000))
    at = next(at for at in range(4, 12) if small[at : at + 4] == (100_000).to_bytes(4, "little"))
    with pytest.raises(DamagedError, match="no frame of zstd"):
        unpack(b"\x01" + small[:at] + (99).to_bytes(4, "little") + small[at + 4 :])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", b"\x00", b"\x00\x01", b"\x00\x02", b"\x01", b"\x01\x28\xb5\x2f\xfd"):
        try:
            unpack(prefix + data)
        except EdgewardError as error:
            assert "accepted" in str(error) or "no " in str(error)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "codec nothing"),
        (b"\x02", "codec 02"),
        (b"\x00", "form nothing"),
        (b"\x00\x03{}", "form 03"),
        (b"\x00\x01[1]", r"found '\[1\]'"),
        (b"\x00\x01" + b"[" * 100_000, "no object in JSON"),
        (b"\x00\x02\xff\xff\xff\xff{", "no object in JSON"),
        (b"\x01nothing", "no frame of zstd"),
    ],
)
def test_what_is_no_payload_is_refused(payload: bytes, said: str) -> None:
    with pytest.raises(DamagedError, match=said):
        unpack(payload)


def test_extra_bytes_after_a_frame_are_refused() -> None:
    payload = pack_json({"text": "a" * 200})
    with pytest.raises(DamagedError, match="no frame of zstd"):
        unpack(payload + b"x")


def test_a_slower_link_is_worth_more_work() -> None:
    rates = [None, 0.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    levels = [level_for(rate) for rate in rates]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == levels[1] == OFFLINE
    assert levels[-1] == 1
    assert level_for(1e5, slowness=100.0) == 1
