"""Which devices are alive: silence and clock jumps, told once when they begin and when they end.

Rules:
1. Our monotonic clock alone decides who is late. What a device says about its own time can neither
   hide its silence nor make one up.
2. A device that has never reported is told as soon as one that has stopped: within the same time,
   counted from its registration.
3. A device's clock is compared with ours at each report. A step beyond what drift explains is told
   at once; it is over when the old offset is back, or a new one has lasted.
4. Memory is bounded by the number of devices; advancing costs nothing while nobody is due.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heapify, heappop, heappush

from edgeward.errors import GatewayError

LATE_NS = 30_000_000_000
STEP_NS = 1_000_000_000
"""A smaller step of a device's clock cannot be told from the delay of a report."""
DRIFT_PPM = 200
STEADY_NS = 600_000_000_000
"""How long an offset is compared with the same old one: a clock that creeps is found too."""
SETTLED_NS = 30_000_000_000
"""After so long at a new offset, a clock counts as steady again."""
DEVICES_MAX = 4096


class Trouble(StrEnum):
    """What can be wrong with a device, as seen from here."""

    NEVER_REPORTED = "never_reported"
    LATE = "late"
    CLOCK_JUMPED = "clock_jumped"


@dataclass(frozen=True, slots=True)
class Turn:
    """A trouble begins or ends."""

    device: str
    trouble: Trouble
    begins: bool
    at_ns: int
    """When it was told, on our monotonic clock."""
    text: str


@dataclass(slots=True)
class _Device:
    """One registered device."""

    name: str
    heard_ns: int
    """The last report; before the first one, the registration."""
    troubles: dict[Trouble, int]
    reported: bool = False
    offset_ns: int | None = None
    """Its clock less ours, while that is steady."""
    offset_at_ns: int = 0
    new_offset_ns: int | None = None
    new_since_ns: int = 0


class Liveness:
    """Watches registered devices. Time comes in with each call and never goes back."""

    __slots__ = ("_devices", "_due", "_late_ns", "_most", "_now_ns", "_tell")

    def __init__(
        self,
        tell: Callable[[Turn], None],
        *,
        late_ns: int = LATE_NS,
        devices_max: int = DEVICES_MAX,
    ) -> None:
        """Watch nobody yet.

        Raises:
            ValueError: a limit is not above 0.
        """
        if late_ns <= 0 or devices_max <= 0:
            raise ValueError(f"late after {late_ns} ns, {devices_max} devices; accepted: above 0")
        self._tell = tell
        self._late_ns = late_ns
        self._most = devices_max
        self._devices: dict[str, _Device] = {}
        self._due: list[tuple[int, str]] = []
        """One entry for each device that is not late; it may be due later than it says here."""
        self._now_ns = 0

    def __len__(self) -> int:
        """How many devices are registered."""
        return len(self._devices)

    def register(self, device: str, now_ns: int) -> None:
        """Expect reports from now on.

        Raises:
            GatewayError: the name is empty or taken, or there are too many.
        """
        faults = []
        if not device:
            faults.append("device: found an empty name; accepted: one of its own for each device")
        if device in self._devices:
            faults.append(f"device: {device!r} is registered; accepted: a name of its own")
        if len(self._devices) >= self._most:
            faults.append(f"{len(self._devices)} devices; accepted: up to {self._most}")
        if faults:
            raise GatewayError(faults)
        now_ns = self._at(now_ns)
        self._devices[device] = _Device(device, now_ns, {})
        heappush(self._due, (now_ns + self._late_ns, device))

    def forget(self, device: str, now_ns: int) -> None:
        """Expect nothing more; what was wrong is over.

        Raises:
            GatewayError: it is not registered.
        """
        one = self._known(device)
        for trouble in list(one.troubles):
            self._end(one, trouble, self._at(now_ns), "it is no longer watched")
        del self._devices[device]
        self._due = [entry for entry in self._due if entry[1] != device]
        heapify(self._due)

    def heard(self, device: str, now_ns: int, device_ns: int | None = None) -> None:
        """A report has come; the device's own time stands in it, or does not.

        Raises:
            GatewayError: the device is not registered.
        """
        one, now_ns = self._known(device), self._at(now_ns)
        self.advance(now_ns)
        silent_ns = now_ns - one.heard_ns
        one.heard_ns, one.reported = now_ns, True
        if Trouble.LATE in one.troubles or Trouble.NEVER_REPORTED in one.troubles:
            for trouble in (Trouble.LATE, Trouble.NEVER_REPORTED):
                self._end(one, trouble, now_ns, f"it reports after {silent_ns / 1e9:.1f} s")
            heappush(self._due, (now_ns + self._late_ns, device))
        if device_ns is not None:
            self._compare(one, now_ns, device_ns - now_ns)

    def advance(self, now_ns: int) -> None:
        """Tell who has been silent for too long by now."""
        now_ns = self._at(now_ns)
        while self._due and self._due[0][0] <= now_ns:
            _, name = heappop(self._due)
            one = self._devices[name]
            due_ns = one.heard_ns + self._late_ns
            if due_ns > now_ns:
                heappush(self._due, (due_ns, name))
                continue
            trouble = Trouble.LATE if one.reported else Trouble.NEVER_REPORTED
            silent_s = (now_ns - one.heard_ns) / 1e9
            since = "its last report" if one.reported else "its registration"
            self._begin(one, trouble, now_ns, f"nothing came for {silent_s:.1f} s since {since}")

    def due_ns(self) -> int | None:
        """When `advance` is worth a call; None while nobody can become late."""
        return self._due[0][0] if self._due else None

    def active(self) -> tuple[tuple[str, Trouble, int], ...]:
        """What is wrong now, with its device and since when, the longest first."""
        found = [
            (since_ns, one.name, trouble)
            for one in self._devices.values()
            for trouble, since_ns in one.troubles.items()
        ]
        return tuple((name, trouble, since_ns) for since_ns, name, trouble in sorted(found))

    def _at(self, now_ns: int) -> int:
        self._now_ns = max(self._now_ns, now_ns)
        return self._now_ns

    def _known(self, device: str) -> _Device:
        if device not in self._devices:
            known = ", ".join(sorted(self._devices)[:8]) or "none yet"
            raise GatewayError([f"device: {device!r} is not registered; accepted: {known}"])
        return self._devices[device]

    def _compare(self, one: _Device, now_ns: int, offset_ns: int) -> None:
        """Rule 3."""
        if one.offset_ns is None:
            one.offset_ns, one.offset_at_ns = offset_ns, now_ns
        if self._near(one.offset_ns, one.offset_at_ns, offset_ns, now_ns):
            one.new_offset_ns = None
            if now_ns - one.offset_at_ns >= STEADY_NS:
                one.offset_ns, one.offset_at_ns = offset_ns, now_ns
            self._end(one, Trouble.CLOCK_JUMPED, now_ns, "its clock is where it was")
            return
        new_ns = one.new_offset_ns
        if new_ns is None or not self._near(new_ns, one.new_since_ns, offset_ns, now_ns):
            one.new_offset_ns, one.new_since_ns = offset_ns, now_ns
        elif now_ns - one.new_since_ns >= SETTLED_NS:
            one.offset_ns, one.offset_at_ns, one.new_offset_ns = offset_ns, now_ns, None
            self._end(one, Trouble.CLOCK_JUMPED, now_ns, "its clock is steady again")
            return
        step_s = (offset_ns - one.offset_ns) / 1e9
        text = f"its clock has moved by {step_s:+.1f} s against ours, or its report was delayed"
        self._begin(one, Trouble.CLOCK_JUMPED, now_ns, text)

    @staticmethod
    def _near(one_ns: int, one_at_ns: int, other_ns: int, other_at_ns: int) -> bool:
        drift_ns = (other_at_ns - one_at_ns) * DRIFT_PPM // 1_000_000
        return abs(other_ns - one_ns) <= STEP_NS + drift_ns

    def _begin(self, one: _Device, trouble: Trouble, now_ns: int, text: str) -> None:
        if trouble not in one.troubles:
            one.troubles[trouble] = now_ns
            self._tell(Turn(one.name, trouble, begins=True, at_ns=now_ns, text=text))

    def _end(self, one: _Device, trouble: Trouble, now_ns: int, text: str) -> None:
        if one.troubles.pop(trouble, None) is not None:
            self._tell(Turn(one.name, trouble, begins=False, at_ns=now_ns, text=text))
