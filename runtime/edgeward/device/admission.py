"""Whether so many patients can be judged in time on this device: proven first, or refused.

What a window costs, with the blocks that bring its samples, is measured on this device, in
processor time. One task then stands for all patients: in each hop it judges one window for each of
them, in turn, on one thread. It takes as long as so many windows in a row ever took in the
measurement, and as much again; and it may be held up by one window that takes the worst case of a
single one. Its deadline is the latest result that the profile allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgeward.adapters.clock import ThreadClock
from edgeward.errors import EdgewardError
from edgeward.limits import DEFAULT
from edgeward.model.engine import InferenceEngine
from edgeward.process.decision import Decider
from edgeward.process.processor import Hooks, Processor
from edgeward.process.schedule.admission import Admitted, Policy, Scheduling, admit
from edgeward.process.schedule.task import Task, TaskSet
from edgeward.process.schedule.wcet import Method, Wcet, estimate
from edgeward.process.stream import Block
from edgeward.profile.model import Profile
from edgeward.signal.windows import Windower

_NS_PER_S = 1_000_000_000
WINDOWS = 1200
BLOCKS_IN_A_HOP = 25
"""Blocks that bring the samples of a hop: 40 ms each, where a hop is a second."""
MARGIN_PERCENT = 100
"""Added to the longest time that windows in a row took."""
OVERHEAD_NS = 20_000
"""Waking up for a job: two context switches and a timer."""
BLOCKING_NS = 5_000_000
"""The longest that another thread of this process keeps the interpreter, and the kernel a core."""


class NotSchedulableError(EdgewardError):
    """With so many patients the device would not keep its deadlines."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Why the deadlines are kept."""

    patients: int
    round_ns: int
    """The longest that one window for each of them takes, with margin, in processor time."""
    worst_window_ns: int
    """The longest that a single window takes."""
    basis: str
    """Where that comes from."""
    response_ns: int
    """The latest that the last patient's window of a hop is judged."""
    deadline_ns: int

    def __str__(self) -> str:
        """The proof in one line."""
        return (
            f"{self.patients} patients: the last result of a hop after at most"
            f" {self.response_ns / 1e6:.1f} ms, due {self.deadline_ns / 1e6:g} ms (a round takes"
            f" {self.round_ns / 1e6:.2f} ms, one window {self.worst_window_ns / 1e6:.2f} ms,"
            f" {self.basis})"
        )


def window_times_ns(engine: InferenceEngine, windows: int = WINDOWS) -> list[int]:
    """Processor time of so many windows, each with the blocks that bring its samples."""
    clock = ThreadClock()
    decider = Decider(engine, clock)
    hooks = Hooks(decider.decide, decider.decline, lambda _: None, lambda _: None)
    processor = Processor(clock, hooks, DEFAULT)
    taken = engine.card.input
    processor.open("measured", Windower(taken.window_samples, taken.hop_samples))
    signal = np.random.default_rng(0).normal(size=taken.hop_samples).astype(np.float32)
    pieces = np.array_split(signal, min(BLOCKS_IN_A_HOP, taken.hop_samples))
    settled = -(-taken.window_samples // taken.hop_samples) + windows // 10
    times_ns, at = [], 0
    for _ in range(settled + windows):
        began_ns = clock.monotonic_ns()
        for piece in pieces:
            processor.offer("measured", Block(at, piece, None, 0))
            at += len(piece)
        times_ns.append(max(1, clock.monotonic_ns() - began_ns))
    return times_ns[settled:]


def prove(engine: InferenceEngine, profile: Profile, patients: int, *, speed: float = 1.0) -> Proof:
    """Prove that so many patients are judged in time, samples coming so much faster than they are.

    Raises:
        NotSchedulableError: it cannot be proven; says how many patients would be admitted.
    """
    times_ns = window_times_ns(engine)
    round_ns = _round_ns(times_ns, patients)
    worst_ns, basis = _worst_window_ns(times_ns)
    taken = engine.card.input
    period_ns = round(taken.hop_samples * _NS_PER_S / taken.rate_hz / speed)
    deadline_ns = round(profile.budget.latency["window_to_result"].max_ms * 1e6)
    policy = Policy(
        Scheduling.DEADLINE_MONOTONIC,
        capacity_percent=max(1, int(profile.compute.cpu_share_percent)),
        overhead_ns=OVERHEAD_NS,
        os_blocking_ns=BLOCKING_NS + worst_ns,
    )
    answer = admit(TaskSet(()), Task("windows", period_ns, deadline_ns, round_ns), policy)
    if not isinstance(answer, Admitted):
        fitting = answer.largest_wcet_ns * patients // round_ns
        raise NotSchedulableError(
            f"{patients} patients cannot be judged in time: {answer.text}; accepted: about"
            f" {fitting} patients at most"
        )
    response_ns = answer.responses[0].response_ns or deadline_ns
    return Proof(patients, round_ns, worst_ns, basis, response_ns, deadline_ns)


def _round_ns(times_ns: Sequence[int], patients: int) -> int:
    """What so many windows in a row take at most, with margin."""
    row = min(patients, len(times_ns) // 4)
    sums = np.convolve(np.asarray(times_ns, dtype=np.int64), np.ones(row, dtype=np.int64), "valid")
    return int(sums.max()) * patients * (100 + MARGIN_PERCENT) // (100 * row)


def _worst_window_ns(times_ns: Sequence[int]) -> tuple[int, str]:
    """The worst case of one window and where it comes from."""
    found = estimate(times_ns, Method())
    if isinstance(found, Wcet):
        return found.wcet_ns, f"{found.basis.value} of {found.jobs} measured"
    doubled_ns = found.watermark_ns * (100 + MARGIN_PERCENT) // 100
    return doubled_ns, f"twice the longest of {found.jobs} measured: {found.reason.value}"
