"""Strict reading of JSON that others may have written: every fault at once, each with its path.

Evidence is read by the same rules everywhere: UTF-8, one canonical form (`edgeward.canonical`), no
unknown and no missing fields, exact types (a truth value is not a number). What is refused is named
with the value found and what would be accepted, so that a person can see what was changed.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from edgeward.canonical import canonical_json
from edgeward_harness.errors import InputError

Json = Any
"""A JSON value as it was read: anything, until a rule has accepted it."""
TEXT_CHARS_MAX = 512
"""Characters of an identifier, a title or a name."""
PROSE_CHARS_MAX = 10_000
"""Characters of an explanation; a plan may not say more in one place either."""
DEPTH_MAX = 64
"""Lists and objects within each other; what evidence holds needs fewer than ten."""
INTEGER_MAX = (1 << 63) - 1
"""The largest integer in evidence: nanoseconds fit, and so they do in every other language."""

encode = canonical_json
"""What evidence is written in, and held against when it is read: the one canonical form."""
_DECODER = json.JSONDecoder(parse_constant=lambda word: _refuse_constant(word))
_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def load_json(data: bytes, source: str) -> Json:
    """Read JSON in its canonical form.

    Raises:
        InputError: not UTF-8, not JSON, nested too deeply, or not the canonical bytes of its value.
    """
    try:
        value = parse(data)
        canonical = encode(value)
    except ValueError as fault:
        raise InputError(source, [f"not canonical JSON: {fault}"]) from None
    if canonical != data:
        place = _first_difference(canonical, data)
        raise InputError(source, [f"not in canonical form from byte {place} on"])
    return value


def parse(data: bytes) -> Json:
    """Read JSON; the caller holds it against its canonical form.

    What passes is nested so little that nothing done with it later can run out of stack.

    Raises:
        ValueError: not UTF-8, not JSON, or nested too deeply.
    """
    try:
        text = data.decode("utf-8")
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise ValueError("nested too deeply to be read") from None
    if end != len(text):
        raise ValueError(f"more behind the value, from character {end} on")
    if data.count(b"[") + data.count(b"{") > DEPTH_MAX:
        _check_depth(value)
    return value


def _check_depth(value: Json) -> None:
    level = [value]
    for _ in range(DEPTH_MAX + 1):
        level = [
            part
            for node in level
            for part in (node.values() if type(node) is dict else node)
            if type(part) is dict or type(part) is list
        ]
        if not level:
            return
    raise ValueError(f"nested more than {DEPTH_MAX} deep")


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _first_difference(left: bytes, right: bytes) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(left), len(right)))


def whole(text: str) -> str:
    """A text that any reader can encode: half a surrogate pair becomes its escape."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(value: Json) -> str:
    """A value as a fault shows it: ASCII, on one line, cut where it gets long."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field accepts, and the words a fault says it with."""

    accepts: Callable[[Any], bool]
    says: str
    required: bool = True

    def optional(self) -> "Rule":
        """The same rule for a field that may be absent."""
        return Rule(self.accepts, self.says, required=False)

    def nullable(self) -> "Rule":
        """The same rule for a field that may be null."""
        return Rule(lambda value: value is None or self.accepts(value), f"{self.says} or null")


def check_fields(
    value: Json,
    rules: Mapping[str, Rule],
    path: str,
    faults: list[str],
    *,
    open_ended: bool = False,
) -> bool:
    """Hold an object against its rules; appends every fault and says whether there was none."""
    if type(value) is not dict:
        faults.append(f"{path}: found {shown(value)}, expected an object")
        return False
    seen = 0
    good = True
    for name, rule in rules.items():
        if name in value:
            seen += 1
            part = value[name]
            if not rule.accepts(part):
                good = False
                faults.append(f"{path}.{name}: found {shown(part)}, expected {rule.says}")
        elif rule.required:
            good = False
            faults.append(f"{path}.{name}: missing, expected {rule.says}")
    if seen != len(value) and not open_ended:
        known = ", ".join(rules)
        unknown = sorted(value.keys() - rules.keys())
        faults.extend(f"{path}.{shown(name)}: unknown, expected only {known}" for name in unknown)
        return False
    return good


def _is_text(value: Json) -> bool:
    return type(value) is str


def _is_prose(value: Json) -> bool:
    return type(value) is str and len(value) <= PROSE_CHARS_MAX


def _is_identifier(value: Json) -> bool:
    return type(value) is str and 0 < len(value) <= TEXT_CHARS_MAX and value.isprintable()


def _is_hex64(value: Json) -> bool:
    return type(value) is str and _HEX64.fullmatch(value) is not None


def _is_utc(value: Json) -> bool:
    if type(value) is not str or _UTC.fullmatch(value) is None:
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_day(value: Json) -> bool:
    if type(value) is not str:
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_count(value: Json) -> bool:
    return type(value) is int and 0 <= value <= INTEGER_MAX


def is_number(value: Json) -> bool:
    """Whether a JSON value is a number; a truth value is not."""
    return type(value) is float or (type(value) is int and abs(value) <= INTEGER_MAX)


def _is_scalar(value: Json) -> bool:
    return value is None or type(value) in (str, bool) or is_number(value)


TEXT = Rule(_is_text, "text")
PROSE = Rule(_is_prose, f"text of at most {PROSE_CHARS_MAX} characters")
REASON = Rule(
    lambda value: _is_prose(value) and bool(value), f"1 to {PROSE_CHARS_MAX} characters of text"
)
IDENTIFIER = Rule(_is_identifier, f"1 to {TEXT_CHARS_MAX} printable characters")
HEX64 = Rule(_is_hex64, "64 lower-case hex digits")
UTC = Rule(_is_utc, "an instant such as 2026-01-31T12:00:00.250Z")
DAY = Rule(_is_day, "a day such as 2026-01-31")
COUNT = Rule(_is_count, "an integer from 0 to 2^63-1")
NUMBER = Rule(is_number, "a number")
SCALAR = Rule(_is_scalar, "text, a number, true, false or null")
BOOLEAN = Rule(lambda value: type(value) is bool, "true or false")
OBJECT = Rule(lambda value: type(value) is dict, "an object")
LIST = Rule(lambda value: type(value) is list, "a list")


def one_of(words: Collection[str]) -> Rule:
    """A field that holds one of a closed set of words."""
    known = frozenset(map(str, words))
    return Rule(lambda value: type(value) is str and value in known, "one of " + ", ".join(words))


def list_of(rule: Rule) -> Rule:
    """A field that holds a list of values of one kind."""
    accepts = rule.accepts
    return Rule(
        lambda value: type(value) is list and all(map(accepts, value)), f"a list, each {rule.says}"
    )


def table_of(key: Rule, rule: Rule) -> Rule:
    """A field that holds an object whose keys and values are each of one kind."""
    return Rule(
        lambda value: (
            type(value) is dict
            and all(map(key.accepts, value))
            and all(map(rule.accepts, value.values()))
        ),
        f"an object, each key {key.says}, each value {rule.says}",
    )
