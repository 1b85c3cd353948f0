"""A daemon that watches simulated patients, in simulated time."""

from typing import Any

import numpy as np

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.patients import Patients
from edgeward.device.daemon.simulated import SimulatedSource
from edgeward.device.daemon.source import Arrival, Source
from edgeward.device.device import Parts
from edgeward.model.reference import load_reference_model
from edgeward.process.stream import Block

ENGINE = load_reference_model()
TAKEN = ENGINE.card.input
S = 1_000_000_000


def device_at(
    clock: SimulatedClock,
    patients: int = 8,
    *,
    watched: bool = True,
    expected: tuple[str, ...] = (),
) -> DaemonDevice:
    """A device, with its patients watched or not."""
    device = DaemonDevice(
        Parts(clock=clock, store=MemoryStore(), entropy=SeededEntropy(1), engine=ENGINE)
    )
    if watched:
        bedside, conditions = device.open_bedside(), device.processor.conditions
        device.patients = Patients(bedside, clock, conditions, patients, expected=expected)
    return device


def simulated(clock: SimulatedClock, patients: int, name: str, seconds: float) -> SimulatedSource:
    """Patients of seed 7."""
    return SimulatedSource(patients, 7, name, clock, TAKEN, until_s=seconds)


def ran(device: DaemonDevice, source: Source) -> Daemon:
    """The daemon, after its source has ended."""
    daemon = Daemon(device, source)
    daemon.run(lambda: False)
    device.close()
    return daemon


def told(daemon: Daemon, kind: str) -> list[dict[str, Any]]:
    """The records of a kind that were handed over, and are no more."""
    records = [one.to_dict() for one in daemon.device.handover.take(100_000)]
    return [one for one in records if one["kind"] == kind]


class Sender:
    """A source that gives what a test wrote down, at its instants."""

    said = "a script"
    streams_expected: int | None = None

    def __init__(self, clock: SimulatedClock, arrivals: list[tuple[int, Arrival]]) -> None:
        self.clock, self.arrivals = clock, arrivals
        self.refused: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        return not self.arrivals

    def receive(self, until_ns: int) -> list[Arrival]:
        wake_ns = min(until_ns, self.arrivals[0][0])
        self.clock.advance(max(0, wake_ns - self.clock.monotonic_ns()))
        now_ns = self.clock.monotonic_ns()
        due = [one for at_ns, one in self.arrivals if at_ns <= now_ns]
        self.arrivals = self.arrivals[len(due) :]
        return due

    def close(self) -> None:
        self.arrivals = []


def heart(seconds: int, start_s: int = 0, name: str = "bed-7") -> list[tuple[int, Arrival]]:
    """Beats at 75 a minute, a second in each block."""
    at = np.arange(250 * 8)
    beats = np.exp(-(((at % 200) - 100.0) ** 2) / 18).astype(np.float32)
    beats += np.random.default_rng(1).normal(0, 0.01, len(at)).astype(np.float32)
    found = []
    for second in range(start_s, start_s + seconds):
        first = second * 250
        samples = beats[first % 2000 : first % 2000 + 250]
        at_ns = (second + 1) * S
        found.append((at_ns, (name, Block(first, samples, None, at_ns))))
    return found


def standstill(name: str) -> list[tuple[int, Arrival]]:
    """Twenty seconds of beats, and ten of nothing but noise."""
    found = heart(30, name=name)
    noise = np.random.default_rng(2).normal(0, 0.01, 250).astype(np.float32)
    for place in range(20, 30):
        at_ns, (_, block) = found[place]
        found[place] = (at_ns, (name, block._replace(samples=noise)))
    return found


def in_time(*senders: list[tuple[int, Arrival]]) -> list[tuple[int, Arrival]]:
    """What several send, in the order of its instants."""
    return sorted((one for each in senders for one in each), key=lambda one: one[0])
