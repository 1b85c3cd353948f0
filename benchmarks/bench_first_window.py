"""From the start of a device to its first window, and what it holds on to meanwhile (P9).

Each round starts three processes in turn, so that a busy host weighs on all of them:

- floor: an interpreter that imports NumPy and ONNX Runtime, loads the model and runs it once;
- ours: the device, asked over its protocol for the result of the first window of a stream;
- idle: everything a device imports, put together without a model, with the profile in force.

Memory is what the kernel counts as resident at the end.
"""

import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edgeward.model.reference import MODEL_FILE
from edgeward.profile import load_profile
from edgeward.signal.patient import SimulatedPatient
from edgeward_harness import resources

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "11"))
START_LIMIT_S, MEMORY_LIMIT_MB, IDLE_LIMIT_MB = 0.5, 100.0, 30.0
MB = 1 << 20
PACKAGE = Path(__file__).parents[1] / "runtime" / "edgeward"

FLOOR = f"""
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession({str(PACKAGE / MODEL_FILE)!r}, options)
session.run(None, {{session.get_inputs()[0].name: numpy.zeros((1, 1250), numpy.float32)}})
print(flush=True)
input()
"""
IDLE = """
import json, sys
from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SystemEntropy
from edgeward.adapters.host import Host
from edgeward.adapters.link import FileLink
from edgeward.adapters.scheduling import ThreadScheduling, freeze_garbage
from edgeward.adapters.store import MemoryStore
from edgeward.device.agent import Agent
from edgeward.device.device import Device
from edgeward.process.processor import Hooks, Processor
from edgeward.limits import DEFAULT
hooks = Hooks(decide=None, decline=None, publish=None, report=None)
processor = Processor(SystemClock(), hooks, DEFAULT)
freeze_garbage()
print(flush=True)
input()
"""


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def timed(
    command: list[str], ask: Callable[[subprocess.Popen[bytes]], None]
) -> tuple[float, float]:
    """Seconds from the start until what was asked for is there, and the memory then."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        ask(process)
        return time.perf_counter() - began, resident_mb(process.pid)
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has written a line."""
    assert process.stdout is not None
    assert process.stdout.readline(), "it ended without a word"


def first_window(process: subprocess.Popen[bytes]) -> None:
    """Ask a device for the result of its first window, with a profile in force."""
    assert process.stdin is not None
    assert process.stdout is not None
    profile = load_profile("bedside_monitor", [resources.device_profiles()]).profile.to_dict()
    ecg = SimulatedPatient(1).ecg("sinus", 5)
    samples = base64.b64encode(ecg.astype("<f4").tobytes()).decode()
    stream = {"stream": "s", "signal": "ecg", "rate_hz": 250, "unit": "mV"}
    calls = (
        ("configure", {"profile": profile}),
        ("stream.open", stream),
        ("stream.push", {"stream": "s", "first": 0, "samples": samples}),
        ("events", {"after": 0}),
    )
    for number, (method, params) in enumerate(calls):
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    for _ in calls:
        answer = json.loads(process.stdout.readline())
    assert answer["result"]["events"][0]["outcome"] == "answer", answer


def main() -> int:
    """Measure; 1 when a bound is broken."""
    contenders = {
        "floor": ([sys.executable, "-c", FLOOR], first_line),
        "ours": ([sys.executable, "-m", "edgeward.device"], first_window),
        "idle": ([sys.executable, "-c", IDLE], first_line),
    }
    for command, ask in contenders.values():  # the first of each fills the disk cache
        timed(command, ask)
    rounds = [
        {name: timed(command, ask) for name, (command, ask) in contenders.items()}
        for _ in range(ROUNDS)
    ]

    def median(name: str, place: int) -> float:
        return statistics.median(one[name][place] for one in rounds)

    ratio = statistics.median(one["ours"][0] / one["floor"][0] for one in rounds)
    print(f"medians of {ROUNDS} starts each, in turn")
    print(f"  floor  {median('floor', 0):6.3f} s  {median('floor', 1):6.1f} MB  model run once")
    figures = (
        ("start to first window", median("ours", 0), START_LIMIT_S, "s"),
        ("memory then", median("ours", 1), MEMORY_LIMIT_MB, "MB"),
        ("memory idle without a model", median("idle", 1), IDLE_LIMIT_MB, "MB"),
    )
    for name, value, limit, unit in figures:
        verdict = "within" if value <= limit else "ABOVE"
        print(f"  {name:<28}{value:8.3f} {unit}: {verdict} the limit of {limit:g} {unit}")
    print(f"  start to first window / floor, median of the rounds' ratios: {ratio:.2f}")
    return int(any(value > limit for _, value, limit, _ in figures))


if __name__ == "__main__":
    sys.exit(main())
