"""Records that a receiver has refused alone, until it shows that it takes others.

A receiver that refuses everything is at fault itself: then nothing is set aside for it.
"""

from edgeward.comms.record import Identity, Queued


class Suspects:
    """The records passed over for now, and why each was refused."""

    __slots__ = ("_most", "_refused")

    def __init__(self, most: int) -> None:
        """Suspect no more than this many at once."""
        self._most = most
        self._refused: dict[Identity, tuple[Queued, str]] = {}

    def __contains__(self, identity: Identity) -> bool:
        """Whether it is passed over."""
        return identity in self._refused

    def __len__(self) -> int:
        """How many are passed over."""
        return len(self._refused)

    def add(self, record: Queued, reason: str) -> bool:
        """Pass over a record; false when there are too many: then none is suspected any more."""
        self._refused[record.identity] = record, reason
        if len(self._refused) < self._most:
            return True
        self._refused.clear()
        return False

    def convicted(self) -> list[tuple[Queued, str]]:
        """The receiver has taken another record: these are at fault, and suspected no more."""
        found, self._refused = list(self._refused.values()), {}
        return found
