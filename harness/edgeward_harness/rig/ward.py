"""Simulated patients at a device whose time moves only when it is told to: who sends, who listens.

Rules:
1. An alarm is timed by our clock: the instant to which we had moved the device's time when it told
   the alarm, in answer to what we had sent until then. What the device says of its own times is
   never used.
2. Everything that is told is read after every step, so nothing is lost to a full buffer; events
   that were dropped, cursors out of order, or a hole in the journal's numbers are a finding.
3. Every signal comes from `edgeward.signal.simulation`. The patients are simulated, and every
   record says so.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.simulation.generate import CHANNELS, SimulatedRecord, simulate
from edgeward.signal.simulation.script import Script
from edgeward_harness.target import DeviceSession, Pending

NS: Final = 1_000_000_000
STEP_MS: Final = 200
"""Time passes in steps of this, and each channel sends what it has of a step as one block."""
EVENTS_MAX: Final = 256
Event = Mapping[str, Any]
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Told:
    """What the device told, and when by our clock."""

    at_s: float
    """From the start of the ward."""
    event: Event


@dataclass(slots=True, eq=False)
class Bed:
    """A patient, what their channels will show, and how much of it was sent."""

    patient: str
    channels: tuple[Channel, ...]
    signals: Mapping[str, Samples]
    seconds: float
    record: SimulatedRecord | None = None
    category: str = "adult"
    began_s: float = 0.0
    """On the ward's clock."""
    silent: set[str] = field(default_factory=set)
    """Channels that send nothing for now."""
    skipping: set[str] = field(default_factory=set)
    """Channels whose samples are lost on the way for now: the index goes on."""
    beats: bool = False
    """Each beat that the device finds is to be told."""

    def blocks(self, from_s: float, to_s: float) -> Iterator[tuple[str, int, Samples]]:
        """What each channel has to send of a stretch of the patient's own time."""
        for one in self.channels:
            first, end = (ceil(at_s * one.rate_hz - 1e-6) for at_s in (from_s, to_s))
            if end > first and one.name not in self.silent | self.skipping:
                yield one.name, first, self.signals[one.name][first:end]


def simulated_bed(
    patient: str, script: Script, seed: int, *names: str, category: str = "adult"
) -> Bed:
    """A bed with these channels of a simulated patient."""
    channels = tuple(one for one in CHANNELS if one.name in names)
    record = simulate(script, seed, channels)
    return Bed(patient, channels, record.signals, script.seconds, record, category)


class Ward:
    """Patients at one device, the time that passes there, and all that it tells."""

    def __init__(self, device: DeviceSession, step_ms: int = STEP_MS) -> None:
        """Begin with nobody."""
        self.device = device
        self.step_ms = step_ms
        self.now_ms = 0
        self.cursor = 0
        self.told: list[Told] = []
        self.entry: tuple[int, int] | None = None
        """Epoch and number of the last entry of the alarm journal that was told."""

    @property
    def now_s(self) -> float:
        """Our clock: how much time was made to pass."""
        return self.now_ms / 1000

    def admit(self, *beds: Bed) -> None:
        """Admit patients and attach their channels; their own time begins now."""
        for bed in beds:
            bed.began_s = self.now_s
            asked = {"patient": bed.patient, "category": bed.category}
            self.device.call("patient.admit", asked)
            for one in bed.channels:
                self.attach(bed.patient, one, beats=bed.beats and one.signal is Signal.ECG)

    def attach(self, patient: str, one: Channel, *, beats: bool = False) -> None:
        """Attach a channel; with `beats` each of its beats is told."""
        asked = {
            "patient": patient,
            "channel": one.name,
            "signal": one.signal.value,
            "unit": one.unit,
            "rate_hz": one.rate_hz,
        }
        self.device.call("patient.attach", {**asked, "beats": True} if beats else asked)

    def discharge(self, *beds: Bed) -> None:
        """Discharge patients."""
        for bed in beds:
            self.device.call("patient.discharge", {"patient": bed.patient})
        self.read()

    def play(self, beds: Sequence[Bed], seconds: float) -> None:
        """Let so much time pass, while these patients send what they have."""
        for _ in range(round(seconds * 1000 / self.step_ms)):
            self.step(beds)

    def play_while(self, beds: Sequence[Bed], seconds: float, going_on: Callable[[], bool]) -> bool:
        """As `play`, but no longer than something holds; whether it ceased to hold."""
        for _ in range(round(seconds * 1000 / self.step_ms)):
            if not going_on():
                return True
            self.step(beds)
        return not going_on()

    def step(self, beds: Iterable[Bed]) -> None:
        """One step of time, the blocks of all, and what is told then."""
        before_s = self.now_s
        self.pass_ms(self.step_ms)
        sent: list[Pending] = []
        for bed in beds:
            for name, first, samples in bed.blocks(
                before_s - bed.began_s, self.now_s - bed.began_s
            ):
                sent.append(self.send(bed.patient, name, first, samples))
        for one in sent:
            one.result()
        self.read()

    def pass_ms(self, milliseconds: int) -> None:
        """Time alone."""
        self.device.advance(milliseconds * 1_000_000)
        self.now_ms += milliseconds

    def rest(self, seconds: float) -> None:
        """Time passes while nobody sends; what is told is read each second."""
        for _ in range(round(seconds)):
            self.pass_ms(1000)
            self.read()

    def send(self, patient: str, channel: str, first: int, samples: Samples) -> Pending:
        """Send a block without waiting."""
        text = base64.b64encode(np.ascontiguousarray(samples, dtype="<f4").tobytes()).decode()
        return self.device.send(
            "patient.push",
            {"patient": patient, "channel": channel, "first": first, "samples": text},
        )

    def read(self) -> None:
        """Read everything that is told by now (rule 2).

        Raises:
            Finding: events were dropped, their cursors do not rise, or entries are missing.
        """
        while True:
            asked = {"after": self.cursor, "limit": EVENTS_MAX}
            answer = self.device.call("events", asked)
            cursors = [self.cursor, *(int(one["cursor"]) for one in answer["events"])]
            if answer["dropped"] or any(later <= sooner for sooner, later in pairwise(cursors)):
                detail = f"dropped {answer['dropped']}, cursors {cursors[:5]}"
                raise self.device.finding("Events of the alarm system are lost", detail)
            self._follow(answer["events"])
            self.told += [Told(self.now_s, one) for one in answer["events"]]
            self.cursor = int(answer["next"])
            if len(answer["events"]) < EVENTS_MAX:
                return

    def _follow(self, events: Iterable[Event]) -> None:
        """Within an epoch the entries of the journal are numbered without a hole."""
        for one in events:
            if one["kind"] != "alarm":
                continue
            before, self.entry = self.entry, (one["epoch"], one["seq"])
            if before is not None and before[0] == one["epoch"] and one["seq"] != before[1] + 1:
                detail = f"entry {before[1]} of epoch {before[0]}, then {one['seq']}"
                raise self.device.finding("Entries of the alarm journal are missing", detail)

    def state(self, patient: str | None) -> Event:
        """What is shown now."""
        return self.device.call("patient.state", {"patient": patient})

    def alarms(self, patient: str, *what: str) -> list[Told]:
        """What was told of the alarms of a patient; all of it, or these kinds of entries."""
        return [
            one
            for one in self.told
            if one.event["kind"] == "alarm"
            and one.event["patient"] == patient
            and one.event["alarm"] is not None
            and (not what or one.event["what"] in what)
        ]
