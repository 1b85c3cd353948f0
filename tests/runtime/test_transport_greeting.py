"""What a receiver says when it is greeted: believed as far as it proves itself."""

import base64
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trusting_lab import DEVICE, wallet_with

from edgeward.comms.delivery.transport import (
    RefusedError,
    StrangerError,
    TooLargeError,
    UnauthorisedError,
    UnreachableError,
)
from edgeward.comms.transports.connection import Response
from edgeward.comms.transports.greeting import has_seen, read_greeting, refuse
from edgeward.errors import DeliveryError
from edgeward_harness.rig.authority import Authority

NONCE = "ab" * 16
KEY = base64.b64encode(bytes(32)).decode()
GREETING = {"protocol": 1, "nonce": NONCE, "receiver": {"key": KEY}, "now_ns": 17}


def test_a_greeting_says_key_time_and_serial_number() -> None:
    hello, serial = read_greeting(GREETING | {"client_serial": "1f"}, NONCE)
    assert (hello.receiver_key, hello.now_ns, serial) == (bytes(32), 17, "1f")
    hello, serial = read_greeting({"nonce": NONCE, "receiver": {"key": KEY}}, NONCE)
    assert (hello.now_ns, serial) == (None, "")


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "cd" * 16},
        {"nonce": None},
        {"receiver": None},
        {"receiver": {}},
        {"receiver": {"key": "AAAA"}},
        {"receiver": {"key": 5}},
        {"receiver": {"key": "no base64!"}},
        {"now_ns": "noon"},
        {"now_ns": True},
        {"now_ns": 1.5},
    ],
)
def test_what_is_no_greeting_to_us_is_a_strangers(change: dict[str, Any]) -> None:
    with pytest.raises(StrangerError):
        read_greeting(GREETING | change, NONCE)


def test_a_receiver_that_saw_another_certificate_is_told_nothing() -> None:
    now = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    papers = wallet_with(Authority(1, now).client(DEVICE)).current
    assert papers is not None
    has_seen(papers.serial, papers)
    for serial in ("", "1", papers.serial.upper() + "0"):
        with pytest.raises(UnauthorisedError, match="cannot know who sends"):
            has_seen(serial, papers)


STATUSES: list[tuple[int, type[DeliveryError]]] = [
    (400, RefusedError),
    (401, UnauthorisedError),
    (403, UnauthorisedError),
    (413, TooLargeError),
    (408, UnreachableError),
    (425, UnreachableError),
    (429, UnreachableError),
    (500, UnreachableError),
    (503, UnreachableError),
    (204, StrangerError),
    (302, StrangerError),
    (404, StrangerError),
    (0, StrangerError),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_each_status_has_its_meaning(status: int, kind: type[DeliveryError]) -> None:
    with pytest.raises(kind) as told:
        refuse(status, "shown", 5)
    assert type(told.value) is kind
    if isinstance(told.value, UnreachableError):
        assert told.value.retry_after_ns == 5


@given(st.integers(200, 299), st.sampled_from(["application/json", "text/html", ""]), st.binary())
def test_only_an_object_of_the_protocol_is_an_answer(status: int, kind: str, body: bytes) -> None:
    response = Response(status, kind, body, None)
    with pytest.raises(StrangerError, match="no answer of a receiver"):
        response.json()


def test_the_answer_of_a_receiver_is_read() -> None:
    body = b'{"protocol": 1, "batch": "x"}'
    assert Response(200, "application/json", body, None).json()["batch"] == "x"
    for status, kind in ((201, "application/json"), (200, "text/plain")):
        with pytest.raises(StrangerError):
            Response(status, kind, body, None).json()
