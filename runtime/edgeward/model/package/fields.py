"""Reads a JSON document field by field, and gathers every fault instead of ending at the first."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from edgeward.model.package.layout import fault, told

_T = TypeVar("_T")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Fields:
    """An object of a document. Each reader returns what stands there, or notes why it cannot."""

    __slots__ = ("_faults", "_value", "_where")

    def __init__(self, value: object, where: str, faults: list[str]) -> None:
        """Read this value, found there; what is wrong with it is put into the list."""
        self._where = where
        self._faults = faults
        self._value: dict[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            faults.append(fault(where, value, "an object"))

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self._value.get(name)
        return value if isinstance(value, str) and value else self._wrong(name, "a text", "")

    def text_or_none(self, name: str) -> str | None:
        """A text, or null for what holds for all."""
        return None if self._value.get(name) is None else self.text(name)

    def sha256(self, name: str) -> str:
        """A digest."""
        value = self._value.get(name)
        if isinstance(value, str) and _DIGEST.fullmatch(value):
            return value
        return self._wrong(name, "a SHA-256 as 64 lower-case hex digits", "")

    def sha256_or_none(self, name: str) -> str | None:
        """A digest, or null where nobody named one."""
        return None if self._value.get(name) is None else self.sha256(name)

    def count(self, name: str) -> int:
        """A whole number of at least 1."""
        value = self._value.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        return self._wrong(name, "a whole number above 0", 1)

    def number(self, name: str, low: float, high: float) -> float:
        """A number between two others, both included."""
        value = self._value.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        return self._wrong(name, f"a number from {low:g} to {high:g}", low)

    def anything(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Whatever stands there; None where nothing does."""
        return self._value.get(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """At least one text, none of them empty or there twice."""
        value = self._value.get(name)
        texts = tuple(value) if isinstance(value, list) else ()
        good = texts and all(isinstance(one, str) and one for one in texts)
        if good and len(set(texts)) == len(texts):
            return texts
        return self._wrong(name, "a list of different texts, at least one", ())

    def object(self, name: str) -> "Fields":
        """An object within this one."""
        return Fields(self._value.get(name), f"{self._where}.{name}", self._faults)

    def objects(self, name: str, least: int = 1) -> "Iterator[Fields]":
        """Each object of a list."""
        value = self._value.get(name)
        if not isinstance(value, list) or len(value) < least:
            self._wrong(name, f"a list of objects, at least {least}", None)
            return
        for number, one in enumerate(value):
            yield Fields(one, f"{self._where}.{name}[{number}]", self._faults)

    def refuse(self, name: str, accepted: str) -> None:
        """Note that the value of a field, though of the right kind, cannot be."""
        self._wrong(name, accepted, None)

    def _wrong(self, name: str, accepted: str, instead: _T) -> _T:
        self._faults.append(fault(f"{self._where}.{name}", self._value.get(name), accepted))
        return instead


def parse_json(data: bytes, where: str, faults: list[str]) -> object:
    """A JSON document; None, and a fault, where it is none. No NaN, no infinity."""
    try:
        value: object = json.loads(data, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        faults.append(told(where, f"no JSON document: {error}", "a JSON document in UTF-8"))
        return None
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large")
    return value
