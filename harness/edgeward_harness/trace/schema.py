"""JSON Schemas of the trace's files, generated from the model; for editors and for other tools.

TOML dates are written as JSON strings there. What must hold between tables, such as that an id is
not given twice, no schema can say; reading and checking do.
"""

from typing import Any

from edgeward_harness.trace.baseline import ITEM_ID, LAYOUT
from edgeward_harness.trace.document import DOCUMENTS, Document
from edgeward_harness.trace.model import LAYOUTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The version of JSON Schema that is written."""


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of each kind of file, by the file's name without its ending."""
    written = {name: _document(document) for name, document in DOCUMENTS.items()}
    written["deviations"]["properties"]["deviation"]["items"]["anyOf"] = [
        {"required": ["requirements"]},
        {"required": ["cases"]},
    ]
    return {**written, "trace_review": _baseline()}


def _document(document: Document) -> dict[str, Any]:
    properties: dict[str, Any] = {table: LAYOUTS[table].schema() for table in document.singles} | {
        table: {"type": "array", "items": LAYOUTS[table].schema()} for table in document.lists
    }
    return {
        "$schema": DIALECT,
        "title": document.title,
        "type": "object",
        "properties": properties,
        "required": list(document.singles),
        "additionalProperties": False,
    }


def _baseline() -> dict[str, Any]:
    items = {
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{ITEM_ID})$"},
        "additionalProperties": LAYOUT.schema(),
    }
    return {
        "$schema": DIALECT,
        "title": "What each item of the trace said when it was last reviewed",
        "type": "object",
        "properties": {"items": items},
        "additionalProperties": False,
    }
