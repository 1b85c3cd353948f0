"""Writes a bundle, part by part, and goes on where a medium was pulled out.

Rules:
1. Exporting takes nothing out of the queue. Only an answer that a receiver signed does.
2. A part is in the book once it is whole on the medium. Who goes on looks at each part in the book
   again, keeps those that are as they were written, and asks for the rest anew.
3. The manifest comes last: a folder without one is no bundle. One that the book does not know of
   is written again.
4. Where a medium is full, the bundle ends with what fits: what is not in it is still queued.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from edgeward.canonical import sha256_hex
from edgeward.comms.carried.book import Book, Kept, Written, read_book, write_book
from edgeward.comms.carried.layout import (
    MANIFEST,
    NAME_CHARS,
    PART_BYTES_MAX,
    PARTS_MAX,
    Manifest,
    PartFile,
    folder_of,
    seal_part,
    write_manifest,
)
from edgeward.comms.trust.papers import Papers
from edgeward.errors import FullError, LimitError, StoreError
from edgeward.ports import Entropy, FileTree, Store

_NEW: Final = "new"
_SEALED_BYTES: Final = 48
"""HPKE adds a key of 32 bytes and a tag of 16."""


@dataclass(frozen=True, slots=True)
class Part:
    """One batch, and what is to be known about it when its answer comes."""

    data: bytes
    about: dict[str, Any]


Parts = Callable[[Sequence[dict[str, Any]]], Iterable[Part]]
"""Told what is on the medium already, gives the rest."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """One device, and the receiver it writes for."""

    device: str
    papers: Papers
    """What it signs with."""
    receiver: bytes
    """The 32 bytes of its X25519 public key."""
    store: Store
    """Where the book lies, on the device."""
    entropy: Entropy

    def export(self, medium: FileTree, parts: Parts, bytes_max: int) -> Written:
        """Write one bundle, or go on with the one that was begun on this medium.

        Ends where there are no more parts, where the next would exceed `bytes_max` in all, or where
        the medium is full.

        Raises:
            StoreError: the medium or the disk refuses. Call it again: nothing is lost.
            FullError: not one part has room there.
            LimitError: a part is larger than a bundle may hold.
        """
        book = read_book(self.store)
        written = self._going_on(medium, book) or self._begun(medium, book)
        size = sum(kept.file.size_bytes for kept in written.parts)
        for part in parts([kept.about for kept in written.parts]):
            size += len(part.data) + _SEALED_BYTES
            if len(part.data) > PART_BYTES_MAX:
                raise LimitError(
                    f"a part of {len(part.data)} bytes; accepted: PART_BYTES_MAX = {PART_BYTES_MAX}"
                )
            if size > bytes_max or len(written.parts) >= PARTS_MAX:
                written = replace(written, cut=True)
                break
            try:
                written = self._add(medium, written, part)
            except FullError:
                if not written.parts:
                    raise
                written = replace(written, cut=True)
                break
        return self._finish(medium, written)

    def _going_on(self, medium: FileTree, book: Book) -> Written | None:
        """Rule 2."""
        for begun in reversed(book.bundles):
            folder = folder_of(begun.bundle)
            there = {entry.name for entry in medium.entries(folder)}
            if begun.complete or begun.receiver != self.receiver.hex() or not there:
                continue
            good = tuple(kept for kept in begun.parts if _as_written(medium, folder, kept.file))
            for name in sorted(there - {kept.file.name for kept in good}):
                medium.remove(f"{folder}/{name}")
            return replace(begun, parts=good)
        return None

    def _begun(self, medium: FileTree, book: Book) -> Written:
        for begun in book.bundles:
            if not begun.parts and not begun.complete:  # nothing hangs on it, wherever it lies
                write_book(self.store, read_book(self.store).without(begun.bundle))
        name = self.entropy.token(NAME_CHARS // 2).hex()
        written = Written(name, book.ordinal + 1, self.receiver.hex())
        self._put(written)
        medium.make_folder(folder_of(name))
        medium.sync("")
        return written

    def _add(self, medium: FileTree, written: Written, part: Part) -> Written:
        number = written.parts[-1].file.number + 1 if written.parts else 1
        receiver = X25519PublicKey.from_public_bytes(self.receiver)
        sealed = seal_part(part.data, receiver, self.device, written.bundle, number)
        file = PartFile(number, len(sealed), sha256_hex(sealed))
        _write(medium, folder_of(written.bundle), file.name, sealed)
        written = replace(written, parts=(*written.parts, Kept(file, part.about)))
        self._put(written)
        return written

    def _finish(self, medium: FileTree, written: Written) -> Written:
        """Rules 3 and 4: what has no room for its manifest gives up a part for it."""
        if not written.parts:
            medium.remove(folder_of(written.bundle))
            write_book(self.store, read_book(self.store).without(written.bundle))
            return written
        files = tuple(kept.file for kept in written.parts)
        chain_pem = self.papers.chain_pem
        manifest = Manifest(self.device, written.bundle, written.ordinal, files, chain_pem)
        receiver = X25519PublicKey.from_public_bytes(self.receiver)
        data = write_manifest(manifest, receiver, self.papers)
        try:
            _write(medium, folder_of(written.bundle), MANIFEST, data)
        except FullError:
            if len(written.parts) == 1:
                raise
            return self._finish(medium, self._shorter(medium, written))
        written = replace(written, complete=True)
        self._put(written)
        return written

    def _shorter(self, medium: FileTree, written: Written) -> Written:
        *rest, last = written.parts
        shorter = replace(written, parts=tuple(rest), cut=True)
        self._put(shorter)
        medium.remove(f"{folder_of(written.bundle)}/{last.file.name}")
        return shorter

    def _put(self, written: Written) -> None:
        write_book(self.store, read_book(self.store).put(written))


def _as_written(medium: FileTree, folder: str, file: PartFile) -> bool:
    try:
        data = medium.read(f"{folder}/{file.name}", file.size_bytes)
    except StoreError:
        return False
    return data is not None and sha256_hex(data) == file.sha256


def _write(medium: FileTree, folder: str, name: str, data: bytes) -> None:
    """A file that is whole under its name, or has another one."""
    new = f"{folder}/{_NEW}"
    medium.remove(new)
    medium.create(new, data)
    medium.sync(new)
    medium.rename(new, f"{folder}/{name}")
    medium.sync(folder)
