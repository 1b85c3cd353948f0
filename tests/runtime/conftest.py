"""A verifier in a few lines, to talk to a device in a thread or in a process."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgeward.adapters.link import FileLink
from edgeward.device.inprocess import RunningDevice, start_inprocess
from edgeward.ports import Link
from edgeward.profile import load_profile

PATIENCE_NS = 30 * 1_000_000_000


def encoded(values: npt.ArrayLike, kind: str = "<f4") -> str:
    """An array as the protocol writes it."""
    return base64.b64encode(np.asarray(values, dtype=kind).tobytes()).decode("ascii")


class Peer:
    """The verifier's side of the protocol."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._last_id = 0

    def raw(self, line: bytes) -> None:
        self.link.send(line)

    def send(self, method: str, **params: object) -> int:
        self._last_id += 1
        message = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}
        self.link.send(json.dumps(message).encode())
        return self._last_id

    def receive(self) -> dict[str, Any]:
        line = self.link.receive(PATIENCE_NS)
        assert line is not None, "the device is silent"
        answer: dict[str, Any] = json.loads(line)
        assert answer.pop("jsonrpc") == "2.0"
        return answer

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """One request and its answer; nothing else may be said in between."""
        sent = self.send(method, **params)
        answer = self.receive()
        assert answer.pop("id") == sent
        return answer

    def result(self, method: str, **params: object) -> dict[str, Any]:
        result: dict[str, Any] = self.ask(method, **params)["result"]
        return result

    def error(self, method: str, **params: object) -> dict[str, Any]:
        error: dict[str, Any] = self.ask(method, **params)["error"]
        return error

    def open(self, name: str = "s1") -> None:
        self.result("stream.open", stream=name, signal="ecg", rate_hz=250, unit="mV")

    def push(
        self, first: int, values: npt.ArrayLike, stream: str = "s1", **more: object
    ) -> dict[str, Any]:
        return self.ask("stream.push", stream=stream, first=first, samples=encoded(values), **more)


@pytest.fixture
def inprocess() -> Iterator[Callable[..., tuple[Peer, RunningDevice]]]:
    """Starts devices in threads; takes the options of `start_inprocess`."""
    started = []

    def start(**options: object) -> tuple[Peer, RunningDevice]:
        link, running = start_inprocess(**options)  # type: ignore[arg-type]
        started.append((link, running))
        return Peer(link), running

    yield start
    for link, running in started:
        link.close()
        assert running.join(30) is not None, "the device's thread does not end"


@pytest.fixture
def process() -> Iterator[Callable[..., tuple[Peer, subprocess.Popen[bytes]]]]:
    """Starts devices as processes; takes arguments of their command line."""
    started = []

    def start(
        *arguments: object,
        command: Sequence[str | Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> tuple[Peer, subprocess.Popen[bytes]]:
        program = list(command) or [sys.executable, "-m", "edgeward.device"]
        popen = subprocess.Popen(
            [*program, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        assert popen.stdin
        assert popen.stdout
        link = FileLink(os.dup(popen.stdout.fileno()), os.dup(popen.stdin.fileno()))
        popen.stdin.close()
        popen.stdout.close()
        started.append((link, popen))
        return Peer(link), popen

    yield start
    for link, popen in started:
        link.close()
        popen.kill()
        popen.wait()
        assert popen.stderr
        popen.stderr.close()


@pytest.fixture
def b64() -> Callable[..., str]:
    """Arrays as the protocol writes them."""
    return encoded


@pytest.fixture
def wearable() -> dict[str, Any]:
    """A shipped device profile, resolved."""
    folder = Path(__file__).parents[2] / "device_profiles"
    resolved: dict[str, Any] = json.loads(
        json.dumps(load_profile("wearable", [folder]).profile.to_dict())
    )
    return resolved
