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
    kind: Any = type(value)
    names, block = _shape(kind)
    if not names:
        return value
    told = {name: _plain(getattr(value, name)) for name in names}
    if block:
        told[_KIND] = block
    return told


@lru_cache
def _shape(kind: Any) -> tuple[tuple[str, ...], str]:  # noqa: ANN401 - a class of the model
    """The fields of a class, and its name as a block; asked once, for a matrix has 80,000 cells."""
    names = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    return names, kind.__name__.lower() if issubclass(kind, Block) else ""


def _whole(text: str) -> str:
    """A text without halves of surrogate pairs, which no UTF-8 can hold."""
    if text.isascii():
        return str(text)
    return text.encode("utf-8", "replace").decode()
