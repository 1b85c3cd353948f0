"""What a question to a device costs: the process driver against bare pipes with the same bytes.

Interleaved rounds in one run; each round asks every contender the same cheap question in a row and
keeps the median; ratios are medians of the rounds' ratios, so that a busy host weighs on both
sides. Where the scheduler puts the two processes decides half of the time, so it is fixed: once
both on one core (what is computed), once on two (as a bench is used: waking the other core counts).

- bare pipe: `os.write`, `os.read`; the child answers each line with fixed bytes;
- bare pipe, JSON: the same, but the child reads the request with `json.loads` and writes the answer
  with `json.dumps`: what a device in Python has to do at least;
- our driver, same child: what this harness adds to a question, all checks of the answer included;
- our driver on devices: the reference device and the example.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edgeward_harness.profile.unit import Realization
from edgeward_harness.target import DeviceSession
from edgeward_harness.target.enforce import Asked
from edgeward_harness.target.process import Command, ProcessDriver

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))
QUESTIONS = 100
METHOD = "events"
EXAMPLE = Path(__file__).parents[1] / "examples" / "minimal_device.py"

ANSWER = {"events": [], "next": 0, "dropped": 0}
DESCRIPTION = {
    "protocol": "1.0",
    "device": {"model": "floor", "serial": "0", "id": "0", "epoch": 1},
    "software": {"name": "floor", "version": "1", "build_sha256": "0" * 64},
    "models": [],
    "capabilities": ["core"],
    "inputs": [],
    "clock": {"now_ns": 0, "simulated": False},
}
FIXED = """
import os
answer = {answer!r}
while os.read(0, 65536):
    os.write(1, answer)
"""
JSON = """
import json, os
description, answer = {description!r}, {answer!r}
while line := os.read(0, 65536):
    request = json.loads(line)
    result = description if request["method"] == "describe" else answer
    told = {{"jsonrpc": "2.0", "id": request["id"], "result": result}}
    os.write(1, json.dumps(told, separators=(",", ":")).encode() + b"\\n")
"""

Ask = Callable[[], tuple[int, int]]


class BarePipe:
    """A child and two pipes, and nothing between."""

    def __init__(self, code: str) -> None:
        """Start the child."""
        request = {"jsonrpc": "2.0", "id": 1, "method": METHOD, "params": {}}
        self._line = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._write_fd, self._read_fd = self._child.stdin.fileno(), self._child.stdout.fileno()

    def ask(self) -> tuple[int, int]:
        """One question: nanoseconds from the write to the answer read, twice."""
        sent_ns = time.monotonic_ns()
        os.write(self._write_fd, self._line)
        os.read(self._read_fd, 65536)
        took_ns = time.monotonic_ns() - sent_ns
        return took_ns, took_ns

    def close(self) -> None:
        """End the child."""
        with self._child:
            self._child.kill()


def driven(*words: str) -> DeviceSession:
    """A device behind our driver, held to nothing."""
    return DeviceSession(ProcessDriver(Command(words), Asked(), Realization.EMULATED))


def asker(session: DeviceSession) -> Ask:
    """A question through our driver: from write to answer read, and the whole call."""

    def ask() -> tuple[int, int]:
        started_ns = time.monotonic_ns()
        pending = session.send(METHOD)
        pending.result()
        return pending.received_ns - pending.sent_ns, time.monotonic_ns() - started_ns

    return ask


def round_medians(ask: Ask) -> tuple[float, float]:
    """Median microseconds of one round: seen on the wire, and of the whole call."""
    pairs = [ask() for _ in range(QUESTIONS)]
    wire, call = zip(*pairs, strict=True)
    return statistics.median(wire) / 1e3, statistics.median(call) / 1e3


Rounds = list[dict[str, tuple[float, float]]]


def measured(device_cores: list[int]) -> Rounds:
    """Ask everybody in turn, the children on these cores."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, device_cores)  # children inherit it
    code = JSON.format(description=DESCRIPTION, answer=ANSWER)
    fixed = json.dumps({"jsonrpc": "2.0", "id": 1, "result": ANSWER}, separators=(",", ":"))
    bare = BarePipe(FIXED.format(answer=fixed.encode() + b"\n"))
    bare_json = BarePipe(code)
    sessions = {
        "our driver, same JSON child": driven(sys.executable, "-I", "-S", "-c", code),
        "our driver, minimal_device.py": driven(sys.executable, "-I", "-S", str(EXAMPLE)),
        "our driver, reference device": driven(sys.executable, "-m", "edgeward.device"),
    }
    os.sched_setaffinity(0, own)
    asks: dict[str, Ask] = {"bare pipe": bare.ask, "bare pipe, JSON child": bare_json.ask}
    asks |= {name: asker(session) for name, session in sessions.items()}
    try:
        rounds = [
            {name: round_medians(ask) for name, ask in asks.items()} for _ in range(ROUNDS + 1)
        ][1:]  # the first warms up
    finally:
        bare.close()
        bare_json.close()
        for session in sessions.values():
            session.close()
    return rounds


def main() -> None:
    """Print the figures for both placements."""
    cores = sorted(os.sched_getaffinity(0))
    print(f"one {METHOD!r} and its answer, medians of {ROUNDS} rounds of {QUESTIONS}")
    os.sched_setaffinity(0, cores[:1])
    report("harness and device on one core", measured(cores[:1]))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:1])
        report("harness and device on two cores", measured(cores[1:2]))
    print("wire: from right before the write to right after the read; call: encoding, decoding and")
    print("checking included; ratios of calls.")


def report(title: str, rounds: Rounds) -> None:
    """Print medians in microseconds and the ratios to both floors."""
    print(f"{title:32} {'wire':>9} {'call':>9} {'/ bare pipe':>12} {'/ JSON child':>13}")
    for name in rounds[0]:
        wire, call = (statistics.median(r[name][column] for r in rounds) for column in (0, 1))
        ratios = [
            statistics.median(r[name][1] / r[floor][1] for r in rounds)
            for floor in ("bare pipe", "bare pipe, JSON child")
        ]
        print(f"{name:32} {wire:6.1f} us {call:6.1f} us {ratios[0]:12.2f} {ratios[1]:13.2f}")
    print()


if __name__ == "__main__":
    main()
