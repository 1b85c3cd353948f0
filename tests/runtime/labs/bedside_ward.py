"""A device whose patients are simulated, asked over the protocol, on a clock that is moved."""

import base64
from collections.abc import Callable
from typing import Any

from edgeward.signal.channel import Channel
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.scenarios import scenario

S = 1_000_000_000
Start = Callable[..., Any]
Event = dict[str, Any]


class Ward:
    """A device whose patients are simulated, and what it has told."""

    def __init__(self, inprocess: Start, **options: Any) -> None:
        self.peer, self.running = inprocess(simulated=True, **options)
        self.second = 0
        self.cursor = 0
        self.told: list[Event] = []

    def restart(self) -> None:
        """Ask for it, and wait until the device has let go of all that it holds."""
        self.peer.result("restart")
        assert self.running.join(60.0) is not None

    def admit(self, patient: str, *channels: Channel, category: str = "adult") -> None:
        self.peer.result("patient.admit", patient=patient, category=category)
        for one in channels:
            self.attach(patient, one)

    def attach(self, patient: str, one: Channel, **more: Any) -> None:
        self.peer.result(
            "patient.attach", patient=patient, channel=one.name, signal=one.signal.value,
            unit=one.unit, rate_hz=one.rate_hz, **more,
        )  # fmt: skip

    def play(self, patient: str, name: str, *channels: str, until: int | None = None) -> None:
        """Send a scenario in blocks of a second, each when it is taken."""
        record = simulate(scenario(name), 7)
        for second in range(until or int(scenario(name).seconds)):
            self.pass_second()
            for one in channels:
                rate_hz = record.channel(one).rate_hz
                block = record.signals[one][second * rate_hz : (second + 1) * rate_hz]
                self.push(patient, one, second * rate_hz, block)

    def push(self, patient: str, channel: str, first: int, block: Samples) -> None:
        text = base64.b64encode(block.astype("<f4").tobytes()).decode()
        self.peer.result("patient.push", patient=patient, channel=channel, first=first,
                         samples=text)  # fmt: skip
        self.read()

    def pass_second(self, seconds: int = 1) -> None:
        self.second += seconds
        self.peer.result("clock", advance_ns=seconds * S)
        self.read()

    def read(self) -> None:
        got = self.peer.result("events", after=self.cursor, limit=512)
        assert got["dropped"] == 0
        self.cursor = got["next"]
        self.told += got["events"]

    def changes(self, condition: str) -> list[tuple[str, float]]:
        """What happened to the alarms of a condition, and when."""
        return [
            (one["what"], one["at_ns"] / S)
            for one in self.told
            if one["kind"] == "alarm" and (one["alarm"] or {}).get("condition") == condition
        ]

    def state(self, patient: str | None = "p1") -> dict[str, Any]:
        shown: dict[str, Any] = self.peer.result("patient.state", patient=patient)
        return shown


def channels_of(name: str, *wanted: str) -> list[Channel]:
    record = simulate(scenario(name), 7)
    return [record.channel(one) for one in wanted]
