"""One window through the runtime against the model alone (P1, P2), and against a naive one (P3).

The model is the network that peers were measured with (`reference_cnn`), 1000 samples a window. All
contenders take turns window by window in one process, so that a busy host weighs on all of them:

- bare: `session.run` on a window that lies ready, one thread, no spinning;
- ours: a block of 250 samples offered to the processor, which checks it, cuts the window, runs the
  model, decides, marks lateness, tells the result and counts the path;
- naive: what a first version does: `add_data` into a queue, a thread that takes it out with a
  timeout, a deque turned into an array, z-score, the same network in torch with its default
  threads, NumPy softmax, a log line.

Hot: a hundred windows of one contender right after each other, then of the next. Paced: a window
each 4 ms, the contenders in turn.
"""

import logging
import os
import queue
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from reference_cnn import LABELS, cnn_onnx, cnn_torch
from verdict import on_host

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.scheduling import freeze_garbage
from edgeward.canonical import sha256_hex
from edgeward.limits import DEFAULT
from edgeward.model.card import ModelCard, ModelInput
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.onnx_runtime import onnxruntime
from edgeward.process.decision import Decider
from edgeward.process.events import EventLog, Tellable
from edgeward.process.processor import Hooks, Processor
from edgeward.process.stream import Block
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Windower
from edgeward_harness.rig.stall import stall_probe

WINDOW, HOP = 1000, 250
HOT = int(os.environ.get("BENCH_WINDOWS", "6000"))
PACED = int(os.environ.get("BENCH_PACED", "1500"))
PACE_NS = 4_000_000
HOT_ROUND = 100
ECG = SimulatedPatient(1).ecg("sinus", 600)

LEAD = WINDOW // HOP - 1
"""Blocks before the first that completes a window."""

Contender = Callable[[Block], None]
"""Takes the block that completes a window; returns when its decision is there."""


def block(number: int) -> Block:
    """The samples that complete a window, wherever in the recording they lie."""
    at = number * HOP % (len(ECG) - HOP)
    return Block(number * HOP, ECG[at : at + HOP], None, time.monotonic_ns())


def bare(model: bytes) -> Contender:
    """The model and nothing else."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: ECG[:WINDOW].reshape(1, -1).copy()}
    names = [session.get_outputs()[0].name]

    def run(_: Block) -> None:
        session.run(names, feed)

    return run


def ours(model: bytes) -> Contender:
    """The runtime, from the samples to the result that is told."""
    clock = SystemClock()
    taken = ModelInput("ecg", "mV", 250, WINDOW, HOP)
    engine = OnnxEngine(model, ModelCard("cnn", "1", sha256_hex(model), LABELS, taken))
    decider = Decider(engine, clock)
    log = EventLog(4096)

    def tell(event: Tellable) -> None:
        log.append(event)

    hooks = Hooks(decider.decide, decider.decline, tell, tell)
    processor = Processor(clock, hooks, DEFAULT)
    processor.lateness.set_budget_ms(1000)
    processor.open("s", Windower(WINDOW, HOP))
    for number in range(LEAD):
        processor.offer("s", block(number))

    def run(arrived: Block) -> None:
        processor.offer("s", arrived)

    return run


def naive() -> Contender:
    """The queue-and-thread pattern that first versions have."""
    import torch

    network = cnn_torch(WINDOW)
    log = logging.getLogger("naive")
    log.addHandler(logging.NullHandler())
    log.setLevel(logging.INFO)
    log.propagate = False
    waiting: queue.Queue[np.ndarray] = queue.Queue(maxsize=100)
    results: queue.Queue[dict[str, object]] = queue.Queue()
    kept: deque[float] = deque(ECG[: WINDOW - HOP].tolist(), maxlen=WINDOW)

    def work() -> None:
        while True:
            try:
                samples = waiting.get(timeout=1.0)
            except queue.Empty:
                continue
            kept.extend(samples.tolist())
            window = np.array(kept)
            window = (window - np.mean(window)) / (np.std(window) + 1e-8)
            with torch.no_grad():
                logits = network(torch.tensor(window, dtype=torch.float32).reshape(1, 1, -1))
            scores = torch.softmax(logits, dim=1).numpy()[0]
            label = LABELS[int(np.argmax(scores))]
            log.info("decided on %s with %.3f", label, scores.max())
            results.put({"label": label, "scores": scores.tolist(), "at": time.time()})

    threading.Thread(target=work, daemon=True).start()

    def run(arrived: Block) -> None:
        waiting.put(arrived.samples)
        results.get()

    return run


def one_after_another(run: Contender, blocks: Sequence[Block]) -> list[int]:
    """Nanoseconds of each window, without a rest between them."""
    took_ns = []
    for arrived in blocks:
        began_ns = time.perf_counter_ns()
        run(arrived)
        took_ns.append(time.perf_counter_ns() - began_ns)
    return took_ns


def hot(contenders: dict[str, Contender], windows: int) -> dict[str, list[int]]:
    """Nanoseconds of each window without a rest, a hundred of each contender in turn.

    The first ten of each hundred find the caches as another contender left them: not counted.
    """
    took: dict[str, list[int]] = {name: [] for name in contenders}
    for first in range(LEAD, LEAD + windows, HOT_ROUND):
        blocks = [block(number) for number in range(first, first + HOT_ROUND)]
        for name, run in contenders.items():
            took[name] += one_after_another(run, blocks)[HOT_ROUND // 10 :]
    return took


def paced(contenders: dict[str, Contender], windows: int, first: int) -> dict[str, list[int]]:
    """The same, with a rest before each window."""
    took: dict[str, list[int]] = {name: [] for name in contenders}
    due_ns = time.perf_counter_ns()
    for number in range(windows):
        for name, run in contenders.items():
            due_ns += PACE_NS
            arrived = block(LEAD + first + number)
            time.sleep(max(0, due_ns - time.perf_counter_ns()) / 1e9)
            began_ns = time.perf_counter_ns()
            run(arrived)
            took[name].append(time.perf_counter_ns() - began_ns)
    return {name: values[windows // 10 :] for name, values in took.items()}


def percentile(values: Sequence[int], share: float) -> float:
    """In microseconds."""
    return sorted(values)[int(share * (len(values) - 1))] / 1e3


def ratio(ours_ns: Sequence[int], floor_ns: Sequence[int], share: float) -> float:
    """Median over ten stretches of the run of the ratio of a percentile in each."""
    size = max(1, len(ours_ns) // 10)
    stretches = range(0, len(ours_ns) - size + 1, size)
    return statistics.median(
        percentile(ours_ns[at : at + size], share) / percentile(floor_ns[at : at + size], share)
        for at in stretches
    )


class Report:
    """Figures beside their bounds."""

    def __init__(self) -> None:
        """Nothing is broken yet."""
        self.broken = 0

    def bound(self, name: str, value: float, limit: float, *, least: bool = False) -> None:
        """Print a figure and whether it keeps its bound."""
        kept = value >= limit if least else value <= limit
        self.broken += not kept
        word = "at least" if least else "at most"
        print(f"  {name:<46}{value:7.2f}  {word} {limit:g}: {'kept' if kept else 'BROKEN'}")


def show(name: str, took: dict[str, list[int]]) -> None:
    """The percentiles of every contender."""
    print(name)
    for contender, values in took.items():
        cells = "  ".join(
            f"{label} {percentile(values, share):8.1f}"
            for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
        )
        print(f"  {contender:<12}{cells} us")


def main() -> int:
    """Measure; the verdict as an exit status."""
    fp32, int8 = cnn_onnx(WINDOW), cnn_onnx(WINDOW, int8=True)
    pairs = {
        "bare": bare(fp32), "ours": ours(fp32),
        "bare int8": bare(int8), "ours int8": ours(int8),
    }  # fmt: skip
    freeze_garbage()
    with stall_probe() as stalls:
        quick = hot(pairs, HOT)
        slow = paced(pairs, PACED, HOT)
    with_naive = {"ours": ours(fp32), "naive": naive()}
    naive_took = paced(with_naive, PACED // 3, 0)
    show("hot", quick)
    show("paced, 4 ms apart", slow)
    show("beside a naive one, paced", naive_took)
    report = Report()
    over_us = percentile(quick["ours"], 0.5) - percentile(quick["bare"], 0.5)
    report.bound("P1 hot p50, ours / bare", ratio(quick["ours"], quick["bare"], 0.5), 1.10)
    report.bound(
        "P1 hot p50, int8, ours / bare", ratio(quick["ours int8"], quick["bare int8"], 0.5), 1.20
    )
    report.bound("P1 hot p50, ours over bare, us", over_us, 5.0)
    report.bound("P2 paced p50, ours / bare", ratio(slow["ours"], slow["bare"], 0.5), 1.35)
    report.bound("P2 paced p99, ours / bare", ratio(slow["ours"], slow["bare"], 0.99), 1.75)
    for share, least in ((0.5, 2.5), (0.99, 2.0)):
        found = ratio(naive_took["naive"], naive_took["ours"], share)
        report.bound(f"P3 p{share * 100:g}, naive / ours", found, least, least=True)
    return on_host(stalls, missed=report.broken > 0)


if __name__ == "__main__":
    sys.exit(main())
