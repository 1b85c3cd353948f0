"""The fields of a release policy that name people: who there is, and how many must say what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from edgeward.profile.kinds import Text
from edgeward_harness.approval.people import AUTHOR, Person, Wanted
from edgeward_harness.approval.words import Meaning
from edgeward_harness.gate.kinds import is_digest

ENTRIES_MAX = 1_000
COUNT_MAX = 20
ASKED = tuple(one for one in Meaning if one not in (Meaning.AUTHORED, Meaning.APPROVED_DOCUMENT))
"""What can be asked about bundles; documents are signed for their readers."""
_NAME = Text("", length_max=120)
_ROLE = Text("", "[a-z][a-z0-9_-]*", "a word in small letters", 40)


class _Tables:
    """What lists of tables share: no unit, no guesses, no doubts."""

    __slots__ = ()

    @property
    def unit(self) -> str:
        """No unit."""
        return ""

    def hint(self, value: object) -> str:
        """A table where a list of tables is expected."""
        return "put it between [ and ]" if isinstance(value, dict) else ""

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Quorum(_Tables):
    """A list of what must have been said, by how many of which role; it may be empty."""

    doc: str

    def accepts(self, value: object) -> bool:
        """Tables with all three keys, and none of the same words twice."""
        if not isinstance(value, list) or len(value) > ENTRIES_MAX:
            return False
        if not all(map(_is_wanted, value)):
            return False
        return len({(one["meaning"], one["role"]) for one in value}) == len(value)

    def accepted(self) -> str:
        """The keys and the words."""
        said = " or ".join(f'"{one}"' for one in ASKED)
        return (
            f"a list, which may be empty, each {{ meaning = {said}, role = a word in small letters "
            f'but not "{AUTHOR}", count = 1 to {COUNT_MAX} }} and none twice'
        )

    def convert(self, value: Any) -> tuple[Wanted, ...]:  # noqa: ANN401 - accepted before
        """What is asked for, in the order given."""
        return tuple(
            Wanted(Meaning(one["meaning"]), str(one["role"]), int(one["count"])) for one in value
        )

    def schema(self) -> dict[str, object]:
        """An array of objects."""
        return {"type": "array", "maxItems": ENTRIES_MAX, "items": {"type": "object"}}


@dataclass(frozen=True, slots=True, eq=False)
class People(_Tables):
    """A list of people; it may be empty. No two of them share an id or a key."""

    doc: str

    def accepts(self, value: object) -> bool:
        """Tables with all keys, each person with a key or a root, never with both."""
        if not isinstance(value, list) or len(value) > ENTRIES_MAX:
            return False
        if not all(map(_is_person, value)):
            return False
        keys = [one["key"] for one in value if one["key"]]
        return len({one["id"] for one in value}) == len(value) and len(set(keys)) == len(keys)

    def accepted(self) -> str:
        """The keys."""
        return (
            'a list, which may be empty, each { id = "...", name = "...", roles = ["..."], key = '
            'the id of their key or "", ca = the SHA-256 of a root certificate or "" }, one of key '
            "and ca stated, no id and no key twice"
        )

    def convert(self, value: Any) -> tuple[Person, ...]:  # noqa: ANN401 - accepted before
        """The people, in the order given."""
        return tuple(Person(**{**one, "roles": tuple(one["roles"])}) for one in value)

    def schema(self) -> dict[str, object]:
        """An array of objects."""
        return {"type": "array", "maxItems": ENTRIES_MAX, "items": {"type": "object"}}


def _is_wanted(value: object) -> bool:
    if not _has_keys(value, "meaning", "role", "count"):
        return False
    meaning, role, count = value["meaning"], value["role"], value["count"]
    if meaning not in [one.value for one in ASKED] or not _ROLE.accepts(role) or role == AUTHOR:
        return False
    return type(count) is int and 1 <= count <= COUNT_MAX


def _is_person(value: object) -> bool:
    if not _has_keys(value, "id", "name", "roles", "key", "ca"):
        return False
    roles, key, ca = value["roles"], value["key"], value["ca"]
    if not _NAME.accepts(value["id"]) or not _NAME.accepts(value["name"]):
        return False
    if not isinstance(roles, list) or not roles or not all(map(_ROLE.accepts, roles)):
        return False
    stated = [one for one in (key, ca) if one != ""]
    return len(stated) == 1 and isinstance(stated[0], str) and is_digest(stated[0])


def _has_keys(value: object, *keys: str) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and set(value) == set(keys)
