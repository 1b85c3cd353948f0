"""Waiting after failures: longer each time, up to a limit, never the same, for ever."""

from edgeward.ports import Entropy

SPREAD_BITS = 32


class Retry:
    """When the next attempt is due.

    A wait is drawn between half of its length and all of it, so that a thousand devices that lost
    one receiver do not come back to it together.
    """

    __slots__ = ("_entropy", "_first_ns", "_max_ns", "due_ns", "failures", "tried_ns")

    def __init__(self, first_ns: int, max_ns: int, entropy: Entropy) -> None:
        """Nothing has failed yet."""
        self._first_ns = first_ns
        self._max_ns = max_ns
        self._entropy = entropy
        self.failures = 0
        """Since the last success."""
        self.due_ns: int | None = None
        """The next attempt; None when it need not wait."""
        self.tried_ns: int | None = None
        """The last attempt that failed."""

    def failed(self, now_ns: int, asked_ns: int | None = None) -> None:
        """Wait longer; what the receiver asks for counts up to the limit."""
        wait_ns = min(self._first_ns << min(self.failures, 40), self._max_ns)
        drawn = int.from_bytes(self._entropy.token(SPREAD_BITS // 8), "little")
        wait_ns = wait_ns // 2 + (wait_ns - wait_ns // 2) * drawn // (1 << SPREAD_BITS)
        if asked_ns is not None:
            wait_ns = max(wait_ns, min(asked_ns, self._max_ns))
        self.failures += 1
        self.due_ns = now_ns + wait_ns
        self.tried_ns = now_ns

    def succeeded(self) -> None:
        """Wait no more."""
        self.failures = 0
        self.due_ns = None

    def hurry(self, now_ns: int, gap_ns: int) -> None:
        """Something is urgent: try as soon as this long has passed since the last attempt."""
        if self.due_ns is not None and self.tried_ns is not None:
            self.due_ns = min(self.due_ns, max(now_ns, self.tried_ns + gap_ns))
