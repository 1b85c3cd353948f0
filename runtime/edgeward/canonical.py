"""One canonical form for everything that is digested or signed.

UTF-8 JSON, keys sorted, no spaces, no NaN or infinity; floats in Python's shortest form that reads
back to the same bits. Two programs that hold equal values write equal bytes.
"""

import json
from collections.abc import Callable
from json import encoder as parts
from typing import Any


def _encoder() -> Callable[[Any], str]:
    """The encoder, built once: `json` builds its own anew for each value, at twice the cost."""
    plain = json.JSONEncoder(
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        check_circular=False,
    )
    make: Any = getattr(parts, "c_make_encoder", None)
    try:
        pieces = make(
            markers=None,
            default=plain.default,
            encoder=parts.encode_basestring,
            indent=None,
            key_separator=":",
            item_separator=",",
            sort_keys=True,
            skipkeys=False,
            allow_nan=False,
        )
    except TypeError:  # a Python that has none, or another one
        return plain.encode
    return lambda value: "".join(pieces(value, 0))


_encode = _encoder()


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The canonical bytes of a JSON value.

    Raises:
        ValueError: the value holds NaN, infinity or half a surrogate pair.
        TypeError: the value holds something JSON has no word for.
        RecursionError: the value is nested too deeply, or holds itself.
    """
    return _encode(value).encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of bytes as 64 lower-case hex digits."""
    from hashlib import sha256  # OpenSSL, 3.5 MB: not before there is something to digest

    return sha256(data).hexdigest()


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """The SHA-256 of the canonical form of a JSON value."""
    return sha256_hex(canonical_json(value))
