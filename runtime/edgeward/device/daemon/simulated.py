"""Simulated patients as a source: every channel of each, from one script and one integer.

Rules:
1. Each patient has a seed of their own, drawn from the one that was given; a script that has ended
   begins again with the next. The same seed gives the same samples.
2. Each sample comes at its instant. What is needed next is drawn while nothing is due.
3. The channel that the model takes comes in blocks of 40 ms, as a front end sends it; the others
   each 200 ms, with every sample taken until then.
"""

import heapq
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from edgeward.device.daemon.source import Arrival
from edgeward.errors import EdgewardError
from edgeward.model.card import ModelInput
from edgeward.ports import Clock
from edgeward.process.stream import Block
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.days import busy_day, quiet_hour
from edgeward.signal.simulation.generate import CHANNELS, stream
from edgeward.signal.simulation.scenarios import scenario
from edgeward.signal.simulation.script import Script

DAY = "busy_day"
BLOCK_S = 0.04
OTHERS_EACH = 5
"""Blocks of the first channel for one of each other."""
_STOCK_S = 10.0
_IDLE_NS = 20_000_000
"""Longer than a stretch takes to be drawn."""
_NS_PER_S = 1_000_000_000

ScriptOf = Callable[[int], Script]


class SimulationError(EdgewardError):
    """There are no such simulated patients."""


def script_named(name: str) -> ScriptOf:
    """What a patient of this seed goes through; days and hours are each patient's own.

    Raises:
        SimulationError: there is no scenario of that name.
    """
    if name == DAY:
        return busy_day
    if name == "quiet_hour":
        return quiet_hour
    try:
        found = scenario(name)
    except ScriptError as error:
        raise SimulationError(f"--scenario: {error}") from error
    return lambda _: found


class _Patient:
    """What one patient shows, drawn as it is needed."""

    __slots__ = ("_coming", "_stock", "_taken", "name", "sent", "start_ns", "ticks")

    def __init__(
        self, name: str, seed: int, script: ScriptOf, channels: tuple[Channel, ...], start_ns: int
    ) -> None:
        self.name = name
        self.start_ns = start_ns
        self.ticks = 0
        self.sent = {one.name: 0 for one in channels}
        """The next sample of each channel."""
        self._taken = dict.fromkeys(self.sent, 0)
        """The first sample in stock."""
        self._stock: dict[str, Samples] = {}
        self._coming = _endless(seed, script, channels)
        self.draw()

    def draw(self) -> None:
        """Have more in stock."""
        fresh = next(self._coming)
        for name, samples in fresh.items():
            before = self._stock.get(name, samples[:0])[self.sent[name] - self._taken[name] :]
            self._stock[name] = np.concatenate([before, samples])
            self._taken[name] = self.sent[name]

    def left(self, name: str) -> int:
        """How many samples of a channel are in stock."""
        return self._taken[name] + len(self._stock[name]) - self.sent[name]

    def take(self, name: str, until: int) -> tuple[int, Samples]:
        """The samples of a channel up to this index; the index of the first."""
        first = self.sent[name]
        while self.left(name) < until - first:
            self.draw()
        at = first - self._taken[name]
        self.sent[name] = until
        return first, self._stock[name][at : at + until - first]


def _endless(
    seed: int, script: ScriptOf, channels: tuple[Channel, ...]
) -> Iterator[dict[str, Samples]]:
    """Rule 1."""
    for number in count():
        drawn = seed + (number << 40)
        for block in stream(script(drawn), drawn, channels, seconds=_STOCK_S):
            yield dict(block.signals)


class SimulatedSource:
    """Sends what simulated patients show, at its pace or faster."""

    refused: dict[str, int]

    def __init__(
        self,
        patients: int,
        seed: int,
        scenario_name: str,
        clock: Clock,
        taken: ModelInput,
        *,
        others: bool = True,
        speed: float = 1.0,
        until_s: float | None = None,
    ) -> None:
        """Start now; end after so many seconds of signal, or never.

        Args:
            patients: how many.
            seed: of all of them.
            scenario_name: what each goes through.
            clock: of the device.
            taken: what the model takes: the first channel of each.
            others: whether the other channels come, too.
            speed: times as fast as sensors.
            until_s: seconds of signal until the end.

        Raises:
            SimulationError: there is no such scenario.
        """
        script = script_named(scenario_name)
        first = Channel(taken.signal, Signal(taken.signal), taken.unit, taken.rate_hz)
        channels = (first, *(one for one in CHANNELS if one.signal is not first.signal))
        self.said = f"{patients} simulated patients, {scenario_name}"
        self.streams_expected: int | None = patients
        self.refused = {}
        self._clock = clock
        self._first = first
        self._others = channels[1:] if others else ()
        self._block = max(1, round(first.rate_hz * BLOCK_S))
        self._end = None if until_s is None else round(until_s * first.rate_hz)
        self._sample_ns = _NS_PER_S / first.rate_hz / speed
        apart_ns = taken.hop_samples * self._sample_ns / patients
        start_ns = clock.monotonic_ns()
        self._patients = [
            _Patient(
                f"patient-{number + 1:03d}", (seed << 16) + number, script, channels,
                start_ns + round(number * apart_ns),
            )
            for number in range(patients)
        ]  # fmt: skip
        self._due = [(self._due_ns(one), number) for number, one in enumerate(self._patients)]
        heapq.heapify(self._due)

    @property
    def ended(self) -> bool:
        """Whether everything has been sent."""
        return not self._due

    def receive(self, until_ns: int) -> list[Arrival]:
        """The blocks that are due; waits for the next one at most until this instant."""
        now_ns = self._clock.monotonic_ns()
        wake_ns = min(self._due[0][0], until_ns) if self._due else until_ns
        if wake_ns > now_ns:
            if wake_ns - now_ns > _IDLE_NS:
                self._draw_ahead()
            self._clock.sleep_ns(wake_ns - self._clock.monotonic_ns())
            now_ns = self._clock.monotonic_ns()
        arrived: list[Arrival] = []
        while self._due and self._due[0][0] <= now_ns:
            due_ns, number = heapq.heappop(self._due)
            patient = self._patients[number]
            self._send(patient, due_ns, arrived)
            if self._end is None or patient.sent[self._first.name] < self._end:
                heapq.heappush(self._due, (self._due_ns(patient), number))
        return arrived

    def close(self) -> None:
        """End."""
        self._due = []

    def _due_ns(self, patient: _Patient) -> int:
        """When the last sample of a patient's next block is taken."""
        last = (patient.ticks + 1) * self._block - 1
        return patient.start_ns + round(last * self._sample_ns)

    def _send(self, patient: _Patient, due_ns: int, arrived: list[Arrival]) -> None:
        patient.ticks += 1
        until = patient.ticks * self._block
        first, samples = patient.take(self._first.name, until)
        arrived.append((patient.name, Block(first, samples, None, due_ns)))
        if patient.ticks % OTHERS_EACH:
            return
        # The sample of index n is taken n / rate after the first.
        for channel in self._others:
            share = channel.rate_hz / self._first.rate_hz
            end = int((until - 1) * share + 1e-9) + 1
            if end <= patient.sent[channel.name]:
                continue
            taken_ns = patient.start_ns + round((end - 1) / share * self._sample_ns)
            first, samples = patient.take(channel.name, end)
            name = f"{patient.name}/{channel.name}@{channel.rate_hz}"
            arrived.append((name, Block(first, samples, None, taken_ns)))

    def _draw_ahead(self) -> None:
        """Rule 2: for the one who has the least."""
        name = self._first.name
        least = min(self._patients, key=lambda one: one.left(name))
        if least.left(name) < _STOCK_S * self._first.rate_hz:
            least.draw()
