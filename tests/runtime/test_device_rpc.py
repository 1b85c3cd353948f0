"""Lines of the protocol are read strictly and refused helpfully, all faults at once."""

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.device.parameters import (
    Parameter,
    exactly,
    integer,
    mapping,
    mask,
    read_parameters,
    samples,
    text,
)
from edgeward.device.rpc import Code, Request, RpcError, error_line, parse_request, result_line

GOOD = {"jsonrpc": "2.0", "id": 5, "method": "describe", "params": {"a": 1}}


def test_a_request_is_read() -> None:
    assert parse_request(json.dumps(GOOD).encode()) == Request(5, "describe", {"a": 1})
    assert parse_request(b'{"jsonrpc":"2.0","id":-1,"method":"m"}\r') == Request(-1, "m", {})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"{",
        b'{"a": NaN}',
        b"\xff\xfe",
        '{"jsonrpc":"2.0","id":1,"method":"m"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"m"}',
        b"[" * 500_000,
        b'{"id": ' + b"1" * 5000 + b"}",
        b'{"jsonrpc":"2.0","id":1,"method":"m"} {}',
        b"\0",
    ],
)
def test_what_is_not_json_has_no_id(line: bytes) -> None:
    with pytest.raises(RpcError, match=r"not a line of JSON in UTF-8") as refused:
        parse_request(line)
    assert refused.value.code is Code.PARSE_ERROR
    assert refused.value.request_id is None
    assert len(error_line(None, refused.value)) < 500


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"jsonrpc": "1.0"}, "jsonrpc must be"),
        ({"method": 5}, "method must be a text, found 5"),
        ({"params": [1]}, r"params must be an object, found \[1\]"),
        ({"params": None}, "params must be an object, found None"),
        ({"parms": {}}, "unknown members"),
    ],
)
def test_what_is_not_a_request_keeps_its_id(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(RpcError, match=said) as refused:
        parse_request(json.dumps({**GOOD, **changed}).encode())
    assert refused.value.code is Code.NOT_A_REQUEST
    assert refused.value.request_id == 5


@pytest.mark.parametrize("bad", [None, "5", 5.0, True, [5], 1 << 63, {}])
def test_an_id_that_is_no_integer_is_answered_without_one(bad: object) -> None:
    with pytest.raises(RpcError, match="id must be an integer") as refused:
        parse_request(json.dumps({**GOOD, "id": bad}).encode())
    assert refused.value.request_id is None


@pytest.mark.parametrize("line", [b"[]", b"[1]", b"5", b"null", b'"x"', b"true"])
def test_there_are_no_batches(line: bytes) -> None:
    with pytest.raises(RpcError, match="a request is an object") as refused:
        parse_request(line)
    assert refused.value.code is Code.NOT_A_REQUEST


def test_every_fault_of_a_request_is_told_at_once() -> None:
    with pytest.raises(RpcError) as refused:
        parse_request(b'{"id":"x","method":1,"params":2,"extra":3}')
    for word in ("jsonrpc", "id", "method", "params", "extra"):
        assert word in refused.value.message


@given(st.binary(max_size=200))
def test_any_bytes_give_a_request_or_a_refusal(line: bytes) -> None:
    with contextlib.suppress(RpcError):
        assert isinstance(parse_request(line), Request)


def test_answers_are_one_line_of_json() -> None:
    assert result_line(7, {"a": "\n\u2028\ud800"}).count(b"\n") == 0
    error = RpcError(Code.REFUSED, "no", {"faults": []})
    assert json.loads(error_line(7, error)) == {
        "jsonrpc": "2.0",
        "id": 7,
        "error": {"code": -32001, "message": "no", "data": {"faults": []}},
    }
    with pytest.raises(ValueError, match="JSON"):
        result_line(1, {"a": float("nan")})


PARAMETERS = (
    Parameter("stream", text(4)),
    Parameter("first", integer(0, 9)),
    Parameter("unit", exactly("mV"), required=False),
    Parameter("samples", samples, required=False),
    Parameter("valid", mask, required=False),
    Parameter("profile", mapping, required=False, default=3),
)


def test_parameters_are_read_and_defaults_filled_in() -> None:
    given_values = {"stream": "s", "first": 9, "samples": "AACAPw==", "valid": "AAEC"}
    read = read_parameters(PARAMETERS, given_values)
    assert read["samples"].tolist() == [1.0]
    assert read["samples"].dtype == np.float32
    assert read["valid"].tolist() == [False, True, True]
    assert (read["stream"], read["first"], read["unit"], read["profile"]) == ("s", 9, None, 3)


def test_every_bad_parameter_is_told_at_once() -> None:
    bad = {
        "stream": "",
        "unit": "V",
        "samples": "AAA=",
        "valid": "?",
        "profile": [],
        "frist": 1,
    }
    with pytest.raises(RpcError) as refused:
        read_parameters(PARAMETERS, bad)
    assert refused.value.code is Code.BAD_PARAMETERS
    assert refused.value.data is not None
    faults = refused.value.data["faults"]
    assert faults[0] == "stream: found '', a text of 1 to 4 characters is needed"
    assert faults[1] == "first: missing"
    assert faults[2] == "unit: found 'V', accepted: 'mV'"
    assert faults[3] == "samples: found 2 bytes, 4 for each sample are needed"
    assert faults[4].startswith("valid: found '?', which is not base64")
    assert faults[5] == "profile: found [], an object is needed"
    assert faults[6].startswith("'frist': unknown; accepted: stream, first")
    assert len(faults) == 7


@pytest.mark.parametrize("bad", [True, 1.0, "1", None, -1, 10, 1 << 70])
def test_an_integer_is_an_integer_within_bounds(bad: object) -> None:
    with pytest.raises(RpcError, match="first: found"):
        read_parameters(PARAMETERS, {"stream": "s", "first": bad})


@pytest.mark.parametrize("bad", [5, None, "A", "AA", "A A=", "AAAA\n", "äöü=", ["AAAA"]])
def test_samples_are_strict_base64(bad: object) -> None:
    with pytest.raises(RpcError, match="samples: found"):
        read_parameters(PARAMETERS, {"stream": "s", "first": 1, "samples": bad})


def test_a_refusal_stays_short_whatever_was_sent() -> None:
    many = {f"unknown{number}{'x' * 1000}": "y" * 10_000 for number in range(1000)}
    with pytest.raises(RpcError) as refused:
        read_parameters(PARAMETERS, {"stream": "z" * 100_000, **many})
    assert "and 970 more" in refused.value.message
    assert len(error_line(1, refused.value)) < 20_000
