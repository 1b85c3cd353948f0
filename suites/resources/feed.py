"""Streams of one device, fed with a simulated patient at a pace or as fast as it takes them."""

import base64
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.patient import SimulatedPatient
from edgeward_harness.errors import Finding, HarnessError
from edgeward_harness.target import DeviceSession

ANSWER_TIMEOUT_S: Final = 10.0
"""After this long a result counts as never come."""
WAIT_MS: Final = 5000
EVENTS_MAX: Final = 256
ASKED_MAX: Final = 64
"""Answers in a row that bring no result."""
RECORD_S: Final = 60
RATE_HZ_MIN: Final = 50
"""The simulated patient cannot be sampled more slowly."""
BLOCK_SAMPLES_MAX: Final = 50_000
"""More are sent in several blocks: a line of the protocol has an end."""


@dataclass(slots=True)
class _Stream:
    name: str
    next_sample: int = 0


class Feed:
    """Owns the streams of a device and what is sent into them."""

    def __init__(self, device: DeviceSession, seed: int, *, streams: int) -> None:
        """Open as many streams for the device's first ECG input, or as many as it takes.

        Raises:
            Finding: the device takes no ECG, or no stream at all.
            HarnessError: the simulated patient has no such sampling rate.
        """
        inputs = device.description["inputs"]
        source = next((one for one in inputs if one["signal"] == "ecg"), None)
        if source is None:
            raise device.finding("the device takes no ECG", f"inputs: {str(inputs)[:400]}")
        self.device = device
        self._source: Mapping[str, Any] = source
        self.window, self.hop = int(source["window_samples"]), int(source["hop_samples"])
        self.hop_s = self.hop / source["rate_hz"]
        """How much signal a window is, each after the first."""
        self._record = _patient(seed, source["rate_hz"])
        self._cursor = 0
        self.told_ns = 0
        """When the latest results arrived."""
        self._streams: list[_Stream] = []
        self._open_all(streams)
        self._turn = itertools.cycle(self._streams)

    @property
    def streams(self) -> int:
        """How many the device took."""
        return len(self._streams)

    def _open_all(self, wanted: int) -> None:
        for number in range(wanted):
            try:
                self.open(f"resources-{number}")
            except Finding:
                if not self._streams:
                    raise
                return  # it has its limit; a device that died says so when it is asked next
            self._streams.append(_Stream(f"resources-{number}"))
        for stream in self._streams:
            self.push(stream, self.window - self.hop)

    def open(self, name: str) -> None:
        """Open a stream that nothing is sent into by itself."""
        taken = {key: self._source[key] for key in ("signal", "rate_hz", "unit")}
        self.device.call("stream.open", {"stream": name, **taken}, ANSWER_TIMEOUT_S)

    def cross(self) -> None:
        """Complete one window of the stream whose turn it is, and wait for its result.

        Raises:
            Finding: it does not come.
        """
        stream = next(self._turn)
        self.push(stream, self.hop)
        for _ in range(ASKED_MAX):
            if self.told(WAIT_MS):
                return
        raise self.device.finding(f"No result for a window of {stream.name}")

    def flood(self, windows: int) -> None:
        """Complete so many windows of the stream whose turn it is, and ask for no result."""
        self.push(next(self._turn), windows * self.hop)

    def told(self, wait_ms: int) -> int:
        """How many results the device tells that were not told before."""
        asked = {"after": self._cursor, "wait_ms": wait_ms, "limit": EVENTS_MAX}
        timeout_s = ANSWER_TIMEOUT_S + wait_ms / 1e3
        pending = self.device.send("events", asked, timeout_s)
        answer = pending.result(timeout_s)
        self.told_ns = pending.received_ns
        self._cursor = int(answer["next"])
        return len(self.device.judged(answer["events"]))

    def push(self, stream: _Stream, samples: int) -> None:
        """Send the next samples of a stream."""
        while samples > 0:
            count = min(samples, BLOCK_SAMPLES_MAX)
            self.device.call("stream.push", self._block(stream, count), ANSWER_TIMEOUT_S)
            samples -= count

    def _block(self, stream: _Stream, count: int) -> dict[str, Any]:
        first, stream.next_sample = stream.next_sample, stream.next_sample + count
        values = self._record[np.arange(first, first + count) % len(self._record)]
        samples = base64.b64encode(values.tobytes()).decode("ascii")
        return {"stream": stream.name, "first": first, "samples": samples}

    def repeated(self) -> dict[str, Any]:
        """A block that was sent before, which a device must refuse."""
        block = self._block(_Stream(self._streams[0].name), self.hop)
        return {**block, "first": 0}


def _patient(seed: int, rate_hz: float) -> NDArray[np.float32]:
    if not rate_hz >= RATE_HZ_MIN:
        raise HarnessError(
            f"the simulated patient has {RATE_HZ_MIN} Hz or more, the device takes {rate_hz!r}"
        )
    patient = SimulatedPatient(seed=seed, rate_hz=int(rate_hz))
    return patient.ecg("sinus", RECORD_S).astype("<f4")
