"""Whether a link carries messages both ways, judged by one end and its own clock alone.

Each message says which message of the other end was heard last. The link is alive until T after
the sending of the newest message that is known to have been heard: a message that was stuck on its
way proves nothing, and a link that carries one way only is lost for both ends.
"""

from edgeward.alarm.delegation.messages import Stamp

NOTHING: Stamp = (0, 0)


class Freshness:
    """One end's view of a link."""

    __slots__ = ("_fresh_until_ns", "_lost", "_sent", "_seq", "_within_ns", "epoch", "heard")

    def __init__(self, epoch: int, within_ns: int, now_ns: int) -> None:
        """Begin alive: the other end has until T from now."""
        self.epoch = epoch
        self._within_ns = within_ns
        self._fresh_until_ns = now_ns + within_ns
        self._sent: dict[int, int] = {}
        self._seq = 0
        self._lost = False
        self.heard = NOTHING
        """The newest message of the other end."""

    def stamp(self, now_ns: int) -> Stamp:
        """The stamp of a message that is sent now."""
        self._seq += 1
        self._sent[self._seq] = now_ns
        for seq in [s for s, at_ns in self._sent.items() if now_ns - at_ns > self._within_ns]:
            del self._sent[seq]  # too old to prove anything
        return self.epoch, self._seq

    def take(self, stamp: Stamp, echo: Stamp) -> bool:
        """A message has come that heard `echo`: whether it is newer than all before it."""
        if stamp <= self.heard:
            return False
        self.heard = stamp
        epoch, seq = echo
        if epoch == self.epoch and seq in self._sent:
            proven_ns = self._sent[seq] + self._within_ns
            self._fresh_until_ns = max(self._fresh_until_ns, proven_ns)
        return True

    def lost(self, now_ns: int) -> bool:
        """Whether the link is lost at this instant."""
        return now_ns > self._fresh_until_ns

    def changed(self, now_ns: int) -> bool:
        """Whether it was lost, or is back, since this was asked last."""
        before, self._lost = self._lost, self.lost(now_ns)
        if self._lost and not before:
            self.heard = NOTHING  # whatever stamp was heard before keeps nobody from coming back
        return before is not self._lost
