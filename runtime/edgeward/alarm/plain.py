"""Frozen dataclasses as plain JSON and back, by their type hints alone.

Reading is strict: every field that has no default, no other, each of its type; every fault at once
with its path. A field that came later has a default, so what was kept before it can still be read.
"""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from enum import StrEnum
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from edgeward.errors import AlarmError
from edgeward.limits import DEFAULT

T = TypeVar("T")


def to_plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field may hold
    """A dataclass of enums, numbers, text, tuples and dataclasses as plain JSON."""
    kind: Any = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {name: to_plain(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return value


def from_plain(kind: type[T], document: Any) -> T:  # noqa: ANN401 - any JSON is looked at
    """Read a dataclass back.

    Raises:
        AlarmError: the document is not what `to_plain` writes.
    """
    reader = _Reader()
    value = reader.read(kind, document, kind.__name__)
    if reader.faults:
        raise AlarmError(reader.faults)
    return cast("T", value)  # of this kind, since nothing was at fault


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _required(kind: type[Any]) -> frozenset[str]:
    return frozenset(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


class _Reader:
    """Reads one document and remembers what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def read(self, hint: Any, found: Any, path: str) -> Any:  # noqa: ANN401 - by the hint
        """The value, or None and a fault."""
        if isinstance(hint, UnionType):
            (inner,) = (arm for arm in get_args(hint) if arm is not type(None))
            return None if found is None else self.read(inner, found, path)
        if get_origin(hint) is tuple:
            return self._tuple(get_args(hint), found, path)
        if hasattr(hint, "__dataclass_fields__"):
            return self._dataclass(hint, found, path)
        if issubclass(hint, StrEnum):
            return self._enum(hint, found, path)
        if hint is float and type(found) in (int, float) and isfinite(found):
            return float(found)
        if hint is not float and type(found) is hint:
            return found
        return self._fault(path, found, hint.__name__)

    def _dataclass(self, kind: Any, found: Any, path: str) -> Any:  # noqa: ANN401 - by the hint
        if not isinstance(found, dict) or not _required(kind) <= set(found) <= set(_names(kind)):
            return self._fault(path, found, f"an object with {', '.join(_names(kind))}")
        hints, before = _hints(kind), len(self.faults)
        values = {
            name: self.read(hints[name], found[name], f"{path}.{name}")
            for name in _names(kind)
            if name in found
        }
        return kind(**values) if len(self.faults) == before else None

    def _tuple(self, hints: tuple[Any, ...], found: Any, path: str) -> Any:  # noqa: ANN401
        endless = hints[-1] is Ellipsis
        if not isinstance(found, list | tuple) or not (endless or len(found) == len(hints)):
            return self._fault(path, found, "a list" if endless else f"a list of {len(hints)}")
        return tuple(self._items([hints[0]] * len(found) if endless else hints, found, path))

    def _items(self, hints: Any, found: Any, path: str) -> Iterator[Any]:  # noqa: ANN401
        for number, (hint, item) in enumerate(zip(hints, found, strict=True)):
            yield self.read(hint, item, f"{path}[{number}]")

    def _enum(self, hint: Any, found: Any, path: str) -> Any:  # noqa: ANN401 - by the hint
        words = {word.value: word for word in hint}
        if isinstance(found, str) and found in words:
            return words[found]
        return self._fault(path, found, "one of " + ", ".join(words))

    def _fault(self, path: str, found: Any, accepted: str) -> Any:  # noqa: ANN401 - it is quoted
        shown = repr(found)[: DEFAULT.shown_chars_max]
        self.faults.append(f"{path}: found {shown}, accepted is {accepted}")
        return None
