"""What a device gives to somebody who carries it, and takes from them: bundles and their answers.

Rules:
1. Whatever is exported stays queued. Only an answer that the receiver signed takes it out.
2. A medium is a folder that is there already: what is no mounted medium is not filled.
3. One export or import at a time; other processes are kept away by the outbox, which one may open.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edgeward.adapters.file_tree import SystemTree
from edgeward.comms.carried.answers import Answered, read_answers, settle
from edgeward.comms.carried.export import Exporter
from edgeward.comms.carried.layout import answer_of, folder_of
from edgeward.comms.carried.queue import BYTES_MAX, QueueParts, take_answers
from edgeward.comms.delivery.source import Granter, Source
from edgeward.comms.trust.wallet import Wallet
from edgeward.device.outgoing.link import Link, kept_link
from edgeward.errors import DeliveryError, EdgewardError, StoreError
from edgeward.ports import Entropy, FileTree, Store

BUNDLE_BYTES_MAX: Final = 1 << 62
"""Where nobody says how large a bundle may be: as large as the medium."""
_PARTS_LEAST: Final = 4
"""A bundle with a bound is made of so many parts at least, so that it comes near to it."""
_PART_BYTES_LEAST: Final = 1 << 12


class CarryError(EdgewardError):
    """Nothing can be carried as things are. Says what is missing; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that is whole on a medium; without a name where nothing waited."""

    bundle: str | None
    records: int
    parts: int
    size_bytes: int
    cut: bool
    """Whether more waits than it had room for."""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {
            "bundle": self.bundle, "records": self.records, "parts": self.parts,
            "bytes": self.size_bytes, "cut": self.cut,
        }  # fmt: skip


@dataclass(slots=True)
class Imported:
    """What the answers on a medium did."""

    answered: list[str] = field(default_factory=list)
    """The bundles whose answers counted."""
    delivered: int = 0
    set_aside: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    """Answers to bundles that wait which are none: by file, and why."""
    others: int = 0
    """Answers to bundles of which nothing waits here: other devices', or done before."""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Carrier:
    """One device with its queue, its papers, and what it knows of its receiver."""

    device: str
    source: Source
    granter: Granter
    trust: Store
    wallet: Wallet
    entropy: Entropy
    note: Callable[[str, dict[str, Any]], None]
    """Has the audit trail say what was done."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def export(self, medium: Path, bytes_max: int | None = None) -> Exported:
        """Write what waits as one bundle, or go on with the one that was begun on this medium.

        Raises:
            CarryError: there is no medium, no receiver or no certificate; or somebody exports.
            FullError: the medium has no room for any part of it.
            StoreError: the medium or the disk refused. Asked again, it goes on from there.
        """
        link, tree = self._link(), _tree(medium)
        papers = self.wallet.current or self.wallet.candidate
        if papers is None:
            raise CarryError(
                "this device has no certificate to sign with; `edgeward link request` asks for one,"
                " `edgeward link connect` takes it"
            )
        bound = BUNDLE_BYTES_MAX if bytes_max is None else bytes_max
        part_bytes = min(BYTES_MAX, max(_PART_BYTES_LEAST, bound // _PARTS_LEAST))
        receiver = link.receiver_key
        parts = QueueParts(
            self.device, self.source, self.granter, receiver, self.entropy, part_bytes
        )
        exporter = Exporter(self.device, papers, receiver, self.trust, self.entropy)
        with self._alone():
            written = exporter.export(tree, parts, bound)
        exported = Exported(
            written.bundle if written.complete else None,
            sum(int(one.about["records"]) for one in written.parts),
            len(written.parts),
            sum(one.file.size_bytes for one in written.parts),
            written.cut,
        )
        if exported.bundle is not None:
            told = {"bundle": exported.bundle, "records": exported.records}
            self.note("medium.exported", told)
        return exported

    def take(self, medium: Path) -> Imported:
        """Do what the answers on a medium say, and remove them from it with their bundles.

        Raises:
            CarryError: there is no medium, or nobody whose answers are believed.
            StoreError: the medium or the disk refused. Asked again, it goes on from there.
        """
        link, tree = self._link(), _tree(medium)
        if (key := link.public_answer_key()) is None:
            raise CarryError(
                "the link names no answer_key, so that no answer can be believed; name the"
                " receiver's Ed25519 key in `link.toml`, and `edgeward link connect` again"
            )
        told = Imported()
        with self._alone():
            answered, ignored = read_answers(tree, self.trust, self.device, [key])
            for one in answered:
                self._take(tree, one, told)
        if told.answered:
            self.note("medium.imported", {"bundles": told.answered, "delivered": told.delivered})
        for file in ignored:
            if file.awaited:
                told.refused.append({"name": file.name, "reason": file.reason})
            else:
                told.others += 1
        return told

    def _take(self, tree: FileTree, answered: Answered, told: Imported) -> None:
        try:
            taken = take_answers(self.source, answered)
        except DeliveryError as error:
            name = answer_of(answered.bundle)
            told.refused.append({"name": name, "reason": error.diagnostics()})
            return
        settle(self.trust, answered.bundle)
        told.answered.append(answered.bundle)
        told.delivered += taken.delivered
        told.set_aside += taken.set_aside
        with contextlib.suppress(StoreError):  # it may be write-protected
            _remove(tree, answered.bundle)

    def _link(self) -> Link:
        link = kept_link(self.trust)
        if link is None:
            raise CarryError(
                "this device knows of no receiver to write for; `edgeward link connect` names one"
            )
        return link

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Rule 3."""
        if not self._turn.acquire(blocking=False):
            raise CarryError("an export or import is under way; wait until it has ended")
        try:
            yield
        finally:
            self._turn.release()


def _tree(medium: Path) -> SystemTree:
    """Rule 2."""
    if not medium.is_dir():
        raise CarryError(f"{medium}: no folder is there; accepted: one of a medium that is mounted")
    return SystemTree(medium)


def _remove(tree: FileTree, bundle: str) -> None:
    """The bundle first: an answer that is left says that it was done."""
    folder = folder_of(bundle)
    for entry in tree.entries(folder):
        tree.remove(f"{folder}/{entry.name}")
    tree.remove(folder)
    tree.remove(answer_of(bundle))
