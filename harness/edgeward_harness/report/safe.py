"""Text of others made safe to show: no hidden characters, and an anchor for every name."""

import hashlib
import re
from functools import lru_cache
from typing import Any

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff]"
)
_NOT_IN_ANCHORS = re.compile(r"[^A-Za-z0-9_.-]")
ANCHOR_CHARACTERS_MAX = 80


def visible(value: Any) -> Any:  # noqa: ANN401 - whatever a template puts out
    """Text with its hidden characters shown as code points; anything else as it is."""
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", value)


@lru_cache(maxsize=1 << 16)
def anchor(name: str, prefix: str) -> str:
    """An id for a name: readable where it can be, and never the same for two names."""
    safe = _NOT_IN_ANCHORS.sub("-", name)[:ANCHOR_CHARACTERS_MAX]
    if safe == name:
        return f"{prefix}-{name}"
    told_apart = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{prefix}-{safe}-{told_apart}"
