"""Values out of JSON or TOML that others wrote: what has not the expected form is left out."""

from datetime import date, datetime
from typing import Any

TEXT_CHARS_MAX = 4_000
"""Characters of a text that are repeated."""


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list that are not empty."""
    found = map(text, value if isinstance(value, list) else ())
    return tuple(one for one in found if one)


def text(value: object) -> str:
    """A text without space around it; empty for anything else."""
    if not isinstance(value, str):
        return ""
    whole = value.strip()[:TEXT_CHARS_MAX]
    return whole.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text


def day_of(value: object) -> str:
    """The day of an instant or a day in ISO 8601; empty for anything else."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return datetime.fromisoformat(text(value)).date().isoformat()
    except ValueError:
        return ""
