"""A bundle opened for reading: its manifest and records, joined, typed and held against each other.

`open_bundle` refuses what was changed within the records; it does not look at the signature. To
know whether a bundle can be trusted, ask `verify.verify_bundle`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.artifacts import FOLDER
from edgeward_harness.evidence.chain import Context, End
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.evidence.ledger import MANIFEST, RECORDS
from edgeward_harness.evidence.lines import Lines, check_lines, read_lines
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.record import Record


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """What a run left behind. Without `ended` it did not reach its end. Equal only to itself."""

    manifest: Manifest
    digests: Mapping[str, str]  # of manifest.json and records.jsonl
    records: tuple[Record, ...]
    contexts: Mapping[str, Context]
    ended: End | None
    torn: bool = False  # the last line was cut off as it was written
    folder: Path | None = None

    @property
    def complete(self) -> bool:
        """Whether the run reached its end without being interrupted."""
        return self.ended is not None and not self.ended.interrupted

    @property
    def artifacts(self) -> dict[str, str]:
        """The digests the records name, each with one of its names."""
        return {sha256: name for r in self.records for name, sha256 in r.artifacts.items()}

    def context_of(self, record: Record) -> Context | None:
        """What a record was taken on, if a device was involved."""
        return None if record.context is None else self.contexts.get(record.context)

    def artifact(self, sha256: str) -> bytes:
        """The content of an artifact, held against its digest.

        Raises:
            HarnessError: it is missing, unreadable or was changed.
        """
        if self.folder is None:
            raise HarnessError("this bundle was not read from a folder")
        path = self.folder / FOLDER / sha256
        try:
            data = read_whole(path)
        except OSError as fault:
            raise HarnessError(f"{path}: {fault.strerror}") from fault
        if sha256_hex(data) != sha256:
            raise HarnessError(f"{path}: was changed, its digest is not its name")
        return data


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The bytes of manifest and records, read: a bundle if there is a manifest, and every fault."""

    lines: Lines
    bundle: Bundle | None
    manifest_faults: tuple[str, ...]
    records_faults: tuple[str, ...]


@lru_cache(maxsize=1)
def read_bundle(manifest_bytes: bytes, records_bytes: bytes, folder: Path | None = None) -> Reading:
    """Read a bundle, hold its parts against each other and keep every fault.

    The last reading is kept: a run reads its own bundle to report, to seal and to verify it, each
    time from the disk, and the same bytes read the same.
    """
    digests = {MANIFEST: sha256_hex(manifest_bytes), RECORDS: sha256_hex(records_bytes)}
    lines = read_lines(records_bytes, digests[MANIFEST])
    try:
        manifest = Manifest.from_bytes(manifest_bytes)
    except InputError as error:
        return Reading(lines, None, error.faults, tuple(lines.faults))
    bundle = Bundle(
        manifest=manifest,
        digests=digests,
        records=tuple(lines.records),
        contexts=lines.contexts,
        ended=lines.ended,
        torn=lines.torn > 0,
        folder=folder,
    )
    return Reading(lines, bundle, (), (*lines.faults, *check_lines(lines, manifest)))


def open_bundle(path: Path) -> Bundle:
    """Open a bundle, complete or not.

    Raises:
        InputError: the manifest or the records have faults; every one is named.
        HarnessError: a file cannot be read.
    """
    reading = read_bundle(_read(path / MANIFEST), _read(path / RECORDS), path)
    if reading.bundle is None:
        raise InputError(str(path / MANIFEST), reading.manifest_faults)
    if reading.records_faults:
        raise InputError(str(path / RECORDS), reading.records_faults)
    return reading.bundle


def _read(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as fault:
        raise HarnessError(f"{path}: not readable as part of a bundle: {fault.strerror}") from fault
