#!/usr/bin/env python3
"""A whole device in one file: the device protocol over standard input and output.

Standard library only; it imports nothing of Edgeward. Its "model" counts the beats in a window of
ECG, which is poor medicine and a fair example: replace `judge` by your model and `describe` by what
your device is, and keep the rest.
"""

import array
import base64
import hashlib
import json
import math
import os
import select
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

RATE_HZ, WINDOW, HOP = 250, 1250, 250
TAKEN = {"signal": "ecg", "unit": "mV", "rate_hz": RATE_HZ}
LABELS = ("no beat", "slow", "normal", "fast")
LINE_BYTES_MAX = 1 << 20
SAMPLES_MAX = 100_000  # in one block, and in one gap
EVENTS_KEPT = 4096
EVENTS_TOLD_MAX = 1000  # in one answer, which must fit into a line
WAITS_MAX = 16
WAIT_MS_MAX = 60_000
FILE_SHA256 = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
NAN = float("nan")

Result = dict[str, Any]


class RefusedError(Exception):
    """A request is answered by an error."""

    def __init__(self, code: int, message: str) -> None:
        """Keep what the answer says."""
        super().__init__(message)
        self.error = {"code": code, "message": message}


def bad(message: str) -> RefusedError:
    """Bad parameters."""
    return RefusedError(-32602, message)


# The model. Invalid samples are NaN.


def judge(samples: list[float]) -> Result:
    """The outcome for one window of samples, as `infer` and `events` tell it."""
    model = {"model_sha256": FILE_SHA256}
    valid = sum(1 for sample in samples if math.isfinite(sample))
    if valid < len(samples):
        reason = f"{len(samples) - valid} of {len(samples)} samples are invalid"
        return {"outcome": "no_answer", "reason": reason, **model}
    low, high = min(samples), max(samples)
    level = low + 0.6 * (high - low)
    beats = sum(1 for a, b in pairwise(samples) if a < level <= b)
    per_minute = beats * 60 * RATE_HZ / len(samples)
    label = "slow" if per_minute < 50 else "fast" if per_minute > 110 else "normal"
    label = label if high - low >= 0.1 else "no beat"
    probabilities = {name: float(name == label) for name in LABELS}
    return {"outcome": "answer", "label": label, "probabilities": probabilities, **model}


# Reading parameters.


def an_integer(value: object, name: str, least: int = 0) -> int:
    """The value, if it is an integer (true is none) and not below the least."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 62:
        raise bad(f"{name} must be an integer of at least {least}")
    return value


def bytes_of(text: Any, name: str) -> bytes:  # noqa: ANN401 - whatever the verifier sent
    """The bytes of a base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise bad(f"{name} must be base64") from None


def samples_of(samples: object, valid: object) -> list[float]:
    """A block of samples; what the mask calls invalid, or is not finite, becomes NaN."""
    raw = bytes_of(samples, "samples")
    if len(raw) % 4:
        raise bad("samples must be 4 bytes each")
    if len(raw) > 4 * SAMPLES_MAX:
        raise RefusedError(-32002, f"a block holds at most {SAMPLES_MAX} samples")
    values = array.array("f", raw)
    if sys.byteorder == "big":
        values.byteswap()
    mask = b"\x01" * len(values) if valid is None else bytes_of(valid, "valid")
    if len(mask) != len(values):
        raise bad("valid must be one byte for each sample")
    return [v if m and math.isfinite(v) else NAN for v, m in zip(values, mask, strict=True)]


@dataclass
class Stream:
    """The samples of one stream that windows still need."""

    kept: list[float] = field(default_factory=list)
    next: int = 0  # the index of the sample expected next
    windows: int = 0


class Device:
    """One start of the device. Its methods are those of the protocol and give the result."""

    def __init__(self) -> None:
        """Nothing is configured, no stream is open."""
        self.streams: dict[str, Stream] = {}
        self.events: deque[Result] = deque(maxlen=EVENTS_KEPT)
        self.cursor = self.fetched = self.dropped = 0
        self.late_ms: float | None = None
        self.late_count = 0
        self.ended = False

    def describe(self) -> Result:
        """Who this is and what it can do."""
        return {
            "protocol": "1.0",
            "device": {"model": "minimal", "serial": "0", "id": "minimal-0", "epoch": 1},
            "software": {"name": "minimal", "version": "1.0", "build_sha256": FILE_SHA256},
            "models": [
                {"name": "beats", "version": "1", "sha256": FILE_SHA256, "labels": list(LABELS)}
            ],
            "capabilities": ["core", "infer", "stream", "resources"],
            "inputs": [{**TAKEN, "window_samples": WINDOW, "hop_samples": HOP}],
            "clock": {"now_ns": time.monotonic_ns(), "simulated": False},
        }

    def configure(self, profile: object) -> Result:
        """Keep the latency budget; give back the digest of the profile's canonical form."""
        if not isinstance(profile, dict):
            raise bad("profile must be an object")
        if self.streams:
            raise RefusedError(-32001, "a stream is open; close it, then configure")
        text = json.dumps(profile, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        try:
            self.late_ms = float(profile["budget"]["latency"]["window_to_result"]["max_ms"])
        except (KeyError, TypeError, ValueError):
            self.late_ms = None
        return {"profile_sha256": hashlib.sha256(text.encode()).hexdigest()}

    def shutdown(self) -> Result:
        """Answer, then end."""
        self.ended = True
        return {}

    def infer(self, signal: object, samples: object, valid: object = None) -> Result:
        """Judge one window."""
        started_ns = time.monotonic_ns()
        if signal != "ecg":
            raise bad("signal must be 'ecg'")
        window = samples_of(samples, valid)
        if len(window) != WINDOW:
            raise bad(f"samples must be exactly {WINDOW}")
        return {**judge(window), "elapsed_ns": time.monotonic_ns() - started_ns}

    def stream_open(self, stream: object, signal: object, rate_hz: object, unit: object) -> Result:
        """Open a stream whose first sample will have index 0."""
        if not isinstance(stream, str) or not stream:
            raise bad("stream must be a name")
        if {"signal": signal, "unit": unit, "rate_hz": rate_hz} != TAKEN:
            raise bad(f"only {TAKEN} is taken")
        if stream in self.streams:
            raise RefusedError(-32001, "this stream is open already")
        self.streams[stream] = Stream()
        return {"window_samples": WINDOW, "hop_samples": HOP}

    def stream_push(
        self,
        stream: object,
        first: object,
        samples: object,
        valid: object = None,
        acquired_ns: object = None,
    ) -> Result:
        """Take a block; a gap before it counts as invalid samples."""
        arrived_ns = time.monotonic_ns()
        name, at = self.opened(stream)
        gap = an_integer(first, "first") - at.next
        block = samples_of(samples, valid)
        instant_ns = arrived_ns if acquired_ns is None else an_integer(acquired_ns, "acquired_ns")
        if gap < 0:
            raise bad(f"first is {first}, but {at.next} is expected; nothing was taken")
        if gap > SAMPLES_MAX:
            raise RefusedError(-32002, f"a gap holds at most {SAMPLES_MAX} samples")
        at.kept += [NAN] * gap + block
        at.next += gap + len(block)
        while len(at.kept) >= WINDOW:
            self.publish(name, at, instant_ns)
            at.windows += 1
            del at.kept[:HOP]
        return {"next": at.next}

    def publish(self, stream: str, at: Stream, last_sample_ns: int) -> None:
        """Judge the window that is complete and keep the event."""
        samples = at.kept[:WINDOW]
        outcome = judge(samples)
        decision_ns = time.monotonic_ns()
        late = None
        if self.late_ms is not None:
            late = decision_ns - last_sample_ns > self.late_ms * 1e6
            self.late_count += late
        self.cursor += 1
        first, valid = at.windows * HOP, sum(1 for sample in samples if math.isfinite(sample))
        window = {"index": at.windows, "first": first, "last": first + WINDOW - 1, "valid": valid}
        times = {"last_sample_ns": last_sample_ns, "decision_ns": decision_ns, "late": late}
        event = {"cursor": self.cursor, "kind": "result", "stream": stream, "window": window}
        if len(self.events) == EVENTS_KEPT:
            self.dropped += self.events[0]["cursor"] > self.fetched
        self.events.append({**event, **outcome, **times})

    def stream_close(self, stream: object) -> Result:
        """Forget a stream; its events stay."""
        name, at = self.opened(stream)
        del self.streams[name]
        return {"samples": at.next, "windows": at.windows}

    def opened(self, stream: object) -> tuple[str, Stream]:
        """The open stream of this name."""
        if not isinstance(stream, str):
            raise bad("stream must be a name")
        if stream not in self.streams:
            raise RefusedError(-32001, "no such stream is open; open it first")
        return stream, self.streams[stream]

    def events_after(self, after: int, limit: int) -> Result:
        """The answer to `events`."""
        self.fetched = max(self.fetched, after)
        later = [event for event in self.events if event["cursor"] > after]
        told = later[: min(limit, EVENTS_TOLD_MAX)]
        return {
            "events": told,
            "next": told[-1]["cursor"] if told else after,
            "dropped": self.dropped,
        }

    def resources(self) -> Result:
        """What can be measured here."""
        measured = {"cpu_seconds": time.process_time(), "late_results": self.late_count}
        told = {name: {"value": v, "provenance": "measured"} for name, v in measured.items()}
        return {**told, "temperature_c": {"value": None, "provenance": "unknown"}}


# The agent: lines in, lines out.

METHODS: dict[str, tuple[Any, set[str], set[str]]] = {
    # name: (method, required parameters, optional ones)
    "describe": (Device.describe, set(), set()),
    "configure": (Device.configure, {"profile"}, set()),
    "shutdown": (Device.shutdown, set(), set()),
    "infer": (Device.infer, {"signal", "samples"}, {"valid"}),
    "stream.open": (Device.stream_open, {"stream", "signal", "rate_hz", "unit"}, set()),
    "stream.push": (Device.stream_push, {"stream", "first", "samples"}, {"valid", "acquired_ns"}),
    "stream.close": (Device.stream_close, {"stream"}, set()),
    "events": (Device.events_after, set(), {"after", "wait_ms", "limit"}),
    "resources": (Device.resources, set(), set()),
}


class Agent:
    """Answers each request once; an `events` request may wait meanwhile."""

    def __init__(self, device: Device) -> None:
        """Nobody waits."""
        self.device = device
        self.waiting: list[tuple[int, int, int, int]] = []  # (deadline_ns, id, after, limit)

    def serve(self) -> None:
        """Read lines until the input ends or `shutdown` was answered."""
        buffer, overlong = bytearray(), False
        while not self.device.ended:
            if not select.select([0], [], [], self.patience_s())[0]:
                self.answer_waiting()
                continue
            if not (data := os.read(0, 1 << 16)):
                return
            *lines, rest = data.split(b"\n")
            for line in lines:
                buffer += line
                if overlong or len(buffer) >= LINE_BYTES_MAX:
                    error = {"code": -32700, "message": f"over {LINE_BYTES_MAX} bytes"}
                    self.send({"id": None, "error": error})
                else:
                    self.answer(bytes(buffer))
                overlong = False
                buffer.clear()
            buffer += rest
            if overlong := overlong or len(buffer) >= LINE_BYTES_MAX:
                buffer.clear()

    def patience_s(self) -> float | None:
        """How long nothing has to be done; None is for ever."""
        if not self.waiting:
            return None
        return max(0.0, (min(self.waiting)[0] - time.monotonic_ns()) / 1e9)

    def answer(self, line: bytes) -> None:
        """Answer one line, and those who wait for what it brought."""
        number = None
        try:
            request = self.parsed(line)
            number = request["id"] if type(request.get("id")) is int else None
            result = self.called(request)
            self.answer_waiting()
            if result is not None:
                self.send({"id": number, "result": result})
        except RefusedError as refused:
            self.send({"id": number, "error": refused.error})
        except Exception as error:  # whatever a request does, the next one is answered
            self.send({"id": number, "error": {"code": -32603, "message": repr(error)}})

    def parsed(self, line: bytes) -> dict[str, Any]:
        """The object in a line."""
        try:
            request = json.loads(line.decode("utf-8"), parse_constant=self.no_constant)
        except (ValueError, RecursionError):
            raise RefusedError(-32700, "a line must be JSON in UTF-8") from None
        if not isinstance(request, dict):
            raise RefusedError(-32600, "a request is an object; no batches")
        return request

    def no_constant(self, name: str) -> NoReturn:
        """NaN and infinity are no JSON."""
        raise ValueError(name)

    def called(self, request: dict[str, Any]) -> Result | None:
        """The result of a request; None when it waits."""
        number: Any = request.get("id")
        name, params = request.get("method"), request.get("params", {})
        well_formed = (
            request.get("jsonrpc") == "2.0"
            and type(number) is int
            and isinstance(name, str)
            and isinstance(params, dict)
            and request.keys() <= {"jsonrpc", "id", "method", "params"}
        )
        if not well_formed:
            raise RefusedError(-32600, "a request has jsonrpc 2.0, an integer id, a method, params")
        if name not in METHODS:
            raise RefusedError(-32601, f"the methods are {', '.join(METHODS)}")
        method, required, optional = METHODS[name]
        missing, unknown = required - params.keys(), params.keys() - required - optional
        if missing or unknown:
            raise bad(f"missing: {sorted(missing)}; unknown: {sorted(unknown)}")
        if name == "events":
            return self.events(number, **params)
        result: Result = method(self.device, **params)
        return result

    def events(
        self, number: int, after: object = 0, wait_ms: object = 0, limit: object = 256
    ) -> Result | None:
        """Answer now, or keep the request until there is something to tell."""
        cursor, most = an_integer(after, "after"), an_integer(limit, "limit", 1)
        patience_ms = an_integer(wait_ms, "wait_ms")
        if patience_ms > WAIT_MS_MAX or len(self.waiting) == WAITS_MAX:
            raise RefusedError(-32002, f"at most {WAITS_MAX} requests wait {WAIT_MS_MAX} ms each")
        if patience_ms == 0 or self.device.cursor > cursor:
            return self.device.events_after(cursor, most)
        self.waiting.append((time.monotonic_ns() + patience_ms * 1_000_000, number, cursor, most))
        return None

    def answer_waiting(self) -> None:
        """Answer those for whom there is an event, whose time is over, or all at the end."""
        now_ns = time.monotonic_ns()
        still = []
        for wait in self.waiting:
            deadline_ns, number, after, limit = wait
            if self.device.cursor > after or now_ns >= deadline_ns or self.device.ended:
                self.send({"id": number, "result": self.device.events_after(after, limit)})
            else:
                still.append(wait)
        self.waiting = still

    def send(self, message: dict[str, Any]) -> None:
        """Write one line."""
        line = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"), allow_nan=False)
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(1, data) :]


if __name__ == "__main__":
    try:
        Agent(Device()).serve()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
