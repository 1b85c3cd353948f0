"""What a field of a release policy may hold, beyond what device profiles know."""

import re
from dataclasses import dataclass
from typing import Any

from edgeward.profile.kinds import Text

NAMES_MAX = 1_000
_ID = Text("", "[A-Za-z0-9][A-Za-z0-9_.-]*", "a name or id", 120)
_DIGEST = "[0-9a-f]{64}"


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 in the form that bundles use."""
    return re.fullmatch(_DIGEST, text) is not None


@dataclass(frozen=True, slots=True)
class Names:
    """A list of different names, which may be empty."""

    doc: str
    unit: str = ""

    def accepts(self, value: object) -> bool:
        """A list of different names."""
        if not isinstance(value, list) or len(value) > NAMES_MAX:
            return False
        return all(map(_ID.accepts, value)) and len(set(value)) == len(value)

    def accepted(self) -> str:
        """A list of what."""
        return f"a list, which may be empty, each {_ID.accepted()} and none twice"

    def convert(self, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - accepted before
        """The names in the order given."""
        return tuple(value)

    def hint(self, value: object) -> str:
        """A name where a list of names is expected."""
        return "put it between [ and ]" if isinstance(value, str) else ""

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""

    def schema(self) -> dict[str, object]:
        """An array of texts."""
        return {"type": "array", "items": _ID.schema(), "uniqueItems": True, "maxItems": NAMES_MAX}


@dataclass(frozen=True, slots=True)
class Pin:
    """A SHA-256, or an empty text where nothing is pinned."""

    doc: str
    unit: str = ""

    def accepts(self, value: object) -> bool:
        """All 64 digits or none: a digest that is cut short would pin nothing."""
        return isinstance(value, str) and (not value or is_digest(value))

    def accepted(self) -> str:
        """Both forms."""
        return 'a SHA-256 of 64 digits 0-9 and a-f, or "" for any'

    def convert(self, value: Any) -> str:  # noqa: ANN401 - accepted before
        """The digest itself."""
        return str(value)

    def hint(self, value: object) -> str:
        """A digest in capitals."""
        told = value.lower() if isinstance(value, str) else ""
        return f"write it as {told}" if is_digest(told) else ""

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""

    def schema(self) -> dict[str, object]:
        """A text of that pattern."""
        return {"type": "string", "pattern": f"^(?:{_DIGEST})?$"}
