"""The one small file of a store that says which package is active, and which one was before."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from edgeward.canonical import canonical_json
from edgeward.errors import PackageError
from edgeward.model.package.layout import told

POINTER = "active"
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pointer:
    """What is active."""

    active: str
    """The digest of the package."""
    before: str | None
    """That of the one before, to go back to."""
    profile: str
    """The device profile for which the active one was checked."""


def pointer_bytes(pointer: Pointer) -> bytes:
    """What is written; equal pointers give equal bytes."""
    return canonical_json(asdict(pointer))


def parse_pointer(data: bytes) -> Pointer:
    """The pointer in these bytes.

    Raises:
        PackageError: they are not what `pointer_bytes` gives.
    """
    try:
        value: dict[str, Any] = json.loads(data)
        pointer = Pointer(**value)
        named = [pointer.active, *([] if pointer.before is None else [pointer.before])]
        if not all(DIGEST.fullmatch(one) for one in named) or data != canonical_json(value):
            raise ValueError("it names no digests")
    except (ValueError, TypeError, RecursionError) as error:
        accepted = "what an activation writes"
        raise PackageError(told(POINTER, f"{data[:80]!r}: {error}", accepted)) from error
    return pointer
