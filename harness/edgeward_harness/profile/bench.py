"""What a bench file may say about a unit: each key is declared once, as a device profile's are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any

from edgeward.profile.kinds import Choice, Text
from edgeward.profile.layout import Named

VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
LISTED_MAX = 256
"""Words of a command, fixtures of a unit, variables of its environment."""


class Driver(StrEnum):
    """How a unit is reached."""

    INPROCESS = "inprocess"
    PROCESS = "process"


class Realization(StrEnum):
    """How near to the product the unit is; only `on_target` is its own hardware."""

    SIMULATED = "simulated"
    EMULATED = "emulated"
    ON_TARGET = "on_target"


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts, not empty."""

    doc: str
    each: Text
    unit: str = ""

    def accepts(self, value: object) -> bool:
        """A list of accepted texts."""
        if not isinstance(value, list) or not 0 < len(value) <= LISTED_MAX:
            return False
        return all(self.each.accepts(text) for text in value)

    def accepted(self) -> str:
        """A list of what."""
        return f"a list, not empty, each {self.each.accepted()}"

    def convert(self, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - accepted before
        """The texts in the order given."""
        return tuple(value)

    def hint(self, value: object) -> str:
        """A text where a list of texts is expected."""
        return "put it between [ and ], each word on its own" if isinstance(value, str) else ""

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""

    def schema(self) -> dict[str, object]:
        """An array of texts."""
        items = self.each.schema()
        return {"type": "array", "items": items, "minItems": 1, "maxItems": LISTED_MAX}


@dataclass(frozen=True, slots=True)
class Variables:
    """Environment variables: a table of texts, which may be empty."""

    doc: str
    unit: str = ""

    def accepts(self, value: object) -> bool:
        """Texts without NUL under the names of variables."""
        if not isinstance(value, Mapping) or len(value) > LISTED_MAX:
            return False
        return all(
            VARIABLE.fullmatch(name) and isinstance(text, str) and "\0" not in text
            for name, text in value.items()
        )

    def accepted(self) -> str:
        """Names and values."""
        return "a table of texts under names of letters, digits and _"

    def convert(self, value: Any) -> dict[str, str]:  # noqa: ANN401 - accepted before
        """The variables."""
        return dict(value)

    def hint(self, value: object) -> str:
        """The variables that are to blame."""
        if not isinstance(value, Mapping):
            return ""
        alone = (name for name, text in value.items() if not self.accepts({name: text}))
        return f"look at {', '.join(alone)}"

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""

    def schema(self) -> dict[str, object]:
        """An object of strings."""
        return {"type": "object", "additionalProperties": {"type": "string"}}


class Role(StrEnum):
    """What a file that the bench knows is to the model that the unit runs."""

    RELEASED = "released"
    """The model that was put on the device, as it was released."""
    REFERENCE = "reference"
    """The float model that it was made from."""
    LAST = "last"
    """The version that is in use."""
    ORIGINAL = "original"
    """The version that was first cleared."""
    EXAMPLES = "examples"
    """Labelled windows to judge it by, in place of simulated ones."""
    BEATS = "beats"
    """The model of the class of a beat that was put on the device, as it was released."""
    BEATS_REFERENCE = "beats_reference"
    """The float model that that one was made from."""


@dataclass(frozen=True, slots=True)
class Models:
    """Files about the model of a unit: a table of paths under their roles."""

    doc: str
    unit: str = ""

    def accepts(self, value: object) -> bool:
        """Paths under known roles."""
        if not isinstance(value, Mapping):
            return False
        return all(
            role in tuple(Role) and isinstance(path, str) and path and "\0" not in path
            for role, path in value.items()
        )

    def accepted(self) -> str:
        """Roles and paths."""
        return f"a table of paths under {', '.join(Role)}"

    def convert(self, value: Any) -> dict[Role, str]:  # noqa: ANN401 - accepted before
        """The paths by role."""
        return {Role(role): path for role, path in value.items()}

    def hint(self, value: object) -> str:
        """The entries that are to blame."""
        if not isinstance(value, Mapping):
            return ""
        alone = (name for name, path in value.items() if not self.accepts({name: path}))
        return f"look at {', '.join(alone)}"

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""

    def schema(self) -> dict[str, object]:
        """An object of strings."""
        known = {role.value: {"type": "string"} for role in Role}
        return {"type": "object", "properties": known, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class UnitTable:
    """One unit on the bench."""

    driver: Annotated[Driver, Choice("How it is reached.", Driver)]
    command: Annotated[
        tuple[str, ...],
        Texts("Program and arguments; {python} is this Python.", Text("", length_max=4096)),
    ]
    cwd: Annotated[str, Text("Folder in which it runs.", length_max=4096)]
    realization: Annotated[Realization, Choice("How near to the product it is.", Realization)]
    serial: Annotated[str, Text("Serial number on the device.", length_max=80)]
    environment: Annotated[Mapping[str, str], Variables("Environment variables it is given.")]
    fixtures: Annotated[
        tuple[str, ...],
        Texts("What is wired to it.", Text("", "[a-z][a-z0-9_-]*", "a lower-case word", 64)),
    ]
    models: Annotated[Mapping[Role, str], Models("Files about the model that it runs.")]


UNIT_KEYS = tuple(field.name for field in fields(UnitTable))
UNITS = Named(
    UnitTable,
    "The units on this bench by name.",
    mandatory=(),
    pattern="[a-z][a-z0-9_-]*",
    said="a lower-case letter, then lower-case letters, digits, _ and -",
    names_max=256,
)


@dataclass(frozen=True, slots=True)
class BenchFile:
    """What a bench file holds."""

    unit: Annotated[Mapping[str, UnitTable], UNITS]
