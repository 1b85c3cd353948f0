"""The machine's twin of a document: everything it says and nothing else, as canonical JSON."""

from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from edgeward.canonical import canonical_json
from edgeward_harness.pack.model import Block, Document, Pack

SCHEMA = "edgeward-pack-document/1"
_KIND = "kind"


def write_twin(pack: Pack, document: Document) -> bytes:
    """The same bytes for the same document, on every machine."""
    return canonical_json({"schema": SCHEMA, "pack": _head(pack), "document": _plain(document)})


def _head(pack: Pack) -> dict[str, Any]:
    """What stands on each page of each document."""
    return {
        field.name: _plain(getattr(pack, field.name))
        for field in fields(pack)
        if field.name != "documents"
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of the model
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        kind: Any = type(value)
        told = {name: _plain(getattr(value, name)) for name in _names(kind)}
        if isinstance(value, Block):
            told[_KIND] = kind.__name__.lower()
        return told
    return value


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a class of the model
    """The fields of a kind of block; asked once, for a matrix has 80,000 cells."""
    return tuple(field.name for field in fields(kind))


def _whole(text: str) -> str:
    """A text without halves of surrogate pairs, which no UTF-8 can hold."""
    if text.isascii():
        return str(text)
    return text.encode("utf-8", "replace").decode()
