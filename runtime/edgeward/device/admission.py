"""Whether so many patients can be judged in time on this device: proven first, or refused.

What a window costs, with the blocks that bring its samples, is measured on this device, in
processor time. One task then stands for all patients: in each hop it judges one window for each of
them, in turn, on one thread. It takes as long as so many windows in a row ever took in the
measurement, and as much again; and it may be held up by one window that takes the worst case of a
single one. Its deadline is the latest result that the profile allows.

Where patients are watched, a second task stands for that: each turn of the daemon takes what came
of each patient, one after the other, when no window waits. So a window is held up by one patient's
turn, the longest that was measured; and a turn ends before what it found would be told too late.
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
WATCHING_MARGIN_PERCENT = 25
"""Added to the longest time that turns in a row took. It is small because what is measured is the
worst patient (`admission_watching`), and all of them are taken to be like that at once."""
WATCHING_DEADLINE_NS = 500_000_000
"""A turn ends by then. An alarm of high priority may take a second from the sample that met its
condition: a turn's length has gone by before it begins, and the rest is for the signals."""
BLOCKING_NS = 5_000_000
"""The longest that another thread of this process keeps the interpreter, and the kernel a core."""


class NotSchedulableError(EdgewardError):
    """With so many patients the device would not keep its deadlines."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What it takes to watch one patient, turn by turn, and how long a turn is."""

    turn_ns: int
    times_ns: Sequence[int]


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
    watching_ns: int | None = None
    """The latest that a turn of all patients ends; None: nobody is watched."""

    def __str__(self) -> str:
        """The proof in one line."""
        return (
            f"{self.patients} patients: the last result of a hop after at most"
            f" {self.response_ns / 1e6:.1f} ms, due {self.deadline_ns / 1e6:g} ms (a round takes"
            f" {self.round_ns / 1e6:.2f} ms, one window {self.worst_window_ns / 1e6:.2f} ms,"
            f" {self.basis})" + self._watching()
        )

    def _watching(self) -> str:
        if self.watching_ns is None:
            return ""
        latest = f"{self.watching_ns / 1e6:.0f} ms, due {WATCHING_DEADLINE_NS / 1e6:g} ms"
        return f"; a turn of watching them after at most {latest}"


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


def prove(
    engine: InferenceEngine,
    profile: Profile,
    patients: int,
    *,
    speed: float = 1.0,
    turns: Turns | None = None,
) -> Proof:
    """Prove that so many patients are judged in time, samples coming so much faster than they are.

    With `turns`, that they are watched, too.

    Raises:
        NotSchedulableError: it cannot be proven; says how many patients would be admitted.
    """
    times_ns = window_times_ns(engine)
    round_ns = _round_ns(times_ns, patients, MARGIN_PERCENT)
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
    windows = Task("windows", period_ns, deadline_ns, round_ns)
    answer = _admitted(TaskSet(()), windows, policy, patients, "judged")
    watching_ns = None
    if turns is not None:
        answer = _admitted(TaskSet((windows,)), _watching(turns, patients), policy, patients,
                           "watched")  # fmt: skip
        watching_ns = answer.responses[1].at_least_ns
    response_ns = answer.responses[0].response_ns or deadline_ns
    return Proof(patients, round_ns, worst_ns, basis, response_ns, deadline_ns, watching_ns)


def _admitted(running: TaskSet, task: Task, policy: Policy, patients: int, what: str) -> Admitted:
    answer = admit(running, task, policy)
    if isinstance(answer, Admitted):
        return answer
    fitting = answer.largest_wcet_ns * patients // task.wcet_ns
    raise NotSchedulableError(
        f"{patients} patients cannot be {what} in time: {answer.text}; accepted: about"
        f" {fitting} patients at most"
    )


def _watching(turns: Turns, patients: int) -> Task:
    """One turn of all patients; nothing comes between the blocks of one of them."""
    round_ns = _round_ns(turns.times_ns, patients, WATCHING_MARGIN_PERCENT)
    longest_ns = min(round_ns, max(turns.times_ns))
    deadline_ns = WATCHING_DEADLINE_NS
    return Task("watching", turns.turn_ns, deadline_ns, round_ns, section_ns=longest_ns)


def _round_ns(times_ns: Sequence[int], patients: int, margin_percent: int) -> int:
    """What so many windows or turns in a row take at most, with margin."""
    row = min(patients, len(times_ns) // 4)
    sums = np.convolve(np.asarray(times_ns, dtype=np.int64), np.ones(row, dtype=np.int64), "valid")
    return int(sums.max()) * patients * (100 + margin_percent) // (100 * row)


def _worst_window_ns(times_ns: Sequence[int]) -> tuple[int, str]:
    """The worst case of one window and where it comes from."""
    found = estimate(times_ns, Method())
    if isinstance(found, Wcet):
        return found.wcet_ns, f"{found.basis.value} of {found.jobs} measured"
    doubled_ns = found.watermark_ns * (100 + MARGIN_PERCENT) // 100
    return doubled_ns, f"twice the longest of {found.jobs} measured: {found.reason.value}"
