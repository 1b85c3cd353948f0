"""Takes the answers that come back on a medium.

Rules:
1. An answer counts once: for a bundle that this device wrote, that is in its book, and that was
   signed by a receiver it trusts. Everything else is told and changes nothing.
2. The caller does what the answer says, and then settles the bundle. A crash in between repeats
   what was done: deleting what is deleted changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edgeward.comms.carried.book import read_book, write_book
from edgeward.comms.carried.layout import (
    ANSWER_BYTES_MAX,
    answer_of,
    bundle_in,
    read_answer_file,
)
from edgeward.errors import StoreError, TrustError
from edgeward.ports import FileTree, Store

_NOT_OURS = "no bundle that waits for an answer: another device's, or settled"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that counts."""

    bundle: str
    answers: tuple[dict[str, Any], ...]
    """One for each batch, as they would cross the wire."""
    abouts: tuple[dict[str, Any], ...]
    """What was told about each part when it was exported."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file that changes nothing, and why."""

    name: str
    reason: str
    awaited: bool = True
    """Whether it is named for a bundle that waits: then it is at fault, and not only not for us."""


def read_answers(
    medium: FileTree, store: Store, device: str, receivers: Sequence[Ed25519PublicKey]
) -> tuple[list[Answered], list[Ignored]]:
    """The answers on a medium that count, and those that do not.

    Raises:
        StoreError: the medium, or the book on the device, cannot be read.
    """
    book = read_book(store)
    answered: list[Answered] = []
    ignored: list[Ignored] = []
    for entry in medium.entries(""):
        bundle = bundle_in(entry.name)
        if bundle is None or entry.name != answer_of(bundle):
            continue
        written = book.find(bundle)
        if written is None:
            ignored.append(Ignored(entry.name, _NOT_OURS, awaited=False))
            continue
        try:
            data = medium.read(entry.name, ANSWER_BYTES_MAX) or b""
            found = read_answer_file(data, bundle, device, receivers)
        except (StoreError, TrustError) as error:
            ignored.append(Ignored(entry.name, str(error)))
            continue
        abouts = tuple(kept.about for kept in written.parts)
        answered.append(Answered(bundle, found.answers, abouts))
    return answered, ignored


def settle(store: Store, bundle: str) -> None:
    """What the answer said was done: the bundle is closed, and a later answer to it is ignored.

    Raises:
        StoreError: it is still open; do it again.
    """
    write_book(store, read_book(store).without(bundle))
