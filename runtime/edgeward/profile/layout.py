"""How a document is laid out, read from its dataclasses.

A section is a dataclass. Under each of its keys stands a value of a kind (`Annotated[type, kind]`),
another section, or a table of equal sections under free names (`Annotated[Mapping[...], Named]`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache

from edgeward.profile.kinds import Kind

NAME_LENGTH_MAX = 64
"""Characters of a free name."""


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A table of equal sections under free names, some of which must be there."""

    section: type
    doc: str
    mandatory: tuple[str, ...]
    pattern: str = "[a-z][a-z0-9_]*"
    said: str = "a lower-case letter, then lower-case letters, digits and _"
    names_max: int = 32

    def accepts_name(self, name: str) -> bool:
        """Whether a section may be called so."""
        return len(name) <= NAME_LENGTH_MAX and re.fullmatch(self.pattern, name) is not None


Entry = Kind | Named | type
"""What stands under a key: a value of a kind, a table of named sections, or a section."""


@cache
def entries(section: type) -> Mapping[str, Entry]:
    """The keys of a section, in the order they were declared, and what stands under each."""
    found: dict[str, Entry] = {}
    for field in fields(section):
        if isinstance(field.type, type) and is_dataclass(field.type):
            found[field.name] = field.type
        else:
            found[field.name] = field.type.__metadata__[0]  # type: ignore[union-attr] # Annotated
    return found


@cache
def leaves(section: type, prefix: str = "") -> Mapping[str, Kind]:
    """Every value of a section and the sections below by its dotted path; `*` stands for a name."""
    found: dict[str, Kind] = {}
    for key, entry in entries(section).items():
        if isinstance(entry, Named):
            found |= leaves(entry.section, f"{prefix}{key}.*.")
        elif isinstance(entry, type):
            found |= leaves(entry, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = entry
    return found
