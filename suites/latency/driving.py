"""Drive a device window by window, as its sensor would, and take the times from outside.

The clock of the path starts right before the block that completes a window is written and stops
right after the line that carries the result was read. The device's own times are kept beside it,
never instead of it.
"""

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeward.signal.patient import SimulatedPatient
from edgeward_harness.errors import Finding
from edgeward_harness.measure.judge import Sample
from edgeward_harness.rig.stall import (
    FOREIGN_STALL_NS,
    Span,
    Stalls,
    allowances_ms,
    span_of,
    stall_probe,
)
from edgeward_harness.target import DeviceSession

WARM_UP_WINDOWS = 20
"""Windows before the first that counts: caches, lazy imports and allocators settle."""
PACE_NS = 10_000_000
"""From window to window; a device at rest between windows is the harder case for caches."""
ANSWER_TIMEOUT_S = 10.0
"""After this long a result counts as never come."""
RHYTHMS = ("sinus", "tachycardia", "bradycardia", "asystole")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Crossing:
    """One window's way through the device."""

    sent_ns: int
    received_ns: int
    acquired_ns: int
    scheduled: Span
    expected: Mapping[str, int]
    events: tuple[Mapping[str, Any], ...]

    @property
    def event(self) -> Mapping[str, Any] | None:
        """The result of this window, if it came."""
        return self.events[0] if self.events else None

    @property
    def observed_ms(self) -> float:
        """From the last sample in to the result out, seen from outside."""
        return (self.received_ns - self.sent_ns) / 1e6 if self.events else float("inf")

    @property
    def claimed_ms(self) -> float:
        """The same by the device's own clock."""
        if self.event is None:
            return float("inf")
        return float(self.event["decision_ns"] - self.event["last_sample_ns"]) / 1e6


@dataclass(frozen=True, slots=True)
class Drive:
    """What a drive gave: the crossings that count, and what the host did meanwhile."""

    crossings: Sequence[Crossing]
    stalls: Stalls

    def observed(self, *, shortest_ns: int = 0) -> Sample:
        """The delays seen from outside, with what noise may have added to each."""
        spans = [crossing.scheduled for crossing in self.crossings]
        return Sample(
            values=[crossing.observed_ms for crossing in self.crossings],
            allowances=allowances_ms(self.stalls, spans, shortest_ns=shortest_ns),
        )

    def observed_under_own_load(self) -> Sample:
        """The same for a drive beside our own load: only stalls it cannot cause are an excuse."""
        return self.observed(shortest_ns=FOREIGN_STALL_NS)

    def unclaimed(self) -> Sample:
        """How much longer each result took to come out than the device says it did."""
        seen = self.observed()
        claims = [crossing.claimed_ms for crossing in self.crossings]
        hidden = [
            value - claim if value != float("inf") else value
            for value, claim in zip(seen.values, claims, strict=True)
        ]
        return Sample(values=hidden, allowances=seen.allowances)


class Sensor:
    """An ECG front end on the bench: owns a stream and its sample index, stamps each block."""

    def __init__(self, device: DeviceSession, seed: int) -> None:
        """Open a stream for the device's first ECG input, fed by a simulated patient."""
        source = next((i for i in device.description["inputs"] if i["signal"] == "ecg"), None)
        if source is None:
            raise Finding("the device takes no ECG", f"inputs: {device.description['inputs']}")
        opened = device.call(
            "stream.open",
            {"stream": "bench", **{key: source[key] for key in ("signal", "rate_hz", "unit")}},
        )
        self.device = device
        self.window = int(opened["window_samples"])
        self.hop = int(opened["hop_samples"])
        self.next_sample = 0
        self.window_index = 0
        self.cursor = int(device.call("events", {"after": 0, "wait_ms": 0, "limit": 1})["next"])
        self._signal = self._record(seed, int(source["rate_hz"]))
        self.clock_offset_ns = self._clock_offset()
        if self.window > self.hop:
            device.call("stream.push", self.block(self.window - self.hop))

    def _record(self, seed: int, rate_hz: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
        patient = SimulatedPatient(seed=seed, rate_hz=rate_hz)
        return np.concatenate([patient.ecg(rhythm, 30.0) for rhythm in RHYTHMS]).astype("<f4")

    def _clock_offset(self) -> int:
        """The device's clock minus ours, from the quickest of a few exchanges."""
        best: tuple[int, int] | None = None
        for _ in range(15):
            asked = self.device.send("describe")
            now_ns = int(asked.result(ANSWER_TIMEOUT_S)["clock"]["now_ns"])
            trip_ns = asked.received_ns - asked.sent_ns
            offset = now_ns - (asked.sent_ns + trip_ns // 2)
            best = min(best or (trip_ns, offset), (trip_ns, offset))
        assert best is not None
        return best[1]

    def block(self, samples: int) -> dict[str, Any]:
        """The next samples of the patient as the parameters of a push, stamped with this moment."""
        places = np.arange(self.next_sample, self.next_sample + samples) % len(self._signal)
        first, self.next_sample = self.next_sample, self.next_sample + samples
        return {
            "stream": "bench",
            "first": first,
            "samples": base64.b64encode(self._signal[places].tobytes()).decode("ascii"),
            "acquired_ns": time.monotonic_ns() + self.clock_offset_ns,
        }

    def cross(self, while_under_way: Callable[[], None] | None = None) -> Crossing:
        """Send the block that completes the next window and wait for its result."""
        parameters = self.block(self.hop)
        first = self.window_index * self.hop
        expected = {"index": self.window_index, "first": first, "last": first + self.window - 1}
        self.window_index += 1
        before = self.device.scheduled()
        pushed = self.device.send("stream.push", parameters)
        asked = self.device.send("events", {"after": self.cursor, "wait_ms": 5000, "limit": 16})
        if while_under_way is not None:
            while_under_way()
        answer = asked.result(ANSWER_TIMEOUT_S)
        pushed.result(ANSWER_TIMEOUT_S)
        self.cursor = int(answer["next"])
        after = self.device.scheduled()
        return Crossing(
            sent_ns=pushed.sent_ns,
            received_ns=asked.received_ns,
            scheduled=span_of(pushed.sent_ns, asked.received_ns, before, after),
            acquired_ns=int(parameters["acquired_ns"]),
            expected=expected,
            events=tuple(answer["events"]),
        )

    def close(self) -> Mapping[str, Any]:
        """End the stream; the device says how many samples and windows it saw."""
        return self.device.call("stream.close", {"stream": "bench"})


def drive(
    device: DeviceSession,
    *,
    windows: int,
    seed: int,
    progress: Progress,
    load: AbstractContextManager[Any] | None = None,
) -> Drive:
    """Let a device decide on that many paced windows, after a warm-up that does not count."""
    sensor = Sensor(device, seed)
    for _ in range(WARM_UP_WINDOWS):
        sensor.cross()
    crossings: list[Crossing] = []
    with load or nullcontext(), stall_probe() as stalls:
        start_ns = time.monotonic_ns()
        for number in range(windows):
            device.pump_until(start_ns + number * PACE_NS)
            crossings.append(sensor.cross())
            progress(number + 1, windows)
    sensor.close()
    return Drive(crossings=crossings, stalls=stalls)


def misfit(crossing: Crossing) -> str:
    """What is wrong with the results of a window; empty when there is exactly the one expected."""
    if len(crossing.events) != 1:
        return f"{len(crossing.events)} results for window {crossing.expected['index']}"
    event = crossing.events[0]
    seen = {key: event["window"][key] for key in crossing.expected}
    if event["stream"] != "bench" or seen != dict(crossing.expected):
        return f"expected window {dict(crossing.expected)}, got {seen} of {event['stream']!r}"
    if event["outcome"] != "answer":
        return f"window {seen['index']} is valid but got {event['outcome']!r}"
    return ""
