"""From the clinical thread to the slow one: bounded, without a lock, and with every loss counted.

The clinical thread puts finished records in and never waits. The slow thread takes them out when it
comes round. What does not fit is lost and counted by what it was. The last places are a reserve
for what rules have found and what is wrong with the device: results may not use it.
"""

from collections import deque

from edgeward.process.events import Tellable
from edgeward.process.stream import ResultEvent


class Handover:
    """One thread puts, one thread takes."""

    __slots__ = (
        "_records",
        "_reserve",
        "_size_max",
        "lost_others",
        "lost_results",
        "put_total",
        "taken_total",
    )

    def __init__(self, size_max: int, reserve: int = 256) -> None:
        """Hold at most so many records; the last `reserve` places are not for results.

        Raises:
            ValueError: the reserve leaves no place for results.
        """
        if not 0 <= reserve < size_max:
            raise ValueError(f"a reserve of {reserve} in {size_max} places leaves none for results")
        self._records: deque[Tellable] = deque()
        self._size_max = size_max
        self._reserve = reserve
        self.put_total = 0
        self.taken_total = 0
        self.lost_results = 0
        self.lost_others = 0

    def __len__(self) -> int:
        """How many records wait."""
        return len(self._records)

    def put(self, record: Tellable) -> bool:
        """Hand a record over; False when there was no place for it."""
        waiting = len(self._records)
        if waiting >= self._size_max - self._reserve:
            if isinstance(record, ResultEvent):
                self.lost_results += 1
                return False
            if waiting >= self._size_max:
                self.lost_others += 1
                return False
        self._records.append(record)
        self.put_total += 1
        return True

    def take(self, most: int) -> list[Tellable]:
        """The oldest records, at most so many."""
        taken: list[Tellable] = []
        while self._records and len(taken) < most:
            taken.append(self._records.popleft())
            self.taken_total += 1
        return taken

    def counts(self) -> dict[str, int]:
        """What became of the records; asked by the thread that puts.

        `in_hand` is the record, if there is one, that the other thread has taken out at this moment
        and not yet counted. Another value than 0 or 1 says that something was lost or made up.
        """
        while True:
            taken, waiting = self.taken_total, len(self._records)
            if taken == self.taken_total:
                break
        return {
            "put": self.put_total,
            "taken": taken,
            "waiting": waiting,
            "in_hand": self.put_total - taken - waiting,
            "lost_results": self.lost_results,
            "lost_others": self.lost_others,
        }
