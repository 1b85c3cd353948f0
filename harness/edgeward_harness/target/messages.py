"""The protocol's messages: requests written, answers read and judged. Pure: bytes in, values out.

Rules for an answer (docs/protocol.md, transport; JSON-RPC 2.0, section 5):
1. UTF-8 JSON of one object; no NaN, no infinity, also not by overflow;
2. `jsonrpc` is "2.0"; `id` an integer or null; exactly one of `result` and `error`; nothing else;
3. `result` is an object; `error` has an integer `code`, a `message` and, if any, an object `data`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from edgeward_harness.errors import HarnessError
from edgeward_harness.target import shape
from edgeward_harness.target.faults import Refusal

LINE_BYTES_MAX: Final = 1 << 20
"""The protocol's limit on a line, its newline included."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
REFUSED_IN_STATE: Final = -32001
LIMIT_REACHED: Final = -32002

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_MEMBERS: Final = frozenset({"jsonrpc", "id", "result", "error"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A well-formed answer: the id it names, and a result or a refusal."""

    id: int | None
    result: Mapping[str, Any] | None
    refusal: Refusal | None


class MalformedError(Exception):
    """A line is no answer; says why in a sentence. The session turns it into a finding."""


def encode_request(number: int, method: str, params: Mapping[str, Any] | None) -> bytes:
    """A request as one line without its newline.

    Raises:
        HarnessError: the parameters are no JSON, or the line is over the protocol's limit.
    """
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params or {})}
    try:
        line = _ENCODER.encode(message).encode("ascii")
    except (TypeError, ValueError) as error:
        raise HarnessError(f"the parameters of {method!r} are not JSON: {error}") from error
    if len(line) >= LINE_BYTES_MAX:
        raise HarnessError(
            f"a request {method!r} of {len(line)} bytes is over the protocol's {LINE_BYTES_MAX}"
        )
    return line


def decode_answer(line: bytes) -> Answer:
    """Read a line as an answer.

    Raises:
        MalformedError: the line breaks one of the rules above.
    """
    message = _decode_json(line)
    if not isinstance(message, dict):
        raise MalformedError(f"not an object but {shape.shown(message)}")
    if message.get("jsonrpc") != "2.0":
        raise MalformedError(f"'jsonrpc' is {shape.shown(message.get('jsonrpc'))}, not '2.0'")
    if "method" in message:
        raise MalformedError(
            f"a device sends answers only; this is a call of {shape.shown(message['method'])}"
        )
    if not message.keys() <= _MEMBERS:
        unknown = ", ".join(map(repr, sorted(message.keys() - _MEMBERS)))
        raise MalformedError(f"unknown members {unknown}")
    return Answer(_id_of(message), *_outcome_of(message))


def _id_of(message: Mapping[str, Any]) -> int | None:
    if "id" not in message:
        raise MalformedError("no 'id'")
    number = message["id"]
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool):
        raise MalformedError(f"'id' is {shape.shown(number)}, not an integer or null")
    return number


def _outcome_of(message: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, Refusal | None]:
    if ("result" in message) == ("error" in message):
        which = "both" if "result" in message else "neither"
        raise MalformedError(f"{which} of 'result' and 'error'")
    if "error" in message:
        return None, _refusal_of(message["error"])
    result = message["result"]
    if not isinstance(result, dict):
        raise MalformedError(f"'result' is {shape.shown(result)}, not an object")
    return result, None


_ERROR: Final = shape.record(
    {"code": shape.integer(), "message": shape.text()},
    {"data": shape.mapping(lambda _value, _path: iter(()))},
)


def _refusal_of(error: object) -> Refusal:
    faults = shape.faults(_ERROR, error, "error")
    if faults or not isinstance(error, dict):
        raise MalformedError("; ".join(faults))
    return Refusal(error["code"], error["message"], error.get("data", {}))


def _no_constant(name: str) -> NoReturn:
    raise MalformedError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedError(f"the number {text[:30]} overflows")
    return value


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def _decode_json(line: bytes) -> object:
    try:
        value = _DECODER.decode(line.decode("utf-8"))
        if b"\\ud" in line or b"\\uD" in line:  # rare, and the only way to half a character
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except UnicodeDecodeError as error:
        raise MalformedError(f"not UTF-8 at byte {error.start}") from error
    except UnicodeEncodeError as error:
        raise MalformedError("holds half of a surrogate pair, which is no text") from error
    except RecursionError as error:
        raise MalformedError("nested too deeply") from error
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from error
