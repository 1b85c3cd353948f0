"""What a ward costs, how late its windows are at a real pace (P6), and limits by themselves (P7).

- Cost: CPU of the ward over CPU of the model alone, which judges as many windows, one by one, in
  the same round; the median of the rounds' ratios. Frames come as fast as they are worked off.
- Pace: 10,000 patients with 250 samples a second each, in blocks of 40 ms, on one thread and the
  real clock; 10 s windows each 5 s, spread over a hop. A window is due when the block with its last
  sample is, by the timetable, and not when the ward came to take it: what is late for one block is
  late for all behind it. A window that is dropped misses the goal. Where 10,000 are too many, the
  largest number that keeps the goal is looked for. The thread keeps to one core, and asks for a
  real-time class, as a gateway's does.
- Limits: samples a second through the limits alone.

A probe watches the host. While a ward is paced, the kernel watches its core: how long the ward was
ready and not run, and what a hypervisor took. To the probe, the ward's own work would be noise.
`--quick` shows in seconds that all of it works; its figures mean little.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.random import default_rng
from reference_cnn import cnn_card, cnn_onnx
from verdict import UNFIT_SHARE, Verdict, on_host

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.adapters.scheduling import ThreadScheduling, Wish, freeze_garbage
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.ports import Clock
from edgeward.process.threshold_bank import ThresholdBank
from edgeward.process.ward import Ward, WardPlan, WardResult
from edgeward.process.ward_frames import Frame
from edgeward.signal.block_filter import BlockFilter, butterworth_band
from edgeward.signal.windows import Samples
from edgeward_harness.rig.stall import Stalls, merged, our_wait_ns, stall_probe

WINDOW, HOP, BLOCK, RATE_HZ = 2500, 1250, 10, 250
PACE_NS = 1_000_000_000 * BLOCK // RATE_HZ
BUDGET_NS = 100_000_000
COST_RATIO_MAX = 1.8
P999_MAX_MS = BUDGET_NS / 1e6
LIMITS_MIN_M = {256: 100.0, 1024: 500.0}
PRIORITY = 50
SEARCH_STEP = 250
BLOCKS = 25
"""Different ones are offered in turn, so that they do not lie in a cache."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    cost_patients: int
    paced_patients: int
    paced_s: int
    search_s: int


FULL = Size(rounds=15, cost_patients=2000, paced_patients=10_000, paced_s=60, search_s=12)
QUICK = Size(rounds=3, cost_patients=1000, paced_patients=500, paced_s=4, search_s=2)


def limits_of(streams: int) -> ThresholdBank:
    """Limits that nothing here reaches."""
    high = np.full(streams, 8, dtype=np.float32)
    return ThresholdBank(-high, high, np.full(streams, 3))


def engine() -> OnnxEngine:
    """The network that the peers were measured with."""
    model = cnn_onnx(WINDOW)
    return OnnxEngine(model, cnn_card(model, WINDOW, HOP))


def noise(patients: int) -> list[Samples]:
    """Blocks that are offered in turn."""
    draw = default_rng(1)
    shape = (patients, BLOCK)
    return [draw.normal(size=shape).clip(-3, 3).astype(np.float32) for _ in range(BLOCKS)]


class Feed:
    """A ward, and whoever sends it the next block of every patient."""

    def __init__(self, clock: Clock, patients: int, told: Callable[[WardResult], None]) -> None:
        """Tell results to a function; nothing here raises an alarm."""
        self.ward = Ward(
            engine(),
            clock,
            WardPlan(patients, RATE_HZ, WINDOW, HOP, BLOCK, BUDGET_NS),
            limits_of(patients),
            band=BlockFilter(butterworth_band(2, 0.5, 40, RATE_HZ), patients),
            alarm=_unexpected,
            technical=_unexpected,
            result=told,
        )
        self._rows, self._blocks = np.arange(patients), noise(patients)
        self._first = np.zeros(patients, dtype=np.int64)
        self.sent = 0
        """Blocks of each patient."""

    def send(self) -> None:
        """The next block of every patient."""
        self.ward.take(Frame(self._rows, self._first, self._blocks[self.sent % BLOCKS]))
        self._first += BLOCK
        self.sent += 1

    def fill(self) -> None:
        """As far as before the block that completes the first window."""
        while self.sent < WINDOW // BLOCK - 1:
            self.send()


def cost_ratio(patients: int, rounds: int) -> float:
    """CPU of the ward over CPU of the model alone, one second of all patients a round."""
    clock, results = SimulatedClock(), list[WardResult]()
    feed, alone = Feed(clock, patients, results.append), engine()
    window = np.zeros(WINDOW, dtype=np.float32)

    def second() -> int:
        results.clear()
        started_ns = time.process_time_ns()
        for _ in range(RATE_HZ // BLOCK):
            feed.send()
            feed.ward.work()
            clock.advance(PACE_NS)
        return time.process_time_ns() - started_ns

    feed.fill()
    for _ in range(2):
        second()
    ratios = []
    for _ in range(rounds):
        took_ns = second()
        started_ns = time.process_time_ns()
        for _ in results:
            alone.probabilities(window)
        ratios.append(took_ns / (time.process_time_ns() - started_ns))
    return statistics.median(ratios)


@dataclass(slots=True)
class Paced:
    """What became of the windows of some patients at a real pace."""

    patients: int
    window_ms: list[float] = field(default_factory=list)
    """From when the block with the last sample was due until the decision, of each window."""
    alarm_ms: list[float] = field(default_factory=list)
    """From when a block was due until all limits had been told."""
    dropped: int = 0
    core_share: float = 0.0
    lost_share: float = 0.0
    """Of the time, the thread was ready and not run, or its core was taken by a hypervisor."""

    def p(self, share: float) -> float:
        """A percentile of the windows, in ms."""
        return float(np.quantile(self.window_ms, share))

    @property
    def kept(self) -> bool:
        """Whether the goal was."""
        return not self.dropped and self.p(0.999) < P999_MAX_MS

    def show(self) -> None:
        """Print it."""
        tail = "  ".join(
            f"{name} {self.p(share):.1f}"
            for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))
        )
        print(
            f"paced, {self.patients:,} patients, {len(self.window_ms):,} windows: {tail} ms;"
            f" {self.dropped} dropped\n"
            f"  limits told: p50 {np.quantile(self.alarm_ms, 0.5):.1f}"
            f"  p99 {np.quantile(self.alarm_ms, 0.99):.1f} ms;"
            f" {self.core_share:.0%} of a core, {self.lost_share:.2%} lost to others"
        )


def paced(patients: int, seconds: int) -> Paced:
    """Feed a ward by a timetable on the real clock."""
    found, clock = Paced(patients), SystemClock()
    start_ns = 0

    def told(one: WardResult) -> None:
        if one.dropped is not None:
            found.dropped += one.windows
            return
        tick = (one.first + WINDOW - 1) // BLOCK - filled
        found.window_ms.append((one.decision.decided_ns - start_ns - tick * PACE_NS) / 1e6)

    feed = Feed(clock, patients, told)
    feed.fill()
    filled = feed.sent
    freeze_garbage()
    lost_ns, ran_ns = our_wait_ns() + stolen_ns(), time.thread_time_ns()
    start_ns = clock.monotonic_ns() + PACE_NS
    for due_ns in range(start_ns, start_ns + seconds * 1_000_000_000, PACE_NS):
        clock.sleep_ns(due_ns - clock.monotonic_ns())
        feed.send()
        found.alarm_ms.append((clock.monotonic_ns() - due_ns) / 1e6)
        feed.ward.work(until_ns=due_ns + PACE_NS)
    feed.ward.work()
    took_ns = clock.monotonic_ns() - start_ns
    found.core_share = (time.thread_time_ns() - ran_ns) / took_ns
    found.lost_share = (our_wait_ns() + stolen_ns() - lost_ns) / took_ns
    return found


def largest(too_many: int, seconds: int) -> Paced | None:
    """The most patients that keep the goal, by halving; None if so few as one step do not."""
    best, low, high = None, 0, too_many
    while high - low > SEARCH_STEP:
        tried = paced((low + high) // 2, seconds)
        tried.show()
        if tried.kept:
            best, low = tried, tried.patients
        else:
            high = tried.patients
    return best


def stolen_ns() -> int:
    """What a hypervisor has taken of the cores that this thread may use."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    names = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    ticks = sum(int(line.split()[8]) for line in lines if line.partition(" ")[0] in names)
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def on_one_core(stalls: Stalls, size: Size) -> Paced:
    """The paced run as a gateway does it; stalls of the other cores are added to those seen."""
    thread, cores = ThreadScheduling(), os.sched_getaffinity(0)
    own = max(cores)
    with stall_probe() as seen:
        print(thread.apply(Wish("fifo", PRIORITY, [own])).label)
        at_pace = paced(size.paced_patients, size.paced_s)
        at_pace.show()
        if not at_pace.kept:
            most = largest(size.paced_patients, size.search_s)
            print(f"  the goal is kept by {most.patients if most else 'no such number'} of them")
        thread.apply(Wish(cores=cores))
    stalls.single += [one for one in seen.single if one.core != own]
    stalls.single.sort()
    stalls.intervals = merged([(low, high) for low, high, _ in stalls.single])
    stalls.watched_ns += seen.watched_ns
    return at_pace


def limits_m(streams: int, rounds: int) -> float:
    """Median million samples a second."""
    bank = limits_of(streams)
    samples = default_rng(2).normal(size=(BLOCK, streams)).clip(-5, 5).astype(np.float32)
    rates = []
    for _ in range(rounds):
        started_ns = time.perf_counter_ns()
        for _ in range(200):
            bank.push(samples)
        rates.append(200e3 * samples.size / (time.perf_counter_ns() - started_ns))
    return statistics.median(rates)


def _unexpected(told: object) -> None:
    raise AssertionError(f"nothing here is an alarm: {told}")


def main() -> int:
    """Print each figure beside its bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="small numbers, in seconds")
    size = QUICK if parser.parse_args().quick else FULL
    with stall_probe() as stalls:
        ratio = cost_ratio(size.cost_patients, size.rounds)
        rates = {streams: limits_m(streams, size.rounds) for streams in LIMITS_MIN_M}
    at_pace = on_one_core(stalls, size)
    print(f"P6 paced p99.9, ms                     {at_pace.p(0.999):8.1f}   below {P999_MAX_MS:g}")
    print(f"P6 ward of {size.cost_patients:5} / model alone, CPU  {ratio:8.2f}", end="")
    print(f"   at most {COST_RATIO_MAX}")
    for streams, least in LIMITS_MIN_M.items():
        print(f"P7 limits, {streams:5} streams, M samples/s {rates[streams]:7.0f}", end="")
        print(f"   at least {least:.0f}")
    fast = all(rates[streams] >= least for streams, least in LIMITS_MIN_M.items())
    verdict = on_host(stalls, missed=not (at_pace.kept and fast and ratio <= COST_RATIO_MAX))
    if at_pace.lost_share > UNFIT_SHARE:
        print("others had the ward's own core for too long: unfit host, no verdict")
        return Verdict.NONE
    return verdict


if __name__ == "__main__":
    sys.exit(main())
