"""Walks over protocol-buffer bytes without a schema: all that is needed to look into a model file.

The package `onnx` would do more and is not on a device. Bytes from outside end in a `ValueError`,
never in a loop or a read past the end.
"""

from collections.abc import Iterator

_VARINT_BYTES_MAX = 10
_FIXED = {1: 8, 5: 4}
_VARINT, _BYTES = 0, 2

Value = int | memoryview


def fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of a message, in order; fixed-size ones are left out.

    Raises:
        ValueError: these are no fields.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif kind == _BYTES:
            size, at = _varint(data, at)
            if size > len(data) - at:
                raise ValueError(f"field {number} is longer than what is left")
            yield number, data[at : at + size]
            at += size
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise ValueError(f"field {number} is of the unknown kind {kind}")
    if at > len(data):
        raise ValueError("the last field is cut off")


def messages(data: memoryview, number: int) -> Iterator[memoryview]:
    """Each message, or bytes, that a message holds under this number.

    Raises:
        ValueError: these are no fields, or one of them is a number.
    """
    for found, value in fields(data):
        if found == number:
            yield _bytes(found, value)


def text(data: memoryview, number: int) -> str:
    """The text under this number; the last one counts, and a missing one is empty.

    Raises:
        ValueError: these are no fields, or the text is not UTF-8.
    """
    last = b""
    for one in messages(data, number):
        last = bytes(one)
    return last.decode("utf-8")


def number(data: memoryview, which: int) -> int:
    """The whole number under this number; the last one counts, and a missing one is 0.

    Raises:
        ValueError: these are no fields.
    """
    last = 0
    for found, value in fields(data):
        if found == which and isinstance(value, int):
            last = value
    return last


def _bytes(number: int, value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError(f"field {number} is a number")
    return value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_VARINT_BYTES_MAX):
        if at >= len(data):
            raise ValueError("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at
    raise ValueError("a number has no end")
