"""Records that the disk refused, in memory: alarms stay longest, and nothing leaves unseen.

There is little room and a disk is at fault, so the declared order alone counts here, and no quota.
"""

from collections.abc import Collection

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.batch import Draft
from edgeward.comms.record import RecordClass


class Ring:
    """A bounded queue in the order of acceptance."""

    __slots__ = ("_drafts", "_size_bytes", "allowance")

    def __init__(self, allowance: Allowance) -> None:
        """Start empty."""
        self.allowance = allowance
        self._drafts: dict[int, Draft] = {}
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self._drafts)

    def __contains__(self, place: object) -> bool:
        return place in self._drafts

    def drafts(self) -> list[Draft]:
        """All of them, oldest first."""
        return list(self._drafts.values())

    def count(self, kind: RecordClass) -> int:
        """How many of one class there are."""
        return sum(draft.kind is kind for draft in self._drafts.values())

    def add(self, draft: Draft) -> tuple[bool, list[Draft]]:
        """Take one more; whether it was taken, and which older ones it cost.

        It costs only records of lower classes, or older ones of its own that may be given up.
        """
        if self._size_bytes + draft.size_bytes - self._freeable(draft) > self._bytes_max:
            return False, []
        given_up = []
        while self._size_bytes + draft.size_bytes > self._bytes_max:
            victim = min(self._victims(draft), key=self._order)
            self.remove((victim.place,))
            given_up.append(victim)
        self._drafts[draft.place] = draft
        self._size_bytes += draft.size_bytes
        return True, given_up

    def remove(self, places: Collection[int]) -> list[Draft]:
        """Take these out, where they are there."""
        found = [self._drafts.pop(place) for place in places if place in self._drafts]
        self._size_bytes -= sum(draft.size_bytes for draft in found)
        return found

    @property
    def _bytes_max(self) -> int:
        return self.allowance.memory_bytes_max

    def _order(self, draft: Draft) -> tuple[int, int]:
        return self.allowance.rank(draft.kind), draft.place

    def _victims(self, draft: Draft) -> list[Draft]:
        rank = self.allowance.rank(draft.kind)
        return [
            one
            for one in self._drafts.values()
            if one.kind in self.allowance.eviction and self.allowance.rank(one.kind) <= rank
        ]

    def _freeable(self, draft: Draft) -> int:
        return sum(one.size_bytes for one in self._victims(draft))
