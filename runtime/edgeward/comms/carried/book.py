"""What a device knows of the bundles it has written: which were begun, and which have no answer.

What the caller tells about a part (which records were in it) comes back with the answer, so that
nothing is deleted that was not sent in that bundle.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Final

from edgeward.canonical import canonical_json, digest
from edgeward.comms.carried.layout import PartFile
from edgeward.errors import DamagedError
from edgeward.ports import Store

BLOB: Final = "carried.json"
BUNDLES_MAX: Final = 64
"""Bundles without an answer that are remembered, the newest ones. What was in an older one is
still queued, and goes into a later bundle."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that is on the medium, and what the caller told about it."""

    file: PartFile
    about: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle."""

    bundle: str
    ordinal: int
    receiver: str
    """The receiver's public key, in hex."""
    parts: tuple[Kept, ...] = ()
    complete: bool = False
    """Whether its manifest is on the medium."""
    cut: bool = False
    """Whether more waited than it had room for; told to whoever exports, and not kept."""


@dataclass(frozen=True, slots=True)
class Book:
    """All of it, oldest first."""

    ordinal: int = 0
    bundles: tuple[Written, ...] = field(default=())

    def find(self, bundle: str) -> Written | None:
        """The bundle of this name, if it waits for an answer."""
        return next((one for one in self.bundles if one.bundle == bundle), None)

    def put(self, written: Written) -> "Book":
        """With this bundle as it is now."""
        rest = tuple(one for one in self.bundles if one.bundle != written.bundle)
        newest = (*rest, written)[-BUNDLES_MAX:]
        return Book(max(self.ordinal, written.ordinal), newest)

    def without(self, bundle: str) -> "Book":
        """Without a bundle that was answered."""
        rest = tuple(one for one in self.bundles if one.bundle != bundle)
        return replace(self, bundles=rest)


def read_book(store: Store) -> Book:
    """What is in the store.

    Raises:
        StoreError: it cannot be read.
        DamagedError: it is not what was written there.
    """
    raw = store.read(BLOB)
    if raw is None:
        return Book()
    try:
        told = json.loads(raw)
        if told.pop("digest") == digest(told):
            bundles = tuple(_bundle(one) for one in told["bundles"])
            return Book(int(told["ordinal"]), bundles)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise DamagedError(
        f"{BLOB}: {len(raw)} bytes are no list of bundles; accepted: what was written there, or"
        " no file: what its bundles held is still queued"
    )


def write_book(store: Store, book: Book) -> None:
    """Replace what is in the store.

    Raises:
        StoreError: the older one is still there.
    """
    body = {"ordinal": book.ordinal, "bundles": [_plain(one) for one in book.bundles]}
    store.write(BLOB, canonical_json({**body, "digest": digest(body)}))


def _plain(one: Written) -> dict[str, Any]:
    return {
        "bundle": one.bundle,
        "ordinal": one.ordinal,
        "receiver": one.receiver,
        "complete": one.complete,
        "parts": [
            [kept.file.number, kept.file.size_bytes, kept.file.sha256, kept.about]
            for kept in one.parts
        ],
    }


def _bundle(told: dict[str, Any]) -> Written:
    parts = tuple(Kept(PartFile(n, size, sha), about) for n, size, sha, about in told["parts"])
    return Written(
        told["bundle"], int(told["ordinal"]), told["receiver"], parts, bool(told["complete"])
    )
