"""The bytes of a batch, held against a reader that knows only the document."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.comms.record import DataKey, Epoch, Gap, Identity, Loss, Queued, RecordClass, Sealed
from edgeward.comms.wire import ANSWER_BYTES_MAX, Batch, Grant, read_answer
from edgeward.errors import DeliveryError

NAME = "0" * 32
EPOCH = Epoch(7, bytes(range(8)))

records = st.builds(
    Queued,
    st.builds(
        Identity,
        st.builds(Epoch, st.integers(1, 1 << 40), st.binary(min_size=8, max_size=8)),
        st.integers(1, (1 << 64) - 1),
    ),
    st.sampled_from(RecordClass),
    st.builds(Sealed, st.integers(1, (1 << 32) - 1), st.binary(max_size=300)),
    st.booleans(),
)


def read(body: bytes) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """A batch as the document describes it."""
    assert body[:4] == b"EWB1"
    (length,) = struct.unpack_from("<I", body, 4)
    header = json.loads(body[8 : 8 + length])
    at, found = 8 + length, []
    while at < len(body):
        token, sequence, kind, flags, nothing, key, size = struct.unpack_from("<8sQBBHII", body, at)
        assert nothing == 0
        found.append((token, sequence, kind, flags, key, body[at + 28 : at + 28 + size]))
        at += 28 + size
    assert at == len(body)
    return header, found


@given(st.lists(records, max_size=8))
def test_a_batch_is_what_the_document_says(queued: list[Queued]) -> None:
    header, found = read(Batch("bed 3", NAME, queued).to_bytes())
    assert header["device"] == "bed 3"
    assert header["batch"] == NAME
    assert header["records"] == len(queued) == len(found)
    assert found == [
        (one.identity.epoch.token, one.identity.sequence, int(one.kind), int(one.historical),
         one.sealed.key, one.sealed.blob)
        for one in queued
    ]  # fmt: skip
    told = {(one["token"], one["ordinal"]) for one in header["epochs"]}
    assert told == {(one.identity.epoch.token.hex(), one.identity.epoch.ordinal) for one in queued}


def test_grants_and_gaps_name_their_epoch() -> None:
    key = DataKey(EPOCH, 3, RecordClass.TREND, b"s" * 16, 1, b"wrapped")
    gap = Gap(EPOCH, RecordClass.WAVEFORM, 1, 900, 412, Loss.EVICTED)
    body = Batch("d", NAME, (), [Grant(key, b"sealed")], [gap]).to_bytes()
    header, _ = read(body)
    assert header["keys"] == [
        {"epoch": "0001020304050607", "key": 3, "class": "trend", "subject": "73" * 16,
         "sealed": "c2VhbGVk"}
    ]  # fmt: skip
    assert header["gaps"] == [
        {"epoch": "0001020304050607", "class": "waveform", "first": 1, "last": 900,
         "count": 412, "reason": "evicted"}
    ]  # fmt: skip
    assert header["epochs"] == [{"token": "0001020304050607", "ordinal": 7}]
    assert b"wrapped" not in body


def answer(**changed: object) -> bytes:
    return json.dumps({"protocol": 1, "batch": NAME, **changed}).encode()


def test_an_answer_covers_its_ranges_and_no_more() -> None:
    told = read_answer(
        answer(
            durable=[["0001020304050607", 2, 4], ["0001020304050607", 9, 9]],
            refused=[{"epoch": "0001020304050607", "sequence": 5, "reason": "no such class"}],
            keys_unknown=[{"epoch": "0001020304050607", "key": 3}],
        ),
        NAME,
    )
    held = [sequence for sequence in range(12) if told.holds(EPOCH.token, sequence)]
    assert held == [2, 3, 4, 9]
    assert not told.holds(b"another.", 3)
    assert told.refused == {(EPOCH.token, 5): "no such class"}
    assert told.keys_unknown == {(EPOCH.token, 3)}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>please sign in</html>", "no answer"),
        (b"[]", "no answer of protocol 1"),
        (answer(protocol=2), "protocol 1"),
        (answer(batch="1" * 32), "asked was"),
        (answer(durable=[["0001020304050607", 4, 2]]), "range from 4 to 2"),
        (answer(durable=[["00", 1, 2]]), "16 hex digits"),
        (answer(durable=[["0001020304050607", 1, True]]), "no count"),
        (answer(durable=[["0001020304050607", -1, 2]]), "no count"),
        (answer(durable=3), "in an answer"),
        (answer(refused=[{}]), "in an answer"),
        (answer(keys_unknown=[["a", 1]]), "in an answer"),
        (b" " * (ANSWER_BYTES_MAX + 1), "accepted: 1048576"),
    ],
)
def test_what_is_no_answer_to_this_batch_counts_for_nothing(body: bytes, said: str) -> None:
    with pytest.raises(DeliveryError, match=said):
        read_answer(body, NAME)


@given(st.binary(max_size=200))
def test_no_bytes_are_mistaken_or_raise_otherwise(body: bytes) -> None:
    with pytest.raises(DeliveryError):
        read_answer(body, NAME)
