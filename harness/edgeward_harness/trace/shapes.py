"""What a value in the trace's files may be: read, refused and put into JSON Schema by one object.

A shape reads a value as TOML gives it and returns it as the model holds it; a value it cannot take
goes to the fault log, and what it returns then is never used.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from edgeward.profile.wording import nearest, shown
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.vocabulary import Thing

PROSE_CHARACTERS_MAX = 10_000
LINE_CHARACTERS_MAX = 200
LISTED_MAX = 1_000
CUSTOM_FIELDS_MAX = 50
COUNT_MAX = 10_000_000

_LISTED = "listed twice; each only once"
_HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
"""Control characters and those that turn the reading direction: text must read as it is stored."""
_NOT_IN_PROSE = re.compile(f"[{_HIDDEN}]")
_NOT_IN_A_LINE = re.compile(f"[{_HIDDEN}\t\n]")


@cache
def _whole(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern).fullmatch


class Shape(Protocol):
    """What a value may be."""

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        ...

    def read(self, value: object, path: str, log: FaultLog) -> Any:  # noqa: ANN401 - any field
        """The value as the model holds it; a fault in the log when it cannot be taken."""
        ...

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the value."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Text a person wrote: not blank, no hidden characters; outer white space does not count."""

    characters_max: int
    lines: bool = False
    """Whether it may have several lines."""

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        what = "text" if self.lines else "one line of text"
        return f"{what}, not blank, at most {self.characters_max} characters, none hidden"

    def read(self, value: object, path: str, log: FaultLog) -> str:
        """The text without outer white space."""
        if isinstance(value, str):
            text = value.strip()
            if text and len(text) <= self.characters_max:
                banned = _NOT_IN_PROSE if self.lines else _NOT_IN_A_LINE
                if text.isprintable() or not banned.search(text):
                    return text
        log.refuse(path, value, self.expected)
        return ""

    def schema(self) -> dict[str, Any]:
        """A string with something to read in it."""
        banned = "\\t\\n" if not self.lines else ""
        hidden = "\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069"
        return {
            "type": "string",
            "maxLength": self.characters_max,
            "allOf": [{"pattern": r"\S"}, {"pattern": f"^[^{hidden}{banned}]*$"}],
        }


LINE = Text(LINE_CHARACTERS_MAX)
PROSE = Text(PROSE_CHARACTERS_MAX, lines=True)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text of a given form, such as an id."""

    pattern: str
    said: str

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return self.said

    def read(self, value: object, path: str, log: FaultLog) -> str:
        """The text itself."""
        if isinstance(value, str) and _whole(self.pattern)(value):
            return value
        log.refuse(path, value, self.said)
        return ""

    def schema(self) -> dict[str, Any]:
        """A string of the form."""
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, slots=True)
class Patterns:
    """A list of different texts of one form; their order does not matter."""

    each: Pattern
    least: int = 0

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        often = ", at least one" if self.least else ""
        return f"a list{often}, of {self.each.said}"

    def read(self, value: object, path: str, log: FaultLog) -> tuple[str, ...]:
        """The texts in the order given."""
        if not isinstance(value, list) or not self.least <= len(value) <= LISTED_MAX:
            log.refuse(path, value, self.expected)
            return ()
        texts = tuple(self.each.read(one, f"{path}[{at}]", log) for at, one in enumerate(value))
        if len(texts) > 1 and len(set(texts)) != len(texts):
            twice = sorted({text for text in texts if text and texts.count(text) > 1})
            for text in twice:
                log.refuse(path, text, f"different ids: it is {_LISTED}")
        return texts

    def schema(self) -> dict[str, Any]:
        """An array of different strings."""
        return {
            "type": "array",
            "items": self.each.schema(),
            "minItems": self.least,
            "maxItems": LISTED_MAX,
            "uniqueItems": True,
        }


def one_id(thing: Thing) -> Pattern:
    """The shape of an id."""
    return Pattern(thing.pattern, f'an id such as "{thing.example}"')


def ids(*things: Thing, least: int = 0) -> Patterns:
    """The shape of a list of ids."""
    patterns = "|".join(thing.pattern for thing in things)
    examples = " or ".join(f'"{thing.example}"' for thing in things)
    return Patterns(Pattern(patterns, f"ids such as {examples}"), least)


PROFILE_NAMES = Patterns(
    Pattern("[a-z][a-z0-9_]{0,63}", 'names of device profiles such as "bedside_monitor"')
)
FIXTURES = Patterns(Pattern("[a-z][a-z0-9_-]{0,63}", 'fixtures such as "process-control"'))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a closed vocabulary."""

    vocabulary: type[StrEnum]

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"one of {', '.join(self.vocabulary)}"

    def read(self, value: object, path: str, log: FaultLog) -> StrEnum | None:
        """The member of the vocabulary."""
        if isinstance(value, str):
            try:
                return self.vocabulary(value)
            except ValueError:
                pass
        near = nearest(value, self.vocabulary)
        log.refuse(path, value, self.expected, f'did you mean "{near}"?' if near else "")
        return None

    def schema(self) -> dict[str, Any]:
        """The vocabulary."""
        return {"type": "string", "enum": [word.value for word in self.vocabulary]}


@dataclass(frozen=True, slots=True)
class Words:
    """A list of different words of a closed vocabulary; their order does not matter."""

    vocabulary: type[StrEnum]

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"a list of {', '.join(self.vocabulary)}"

    def read(self, value: object, path: str, log: FaultLog) -> tuple[Any, ...]:
        """The members of the vocabulary in the order given."""
        if not isinstance(value, list):
            log.refuse(path, value, self.expected)
            return ()
        each = Word(self.vocabulary)
        words = tuple(each.read(one, f"{path}[{at}]", log) for at, one in enumerate(value))
        for word in sorted({word for word in words if word and words.count(word) > 1}):
            log.refuse(path, word, f"different words: it is {_LISTED}")
        return words

    def schema(self) -> dict[str, Any]:
        """An array of different words."""
        return {"type": "array", "items": Word(self.vocabulary).schema(), "uniqueItems": True}


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number of things, at least one."""

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"a whole number from 1 to {COUNT_MAX}"

    def read(self, value: object, path: str, log: FaultLog) -> int:
        """The number."""
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= COUNT_MAX:
            return value
        log.refuse(path, value, self.expected)
        return 0

    def schema(self) -> dict[str, Any]:
        """A bounded integer."""
        return {"type": "integer", "minimum": 1, "maximum": COUNT_MAX}


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar, without quotes and without a time."""

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return "a date without quotes such as 2027-06-30"

    def read(self, value: object, path: str, log: FaultLog) -> date | None:
        """The day."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        log.refuse(path, value, self.expected)
        return None

    def schema(self) -> dict[str, Any]:
        """A date, as JSON writes one."""
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class Custom:
    """A project's own fields: text under names of its choice."""

    names: Pattern = Pattern("[a-z][a-z0-9_]{0,63}", "names of a-z, 0-9 and _")
    text: Text = PROSE

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"a table of at most {CUSTOM_FIELDS_MAX} texts under {self.names.said}"

    def read(self, value: object, path: str, log: FaultLog) -> dict[str, str]:
        """The fields by name, sorted."""
        if not isinstance(value, dict) or len(value) > CUSTOM_FIELDS_MAX:
            log.refuse(path, value, self.expected)
            return {}
        for name in value:
            if not _whole(self.names.pattern)(name):
                log.say(f"{path}: a field is called {shown(name)}: expected {self.names.said}")
        return {name: self.text.read(value[name], f"{path}.{name}", log) for name in sorted(value)}

    def schema(self) -> dict[str, Any]:
        """An object of texts."""
        return {
            "type": "object",
            "maxProperties": CUSTOM_FIELDS_MAX,
            "propertyNames": self.names.schema(),
            "additionalProperties": self.text.schema(),
        }


@dataclass(frozen=True, slots=True)
class Stamps:
    """The beginnings of fingerprints, by id."""

    ids: str
    digits: int

    @property
    def expected(self) -> str:
        """What would be accepted, as the end of a sentence."""
        return f"a table of {self.digits} hex digits under each id"

    def read(self, value: object, path: str, log: FaultLog) -> dict[str, str]:
        """The stamps by id."""
        if not isinstance(value, dict):
            log.refuse(path, value, self.expected)
            return {}
        is_id, is_stamp = _whole(self.ids), _whole(f"[0-9a-f]{{{self.digits}}}")
        for item_id, stamp in value.items():
            if not is_id(item_id):
                log.say(f"{path}: {shown(item_id)} is no id; expected one of an item")
            if not isinstance(stamp, str) or not is_stamp(stamp):
                log.refuse(f"{path}.{item_id}", stamp, f"{self.digits} hex digits")
        return value

    def schema(self) -> dict[str, Any]:
        """An object of hex digits."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.ids})$"},
            "additionalProperties": {"type": "string", "pattern": f"^[0-9a-f]{{{self.digits}}}$"},
        }
