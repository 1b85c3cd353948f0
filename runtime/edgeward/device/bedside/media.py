"""Where the alarm journal is kept. Light to import: a device without patients opens none of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgeward.errors import StoreError
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

        A disk that refuses keeps nobody from raising alarms: the journal goes there as soon as it
        lets itself be written, and until the end of the process the box lies in memory.

        Raises:
            StoreError: another process holds the box.
        """
        from edgeward.adapters.black_box import boot_id
        from edgeward.adapters.store import LateStore

        log = LateStore(self.folder / "journal")
        return log, _box(self.folder / BOX_NAME), None if self.simulated else boot_id()


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


def _box(path: Path) -> "BlackBox":
    """The box in its file, or one in memory with what can be read of that file.

    Raises:
        StoreError: another process holds it.
    """
    from edgeward.adapters.black_box import MappedBox, MemoryBox
    from edgeward.alarm.journal.slots import BOX_BYTES

    try:
        return MappedBox(path, BOX_BYTES)
    except StoreError as error:
        if isinstance(error.__cause__, BlockingIOError):
            raise
    try:
        left = path.read_bytes()
    except OSError:
        left = b""
    return MemoryBox(left.ljust(BOX_BYTES, b"\0"))
