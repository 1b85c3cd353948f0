"""Fingerprints: does an item still say what it said?

The SHA-256 over the canonical form of every field of an item, whatever the field is: one added to
the model later counts without anybody remembering it. White space is one blank, since reflowing a
paragraph does not change what it says; the order of a list of links or names does not count
either.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from edgeward.canonical import digest
from edgeward_harness.trace.model import Item, Trace


def fingerprint(item: Item) -> str:
    """The fingerprint of an item, 64 hex digits."""
    return digest([type(item).__name__, _normal(item)])


def fingerprints(trace: Trace) -> dict[str, str]:
    """The fingerprints of all items by id, from danger to proof."""
    return {item.id: fingerprint(item) for item in trace.items()}


def _normal(value: Any) -> Any:  # noqa: ANN401 - any field of an item
    """A value in the one form that counts."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, tuple):
        return sorted(value)
    if isinstance(value, Mapping):
        return {key: _normal(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _normal(getattr(value, name)) for name in _names(type(value))}
    return value


@cache
def _names(record: Any) -> tuple[str, ...]:  # noqa: ANN401 - any record class
    return tuple(field.name for field in fields(record))
