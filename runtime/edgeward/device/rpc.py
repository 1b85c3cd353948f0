"""JSON-RPC 2.0 lines: requests read strictly, answers written compactly.

Whatever arrives, reading gives a `Request` or an `RpcError` that can be sent back as it is.
Stricter than JSON-RPC where the protocol is: `id` is an integer, no batches, no notifications, no
other members.
"""

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn

from edgeward.errors import EdgewardError
from edgeward.limits import DEFAULT

_MEMBERS = {"jsonrpc", "id", "method", "params"}
_ID_MAX = (1 << 63) - 1
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Code(IntEnum):
    """The error codes of the protocol."""

    PARSE_ERROR = -32700
    NOT_A_REQUEST = -32600
    NO_SUCH_METHOD = -32601
    BAD_PARAMETERS = -32602
    INTERNAL_ERROR = -32603
    REFUSED = -32001
    LIMIT = -32002


class RpcError(EdgewardError):
    """A request that is answered by an error."""

    def __init__(
        self,
        code: Code,
        message: str,
        data: dict[str, Any] | None = None,
        request_id: int | None = None,
    ) -> None:
        """Keep what the answer needs; the id where nothing else knows the request's own."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request; whether its method and parameters exist is not yet known."""

    id: int
    method: str
    params: dict[str, Any]


def shown(value: object) -> str:
    """A refused value as a message quotes it: short, whatever was sent."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    limit = DEFAULT.shown_chars_max
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def parse_request(line: bytes) -> Request:
    """Read one line.

    Raises:
        RpcError: it is not JSON, or not a request; its `request_id` is the request's where it has
        one.
    """
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        raise RpcError(Code.PARSE_ERROR, f"not a line of JSON in UTF-8: {error}") from error
    if not isinstance(message, dict):
        raise RpcError(
            Code.NOT_A_REQUEST,
            f"a request is an object, found {type(message).__name__}; no batches",
        )
    request_id = _usable_id(message.get("id"))
    faults = _faults(message, request_id)
    if faults or request_id is None:
        raise RpcError(
            Code.NOT_A_REQUEST, f"not a request: {'; '.join(faults)}", request_id=request_id
        )
    return Request(request_id, message["method"], message.get("params", {}))


def _usable_id(found: object) -> int | None:
    """The id, if it is an integer of 64 bits."""
    if not isinstance(found, int) or isinstance(found, bool) or abs(found) > _ID_MAX:
        return None
    return found


def _faults(message: dict[str, Any], request_id: int | None) -> list[str]:
    """Everything that keeps an object from being a request."""
    faults = []
    if message.get("jsonrpc") != "2.0":
        faults.append(f'jsonrpc must be "2.0", found {shown(message.get("jsonrpc"))}')
    if request_id is None:
        faults.append(f"id must be an integer of 64 bits, found {shown(message.get('id'))}")
    if not isinstance(message.get("method"), str):
        faults.append(f"method must be a text, found {shown(message.get('method'))}")
    if not isinstance(message.get("params", {}), dict):
        faults.append(f"params must be an object, found {shown(message['params'])}")
    unknown = sorted(set(message) - _MEMBERS)
    if unknown:
        faults.append(f"unknown members {shown(unknown)}")
    return faults


def result_line(request_id: int, result: dict[str, Any]) -> bytes:
    """The line that answers a request.

    Raises:
        ValueError: the result holds NaN or infinity.
        TypeError: the result holds something JSON has no word for.
    """
    return _encode({"jsonrpc": "2.0", "id": request_id, "result": result}).encode("ascii")


def error_line(request_id: int | None, error: RpcError) -> bytes:
    """The line that refuses a request; the id is null when the request's is not known."""
    body: dict[str, Any] = {"code": int(error.code), "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return _encode({"jsonrpc": "2.0", "id": request_id, "error": body}).encode("ascii")


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
