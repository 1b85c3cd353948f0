"""The simulated disk: an append log in memory in which every fault can happen when it is told to.

It can be full, refuse, refuse only to sync, and lose its power after any byte. What its `survivor`
holds is what a machine finds after a power cut. The real one is `store.DirectoryStore`.
"""

from edgeward.adapters.store import MemoryStore
from edgeward.errors import StoreError


class PowerCutError(Exception):
    """The simulated machine has lost its power: nothing of it runs any more."""


class MemoryLog(MemoryStore):
    """Blobs that live as long as this object, on a disk that fails when it is told to."""

    __slots__ = ("capacity_bytes", "power_bytes", "refusal", "refuses_sync")

    def __init__(self) -> None:
        """Start empty, with nothing wrong."""
        super().__init__()
        self.capacity_bytes: int | None = None
        """What fits on the disk in all; None for no end."""
        self.refusal: str | None = None
        """Why the disk takes nothing, such as an I/O error; None as long as it does."""
        self.refuses_sync = False
        """Whether it takes bytes and then cannot say that they are safe."""
        self.power_bytes: int | None = None
        """After how many more bytes the power goes; None for never."""

    @property
    def used_bytes(self) -> int:
        """What all blobs hold together."""
        return sum(map(len, self._blobs.values()))

    def append(self, name: str, data: bytes) -> None:
        """Put bytes at the end of a blob, as far as the faults allow.

        Raises:
            StoreError: the disk is full or refuses; a part, or all, may have been appended.
            PowerCutError: the power went; the first part may have been appended.
        """
        before = self.read(name) or b""
        self._check_power()
        self._refuse(name, data)
        taken = self._spend(data)
        room = len(data) if self.capacity_bytes is None else self.capacity_bytes - self.used_bytes
        taken = taken[: max(room, 0)]
        self._blobs[name] = before + taken
        self._check_power()
        if len(taken) < len(data):
            raise StoreError(f"{name}: it took {len(taken)} of {len(data)} bytes: the disk is full")
        if self.refuses_sync:
            raise StoreError(f"{name}: {len(data)} bytes cannot be synced")

    def write(self, name: str, data: bytes) -> None:
        """Replace the blob, or leave it as it was.

        Raises:
            StoreError: the disk is full or refuses.
            PowerCutError: the power went.
        """
        before = len(self.read(name) or b"")
        self._check_power()
        self._refuse(name, data)
        self._spend(data)
        self._check_power()
        used = self.used_bytes - before + len(data)
        if self.capacity_bytes is not None and used > self.capacity_bytes:
            raise StoreError(f"{name}: {len(data)} bytes cannot be written: the disk is full")
        super().write(name, data)

    def delete(self, name: str) -> None:
        """Remove the blob; a missing one is fine.

        Raises:
            StoreError: the disk refuses.
            PowerCutError: the power went.
        """
        self._check_power()
        self._refuse(name, b"")
        super().delete(name)

    def survivor(self, torn: bytes = b"") -> "MemoryLog":
        """The disk as it is found afterwards, with nothing wrong.

        `torn` is put at the end of the last blob: what a file system may leave there.
        """
        found = MemoryLog()
        found._blobs = dict(self._blobs)
        if torn and (names := found.names()):
            found._blobs[names[-1]] += torn
        return found

    def _refuse(self, name: str, data: bytes) -> None:
        if self.refusal is not None:
            raise StoreError(f"{name}: {len(data)} bytes cannot be written: {self.refusal}")

    def _spend(self, data: bytes) -> bytes:
        """As much of the data as there is power for."""
        if self.power_bytes is None:
            return data
        taken = data[: self.power_bytes]
        # One below zero: the power went within these bytes, or right before them.
        self.power_bytes = self.power_bytes - len(data) if len(taken) == len(data) else -1
        return taken

    def _check_power(self) -> None:
        if self.power_bytes is not None and self.power_bytes < 0:
            raise PowerCutError("the power is gone")
