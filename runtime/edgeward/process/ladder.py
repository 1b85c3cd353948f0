"""The degradation ladder: what the device gives up, in which order, so that alarms stay in time.

Rules:
1. Several advisers (backlog, processor, temperature, battery) each ask for a rung; the highest is
   taken at once.
2. It is left one rung at a time, each after nobody has asked for it for a whole dwell: a noisy
   adviser cannot make it swing.
3. No rung touches the path from a clinical sample to its alarm, except that a thinner model of the
   same inputs and labels may answer, where one is there and has evidence for this device.
"""

from enum import IntEnum

_NS_PER_S = 1_000_000_000
DWELL_NS = 10 * _NS_PER_S


class Rung(IntEnum):
    """How much is given up; each rung includes those below it."""

    FULL = 0
    THROTTLED = 1
    """Background work (backlog, synchronisation, compression, updates) waits."""
    THINNER = 2
    """The thinner model answers."""
    SHED = 3
    """Streams that no alarm rests on are not processed."""
    ALARMS_ONLY = 4
    """An emergency: rules on those streams are not asked either, and their waiting blocks go."""

    @property
    def said(self) -> str:
        """The rung in words."""
        return _SAID[self]


_SAID = {
    Rung.FULL: "everything is done",
    Rung.THROTTLED: "background work waits",
    Rung.THINNER: "background work waits, the thinner model answers",
    Rung.SHED: "background work waits, the thinner model answers, streams without alarms are shed",
    Rung.ALARMS_ONLY: "emergency: everything but what an alarm rests on is left out",
}


class Ladder:
    """The rung the device is on."""

    __slots__ = ("_advice", "_dwell_ns", "_since_ns", "rung", "steps")

    def __init__(self, dwell_ns: int = DWELL_NS) -> None:
        """Start where everything is done."""
        self._advice: dict[str, Rung] = {}
        self._dwell_ns = dwell_ns
        self._since_ns = 0  # since when no adviser asks for the rung that is held
        self.rung = Rung.FULL
        self.steps = 0

    def advise(self, adviser: str, rung: Rung, now_ns: int) -> bool:
        """Take an adviser's opinion, which holds until its next; True when the rung changed."""
        self._advice[adviser] = rung
        wanted = max(self._advice.values())
        if wanted >= self.rung:
            self._since_ns = now_ns
        if wanted > self.rung:
            self.rung = wanted
            self.steps += 1
            return True
        if wanted < self.rung and now_ns - self._since_ns >= self._dwell_ns:
            self.rung = Rung(self.rung - 1)
            self._since_ns = now_ns
            self.steps += 1
            return True
        return False

    def advisers(self) -> dict[str, Rung]:
        """Who asks for what."""
        return dict(self._advice)

    @property
    def background_waits(self) -> bool:
        """Whether work that no patient waits for may not run."""
        return self.rung >= Rung.THROTTLED

    @property
    def thinner_model(self) -> bool:
        """Whether the thinner model answers, where there is one."""
        return self.rung >= Rung.THINNER

    @property
    def sheds(self) -> bool:
        """Whether streams without alarms are left out."""
        return self.rung >= Rung.SHED

    @property
    def alarms_only(self) -> bool:
        """Whether not even the rules on streams without alarms are asked."""
        return self.rung >= Rung.ALARMS_ONLY
