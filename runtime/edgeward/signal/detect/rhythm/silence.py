"""Silence: how long the signal could be read and no beat was in it (rules 1 and 2 of `rhythm`)."""

from collections.abc import Iterator

from edgeward.signal.detect.rhythm.limits import RhythmLimits
from edgeward.signal.findings import Sign
from edgeward.signal.ring import Mask

HOLE_S = 0.5
SIGNS = (Sign.ASYSTOLE, Sign.PAUSE)


class Silence:
    """Counts from beat to beat."""

    __slots__ = (
        "_asystole",
        "_end",
        "_hole",
        "_hole_max",
        "_last",
        "_pause",
        "_rate_hz",
        "_unread",
        "samples",
        "since",
    )

    def __init__(self, rate_hz: int, limits: RhythmLimits) -> None:
        """Begin after the time in which beats are learned."""
        self._rate_hz = rate_hz
        self._asystole = round(limits.asystole_s * rate_hz)
        self._pause = round(limits.pause_s * rate_hz)
        self._hole_max = round(HOLE_S * rate_hz)
        self._unread = round(limits.learning_s * rate_hz)
        """Samples that still do not count."""
        self._hole = 0
        self._last: int | None = None
        self._end = 0
        self.samples = 0
        """Of silence, up to the last sample that was read."""
        self.since = self._unread
        """The sample with which it began: a beat, or the end of a hole."""

    def beat(self, sample: int) -> None:
        """A beat ends the silence, and its own sample begins the next, told late or not."""
        self._last = self.since = sample
        self.samples = min(self.samples, max(0, self._end - sample))
        self._unread = 0

    def read(self, mask: Mask, end: int) -> bool:
        """Samples up to `end` without a beat; whether a hole has become too long with them."""
        self._end = end
        if not len(mask):
            return False
        if self._unread > 0:
            self._unread -= len(mask)
            self.since = end
            return False
        if mask.all():
            self._hole = 0
            self.samples += len(mask)
            return False
        broken = False
        for place, sound in enumerate(mask.tolist(), end - len(mask)):
            broken |= self._one(place, sound=sound)
        return broken

    def _one(self, place: int, *, sound: bool) -> bool:
        if sound:
            self._hole = 0
            self.samples += 1
            return False
        self._hole += 1
        if self._hole < self._hole_max:
            return False
        self.samples, self.since = 0, place + 1
        return self._hole == self._hole_max

    def signs(self) -> Iterator[tuple[Sign, bool | None, int, str]]:
        """Each sign: whether it is present, since when, and in words."""
        text = f"no beat for {self.samples / self._rate_hz:.1f} s"
        yield Sign.ASYSTOLE, self._reached(self._asystole), self.since, text
        pause = self._reached(self._pause)
        if self.samples >= self._asystole:
            pause = False
        elif self._last is None:
            pause = None  # it lies between two beats, and the first may be hard to find
        yield Sign.PAUSE, pause, self.since, text

    def _reached(self, limit: int) -> bool | None:
        if self.samples >= limit:
            return True
        if self._last is None or self._end - self._last >= limit + self._hole_max:
            return None
        return False
