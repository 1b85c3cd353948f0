"""What the device has to tell, kept until a reader has fetched it or the buffer is full.

A cursor counts the events since the start, from 1. Asking for what comes after a cursor says that
everything up to it has arrived; an event that leaves a full buffer before that is counted as
dropped. Asking again from an older cursor gives the same events again, as long as they are kept.
"""

from collections import deque
from itertools import islice
from typing import Any, Protocol

Event = dict[str, Any]


class Tellable(Protocol):
    """Something to tell; how it is written is only asked when a reader fetches it."""

    def to_dict(self) -> Event:
        """The fields of the event, without its cursor."""
        ...


class EventLog:
    """A bounded buffer of events with a cursor."""

    __slots__ = ("_arrived", "_dropped", "_kept", "_last")

    def __init__(self, kept_max: int) -> None:
        """Keep at most so many events."""
        self._kept: deque[Tellable] = deque(maxlen=kept_max)
        self._last = 0
        self._arrived = 0
        self._dropped = 0

    @property
    def last(self) -> int:
        """The cursor of the newest event; 0 before the first."""
        return self._last

    @property
    def dropped(self) -> int:
        """Events that left the full buffer before a reader said that it has them."""
        return self._dropped

    def append(self, event: Tellable) -> int:
        """Keep an event and give it the next cursor, which is returned."""
        kept = self._kept
        if len(kept) == kept.maxlen and self._last - len(kept) >= self._arrived:
            self._dropped += 1
        kept.append(event)
        self._last += 1
        return self._last

    def after(self, cursor: int, limit: int) -> list[Event]:
        """The kept events after a cursor, oldest first, at most so many."""
        self._arrived = max(self._arrived, min(cursor, self._last))
        newer = min(len(self._kept), max(0, self._last - cursor))
        newest_first = islice(reversed(self._kept), newer)
        oldest_first = list(newest_first)[::-1][:limit]
        first = self._last - newer + 1
        return [
            {"cursor": first + place, **event.to_dict()} for place, event in enumerate(oldest_first)
        ]
