"""What a ward costs: CPU per patient-second against the model alone, and limits by themselves.

The model alone judges as many windows as the ward did, one by one, in the same round; the figure is
the median of the rounds' ratios. Frames are given as fast as they are worked off: this is cost, and
says nothing about latency. A probe watches the host; more than 1 % stalled makes no pass.
"""

import statistics
import sys
import time

import numpy as np
from reference_cnn import cnn_card, cnn_onnx

from edgeward.adapters.clock import SimulatedClock
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.process.technical import TechnicalEvent
from edgeward.process.threshold_bank import ThresholdBank
from edgeward.process.ward import Ward, WardAlarm, WardPlan, WardResult
from edgeward.process.ward_frames import Frame
from edgeward.signal.block_filter import BlockFilter, butterworth_band
from edgeward_harness.rig.stall import stall_probe

QUICK = "--quick" in sys.argv[1:]
ROUNDS = 3 if QUICK else 15
PATIENTS = 200 if QUICK else 2000
WINDOW, HOP, BLOCK, RATE_HZ = 2500, 1250, 10, 250
COST_RATIO_MAX = 1.8
LIMITS_MIN_M = {256: 100.0, 1024: 500.0}
STALLED_MAX = 0.01


def limits_of(streams: int) -> ThresholdBank:
    """Limits that nothing here reaches."""
    high = np.full(streams, 8, dtype=np.float32)
    return ThresholdBank(-high, high, np.full(streams, 3))


def ward_ratios() -> list[float]:
    """CPU of the ward over CPU of the model alone, one second of all patients a round."""
    model = cnn_onnx(WINDOW)
    engine, clock = OnnxEngine(model, cnn_card(model, WINDOW, HOP)), SimulatedClock()
    results: list[WardResult] = []
    alarms: list[WardAlarm] = []
    technical: list[TechnicalEvent] = []
    ward = Ward(
        engine,
        clock,
        WardPlan(PATIENTS, RATE_HZ, WINDOW, HOP, BLOCK, 100_000_000),
        limits_of(PATIENTS),
        band=BlockFilter(butterworth_band(2, 0.5, 40, RATE_HZ), PATIENTS),
        alarm=alarms.append,
        technical=technical.append,
        result=results.append,
    )
    noise = np.random.default_rng(1).normal(size=(PATIENTS, BLOCK)).clip(-3, 3)
    block, rows = noise.astype(np.float32), np.arange(PATIENTS)
    window = np.zeros(WINDOW, dtype=np.float32)

    def second() -> tuple[int, int]:
        results.clear()
        started_ns = time.process_time_ns()
        for _ in range(RATE_HZ // BLOCK):
            ward.take(Frame(rows, ward.next_samples, block))
            ward.work()
            clock.advance(1_000_000_000 * BLOCK // RATE_HZ)
        return time.process_time_ns() - started_ns, len(results)

    while not second()[1]:  # until the first windows are complete
        pass
    for _ in range(HOP // RATE_HZ):  # until all patients have windows
        second()
    ratios = []
    for _ in range(ROUNDS):
        took_ns, windows = second()
        started_ns = time.process_time_ns()
        for _ in range(windows):
            engine.probabilities(window)
        ratios.append(took_ns / (time.process_time_ns() - started_ns))
    return ratios


def limits_m(streams: int) -> float:
    """Median million samples a second."""
    bank = limits_of(streams)
    noise = np.random.default_rng(2).normal(size=(BLOCK, streams)).clip(-5, 5)
    samples = noise.astype(np.float32)
    rates = []
    for _ in range(ROUNDS):
        started_ns = time.perf_counter_ns()
        for _ in range(200):
            bank.push(samples)
        rates.append(200e3 * samples.size / (time.perf_counter_ns() - started_ns))
    return statistics.median(rates)


def main() -> int:
    """Print each figure beside its bound."""
    with stall_probe() as stalls:
        ratio = statistics.median(ward_ratios())
        rates = {streams: limits_m(streams) for streams in LIMITS_MIN_M}
    print(f"ward of {PATIENTS} / model alone, CPU  {ratio:8.2f}   at most {COST_RATIO_MAX}")
    for streams, least in LIMITS_MIN_M.items():
        print(
            f"limits, {streams:5} streams, M samples/s {rates[streams]:6.0f}   at least {least:.0f}"
        )
    print(f"stalled {stalls.share:.1%} of the time, longest {stalls.longest_ns / 1e6:.1f} ms")
    if stalls.share > STALLED_MAX:
        print("unfit host: no verdict")
        return 1
    kept = all(rates[streams] >= least for streams, least in LIMITS_MIN_M.items())
    return 0 if kept and ratio <= COST_RATIO_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
