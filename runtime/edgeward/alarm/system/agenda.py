"""What is due when: each key has one instant at most, and the earliest is found at once."""

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_STALE_MAX = 64


class Agenda(Generic[K]):
    """Instants by key. Memory is bounded by the keys that have one."""

    __slots__ = ("_count", "_due", "_heap")

    def __init__(self) -> None:
        """Nothing is due."""
        self._due: dict[K, int] = {}
        self._heap: list[tuple[int, int, K]] = []
        self._count = 0

    def put(self, key: K, due_ns: int | None) -> None:
        """Set when a key is due, in place of what it had; None: not at all."""
        if due_ns == self._due.get(key):
            return
        if due_ns is None:
            self._due.pop(key, None)
        else:
            self._due[key] = due_ns
            self._push(due_ns, key)
        if len(self._heap) > 2 * len(self._due) + _STALE_MAX:
            self._heap = []
            for kept, at_ns in self._due.items():
                self._push(at_ns, kept)

    def next_ns(self) -> int | None:
        """The earliest instant; None when nothing is due."""
        while self._heap:
            due_ns, _, key = self._heap[0]
            if self._due.get(key) == due_ns:
                return due_ns
            heappop(self._heap)
        return None

    def take(self, now_ns: int) -> K | None:
        """The key that has been due longest; it has no instant any more."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        key = heappop(self._heap)[2]
        del self._due[key]
        return key

    def _push(self, due_ns: int, key: K) -> None:
        self._count += 1
        heappush(self._heap, (due_ns, self._count, key))
