"""Installed Python distributions, by what their RECORDs list."""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from packaging.requirements import InvalidRequirement

from edgeward_harness.inventory.closure import needed
from edgeward_harness.inventory.model import Part
from edgeward_harness.inventory.records import files_sha256, listed_sha256
from edgeward_harness.inventory.sites import installed_at, markers_for


class Sites:
    """Folders of installed distributions; of two with one name the first folder's counts."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Look into these folders, in this order."""
        self._infos: dict[str, Path] = {}
        for folder in folders:
            for info in sorted(folder.glob("*.dist-info")):
                name = plain(info.name.removesuffix(".dist-info").rpartition("-")[0])
                self._infos.setdefault(name, info)

    @cached_property
    def _listed(self) -> Mapping[str, tuple[str, ...]]:
        """What each RECORD lists, as it says it: relative to the folder."""
        return {name: tuple(_listed_in(info / "RECORD")) for name, info in self._infos.items()}

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        return {
            f"{self._infos[name].parent}/{entry}": name
            for name, entries in self._listed.items()
            for entry in entries
        }

    @cached_property
    def _providers(self) -> Mapping[str, str]:
        """The distribution that provides each module."""
        found: dict[str, str] = {}
        for name, entries in self._listed.items():
            for first in {entry.partition("/")[0] for entry in entries}:
                found.setdefault(first.partition(".")[0], name)
            for package in self._beside(name):
                found[package.name] = name
        return found

    def owner(self, path: Path) -> str:
        """The distribution that installed a file; empty when none did."""
        found = self._owners.get(str(path), "")
        return found or next((name for name, at in self._packages if path.is_relative_to(at)), "")

    @cached_property
    def _packages(self) -> list[tuple[str, Path]]:
        return [(name, package) for name in self._infos for package in self._beside(name)]

    def provider(self, module: str) -> str:
        """The distribution that provides a module; empty when none does."""
        return self._providers.get(module, "")

    def files(self, name: str) -> Iterator[Path]:
        """The files of a distribution, without byte code."""
        folder = self._infos[name].parent
        for entry in self._listed[name]:
            if not entry.endswith(".pyc"):
                yield Path(os.path.normpath(folder / entry))
        for package in self._beside(name):
            yield from (
                path
                for path in package.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts
            )

    def part(self, name: str) -> Part:
        """A distribution with its version, and one digest over its files as they are now."""
        info = self._infos[name]
        return Part(installed_at(info).version, files_sha256(info))

    def beside(self, names: Iterable[str]) -> dict[str, Part]:
        """All other distributions, each with the digest that its RECORD gives for its files."""
        others = sorted(self._infos.keys() - set(names))
        infos = {name: self._infos[name] for name in others}
        return {
            name: Part(installed_at(info).version, listed_sha256(info))
            for name, info in infos.items()
        }

    def with_all_required(self, names: Iterable[str]) -> set[str]:
        """These distributions and all that they require without an extra, where installed."""
        found: set[str] = set()
        left = set(names)
        while left:
            name = left.pop()
            found.add(name)
            left |= (self._required_by(name) & self._infos.keys()) - found
        return found

    def _required_by(self, name: str) -> set[str]:
        one = installed_at(self._infos[name])
        try:
            return {plain(each.name) for each in needed(one, (), markers_for(one.site))}
        except InvalidRequirement:
            return set()

    def _beside(self, name: str) -> Iterator[Path]:
        """The package of an editable distribution, which lies outside and is named as it is."""
        folder = self._infos[name].parent
        for entry in self._listed[name]:
            if entry.endswith(".pth") and "/" not in entry:
                packages = (line / name.replace("-", "_") for line in _lines(folder / entry))
                yield from (package for package in packages if package.is_dir())


def _lines(pth: Path) -> Iterator[Path]:
    """The folders that a file of paths adds to those in which modules are looked for."""
    if pth.is_file():
        lines = pth.read_text("utf-8", errors="replace").splitlines()
        yield from (Path(line) for line in lines if line.startswith("/"))


def plain(name: str) -> str:
    """The name of a distribution as all its spellings have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _listed_in(record: Path) -> Iterator[str]:
    try:
        lines = record.read_text("utf-8").splitlines()
    except OSError:
        return
    yield from (row[0] for row in csv.reader(lines) if row)
