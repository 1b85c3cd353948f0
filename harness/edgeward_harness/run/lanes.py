"""Cases side by side on several processes; those that are judged by time by themselves, at the end.

How pytest-xdist deals out the items of a run. A process of it starts an item only when it knows
which one follows, or that none does; so the one that goes on alone holds the first of these back
until all others have ended.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScheduling
from xdist.workermanage import WorkerController

_AHEAD = 2
"""What a process runs, and what follows."""


class Lanes(LoadScheduling):  # type: ignore[misc]  # xdist publishes no types
    """Deals out items one at a time, first those that may have others beside them."""

    collection: list[str] | None
    pending: list[int]
    node2pending: dict[WorkerController, list[int]]

    def __init__(
        self, config: pytest.Config, log: Producer | None, is_alone: Callable[[str], bool]
    ) -> None:
        """Asked of each node id, once it was collected, is whether nothing may run beside it."""
        super().__init__(config, log)
        self._is_alone = is_alone
        self._alone: list[int] = []
        self._dealt: dict[WorkerController, int] = {}

    @property
    def tests_finished(self) -> bool:
        """Whether each item was dealt out, and is running or over."""
        return not self._alone and super().tests_finished

    @property
    def has_pending(self) -> bool:
        """Whether an item is not over."""
        return bool(self._alone) or super().has_pending

    def schedule(self) -> None:
        """Begin, or go on with a process that took the place of a dead one."""
        if self.collection is None:
            if not self._check_nodes_have_same_collection():
                return
            self.collection = list(next(iter(self.node2collection.values())))
            self._put_back(range(len(self.collection)))
        self._go_on()

    def mark_test_complete(
        self,
        node: WorkerController,
        item_index: int,
        duration: float = 0,  # noqa: ARG002 - it says nothing about the next one
    ) -> None:
        """An item is over: there may be room for the next one, here or in another process."""
        self.node2pending[node].remove(item_index)
        self._go_on()

    def remove_node(self, node: WorkerController) -> str | None:
        """A process ended: the item it died over, if it did; the others are dealt out anew."""
        left = self.node2pending.pop(node)
        if not left:
            self._go_on()
            return None
        assert self.collection is not None
        self._put_back(left[1:])
        self._go_on()
        return self.collection[left[0]]

    def check_schedule(
        self,
        node: WorkerController,
        duration: float = 0,  # noqa: ARG002 - as above
    ) -> None:
        """Deal out to one process what it may have now."""
        if node.shutting_down or self.collection is None:
            return
        mine = self.node2pending[node]
        while self.pending and len(mine) < _AHEAD:
            self._send_next(node)
        if self.pending:
            return
        if not self._alone or not self._is_last(node):
            node.shutdown()
        elif not any(self.node2pending[other] for other in self.nodes if other is not node):
            self._send_alone(node, len(self._alone))
            node.shutdown()
        elif mine and not any(map(self._stands_alone, mine)):
            self._send_alone(node, 1)  # it begins what it has, and holds this one back

    def _go_on(self) -> None:
        for node in self.nodes:
            self.check_schedule(node)

    def _is_last(self, node: WorkerController) -> bool:
        """Whether this is the process that goes on alone."""
        return all(before.shutting_down for before in self.nodes[: self.nodes.index(node)])

    def _stands_alone(self, index: int) -> bool:
        assert self.collection is not None
        return self._is_alone(self.collection[index])

    def _put_back(self, indices: Sequence[int]) -> None:
        self._alone = sorted([*self._alone, *filter(self._stands_alone, indices)])
        beside = [index for index in indices if not self._stands_alone(index)]
        self.pending[:] = sorted([*self.pending, *beside])

    def _send_next(self, node: WorkerController) -> None:
        """Of what waits, the item that follows the last one that it got.

        So cases that share what they computed stay together as long as it goes.
        """
        begin = self.pending[len(self.pending) * self.nodes.index(node) // len(self.nodes)]
        follows = self._dealt.get(node, begin - 1) + 1
        at = bisect_left(self.pending, follows)
        index = self.pending.pop(at if self.pending[at : at + 1] == [follows] else -1)
        self._dealt[node] = index
        self.node2pending[node].append(index)
        node.send_runtest_some([index])

    def _send_alone(self, node: WorkerController, count: int) -> None:
        some, self._alone = self._alone[:count], self._alone[count:]
        self.node2pending[node].extend(some)
        node.send_runtest_some(some)
