"""The shape a JSON value must have, said as data; every fault is told, not the first one.

A check takes a value and its path and yields one sentence per fault: the path, what was found,
what would be accepted. Fields a record does not know are let through: a higher minor version may
add some.
"""

import base64
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Check = Callable[[Any, str], Iterator[str]]

_SHOWN_CHARS: Final = 60


def shown(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value as a reader may see it, cut to a bounded length."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def _leaf(accepts: Callable[[Any], bool], expected: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
        if not accepts(value):
            yield f"{path}: found {shown(value)}, expected {expected}"

    return check


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def integer(minimum: int | None = None) -> Check:
    """An integer (a boolean is none), not below the minimum."""
    if minimum is None:
        return _leaf(_is_integer, "an integer")
    return _leaf(lambda v: _is_integer(v) and v >= minimum, f"an integer of at least {minimum}")


def number() -> Check:
    """A finite number."""
    return _leaf(_is_number, "a finite number")


def positive() -> Check:
    """A finite number above zero."""
    return _leaf(lambda v: _is_number(v) and v > 0, "a number above 0")


def fraction() -> Check:
    """A number from 0 to 1."""
    return _leaf(lambda v: _is_number(v) and 0 <= v <= 1, "a number from 0 to 1")


def text(*, empty: bool = False) -> Check:
    """A string."""
    expected = "a string" if empty else "a string that is not empty"
    return _leaf(lambda v: isinstance(v, str) and (empty or bool(v)), expected)


def packed(item_bytes: int) -> Check:
    """Base64 of whole items of so many bytes."""

    def accepts(value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return len(base64.b64decode(value, validate=True)) % item_bytes == 0
        except ValueError:
            return False

    return _leaf(accepts, f"base64 of whole items of {item_bytes} bytes")


def boolean() -> Check:
    """True or false."""
    return _leaf(lambda v: isinstance(v, bool), "true or false")


def matching(pattern: str, expected: str) -> Check:
    """A string of which the whole matches the pattern."""
    whole = re.compile(pattern)
    return _leaf(lambda v: isinstance(v, str) and whole.fullmatch(v) is not None, expected)


def sha256() -> Check:
    """64 lower-case hex digits."""
    return matching("[0-9a-f]{64}", "64 lower-case hex digits")


def one_of(*values: str) -> Check:
    """One of the given words."""
    return _leaf(lambda v: isinstance(v, str) and v in values, " or ".join(map(repr, values)))


def nullable(inner: Check) -> Check:
    """Null, or what the inner check accepts."""

    def check(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
        if value is not None:
            yield from inner(value, path)

    return check


def array(inner: Check, *, least: int = 0) -> Check:
    """A list of which every item passes the inner check."""

    def check(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
        if not isinstance(value, list):
            yield f"{path}: found {shown(value)}, expected a list"
            return
        if len(value) < least:
            yield f"{path}: found {len(value)} items, expected at least {least}"
        for index, item in enumerate(value):
            yield from inner(item, f"{path}[{index}]")

    return check


def mapping(inner: Check) -> Check:
    """An object with any keys of which every value passes the inner check."""

    def check(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
        if not isinstance(value, dict):
            yield f"{path}: found {shown(value)}, expected an object"
            return
        for key, item in value.items():
            yield from inner(item, f"{path}.{key}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with the required fields and perhaps the optional ones."""
    may_have = dict(optional or {})

    def check(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
        if not isinstance(value, dict):
            yield f"{path}: found {shown(value)}, expected an object"
            return
        for name, inner in required.items():
            if name in value:
                yield from inner(value[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: missing"
        for name, inner in may_have.items():
            if name in value:
                yield from inner(value[name], f"{path}.{name}")

    return check


def by_tag(tag: str, variants: Mapping[str, Check], otherwise: Check | None = None) -> Check:
    """An object whose field `tag` says which check it must pass; `otherwise` for unknown words."""

    def check(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
        if not isinstance(value, dict):
            yield f"{path}: found {shown(value)}, expected an object"
            return
        word = value.get(tag)
        chosen = variants.get(word) if isinstance(word, str) else None
        if chosen is None and isinstance(word, str):
            chosen = otherwise
        if chosen is None:
            words = " or ".join(map(repr, variants))
            yield f"{path}.{tag}: found {shown(word)}, expected {words}"
            return
        yield from chosen(value, path)

    return check


def faults(check: Check, value: Any, path: str) -> tuple[str, ...]:  # noqa: ANN401 - any JSON value
    """Every fault of a value."""
    return tuple(check(value, path))
