"""An ECG front end on the bench: what it sent, and what the device told about it.

The clock of the path starts right before the block that completes a window is written and stops
right after the line that carries the result was read. The device's own times are kept beside it,
never instead of it.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.patient import SimulatedPatient
from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.disturbed import Usage
from edgeward_harness.rig.stall import Span, clocked, span_of
from edgeward_harness.target import DeviceSession

from .reader import ANSWER_TIMEOUT_S, REST_MS, Reader

RHYTHMS = ("sinus", "tachycardia", "bradycardia", "asystole")
STREAM: Final = "bench"
WINDOW_SAMPLES_MAX: Final = 190_000
"""More samples than this do not fit into a line of the protocol."""
STRETCH_S: Final = 30.0
"""A rhythm lasts this long, or less where the whole drive would not see the next one."""
STRETCH_SAMPLES_MAX: Final = 400_000
RATE_HZ_MIN: Final = 50
"""The simulated patient cannot be sampled more slowly."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One window's way through the device."""

    sent_ns: int
    received_ns: int
    stamped_ns: int
    """When the block was stamped, by our clock."""
    acquired_ns: int
    """The same instant as the block says it, by the device's clock."""
    scheduled: Span
    expected: Mapping[str, int]
    events: tuple[Mapping[str, Any], ...]
    disorder: str = ""
    """What is wrong with the cursors or the count of dropped events; empty when nothing is."""
    stream: str = STREAM

    @property
    def event(self) -> Mapping[str, Any] | None:
        """The result of this window, if it came; that of another window is not it."""
        return next((event for event in self.events if self._is_ours(event)), None)

    @property
    def observed_ms(self) -> float:
        """From the last sample in to the result out, seen from outside."""
        return (self.received_ns - self.sent_ns) / 1e6 if self.event else float("inf")

    @property
    def since_stamp_ms(self) -> float:
        """The same from the stamp on: what the device can know of, were we stopped in between."""
        return (self.received_ns - self.stamped_ns) / 1e6 if self.event else float("inf")

    @property
    def claimed_ns(self) -> int | None:
        """The same by the device's own clock; None when no result came."""
        event = self.event
        return None if event is None else int(event["decision_ns"]) - int(event["last_sample_ns"])

    @property
    def claimed_ms(self) -> float:
        """The claim in the unit of the budgets; a result that never came claims nothing finite."""
        claim_ns = self.claimed_ns
        return float("inf") if claim_ns is None else claim_ns / 1e6

    def _is_ours(self, event: Mapping[str, Any]) -> bool:
        return bool(
            event["kind"] == "result"
            and event["stream"] == self.stream
            and event["window"]["index"] == self.expected["index"]
        )


class Block(NamedTuple):
    """What completes a window."""

    parameters: Mapping[str, Any]
    """Those of the push."""
    stamped_ns: int
    """When it was stamped, by our clock."""
    expected: Mapping[str, int]
    """The window that it completes."""


class Sensor:
    """Owns a stream and its sample index, stamps each block, keeps count of what is due."""

    def __init__(
        self,
        device: DeviceSession,
        seed: int,
        *,
        windows: int,
        stream: str = STREAM,
        reader: Reader | None = None,
    ) -> None:
        """Open a stream for the device's first ECG input, for about so many windows.

        Several sensors of one device share the reader of its events.

        Raises:
            Finding: the device takes no ECG, or opens another stream than it described.
            HarnessError: the simulated patient has no such sampling rate.
        """
        source = next((i for i in device.description["inputs"] if i["signal"] == "ecg"), None)
        if source is None:
            inputs = str(device.description["inputs"])[:400]
            raise device.finding("the device takes no ECG", f"inputs: {inputs}")
        self.device = device
        self.stream = stream
        self.reader = reader or Reader(device)
        self.window, self.hop = _sizes(device, source, stream)
        self.next_sample = 0
        self.window_index = 0
        self.usage = Usage()
        fresh = self.reader.told(self.reader.ask(0), 0)
        self.early = fresh.disorder or (
            "a result was told before any sample was sent" if fresh.events else ""
        )
        self._stretch = self._stretch_samples(source["rate_hz"], windows)
        self._signal = self._record(seed, source["rate_hz"])
        self.clock_offset_ns, self.clock_uncertainty_ns = self.compare_clocks()
        if self.window > self.hop:
            device.call("stream.push", self._block(self.window - self.hop)[0])

    def _stretch_samples(self, rate_hz: float, windows: int) -> int:
        """How long each rhythm lasts: whole windows fit in, and the drive gets to see them all."""
        if not rate_hz >= RATE_HZ_MIN:
            raise HarnessError(
                f"the simulated patient has {RATE_HZ_MIN} Hz or more, the device takes {rate_hz!r}"
            )
        seen = windows * self.hop // (2 * len(RHYTHMS))
        wanted = int(min(STRETCH_S * rate_hz, STRETCH_SAMPLES_MAX))
        return max(2 * self.window, min(wanted, seen))

    def _record(self, seed: int, rate_hz: float) -> NDArray[np.float32]:
        patient = SimulatedPatient(seed=seed, rate_hz=int(rate_hz))
        seconds = (self._stretch + 1) / int(rate_hz)
        stretches = [patient.ecg(rhythm, seconds)[: self._stretch] for rhythm in RHYTHMS]
        return np.concatenate(stretches).astype("<f4")

    def compare_clocks(self) -> tuple[int, int]:
        """The device's clock minus ours, and how far wrong that may be: half the quickest trip."""
        best: tuple[int, int] | None = None
        for _ in range(15):
            asked = self.device.send("describe")
            now_ns = int(asked.result(ANSWER_TIMEOUT_S)["clock"]["now_ns"])
            trip_ns = asked.received_ns - asked.sent_ns
            offset = now_ns - (asked.sent_ns + trip_ns // 2)
            best = min(best or (trip_ns, offset), (trip_ns, offset))
        assert best is not None
        return best[1], best[0] // 2 + 1

    def samples(self, first: int, count: int) -> str:
        """These samples of the patient as the protocol carries them."""
        places = np.arange(first, first + count) % len(self._signal)
        return base64.b64encode(self._signal[places].tobytes()).decode("ascii")

    def rhythm(self, first: int) -> str | None:
        """The rhythm of the window that begins here; None where two are in it."""
        start, end = (first % len(self._signal), (first + self.window - 1) % len(self._signal))
        place = start // self._stretch
        return RHYTHMS[place] if place == end // self._stretch else None

    def _block(self, samples: int) -> tuple[dict[str, Any], int]:
        """The next samples as the parameters of a push, and the instant they are stamped with."""
        first, self.next_sample = self.next_sample, self.next_sample + samples
        carried = self.samples(first, samples)
        parameters = {"stream": self.stream, "first": first, "samples": carried}
        stamped_ns = time.monotonic_ns()
        return {**parameters, "acquired_ns": stamped_ns + self.clock_offset_ns}, stamped_ns

    def next_block(self) -> Block:
        """The block that completes the next window, stamped now."""
        parameters, stamped_ns = self._block(self.hop)
        first = self.window_index * self.hop
        expected = {
            "index": self.window_index,
            "first": first,
            "last": first + self.window - 1,
            "valid": self.window,
        }
        self.window_index += 1
        return Block(parameters, stamped_ns, expected)

    def cross(self, while_under_way: Callable[[], None] | None = None) -> Crossing:
        """Send the block that completes the next window and wait for its result."""
        block = self.next_block()
        self.usage.read()
        before = clocked(self.device)
        pushed = self.device.send("stream.push", block.parameters)
        asked = self.reader.ask()
        if while_under_way is not None:
            while_under_way()
        told = self.reader.told(asked)
        pushed.result(ANSWER_TIMEOUT_S)
        after = clocked(self.device)
        self.usage.read()
        return Crossing(
            sent_ns=pushed.sent_ns,
            received_ns=told.received_ns,
            stamped_ns=block.stamped_ns,
            scheduled=span_of(pushed.sent_ns, told.received_ns, before, after),
            acquired_ns=int(block.parameters["acquired_ns"]),
            expected=block.expected,
            events=told.events,
            disorder=told.disorder,
            stream=self.stream,
        )

    def close(self) -> Mapping[str, Any]:
        """End the stream; the device says how many samples and windows it saw."""
        return self.device.call("stream.close", {"stream": self.stream})

    def rest(self) -> tuple[int, str]:
        """How many more events there are when none is due, and what is wrong with the answer."""
        told = self.reader.told(self.reader.ask(REST_MS), REST_MS)
        return len(told.events), told.disorder


def _sizes(device: DeviceSession, source: Mapping[str, Any], stream: str) -> tuple[int, int]:
    """Open the stream; the window and hop it has are those described, and can be served.

    Raises:
        Finding: they are not.
    """
    opened = device.call(
        "stream.open",
        {"stream": stream, **{key: source[key] for key in ("signal", "rate_hz", "unit")}},
    )
    found = (opened["window_samples"], opened["hop_samples"])
    described = (source["window_samples"], source["hop_samples"])
    if found != described:
        raise device.finding(
            "A stream's window and hop are not those described",
            f"described {described}, opened with {found}",
        )
    window, hop = int(found[0]), int(found[1])
    if not 1 <= hop <= window <= WINDOW_SAMPLES_MAX:
        raise device.finding(
            "No stream can have this window and hop",
            f"found window {window} and hop {hop}, accepted: 1 <= hop <= window <="
            f" {WINDOW_SAMPLES_MAX}, so that a line can carry them",
        )
    return window, hop
