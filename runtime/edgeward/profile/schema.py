"""The JSON Schema of profiles, generated from their layout.

One schema serves both forms. A file that extends another, or is only there to be extended, may
leave values out; every other document must be complete. Rules between fields are not in it.
"""

from typing import Any

from edgeward.profile.layout import NAME_LENGTH_MAX, Entry, Named, entries
from edgeward.profile.model import Inheritance, Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The version of JSON Schema that is written."""


def profile_schema() -> dict[str, Any]:
    """The schema of a profile's file, and of a resolved profile."""
    return {
        "$schema": DIALECT,
        "title": "Edgeward device profile",
        "description": _doc(Profile),
        **_section(Profile, inherits=True),
        "if": {"anyOf": [{"required": ["extends"]}, _said_abstract()]},
        "else": _complete(Profile),
    }


def _said_abstract() -> dict[str, Any]:
    return {"required": ["abstract"], "properties": {"abstract": {"const": True}}}


def _doc(section: type) -> str:
    return (section.__doc__ or "").partition("\n")[0]


def _section(section: type, *, inherits: bool = False) -> dict[str, Any]:
    """What may stand in a section."""
    known = dict(entries(Inheritance) if inherits else {}) | dict(entries(section))
    properties = {key: _entry(entry) for key, entry in known.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _entry(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Named):
        return {"description": entry.doc, **_named(entry)}
    if isinstance(entry, type):
        return {"description": _doc(entry), **_section(entry)}
    return {"description": entry.doc, **entry.schema()}


def _named(named: Named) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{named.pattern})$", "maxLength": NAME_LENGTH_MAX},
        "maxProperties": named.names_max,
        "additionalProperties": _section(named.section),
    }


def _complete(section: type) -> dict[str, Any]:
    """What must stand in a section."""
    below: dict[str, Any] = {}
    for key, entry in entries(section).items():
        if isinstance(entry, Named):
            each = _complete(entry.section)
            below[key] = {"required": list(entry.mandatory), "additionalProperties": each}
        elif isinstance(entry, type):
            below[key] = _complete(entry)
    return {"required": list(entries(section))} | ({"properties": below} if below else {})
