"""Which data keys the receiver has still to be told."""

from collections.abc import Iterable, Sequence

from edgeward.comms.delivery.source import Granter, Source
from edgeward.comms.record import Epoch, Queued
from edgeward.comms.wire import Grant
from edgeward.errors import SealError

KeyName = tuple[Epoch, int]
KEPT = 4096
"""Keys remembered as known to the receiver; a forgotten one is granted again."""


class Grants:
    """Grants each key until an answer covers it; remembers what this receiver knows."""

    __slots__ = ("_granter", "_known", "_source", "receiver_key")

    def __init__(self, source: Source, granter: Granter) -> None:
        """Nobody knows any key yet."""
        self._source = source
        self._granter = granter
        self._known: dict[KeyName, None] = {}
        self.receiver_key: bytes | None = None

    def to(self, receiver_key: bytes) -> None:
        """From now on grant to this one; another receiver knows nothing yet."""
        if receiver_key != self.receiver_key:
            self._known.clear()
        self.receiver_key = receiver_key

    def needed(self, records: Sequence[Queued]) -> tuple[list[Grant], dict[KeyName, str]]:
        """The grants these records need, and the keys that nobody can grant any more."""
        unknown = {
            (one.identity.epoch, one.sealed.key): one
            for one in records
            if (one.identity.epoch, one.sealed.key) not in self._known
        }
        if not unknown or self.receiver_key is None:
            return [], {}
        lost = dict.fromkeys(unknown, "its key is not in the queue")
        grants = []
        for key in self._source.keys(list(unknown.values())):
            name = (key.epoch, key.number)
            try:
                grants.append(Grant(key, self._granter.grant(key, self.receiver_key)))
                del lost[name]
            except SealError as error:
                lost[name] = str(error)
        return grants, lost

    def confirmed(self, grants: Iterable[Grant]) -> None:
        """The receiver has these."""
        for grant in grants:
            self._known[(grant.key.epoch, grant.key.number)] = None
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def forget(self, names: Iterable[tuple[bytes, int]]) -> None:
        """The receiver says that it does not know these, by token and number."""
        told = set(names)
        for name in [one for one in self._known if (one[0].token, one[1]) in told]:
            del self._known[name]
