"""The SOUP list: what people decided about software of unknown provenance, as a file of theirs.

Rules:
- An entry holds for the versions it names. A component in another version has no entry: what was
  decided about the old one says nothing about it.
- An entry may answer for what is bundled within a distribution, where it says why.
- The end of support is a day, or a sentence that says why there is none.
- Every fault of the file is told at once.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from edgeward.profile.wording import nearest, shown
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.files import read_limited
from edgeward_harness.inventory.licences import expression_of
from edgeward_harness.inventory.model import OF_OTHERS, Component


class Support(StrEnum):
    """Who still repairs it."""

    MAINTAINED = "maintained"
    LIMITED = "limited"  # security repairs only, or by somebody else than its maker
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Soup:
    """What was decided about one piece of software."""

    name: str
    versions: SpecifierSet
    purpose: str
    needs: tuple[str, ...]
    """What the device needs of it: functions and performance."""
    runs_on: str
    """Hardware and software that it needs itself."""
    requirements: tuple[str, ...]
    """Requirements of the device whose test cases show that the needs are met."""
    support: Support
    end_of_support: date | None = None
    end_of_support_note: str = ""
    supplier: str = ""
    licence: str = ""
    anomalies_at: str = ""
    """Where its maker publishes what is wrong with it."""
    bundled: str = ""
    """Why this entry answers for what lies within it too; empty: it does not."""

    def holds_for(self, version: str) -> bool:
        """Whether the entry was written for a version."""
        try:
            return self.versions.contains(version, prereleases=True)
        except InvalidVersion:
            return False


@dataclass(frozen=True, slots=True)
class SoupList:
    """All entries, and who supplies the device's own software."""

    entries: tuple[Soup, ...] = ()
    supplier: str = ""
    source: str = ""
    sha256: str = ""

    def entry_for(self, component: Component) -> Soup | None:
        """The entry of a component, in this version; of what is bundled, its own entry only."""
        if component.kind not in OF_OTHERS:
            return None
        name = canonicalize_name(component.name)
        named = (one for one in self.entries if one.name == name)
        return next((one for one in named if one.holds_for(component.version)), None)

    def answer_for(self, component: Component, owner: Component | None) -> Soup | None:
        """The entry that answers for a component: its own, or one that takes in what it bundles."""
        own = self.entry_for(component)
        if own is not None or owner is None:
            return own
        outer = self.entry_for(owner)
        return outer if outer is not None and outer.bundled else None


def load_soup(path: Path) -> SoupList:
    """Read a SOUP list.

    Raises:
        InputError: it cannot be read, or has faults; every one is named.
    """
    data = read_limited(path)
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(str(path), [f"is not TOML in UTF-8: {error}"]) from error
    reader = _Reader()
    found = reader.read(content)
    if reader.faults:
        raise InputError(str(path), reader.faults)
    from edgeward.canonical import sha256_hex

    device = content.get("device", {})
    return SoupList(found, device.get("supplier", ""), path.name, sha256_hex(data))


_TEXTS: Final = ("name", "versions", "purpose", "runs_on", "support")
_OPTIONAL: Final = ("supplier", "licence", "anomalies_at", "end_of_support_note", "bundled")
_LISTS: Final = ("needs", "requirements")
_KNOWN: Final = (*_TEXTS, *_OPTIONAL, *_LISTS, "end_of_support")


class _Reader:
    """Reads the tables and keeps every fault with its place."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.place = ""

    def read(self, content: Mapping[str, Any]) -> tuple[Soup, ...]:
        for key in sorted(content.keys() - {"soup", "device"}):
            self.faults.append(f"{shown(key)} is no known table: expected soup or device")
        device = content.get("device", {})
        if not isinstance(device, dict) or set(map(type, device.values())) - {str}:
            self.faults.append("device: expected a table with the one text supplier")
        listed = content.get("soup", [])
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            self.faults.append("soup: expected tables under [[soup]], each in double brackets")
            return ()
        return tuple(filter(None, (self._entry(n, one) for n, one in enumerate(listed, 1))))

    def _entry(self, number: int, said: Mapping[str, Any]) -> Soup | None:
        self.place = f"soup {number} ({said.get('name', 'without name')})"
        before = len(self.faults)
        for key in sorted(said.keys() - set(_KNOWN)):
            hint = nearest(key, _KNOWN)
            self._say(f"{key} is unknown" + (f"; {hint} may be meant" if hint else ""))
        for key in _TEXTS + tuple(one for one in _OPTIONAL if one in said):
            if not isinstance(said.get(key), str) or not said[key].strip():
                self._refuse(key, said.get(key), "a text")
        for key in _LISTS:
            self._check_list(key, said.get(key))
        versions, ends = self._versions(said.get("versions")), self._end(said)
        if isinstance(said.get("licence"), str) and not expression_of(said["licence"]):
            self._refuse("licence", said["licence"], "an SPDX expression such as 'BSD-3-Clause'")
        support = said.get("support")
        if support not in tuple(Support):
            self._refuse("support", support, f"one of {', '.join(Support)}")
        if len(self.faults) != before:
            return None
        given = {key: said[key] for key in said if key in (*_TEXTS, *_OPTIONAL)}
        return Soup(
            **given
            | {
                "name": canonicalize_name(said["name"]),
                "versions": versions,
                "support": Support(str(support)),
                "end_of_support": ends,
                "needs": tuple(said["needs"]),
                "requirements": tuple(said["requirements"]),
            }
        )

    def _check_list(self, key: str, value: object) -> None:
        good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
        if not good or (key == "needs" and not value):
            least = "at least one text" if key == "needs" else "texts"
            self._refuse(key, value, f"a list of {least}")

    def _versions(self, value: object) -> SpecifierSet:
        try:
            return SpecifierSet(value if isinstance(value, str) else "")
        except InvalidSpecifier:
            self._refuse("versions", value, "versions such as '>=2.0,<3'")
            return SpecifierSet()

    def _end(self, said: Mapping[str, Any]) -> date | None:
        value = said.get("end_of_support")
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is not None:
            self._refuse("end_of_support", value, "a day such as 2027-06-30, without quotes")
        elif not said.get("end_of_support_note"):
            self._say("end_of_support is missing: expected a day, or a note why there is none")
        return None

    def _refuse(self, key: str, value: object, expected: str) -> None:
        self._say(f"{key} = {shown(value)}: expected {expected}")

    def _say(self, sentence: str) -> None:
        self.faults.append(f"{self.place}: {sentence}")
