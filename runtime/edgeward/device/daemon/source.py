"""Where a daemon's samples come from: the port, and recordings that are played."""

import heapq
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Protocol

import numpy as np

from edgeward.device.daemon.naming import read_name
from edgeward.model.card import ModelInput
from edgeward.ports import Clock
from edgeward.process.stream import Block
from edgeward.signal.channel import ACCEPTED, Signal
from edgeward.signal.recording import RecordingError, read_recording
from edgeward.signal.sample_clock import SampleClock
from edgeward.signal.windows import Samples

Arrival = tuple[str, Block]

_NS_PER_S = 1_000_000_000


class Source(Protocol):
    """Gives blocks of samples. It is asked by one thread, the clinical one."""

    @property
    def said(self) -> str:
        """What it is, for a person."""
        ...

    @property
    def streams_expected(self) -> int | None:
        """How many streams it will bring; None: nobody knows."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing will ever come any more."""
        ...

    @property
    def refused(self) -> dict[str, int]:
        """What came and could not be used, counted by reason."""
        ...

    def receive(self, until_ns: int) -> list[Arrival]:
        """What has arrived; waits for something at most until this instant."""
        ...

    def close(self) -> None:
        """Let go of what it holds; closing twice is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Playback:
    """One stream that is played again and again, as a sensor would send it."""

    name: str
    samples: Samples
    rate_hz: int


class PlaybackSource:
    """Sends blocks of recorded signals at their pace, or faster.

    Streams start one after the other within the time of a hop, so that their windows do not all
    become complete at once. A block is due when its last sample has been taken; `acquired_ns` is
    that instant, however late it is asked for.
    """

    refused: dict[str, int]

    def __init__(
        self,
        playbacks: list[Playback],
        clock: Clock,
        taken: ModelInput,
        *,
        block_ms: int = 40,
        speed: float = 1.0,
        until_s: float | None = None,
        said: str = "recorded patients",
    ) -> None:
        """Start now; end after so many seconds of signal, or never.

        Raises:
            ValueError: a stream has another rate than its name says, or a figure is not positive.
            StreamError: its name says what cannot be.
        """
        if block_ms < 1 or speed <= 0 or not playbacks:
            raise ValueError(
                f"{len(playbacks)} streams, blocks of {block_ms} ms, speed {speed}; all must be"
                " above 0"
            )
        for one in playbacks:
            channel = read_name(one.name, taken).channel
            rate_hz = taken.rate_hz if channel is None else channel.rate_hz
            if one.rate_hz != rate_hz:
                raise ValueError(
                    f"{one.name} was recorded at {one.rate_hz} Hz; by its name it has {rate_hz} Hz"
                )
        self.said = said
        self.streams_expected: int | None = len(playbacks)
        self.refused = {}
        self._clock = clock
        self._playbacks = playbacks
        self._blocks = [max(1, one.rate_hz * block_ms // 1000) for one in playbacks]
        self._ends = [inf if until_s is None else round(until_s * one.rate_hz) for one in playbacks]
        now_ns = clock.monotonic_ns()
        stagger_ns = round(taken.hop_samples * _NS_PER_S / taken.rate_hz / speed / len(playbacks))
        self._clocks = [
            SampleClock(round(one.rate_hz * speed * 1000), 1000, now_ns + number * stagger_ns)
            for number, one in enumerate(playbacks)
        ]
        self._next = [0] * len(playbacks)
        self._due = [(self._due_ns(number), number) for number in range(len(playbacks))]
        heapq.heapify(self._due)

    @property
    def ended(self) -> bool:
        """Whether every stream has been sent to its end."""
        return not self._due

    def receive(self, until_ns: int) -> list[Arrival]:
        """The blocks that are due; waits for the next one at most until this instant."""
        now_ns = self._clock.monotonic_ns()
        if self._due and self._due[0][0] > now_ns:
            self._clock.sleep_ns(min(self._due[0][0], until_ns) - now_ns)
            now_ns = self._clock.monotonic_ns()
        arrived = []
        while self._due and self._due[0][0] <= now_ns:
            due_ns, number = heapq.heappop(self._due)
            arrived.append(self._take(number, due_ns))
            if self._next[number] < self._ends[number]:
                heapq.heappush(self._due, (self._due_ns(number), number))
        return arrived

    def close(self) -> None:
        """End."""
        self._due = []

    def _due_ns(self, number: int) -> int:
        """When the last sample of a stream's next block is taken."""
        return self._clocks[number].instant_ns(self._next[number] + self._blocks[number] - 1)

    def _take(self, number: int, due_ns: int) -> Arrival:
        playback, block = self._playbacks[number], self._blocks[number]
        first = self._next[number]
        self._next[number] = first + block
        length = len(playback.samples)
        at = first % length
        samples = playback.samples[at : at + block]
        if len(samples) < block:  # over the end: from the beginning again
            more = np.resize(playback.samples, block - len(samples))
            samples = np.concatenate([samples, more])
        return playback.name, Block(first, samples, None, due_ns)


def recorded(path: Path, taken: ModelInput, *, watched: bool = False) -> list[Playback]:
    """The channels of a recording that the model can take; or by which its patient can be watched.

    All of them are one patient's. Only an ECG is known by its unit: nothing is guessed from names.

    Raises:
        RecordingError: it cannot be read, or no channel has the unit and the rate.
    """
    channels = read_recording(path)
    ecg = ACCEPTED[Signal.ECG]
    rates_hz = [(taken.rate_hz, taken.rate_hz), *(ecg.rates_hz if watched else ())]
    fitting = [
        one
        for one in channels
        if one.unit == taken.unit
        and one.rate_hz.is_integer()
        and any(low <= one.rate_hz <= high for low, high in rates_hz)
    ]
    if not fitting:
        found = ", ".join(f"{one.name} in {one.unit} at {one.rate_hz:g} Hz" for one in channels)
        least, most = min(low for low, _ in rates_hz), max(high for _, high in rates_hz)
        rates = f"{least}" if least == most else f"{least} to {most}"
        raise RecordingError(
            f"{path}: found {found}; accepted: {taken.signal} in {taken.unit} at {rates} Hz"
        )
    return [
        Playback(
            f"{path.stem}/{taken.signal}-{number + 1}@{one.rate_hz:.0f}",
            one.samples,
            int(one.rate_hz),
        )
        for number, one in enumerate(fitting)
    ]
