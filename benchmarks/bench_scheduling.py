"""In time beside other work (P4), and from a datagram to a decision (P5).

P4: one process a policy judges a window each 2 ms, from its release to the result, while two
processes burn each core. The same code runs at normal priority and under a real-time class, in
turn; where this user may not use one, P4 is not measured, and nothing is claimed.

P5: a sender process stamps a frame and sends it each 4 ms over loopback; the receiver waits for it
as the daemon does. Between two frames the bare model runs once, after the same rest: the floor.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from zlib import crc32

from bench_window import ECG, HOP, PACE_NS, WINDOW, Report, bare, percentile
from reference_cnn import LABELS, cnn_onnx
from verdict import Verdict, on_host

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.scheduling import ThreadScheduling, Wish, freeze_garbage
from edgeward.canonical import sha256_hex
from edgeward.device.daemon.datagrams import DatagramSource
from edgeward.device.daemon.frames import encode
from edgeward.limits import DEFAULT
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.onnx_runtime import onnxruntime
from edgeward.process.decision import Decider
from edgeward.process.processor import Hooks, Processor
from edgeward.process.stream import Block, ResultEvent
from edgeward.signal.windows import Windower
from edgeward_harness.rig.load import cpu_load
from edgeward_harness.rig.stall import stall_probe

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
WINDOWS = int(os.environ.get("BENCH_WINDOWS", "1500"))
RELEASE_NS = 2_000_000
BUDGET_MS = 100.0
"""The longest a bedside monitor allows from window to result."""
NAME = "s"


class Told:
    """Keeps when each result was told."""

    def __init__(self) -> None:
        """Nothing was told."""
        self.took_ns: list[int] = []

    def __call__(self, event: ResultEvent) -> None:
        """Note how long after its last sample a result is told."""
        self.took_ns.append(time.monotonic_ns() - event.last_sample_ns)


def processor_for(told: Told) -> Processor:
    """The runtime around the network."""
    model, clock = cnn_onnx(WINDOW), SystemClock()
    taken = ModelInput("ecg", "mV", 250, WINDOW, HOP)
    card = ModelCard("cnn", "1", sha256_hex(model), LABELS, taken)
    decider = Decider(OnnxEngine(model, card), clock)
    hooks = Hooks(decider.decide, decider.decline, told, lambda _: None)
    processor = Processor(clock, hooks, DEFAULT)
    processor.open(NAME, Windower(WINDOW, HOP))
    return processor


def judge_paced(policy: str) -> None:
    """The child of P4: print the label of its scheduling and what each window took."""
    told = Told()
    processor = processor_for(told)
    freeze_garbage()
    wish = Wish("fifo", 50) if policy == "fifo" else Wish()
    granted = ThreadScheduling().apply(wish)
    due_ns = time.monotonic_ns()
    for number in range(WINDOWS):
        due_ns += RELEASE_NS
        time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        at = number * HOP % (len(ECG) - HOP)
        processor.offer(NAME, Block(number * HOP, ECG[at : at + HOP], None, due_ns))
    told_ns = told.took_ns[WINDOWS // 10 :]
    print(json.dumps({"real_time": granted.real_time, "label": granted.label, "ns": told_ns}))


def receive_frames() -> None:
    """The child of P5: print where it listens, then what each frame and each bare run took."""
    told, clock = Told(), SystemClock()
    processor = processor_for(told)
    floor = bare(cnn_onnx(WINDOW))
    source = DatagramSource("udp:127.0.0.1:0", clock)
    freeze_garbage()
    print(source.address, flush=True)
    floor_ns: list[int] = []
    while len(floor_ns) < WINDOWS:
        for name, block in source.receive(clock.monotonic_ns() + 5_000_000_000):
            processor.offer(name, block)
            time.sleep(PACE_NS / 2e9)
            began_ns = time.monotonic_ns()
            floor(block)
            floor_ns.append(time.monotonic_ns() - began_ns)
    skip = WINDOWS // 10
    print(json.dumps({"ours": told.took_ns[skip:], "floor": floor_ns[skip:]}))


def child_of_ours(*words: str) -> subprocess.Popen[str]:
    """This program again, as one of its children."""
    return subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True)


def measure_policies(report: Report) -> bool:
    """P4; whether it could be measured."""
    ratios, worst_ms, label = [], 0.0, ""
    for _ in range(ROUNDS):
        took: dict[str, list[int]] = {}
        for policy in ("other", "fifo"):
            with cpu_load():
                said, _ = child_of_ours("--judge", policy).communicate()
            answer = json.loads(said)
            took[policy], label = answer["ns"], answer["label"]
            if policy == "fifo" and not answer["real_time"]:
                print(f"P4 not measured: {label}")
                return False
        ratios.append(percentile(took["fifo"], 0.99) / percentile(took["other"], 0.99))
        worst_ms = max(worst_ms, max(took["fifo"]) / 1e6)
        for policy, values in took.items():
            print(f"  {policy:<6} {said_of(values)}")
    print(f"  {label}")
    report.bound("P4 p99 beside burners, fifo / normal", statistics.median(ratios), 0.15)
    report.bound("P4 worst result under fifo, ms", worst_ms, BUDGET_MS)
    return True


def stamped(frame: bytes) -> bytes:
    """A frame made ready before, with the instant it is sent at: making it is the sensor's time."""
    head, body = bytearray(frame[:24]), frame[28:]
    head[16:] = time.monotonic_ns().to_bytes(8, "little")
    return bytes(head) + crc32(body, crc32(head)).to_bytes(4, "little") + body


def measure_datagrams(report: Report) -> None:
    """P5."""
    halves: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        child = child_of_ours("--receive")
        assert child.stdout is not None
        host, _, port = child.stdout.readline().strip().removeprefix("udp:").rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            number, due_ns = 0, time.monotonic_ns()
            while child.poll() is None and number < WINDOWS + 10:
                due_ns += PACE_NS
                time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
                at = number * HOP % (len(ECG) - HOP)
                samples = ECG[at : at + HOP]
                frame = encode(NAME, number * HOP, samples, None, 1)
                sender.sendto(stamped(frame), (host, int(port)))
                number += 1
        said, _ = child.communicate(timeout=60)
        took = json.loads(said)
        print(f"  datagram to told {said_of(took['ours'])}")
        print(f"  bare, paced      {said_of(took['floor'])}")
        p50, p99 = (
            percentile(took["ours"], share) / percentile(took["floor"], share)
            for share in (0.5, 0.99)
        )
        halves.append((p50, p99))
    report.bound("P5 p50, datagram to told / bare", statistics.median(h[0] for h in halves), 1.6)
    report.bound("P5 p99, datagram to told / bare", statistics.median(h[1] for h in halves), 2.5)


def said_of(values: Sequence[int]) -> str:
    """Percentiles in one line."""
    cells = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))
    return "  ".join(f"{name} {percentile(values, share):9.1f}" for name, share in cells) + " us"


def main(words: Sequence[str]) -> int:
    """Measure; no verdict on a host that is not fit, or that P4 cannot be measured on."""
    if words[:1] == ["--judge"]:
        judge_paced(words[1])
        return 0
    if words[:1] == ["--receive"]:
        receive_frames()
        return 0
    print(f"ONNX Runtime {onnxruntime.__version__}, {WINDOWS} windows, {ROUNDS} rounds")
    report = Report()
    complete = measure_policies(report)
    with stall_probe() as stalls:
        measure_datagrams(report)
    verdict = on_host(stalls, missed=report.broken > 0)
    return Verdict.NONE if verdict is Verdict.KEPT and not complete else verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
