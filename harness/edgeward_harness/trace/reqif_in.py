"""ReqIF read as a table: a row for each object, a column for each attribute, under its long name.

Rules:
- A document type is refused: an entity in it could grow without bound or name a file.
- Objects stand in the order of the specifications, those in none of them after it.
- Formatted text becomes plain text with its line ends; a value of a list is its long name.
- An attribute nobody knows becomes a field of the project's own: nothing is dropped.
"""

import re
import xml.etree.ElementTree as ET  # expat bounds what entities grow to; none are taken anyway
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from edgeward_harness.errors import InputError
from edgeward_harness.trace.reqif_out import CUSTOM, SPACE
from edgeward_harness.trace.tables import Line, Table

_IN = f"{{{SPACE}}}"
_VALUE = re.compile(rf"{re.escape(_IN)}ATTRIBUTE-VALUE-([A-Z]+)")
_LINES = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "pre"})
_FOREIGN = {
    "reqif_foreignid": "id",
    "reqif_chaptername": "title",
    "reqif_name": "title",
    "reqif_text": "text",
    "reqif_description": "text",
}
"""What tools agreed to call their attributes, and what it is here."""

Known = Callable[[str], bool]
"""Whether a column of this name is known."""


def read_reqif(data: bytes, source: str, known: Known) -> Table:
    """The objects of a ReqIF file.

    Raises:
        InputError: it is not XML, has a document type, or is not ReqIF.
    """
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_Plain()))  # noqa: S314 - see `_Plain`
    except ET.ParseError as fault:
        raise InputError(source, [f"is not XML: {fault}"]) from fault
    except _DocumentType:
        raise InputError(
            source, ["has a document type; ReqIF has none, and none is taken"]
        ) from None
    if root.tag != f"{_IN}REQ-IF":
        raise InputError(source, [f"found {root.tag!r}, expected REQ-IF of {SPACE}"])
    return _Reader(root, known).table()


class _DocumentType(Exception):  # noqa: N818 - a signal within this module
    """The file has a document type."""


class _Plain(ET.TreeBuilder):
    """Builds a tree of a file without a document type."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002
        """Refuse it."""
        raise _DocumentType


@dataclass(frozen=True, slots=True)
class _Object:
    identifier: str
    values: Mapping[str, str]


class _Reader:
    """The parts of a file by their identifiers."""

    def __init__(self, root: ET.Element, known: Known) -> None:
        self._root = root
        self._known = known
        self._names = {
            one.get("IDENTIFIER", ""): str(one.get("LONG-NAME") or one.get("IDENTIFIER"))
            for one in root.iter()
            if "ATTRIBUTE-DEFINITION-" in one.tag and one.get("IDENTIFIER")
        }
        self._words = {
            one.get("IDENTIFIER", ""): str(one.get("LONG-NAME") or one.get("IDENTIFIER"))
            for one in root.iter(f"{_IN}ENUM-VALUE")
        }

    def table(self) -> Table:
        """The table."""
        objects = {
            one.get("IDENTIFIER", ""): self._object(one)
            for one in self._root.iter(f"{_IN}SPEC-OBJECT")
        }
        placed = [
            (ref.text or "").strip()
            for one in self._root.iter(f"{_IN}SPEC-HIERARCHY")
            for ref in one.findall(f"{_IN}OBJECT/{_IN}SPEC-OBJECT-REF")
        ]
        order = dict.fromkeys([*(name for name in placed if name in objects), *objects])
        named = dict.fromkeys(self._names.values())
        columns = {name: self._column(name) for name in named}
        used = [name for name in named if any(name in one.values for one in objects.values())]
        header = [name for name in named if name in used or not columns[name].startswith(CUSTOM)]
        lines = tuple(
            Line(f"object {name}", tuple(objects[name].values.get(key, "") for key in header))
            for name in order
        )
        return Table(Line("the attributes", tuple(columns[name] for name in header)), lines)

    def _column(self, name: str) -> str:
        """The column that an attribute is."""
        if self._known(name):
            return name
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        return _FOREIGN.get(slug) or f"{CUSTOM}{re.sub('^[^a-z]+', '', slug)[:64] or 'field'}"

    def _object(self, one: ET.Element) -> _Object:
        values: dict[str, str] = {}
        for value in one.findall(f"{_IN}VALUES/*"):
            form = _VALUE.fullmatch(value.tag)
            reference = value.find(f"{_IN}DEFINITION/*")
            if form is None or reference is None:
                continue
            key = (reference.text or "").strip()
            values[self._names.get(key, key)] = self._text(value, form[1])
        return _Object(one.get("IDENTIFIER", ""), values)

    def _text(self, value: ET.Element, form: str) -> str:
        if form == "ENUMERATION":
            words = [(ref.text or "").strip() for ref in value.findall(f"{_IN}VALUES/*")]
            return "; ".join(self._words.get(word, word) for word in words)
        if form == "XHTML":
            content = value.find(f"{_IN}THE-VALUE")
            return "" if content is None else _lines("".join(_flat(content)))
        return value.get("THE-VALUE", "")


def _flat(element: ET.Element) -> Iterator[str]:
    """The text of formatted text; what begins a line is on a line of its own."""
    stack: list[ET.Element | str] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
            continue
        rest: list[ET.Element | str] = [_blank(one.text)]
        for child in one:
            rest += [child, _blank(child.tail)]
        if one.tag.rpartition("}")[2] in _LINES:
            rest = ["\n", *rest, "\n"]
        stack.extend(reversed(rest))


def _blank(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _lines(text: str) -> str:
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line)
