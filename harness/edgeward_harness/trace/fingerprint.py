"""Fingerprints: does an item still say what it said?

The SHA-256 over the canonical form of every field of an item, whatever the field is: one added to
the model later counts without anybody remembering it. White space is one blank, since reflowing a
paragraph does not change what it says; the order of a list of links or names does not count
either.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from edgeward.canonical import canonical_json
from edgeward_harness.trace.model import Item, Trace


def fingerprint(item: Item) -> str:
    """The fingerprint of an item, 64 hex digits."""
    return sha256(canonical_json({type(item).__name__: _fields(item)})).hexdigest()


def fingerprints(trace: Trace) -> dict[str, str]:
    """The fingerprints of all items by id, from danger to proof."""
    return {item.id: fingerprint(item) for item in trace.items()}


def _fields(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record of the model
    told = {}
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        told[name] = " ".join(value.split()) if type(value) is str else _normal(value)
    return told


def _normal(value: Any) -> Any:  # noqa: ANN401 - any field of a record
    """A value in the one form that counts; what there is most of is asked for first."""
    kind = type(value)
    if kind is tuple:
        return sorted(value) if len(value) > 1 else value
    if kind is str:
        return " ".join(value.split())
    if kind is int or isinstance(value, str):  # a count, or a word of a vocabulary
        return value
    if isinstance(value, Mapping):
        return {key: _normal(each) for key, each in value.items()}
    return _fields(value)
