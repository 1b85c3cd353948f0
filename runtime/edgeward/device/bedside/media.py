"""Where the alarm journal is kept. Light to import: a device without patients opens none of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgeward.ports import Store

if TYPE_CHECKING:  # loaded when a journal is opened
    from edgeward.ports import AppendLog, BlackBox

BOX_NAME = "box"
_SEGMENT = "alarms-"
"""What the names of a journal's segments begin with."""


class Media(Protocol):
    """A place for a journal and its black box."""

    @property
    def used(self) -> bool:
        """Whether a journal may be there already."""
        ...

    def open(self) -> "tuple[AppendLog, BlackBox, str | None]":
        """The log, the box, and which start of the system the clock counts from.

        Raises:
            StoreError: the place cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderMedia:
    """A folder: its journal survives a power cut, its box the end of the process."""

    folder: Path
    simulated: bool = False
    """Whether the clock is a simulated one, which no start of the system began."""

    @property
    def used(self) -> bool:
        """Whether the folder is there."""
        return self.folder.is_dir()

    def open(self) -> "tuple[AppendLog, BlackBox, str | None]":
        """The journal beside its box.

        Raises:
            StoreError: the folder cannot be used, or another process holds the box.
        """
        from edgeward.adapters.black_box import MappedBox, boot_id
        from edgeward.adapters.store import DirectoryStore
        from edgeward.alarm.journal.slots import BOX_BYTES

        log = DirectoryStore(self.folder / "journal")
        box = MappedBox(self.folder / BOX_NAME, BOX_BYTES)
        return log, box, None if self.simulated else boot_id()


@dataclass(frozen=True, slots=True)
class StoreMedia:
    """A store in memory that may outlive the device; its box does not."""

    store: Store | None = None

    @property
    def used(self) -> bool:
        """Whether there is a journal in the store."""
        names = () if self.store is None else self.store.names()
        return any(name.startswith(_SEGMENT) for name in names)

    def open(self) -> "tuple[AppendLog, BlackBox, str | None]":
        """The store, if it can be appended to, or another one."""
        from edgeward.adapters.append_log import MemoryLog
        from edgeward.adapters.black_box import MemoryBox
        from edgeward.alarm.journal.slots import BOX_BYTES

        log = self.store if isinstance(self.store, MemoryLog) else MemoryLog()
        return log, MemoryBox(BOX_BYTES), None
