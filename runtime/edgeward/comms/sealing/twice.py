"""A blob that lies twice in a store, since all that a device keeps hangs on it.

Rules:
1. The first is written before the second, each in one step: where both are whole and differ, the
   first is newer. Where it is damaged or gone, the second counts.
2. What is read makes the other one like it. As long as a disk refuses that, `behind` says so: what
   was removed from one may still stand in the other.
3. Nothing is replaced where neither is whole.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from edgeward.errors import DamagedError, StoreError
from edgeward.ports import Store

T = TypeVar("T")
SECOND = ".second"


class Twice(Generic[T]):
    """One blob."""

    __slots__ = ("_decoded", "_name", "_store", "behind", "damage")

    def __init__(self, store: Store, name: str, decoded: Callable[[bytes], T]) -> None:
        """It lies there under this name; `decoded` tells what is whole.

        Args:
            store: where.
            name: of the first; the second is named after it.
            decoded: what a blob says; raises DamagedError where it is not what was written.
        """
        self._store, self._name, self._decoded = store, name, decoded
        self.behind = False
        """Whether the two may differ."""
        self.damage = ""
        """What was wrong with the first one."""

    def read(self) -> T | None:
        """What the newest whole one says; None where there is none at all.

        Raises:
            DamagedError: neither is what was written. Nothing is replaced.
            StoreError: the disk refuses.
        """
        first, second = self._store.read(self._name), self._store.read(self._name + SECOND)
        if first is None and second is None:
            return None
        blob, value = self._newest(first, second)
        if first != blob:
            self._like(self._name, blob)
        if second != blob:
            self._like(self._name + SECOND, blob)
        return value

    def write(self, blob: bytes) -> None:
        """Replace both.

        Raises:
            StoreError: the disk refused: none, the first one or both are replaced.
        """
        self.behind = True
        self._store.write(self._name, blob)
        self._store.write(self._name + SECOND, blob)
        self.behind = False

    def _newest(self, first: bytes | None, second: bytes | None) -> tuple[bytes, T]:
        try:
            if first is not None:
                return first, self._decoded(first)
            self.damage = f"{self._name} was gone"
        except DamagedError as error:
            if second is None:
                raise
            self.damage = str(error)
        assert second is not None
        return second, self._decoded(second)

    def _like(self, name: str, blob: bytes) -> None:
        try:
            self._store.write(name, blob)
        except StoreError:
            self.behind = True
