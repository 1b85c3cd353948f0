"""A folder of recordings: one folder for each collection, told apart by what lies in it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeward_harness.errors import InputError
from edgeward_harness.profile.applicability import RECORDINGS
from edgeward_harness.rig.recordings.arrays import (
    read_bidmc,
    read_challenge,
    read_ec13,
    read_noise,
)
from edgeward_harness.rig.recordings.manifest import Manifest
from edgeward_harness.rig.recordings.recording import Recording
from edgeward_harness.rig.recordings.wfdb_folder import patient_of, read_wfdb_folder

Reader = Callable[[Path, Path, Manifest], Iterator[Recording]]


def _read_records(root: Path, folder: Path, manifest: Manifest) -> Iterator[Recording]:
    yield from read_wfdb_folder(root, folder, manifest)
    yield from read_noise(root, folder, manifest)


_TOLD_BY: Mapping[str, Reader] = {
    "INDEX.json": read_challenge,
    "signals_125hz.npz": read_bidmc,
    "aami*_720hz.npz": read_ec13,
    "*.hea": _read_records,
}
"""A file that only such a collection has."""


@dataclass(frozen=True, slots=True)
class Library:
    """Recordings below a folder."""

    root: Path
    manifest: Manifest
    readers: Mapping[str, Reader]
    """By the name of the collection."""

    @property
    def fixtures(self) -> tuple[str, ...]:
        """What a bench with these has at hand, one for each collection."""
        return tuple(f"{RECORDINGS}{fixture_name(name)}" for name in sorted(self.readers))

    def read(self, collection: str) -> Iterator[Recording]:
        """The recordings of a collection, one after the other.

        Raises:
            InputError: there is no such collection, or a file of it cannot be used.
        """
        return self._reader(collection)(self.root, self.root / collection, self.manifest)

    def patients(self, collection: str) -> tuple[str, ...] | None:
        """Whose recordings they are, where the names of the files tell it; nothing is read.

        None where they do not: only records in files of their own are told apart by name.

        Raises:
            InputError: there is no such collection.
        """
        if self._reader(collection) is not _read_records:
            return None
        headers = sorted((self.root / collection).glob("*.hea"))
        return tuple(dict.fromkeys(map(patient_of, headers)))

    def _reader(self, collection: str) -> Reader:
        if collection not in self.readers:
            known = ", ".join(sorted(self.readers))
            raise InputError(str(self.root), [f"found no {collection!r}; there are {known}"])
        return self.readers[collection]


def open_library(root: Path, manifest: Manifest | None = None) -> Library:
    """The collections below a folder; nothing is read yet.

    Raises:
        InputError: it is no folder, or holds no collection.
    """
    if not root.is_dir():
        raise InputError(
            str(root), ["is no folder; expected one with a folder for each collection"]
        )
    readers = {
        folder.name: reader
        for folder in sorted(root.iterdir())
        if folder.is_dir() and (reader := _reader_of(folder)) is not None
    }
    if not readers:
        told = ", ".join(_TOLD_BY)
        raise InputError(str(root), [f"holds no collection; expected folders with {told}"])
    return Library(root, manifest or Manifest(), readers)


def fixture_name(collection: str) -> str:
    """How a collection is called where fixtures are named."""
    return re.sub("[^a-z0-9_-]", "-", collection.lower())


def _reader_of(folder: Path) -> Reader | None:
    for pattern, reader in _TOLD_BY.items():
        if any(folder.glob(pattern)):
            return reader
    return None
