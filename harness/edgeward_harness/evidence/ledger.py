"""The only writer of `manifest.json` and `records.jsonl`.

Rules:
- The manifest is on the disk, with its folder, before anything else is written.
- Each line goes out whole, in one write; the next is tied to it (`chain`). SIGKILL of the run at
  any moment leaves the lines so far and no end: a bundle that says "incomplete".
- The file is flushed to the disk at the end, and while running every few seconds.
- When the disk refuses, the file is cut back to its last whole line and the ledger closes: one
  error that names the file and what is kept; nothing half written stays.
- A folder that holds anything is refused: a bundle is never written over, nor continued.
"""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.chain import LINE_BYTES_MAX, Context, End, link
from edgeward_harness.evidence.files import refusal, sync_folder, write_new
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.record import RECORDED, Record
from edgeward_harness.evidence.strict import encode

MANIFEST = "manifest.json"
RECORDS = "records.jsonl"
SYNC_INTERVAL_NS = 5_000_000_000
"""How long lines may wait for the disk; a power cut loses no more than these."""


class Ledger:
    """Appends the lines of one run. A context manager; without `end` the run is incomplete."""

    def __init__(
        self,
        folder: Path,
        manifest_bytes: bytes,
        *,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Write the manifest into a new or empty folder and open the records.

        Raises:
            InputError: the manifest is not one; every fault is named.
            HarnessError: the folder holds something, or the disk refused.
        """
        manifest = Manifest.from_bytes(manifest_bytes)
        self._applies = {name: entry.applies for name, entry in manifest.items.items()}
        self._attempts: dict[str, int] = {}
        self._contexts: dict[bytes, str] = {}
        self._context_names: set[str] = set()
        self._monotonic_ns = monotonic_ns
        self._path = folder / RECORDS
        self._chain = sha256_hex(manifest_bytes)
        self._size_bytes = 0
        self._records = 0
        self._descriptor: int | None = _begin(folder, manifest_bytes)
        self._synced_ns = monotonic_ns()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def context(self, context: Context) -> str:
        """The name of a context for use in records; one line for each different one.

        Raises:
            HarnessError: it cannot be written.
        """
        body = context.to_json()
        key = _encoded(body, "context")
        if key not in self._contexts:
            name = f"c{len(self._contexts) + 1}"
            self._write({**body, "context": name})
            self._contexts[key] = name
            self._context_names.add(name)
        return self._contexts[key]

    def append(self, record: Record) -> None:
        """Write one record. A second one of the same item is counted as another attempt.

        Raises:
            HarnessError: it does not belong to this run, or cannot be written.
        """
        item = record.item
        applies = self._applies.get(item)
        if applies is None:
            raise HarnessError(f"{item!r} is not an item of the manifest: not recorded")
        if not applies:
            raise HarnessError(f"{item!r} does not apply by the manifest, but has run")
        if record.state not in RECORDED:
            raise HarnessError(f"{item!r}: a record cannot say {record.state.value!r}")
        if record.context is not None and record.context not in self._context_names:
            raise HarnessError(f"{item!r}: no context {record.context!r} was written before")
        attempt = self._attempts.get(item, 0) + 1
        if record.attempt != attempt:
            record = record._replace(attempt=attempt)
        self._write(record.to_json())
        self._attempts[item] = attempt
        self._records += 1

    def end(self, utc: str, *, interrupted: bool = False) -> None:
        """Write the last line, flush everything to the disk and close.

        Raises:
            HarnessError: it cannot be written; the run stays incomplete.
        """
        self._write(End(self._records, interrupted, utc).to_json())
        self._sync()
        self.close()

    def close(self) -> None:
        """Let go of the file; a run without `end` stays incomplete. Closing twice is fine."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, body: dict[str, Any]) -> None:
        if self._descriptor is None:
            raise HarnessError(f"{self._path}: closed; nothing more is recorded")
        try:
            line, chain = link(self._chain, body)
        except (ValueError, TypeError, RecursionError) as fault:
            raise _unwritable(_subject(body), fault) from fault
        if len(line) >= LINE_BYTES_MAX:
            over = f"{len(line)} bytes are over the limit of {LINE_BYTES_MAX}"
            raise HarnessError(f"{_subject(body)}: {over}; keep bulk as an artifact")
        try:
            written = os.write(self._descriptor, line + b"\n")
        except OSError as fault:
            raise self._give_up(fault) from fault
        if written != len(line) + 1:
            raise self._give_up(OSError(errno.ENOSPC, "the line did not fit"))
        self._chain = chain
        self._size_bytes += written
        if self._monotonic_ns() - self._synced_ns >= SYNC_INTERVAL_NS:
            self._sync()

    def _sync(self) -> None:
        assert self._descriptor is not None
        try:
            os.fsync(self._descriptor)
        except OSError as fault:
            raise self._give_up(fault) from fault
        self._synced_ns = self._monotonic_ns()

    def _give_up(self, fault: OSError) -> HarnessError:
        assert self._descriptor is not None
        kept = f"the {self._records} records written before are kept"
        try:
            os.ftruncate(self._descriptor, self._size_bytes)
        except OSError:
            kept += ", behind them half a line"
        self.close()
        return refusal(self._path, fault, kept)


def _encoded(body: dict[str, Any], name: str) -> bytes:
    try:
        return encode(body)
    except (ValueError, TypeError, RecursionError) as fault:
        raise _unwritable(name, fault) from fault


def _unwritable(name: str, fault: Exception) -> HarnessError:
    return HarnessError(f"{name} holds something that cannot be recorded: {fault}")


def _subject(body: dict[str, Any]) -> str:
    return str(body.get("item", body["type"]))


def _begin(folder: Path, manifest_bytes: bytes) -> int:
    """Take possession of the folder, put the manifest there durably, and open the records.

    The exclusive creation of the file beside the manifest is the lock between two runs that want
    the same folder; only its holder looks at what else is there.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder, manifest_bytes)
        try:
            return _open_records(folder)
        except OSError:
            (folder / RECORDS).unlink(missing_ok=True)
            (folder / MANIFEST).unlink(missing_ok=True)
            raise
    except OSError as fault:
        if made and folder.is_dir() and not os.listdir(folder):
            folder.rmdir()
        raise refusal(folder / MANIFEST, fault, "no run was begun") from fault


def _claim(folder: Path, manifest_bytes: bytes) -> None:
    beside = folder / f".{MANIFEST}.new"
    try:
        write_new(beside, manifest_bytes)
    except FileExistsError:
        said = "another run begins here, or was killed as it began"
        raise HarnessError(f"{folder}: {said}") from None
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    others = sorted(set(os.listdir(folder)) - {beside.name})
    if others:
        beside.unlink()
        found = ", ".join(others[:3])
        raise HarnessError(f"{folder}: holds {found}; expected a new or empty folder")
    beside.replace(folder / MANIFEST)
    sync_folder(folder)
    sync_folder(folder.parent)


def _open_records(folder: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
    descriptor = os.open(folder / RECORDS, flags, 0o666)
    sync_folder(folder)
    return descriptor
