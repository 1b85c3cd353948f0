"""What one field of a document written by people may hold, said once.

A kind carries the one-line meaning, the unit and what is accepted. Reading, refusing, warning, the
JSON schema and what is printed all ask the kind; nothing about a field is written down twice.
Kinds are told apart by identity: comparing them would cost a start-up more than it is worth.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from edgeward.profile.wording import is_number, meant, nearest, number

_UNPRINTABLE = "[\x00-\x1f\x7f\ud800-\udfff]"


class Kind(Protocol):
    """What a field may hold."""

    @property
    def doc(self) -> str:
        """What the field means, in one line."""
        ...

    @property
    def unit(self) -> str:
        """The unit of the value; empty where there is none."""
        ...

    def accepts(self, value: object) -> bool:
        """Whether a value as TOML or JSON gives it is accepted."""
        ...

    def accepted(self) -> str:
        """What would be accepted, as the end of a sentence."""
        ...

    def convert(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value in, any field out
        """An accepted value as the field holds it."""
        ...

    def hint(self, value: object) -> str:
        """What was probably meant by a refused value; empty when nobody can tell."""
        ...

    def doubt(self, value: object) -> str:
        """Why an accepted value is probably not what was meant; empty when it is plausible."""
        ...

    def schema(self) -> dict[str, object]:
        """The JSON Schema of the field, without its description."""
        ...


class _Plain:
    """What most kinds share: no unit, no guesses, no doubts."""

    __slots__ = ()

    @property
    def unit(self) -> str:
        """No unit."""
        return ""

    def hint(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to guess."""
        return ""

    def doubt(self, value: object) -> str:  # noqa: ARG002 - part of the interface
        """Nothing to doubt."""
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number in a unit, with what is accepted and the narrower range that is usual.

    JSON does not tell 2 from 2.0, so a whole number may be written with a zero fraction.
    """

    doc: str
    unit: str
    least: float
    most: float
    usual: tuple[float, float]
    whole: bool = False

    def accepts(self, value: object) -> bool:
        """A number within the bounds; neither `true`, nor infinity, nor NaN."""
        if not isinstance(value, int | float) or not is_number(value):
            return False
        return self.least <= value <= self.most and (not self.whole or value == int(value))

    def accepted(self) -> str:
        """Bounds and unit."""
        if self.least == self.most:
            return number(self.least)
        what = "a whole number" if self.whole else "a number"
        return f"{what} from {number(self.least)} to {number(self.most)} {self.unit}".rstrip()

    def convert(self, value: Any) -> int | float:  # noqa: ANN401 - accepted before
        """An int or a float, as the field is declared."""
        return int(value) if self.whole else float(value)

    def hint(self, value: object) -> str:
        """The usual value that looks like this number in another unit."""
        return meant(value, self.unit, self.usual)

    def doubt(self, value: object) -> str:
        """Whether the value lies outside the usual range."""
        low, high = self.usual
        if isinstance(value, int | float) and low <= value <= high:
            return ""
        return f"usual is {number(low)} to {number(high)} {self.unit}".rstrip()

    def schema(self) -> dict[str, object]:
        """Type, bounds and unit."""
        rules: dict[str, object] = {
            "type": "integer" if self.whole else "number",
            "minimum": self.least,
            "maximum": self.most,
        }
        return rules | ({"unit": self.unit} if self.unit else {})


@dataclass(frozen=True, slots=True, eq=False)
class Text(_Plain):
    """Text without control characters, of limited length, optionally of a given pattern."""

    doc: str
    pattern: str = ""
    said: str = "text"
    length_max: int = 400

    def accepts(self, value: object) -> bool:
        """Printable text of the right length and pattern."""
        if not isinstance(value, str) or not 0 < len(value) <= self.length_max:
            return False
        if re.search(_UNPRINTABLE, value):
            return False
        return not self.pattern or re.fullmatch(self.pattern, value) is not None

    def accepted(self) -> str:
        """The pattern in words and the length."""
        return f"{self.said} of 1 to {self.length_max} printable characters"

    def convert(self, value: Any) -> str:  # noqa: ANN401 - accepted before
        """The text itself."""
        return str(value)

    def schema(self) -> dict[str, object]:
        """Length, pattern and no control characters."""
        rules: dict[str, object] = {
            "type": "string",
            "minLength": 1,
            "maxLength": self.length_max,
            "not": {"pattern": "[\\u0000-\\u001f\\u007f]"},
        }
        return rules | ({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})


@dataclass(frozen=True, slots=True, eq=False)
class Flag(_Plain):
    """True or false."""

    doc: str

    def accepts(self, value: object) -> bool:
        """A boolean and nothing else."""
        return isinstance(value, bool)

    def accepted(self) -> str:
        """Both words."""
        return "true or false"

    def convert(self, value: Any) -> bool:  # noqa: ANN401 - accepted before
        """The boolean itself."""
        return bool(value)

    def schema(self) -> dict[str, object]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, eq=False)
class Choice(_Plain):
    """One word of a closed vocabulary."""

    doc: str
    vocabulary: type[StrEnum]

    def accepts(self, value: object) -> bool:
        """A word of the vocabulary, letter by letter."""
        return isinstance(value, str) and value in words(self.vocabulary)

    def accepted(self) -> str:
        """The vocabulary."""
        return " or ".join(f'"{word}"' for word in words(self.vocabulary))

    def convert(self, value: Any) -> StrEnum:  # noqa: ANN401 - accepted before
        """The member of the vocabulary."""
        return self.vocabulary(value)

    def hint(self, value: object) -> str:
        """The nearest word."""
        near = nearest(value, words(self.vocabulary))
        return f'did you mean "{near}"?' if near else ""

    def schema(self) -> dict[str, object]:
        """The vocabulary."""
        return {"type": "string", "enum": list(words(self.vocabulary))}


@dataclass(frozen=True, slots=True, eq=False)
class Choices(_Plain):
    """Different words of a closed vocabulary, in order; with `every`, all of them."""

    doc: str
    vocabulary: type[StrEnum]
    every: bool = False
    note: str = ""

    def accepts(self, value: object) -> bool:
        """A list of different words of the vocabulary, not empty."""
        known = words(self.vocabulary)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            return False
        if len(set(value)) != len(value) or not set(value) <= set(known):
            return False
        return not self.every or len(value) == len(known)

    def accepted(self) -> str:
        """The vocabulary and how often."""
        listed = ", ".join(f'"{word}"' for word in words(self.vocabulary))
        often = "each exactly once" if self.every else "at least one and none twice"
        return f"a list of {listed}, {often}{'; ' if self.note else ''}{self.note}"

    def convert(self, value: Any) -> tuple[StrEnum, ...]:  # noqa: ANN401 - accepted before
        """The members of the vocabulary in the order given."""
        return tuple(self.vocabulary(word) for word in value)

    def schema(self) -> dict[str, object]:
        """An array of different words."""
        known = list(words(self.vocabulary))
        return {
            "type": "array",
            "items": {"enum": known},
            "uniqueItems": True,
            "minItems": len(known) if self.every else 1,
        }


def whole(doc: str, unit: str, least: int, most: int, usual: tuple[int, int]) -> Number:
    """A number without a fraction."""
    return Number(doc, unit, least, most, usual, whole=True)


@cache
def words(vocabulary: type[StrEnum]) -> tuple[str, ...]:
    """The words of a vocabulary, in the order they were declared."""
    return tuple(member.value for member in vocabulary)
