"""Requirements as ReqIF, the format in which tools for requirements exchange them.

Rules:
- Every field of ours is an attribute of its own, the project's own fields too; what goes out comes
  in again as an equal set of requirements (`reqif_in`).
- Line ends stand as character references: XML turns plain ones in an attribute into blanks.
- What other tools insist on is there: a time of change on every element, lengths, the whole header.
- No clock: the day is given, and the same requirements on the same day give the same bytes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.errors import InputError
from edgeward_harness.trace.model import LAYOUTS, Requirement
from edgeward_harness.trace.shapes import PROSE_CHARACTERS_MAX
from edgeward_harness.trace.vocabulary import Kind, Stage

SPACE = "http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"
CUSTOM = "custom."
"""What the name of a project's own attribute begins with."""
BETWEEN = "; "
"""Between the ids of a list."""
_WORDS: dict[str, type[StrEnum]] = {
    "kind": Kind,
    "safety_class": SafetyClass,
    "stage": Stage,
}
_FIELDS = tuple(one.name for one in LAYOUTS["requirement"].columns if one.name != "custom")
_TEXT = "TYPE-text"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""All but the signs that XML 1.0 names as those it is made of (its production 2)."""


def write_reqif(requirements: Iterable[Requirement], day: date) -> bytes:
    """The requirements as one specification, in their order.

    Raises:
        InputError: a text has a sign that XML 1.0 has no way to write; each is told.
    """
    listed = list(requirements)
    own = sorted({name for one in listed for name in one.custom})
    fields = [*_FIELDS, *(CUSTOM + name for name in own)]
    if faults := list(_unwritable(listed, fields)):
        raise InputError("ReqIF", faults)
    return _Writer(day, fields).whole(listed).encode("utf-8")


def _unwritable(listed: Sequence[Requirement], fields: Sequence[str]) -> Iterator[str]:
    """Signs that XML 1.0 allows in no form, not as a reference either."""
    for one in listed:
        for field in fields:
            for sign in sorted(set(_NOT_XML.findall(_said(one, field)))):
                yield f"{one.id}, {field}: holds U+{ord(sign):04X}, which XML 1.0 cannot say"


class _Writer:
    """Puts the parts together; `_at` is what each element says of its change."""

    def __init__(self, day: date, fields: Sequence[str]) -> None:
        self._time = f"{day.isoformat()}T00:00:00Z"
        self._fields = fields

    def whole(self, listed: Sequence[Requirement]) -> str:
        """The file."""
        content = (
            f"<DATATYPES>\n{self._datatypes()}</DATATYPES>\n"
            f"<SPEC-TYPES>\n{self._types()}</SPEC-TYPES>\n"
            f"<SPEC-OBJECTS>\n{''.join(map(self._object, listed))}</SPEC-OBJECTS>\n"
            f"<SPECIFICATIONS>\n{self._specification(listed)}</SPECIFICATIONS>\n"
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<REQ-IF xmlns="{SPACE}">\n{self._header()}'
            f"<CORE-CONTENT>\n<REQ-IF-CONTENT>\n{content}</REQ-IF-CONTENT>\n</CORE-CONTENT>\n"
            "</REQ-IF>\n"
        )

    def _header(self) -> str:
        return (
            '<THE-HEADER>\n<REQ-IF-HEADER IDENTIFIER="HEADER">\n'
            "<COMMENT>Requirements as Edgeward holds them</COMMENT>\n"
            f"<CREATION-TIME>{self._time}</CREATION-TIME>\n"
            "<REPOSITORY-ID>edgeward</REPOSITORY-ID>\n<REQ-IF-TOOL-ID>edgeward</REQ-IF-TOOL-ID>\n"
            "<REQ-IF-VERSION>1.0</REQ-IF-VERSION>\n<SOURCE-TOOL-ID>edgeward</SOURCE-TOOL-ID>\n"
            "<TITLE>Requirements</TITLE>\n</REQ-IF-HEADER>\n</THE-HEADER>\n"
        )

    def _at(self, identifier: str, name: str = "") -> str:
        """The attributes that every element has."""
        told = f" LONG-NAME={quoteattr(name)}" if name else ""
        return f'IDENTIFIER={quoteattr(identifier)} LAST-CHANGE="{self._time}"{told}'

    def _datatypes(self) -> str:
        text = (
            f"<DATATYPE-DEFINITION-STRING {self._at(_TEXT, 'text')} "
            f'MAX-LENGTH="{PROSE_CHARACTERS_MAX}"/>\n'
        )
        return text + "".join(self._words(name, words) for name, words in _WORDS.items())

    def _words(self, name: str, words: type[StrEnum]) -> str:
        values = "".join(
            f"<ENUM-VALUE {self._at(_word(name, one.value), one.value)}><PROPERTIES>"
            f'<EMBEDDED-VALUE KEY="{number}" OTHER-CONTENT=""/></PROPERTIES></ENUM-VALUE>\n'
            for number, one in enumerate(words)
        )
        return (
            f"<DATATYPE-DEFINITION-ENUMERATION {self._at(f'TYPE-{name}', name)}>\n"
            f"<SPECIFIED-VALUES>\n{values}</SPECIFIED-VALUES>\n"
            "</DATATYPE-DEFINITION-ENUMERATION>\n"
        )

    def _types(self) -> str:
        return (
            f"<SPEC-OBJECT-TYPE {self._at('REQUIREMENT', 'Requirement')}>\n<SPEC-ATTRIBUTES>\n"
            f"{''.join(map(self._definition, self._fields))}</SPEC-ATTRIBUTES>\n"
            f"</SPEC-OBJECT-TYPE>\n<SPECIFICATION-TYPE {self._at('DOCUMENT', 'Document')}/>\n"
        )

    def _definition(self, field: str) -> str:
        form = "ENUMERATION" if field in _WORDS else "STRING"
        kind = f"TYPE-{field}" if field in _WORDS else _TEXT
        several = ' MULTI-VALUED="false"' if field in _WORDS else ""
        return (
            f"<ATTRIBUTE-DEFINITION-{form} {self._at(_attribute(field), field)}{several}><TYPE>"
            f"<DATATYPE-DEFINITION-{form}-REF>{kind}</DATATYPE-DEFINITION-{form}-REF></TYPE>"
            f"</ATTRIBUTE-DEFINITION-{form}>\n"
        )

    def _object(self, one: Requirement) -> str:
        values = "".join(_value(field, _said(one, field)) for field in self._fields)
        return (
            f"<SPEC-OBJECT {self._at(one.id)}>\n<VALUES>\n{values}</VALUES>\n"
            "<TYPE><SPEC-OBJECT-TYPE-REF>REQUIREMENT</SPEC-OBJECT-TYPE-REF></TYPE>\n"
            "</SPEC-OBJECT>\n"
        )

    def _specification(self, listed: Sequence[Requirement]) -> str:
        children = "".join(
            f"<SPEC-HIERARCHY {self._at(f'AT-{one.id}')}><OBJECT><SPEC-OBJECT-REF>{one.id}"
            "</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY>\n"
            for one in listed
        )
        return (
            f"<SPECIFICATION {self._at('SPECIFICATION', 'Requirements')}>\n"
            "<TYPE><SPECIFICATION-TYPE-REF>DOCUMENT</SPECIFICATION-TYPE-REF></TYPE>\n"
            f"<CHILDREN>\n{children}</CHILDREN>\n</SPECIFICATION>\n"
        )


def _attribute(field: str) -> str:
    return f"ATTRIBUTE-{field}"


def _word(field: str, value: str) -> str:
    return f"VALUE-{field}-{value}"


def _said(one: Requirement, field: str) -> str:
    """What a requirement has in a field; empty where it has nothing."""
    if field.startswith(CUSTOM):
        return one.custom.get(field.removeprefix(CUSTOM), "")
    value = getattr(one, field)
    return BETWEEN.join(value) if isinstance(value, tuple) else str(value)


def _value(field: str, value: str) -> str:
    """A value under its attribute; nothing where there is none."""
    if not value:
        return ""
    form = "ENUMERATION" if field in _WORDS else "STRING"
    definition = (
        f"<DEFINITION><ATTRIBUTE-DEFINITION-{form}-REF>{escape(_attribute(field))}"
        f"</ATTRIBUTE-DEFINITION-{form}-REF></DEFINITION>"
    )
    if form == "ENUMERATION":
        word = f"<ENUM-VALUE-REF>{escape(_word(field, value))}</ENUM-VALUE-REF>"
        return (
            f"<ATTRIBUTE-VALUE-ENUMERATION><VALUES>{word}</VALUES>{definition}"
            "</ATTRIBUTE-VALUE-ENUMERATION>\n"
        )
    return (
        f"<ATTRIBUTE-VALUE-STRING THE-VALUE={quoteattr(value)}>{definition}"
        "</ATTRIBUTE-VALUE-STRING>\n"
    )
