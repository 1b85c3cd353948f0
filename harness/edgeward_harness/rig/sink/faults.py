"""What a receiver is asked to do wrong: once or for some requests, or until further notice."""

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way to answer a request otherwise than with the truth."""

    BUSY = "busy"
    """429; the value is the seconds in `Retry-After`."""
    UNAVAILABLE = "unavailable"
    """503; the value is the seconds in `Retry-After`."""
    ERROR = "error"
    """500, and nothing was kept."""
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    PORTAL_PAGE = "portal page"
    """200, and a page for people."""
    PORTAL_REDIRECT = "portal redirect"
    """302, to such a page."""
    WRONG_BATCH = "wrong batch"
    """It keeps the batch, and answers to another one."""
    NOT_JSON = "not json"
    """It keeps the batch, and answers 200 with what is no answer."""
    CUT_ANSWER = "cut answer"
    """It keeps the batch, and the connection ends inside the answer."""
    LOST_ANSWER = "lost answer"
    """It keeps the batch, and the connection ends before the answer."""
    LOST_REQUEST = "lost request"
    """It keeps nothing, and the connection ends."""
    SLOW = "slow"
    """It answers after as many milliseconds as the value says."""
    FORGET_KEYS = "forget keys"
    """It has lost all keys that were granted before this request."""
    DIE_BEFORE = "die before"
    """Its process is killed before it keeps the batch."""
    DIE_AFTER = "die after"
    """Its process is killed between keeping the batch and answering."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A fault for one request, with its value."""

    fault: Fault
    value: int = 0


class Faults:
    """What a receiver is to do wrong. Threads may share it."""

    def __init__(self) -> None:
        """Nothing is wrong."""
        self._lock = threading.Lock()
        self._ordered: deque[Ordered] = deque()
        self.batch_bytes_max: int | None = None
        """A longer batch is answered by 413."""
        self.poison: frozenset[int] = frozenset()
        """A batch with one of these sequences is answered by 400."""
        self.refuse: frozenset[int] = frozenset()
        """Records of these sequences are refused in the answer."""

    def order(self, fault: Fault, times: int = 1, value: int = 0) -> None:
        """Do this wrong, that many requests long, after what was ordered before."""
        with self._lock:
            self._ordered.extend([Ordered(fault, value)] * times)

    def take(self) -> Ordered | None:
        """What is to go wrong with this request; it is not asked for again."""
        with self._lock:
            return self._ordered.popleft() if self._ordered else None

    def clear(self) -> None:
        """Do nothing wrong any more."""
        with self._lock:
            self._ordered.clear()
        self.batch_bytes_max = None
        self.poison = self.refuse = frozenset()
