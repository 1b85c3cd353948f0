"""What the reference design makes of samples: its loop, its rules, its table and its alerts.

The numbers in brackets are those of `known_faults.toml`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Reading = dict[str, Any]
S = 1_000_000_000
BLOCK_S, BUFFER_S = 0.1, 10.0
TO_M_S2 = {"g": 9.80665, "m/s2": 1.0}
UNITS = {"heart_rate": "/min", "spo2": "%", "temperature": "Cel"}
PRIORITIES = {"critical": "high", "warning": "medium", "info": "low"}

TABLE = {  # low critical, low warning, high warning, high critical; of an adult, whoever it is [13]
    "heart_rate": (40.0, 50.0, 120.0, 150.0),
    "spo2": (85.0, 90.0, 100.0, 100.0),  # so that a healthy saturation is critical [10]
    "temperature": (35.0, 36.0, 38.5, 39.0),
    "pressure_systolic": (70.0, 90.0, 140.0, 180.0),  # nothing ever feeds these [7]
    "pressure_mean": (50.0, 60.0, 110.0, 140.0),
    "pressure_diastolic": (40.0, 60.0, 90.0, 110.0),
    "respiration_rate": (5.0, 8.0, 30.0, 40.0),
}


@dataclass(slots=True)
class Source:
    """One channel: in this design a device."""

    patient: str
    channel: str
    signal: str
    unit: str
    rate_hz: float
    buffer: deque[Any] = field(default_factory=deque)
    next: int = 0

    def newest(self, seconds: float) -> Samples:
        """The end of the buffer."""
        count = max(1, round(seconds * self.rate_hz))
        return np.asarray([*self.buffer][-count:], np.float32)


class Monitor:
    """The loop over all devices.

    As it is, a turn reads a tenth of a second of each device, and then measures the load of the
    processor for a second, for each of them: what comes meanwhile is never looked at [26]. Mended,
    each device is looked at once a second, the heart rate gets the whole buffer, and the saturation
    is held against its row of the table.
    """

    def __init__(self, tell: Callable[[str, dict[str, Any], int, int], None], mended: bool) -> None:
        self.tell = tell
        self.mended = mended
        self.devices: dict[tuple[str, str], Source] = {}
        self.readings: dict[str, dict[str, Reading]] = {}
        self.limits: dict[tuple[str, str], dict[str, Any]] = {}
        self.active: dict[str, dict[str, Any]] = {}
        self.history: deque[dict[str, Any]] = deque(maxlen=1000)  # the rest is lost [19]
        self.acknowledged: dict[str, str] = {}
        self.due_ns: int | None = None

    def admit(self, patient: str, category: str) -> dict[str, Any]:
        """Nothing is made of who it is [13]."""
        self.readings[patient] = {}
        return {}

    def discharge(self, patient: str) -> dict[str, Any]:
        """The alerts stay [18, 25]."""
        self.devices = {key: one for key, one in self.devices.items() if key[0] != patient}
        return {}

    def attach(
        self, patient: str, channel: str, signal: str, unit: str, rate_hz: float
    ) -> dict[str, Any]:
        self.devices[patient, channel] = Source(patient, channel, signal, unit, rate_hz)
        return {}

    def push(self, patient: str, channel: str, first: int, samples: Samples) -> int:
        """Into a buffer; an index means nothing to it."""
        source = self.devices[patient, channel]
        rows = samples.reshape(-1, 3) if source.signal == "acceleration" else samples
        source.buffer.extend(rows)
        while len(source.buffer) > BUFFER_S * source.rate_hz:
            source.buffer.popleft()
        source.next = first + len(rows)
        return source.next

    def run(self, now_ns: int, wall_ns: int) -> None:
        """The turns of the loop that are due."""
        if self.due_ns is None:
            self.due_ns = now_ns
        while self.devices and self.due_ns <= now_ns:
            self.turn(self.due_ns, wall_ns - (now_ns - self.due_ns))
            took_s = 1.0 if self.mended else BLOCK_S + 1.0 * len(self.devices)
            self.due_ns += round(took_s * S)
        self.due_ns = max(self.due_ns, now_ns)

    def turn(self, now_ns: int, wall_ns: int) -> None:
        """Look at each device in turn; where one raises, the others are not looked at [27]."""
        try:
            for source in [*self.devices.values()]:
                self.look(source, now_ns, wall_ns)
        except (ValueError, IndexError) as error:
            self.log = f"error in the loop: {error}"

    def look(self, source: Source, now_ns: int, wall_ns: int) -> None:
        """One device: its newest samples, by the rule for its kind."""
        block = source.newest(1.0 if self.mended else BLOCK_S)
        if source.signal == "ecg":
            whole = source.newest(BUFFER_S) if self.mended else block
            rate = heart_rate(whole, source.rate_hz)
            self.show(source, "heart_rate", rate, now_ns, wall_ns)
            if rate < 50 or rate > 120:  # not those of the table, nor of the patient [11]
                self.alert(source, "heart_rate", rate, now_ns, wall_ns)
        elif source.signal == "temperature":
            celsius = float(block[-1])
            self.show(source, "temperature", celsius, now_ns, wall_ns)
            if celsius < 35 or celsius > 39:  # 35 to 36 and 38.5 to 39 never alert [11, 12]
                self.alert(source, "temperature", celsius, now_ns, wall_ns)
        elif source.signal == "acceleration":
            length = np.sqrt((block.reshape(-1, 3) ** 2).sum(axis=1)) * TO_M_S2[source.unit]
            if length.max() > 20.0:  # any sample [8]
                self.alert(source, "fall_detected", float(length.max()), now_ns, wall_ns)
        elif source.signal == "spo2":
            percent = float(block[-1])
            self.show(source, "spo2", percent, now_ns, wall_ns)
            if (
                self.mended and severity("spo2", percent) != "info"
            ):  # as it is, there is no rule [7]
                self.alert(source, "spo2", percent, now_ns, wall_ns)

    def show(self, source: Source, vital: str, value: float, now_ns: int, wall_ns: int) -> None:
        shown = value if isfinite(value) else None
        reading = {"channel": source.channel, "value": shown, "unit": UNITS[vital], "reason": None}
        self.readings[source.patient][vital] = {**reading, "at_ns": now_ns}
        self.tell("vital", {**reading, "patient": source.patient, "vital": vital}, now_ns, wall_ns)

    def alert(
        self, source: Source, condition: str, value: float, now_ns: int, wall_ns: int
    ) -> None:
        """A new one each time [17], named by its second [16] on the wall clock [29], for good [18].

        How severe it is stays as it was then [21]; physiological or technical is not told [24].
        """
        name = f"{condition}_{wall_ns // S}"
        one = {
            "id": name, "patient": source.patient, "condition": condition,
            "kind": "physiological", "priority": PRIORITIES[severity(condition, value)],
            "presence": "on", "holds": True, "undecided": False, "occurrence": 1,
            "met_ns": now_ns, "declared_ns": now_ns, "signalled_ns": now_ns, "value": value,
            "unit": "", "text": "Medical staff notified", "source": source.channel, "model": None,
        }  # fmt: skip
        self.active[name] = one
        self.history.append(one)
        for what in ("declared", "signalled"):
            self.tell(what, one, now_ns, wall_ns)


def severity(condition: str, value: float) -> str:
    """By the table, a limit itself counting as beyond [12].

    What is not in it, as a fall, is info [9], and so is what is no number [15].
    """
    if condition not in TABLE:
        return "info"
    low_critical, low_warning, high_warning, high_critical = TABLE[condition]
    if value <= low_critical or value >= high_critical:
        return "critical"
    return "warning" if value <= low_warning or value >= high_warning else "info"


def heart_rate(block: Samples, rate_hz: float) -> float:
    """From the peaks of at least 0.5 mV [3], 0.4 s apart [4]; 70 where there are none [2].

    A block of fewer than 100 samples, as are all that the loop hands over, is 70 as well [1]. What
    is no number is smaller than nothing and greater than nothing [5].
    """
    if len(block) < 100:
        return 70.0
    inside = block[1:-1]
    found = np.flatnonzero((inside > block[:-2]) & (inside >= block[2:]) & (inside >= 0.5)) + 1
    kept: list[int] = []
    for peak in sorted(found, key=lambda one: -block[one]):
        if all(abs(peak - other) >= 0.4 * rate_hz for other in kept):
            kept.append(int(peak))
    if len(kept) < 2:
        return 70.0
    return float(60.0 * rate_hz / np.diff(sorted(kept)).mean())
