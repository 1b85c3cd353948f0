"""Many patients on one core: alarms by limits at once, then windows by earliest deadline.

Rules:
1. `take` tests limits and tells changes before it returns; it never asks the model.
2. Patient *p* has its own first window, spread over a hop by the golden ratio, so that windows of
   any number of patients do not fall due together.
3. A window is due `budget_ns` after it came to be complete here, so the earliest deadline is the
   oldest window. A patient has at most `backlog_max` windows waiting, and one admitted for each hop
   of time (one may come a hop early): no more than `patients * backlog_max` windows are ever ahead
   of one, whatever others send.
4. `work` judges at most `batch_max` windows in one call of the model, and asks for new frames
   between calls. A batch that raises, or does not answer one row for each window, is asked again
   one by one; a window whose row is not all numbers is asked again alone.
5. Each complete window is decided or dropped for one reason, or waits:
   `complete == decided + sum(dropped) + pending`, for each patient, at any moment.
6. What cannot be taken raises nothing: a frame of a wrong form, or samples of a patient that start
   before the expected index. The patients concerned lose those samples, and `technical` is told
   that they are refused, once, and that they no longer are, when samples of theirs are taken again.
7. Missing samples exist, and are invalid. A gap costs the same however long it is: the windows that
   end in it are dropped together, in one result that says how many they are.
8. A window with an invalid sample gets no answer. An invalid sample is never normal to a limit, and
   after as many of them in a row as its persistence, what it shows is technical.

What is not seen here: a patient of whom nothing comes at all, since a gap is known when it ends;
and an index that is far too large, since a gap may have any length: what comes after it is refused,
and told of. Whoever feeds a ward watches for silence, and for indices that no clock explains.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeward.model.engine import InferenceEngine
from edgeward.ports import Clock
from edgeward.process.decision import Decider, Decision, Outcome
from edgeward.process.technical import Condition, Conditions, TechnicalEvent
from edgeward.process.threshold_bank import LimitChange, LimitState, ThresholdBank
from edgeward.process.ward_frames import Frame, frame_faults, rows_named
from edgeward.signal.bank import RingBank, Rows, clean_block
from edgeward.signal.block_filter import BlockFilter

_GOLDEN = 2654435769  # 2**32 over the golden ratio


class Drop(StrEnum):
    """Why a complete window is not judged."""

    TOO_FAST = "too_fast"
    BACKLOG = "backlog"
    GAP = "gap"


class WardAlarm(NamedTuple):
    """What a patient's limits show from a sample on."""

    row: int
    sample: int
    state: LimitState


class WardResult(NamedTuple):
    """What was decided about one window of one patient, or about some that follow each other."""

    row: int
    window_index: int
    first: int
    decision: Decision
    late: bool
    dropped: Drop | None = None
    windows: int = 1
    """This one and so many less one after it; more than 1 in a gap only (rule 7)."""


@dataclass(frozen=True, slots=True)
class WardPlan:
    """How many patients, how their windows lie, and how long one may wait."""

    patients: int
    rate_hz: int
    window_samples: int
    hop_samples: int
    block_samples_max: int
    budget_ns: int
    backlog_max: int = 2

    def first_sample(self, row: int) -> int:
        """Where the first window of this patient starts (rule 2)."""
        return ((row * _GOLDEN) % 2**32 * self.hop_samples) >> 32


@dataclass(slots=True)
class Tally:
    """Windows of one patient (rule 5), and blocks of samples that were refused."""

    refused_blocks: int = 0
    complete: int = 0
    decided: int = 0
    pending: int = 0
    dropped: dict[Drop, int] = field(default_factory=lambda: dict.fromkeys(Drop, 0))


class _Due(NamedTuple):
    row: int
    number: int
    first: int
    deadline_ns: int


class Ward:
    """Rings, limits and windows of the patients of one core. One thread calls it."""

    def __init__(
        self,
        engine: InferenceEngine,
        clock: Clock,
        plan: WardPlan,
        limits: ThresholdBank,
        *,
        band: BlockFilter | None,
        alarm: Callable[[WardAlarm], None],
        technical: Callable[[TechnicalEvent], None],
        result: Callable[[WardResult], None],
    ) -> None:
        """Tell changes of limits to `alarm`, refusals to `technical`, each window to `result`.

        In a technical event a stream is the number of a row.
        """
        self._engine, self._clock, self._plan = engine, clock, plan
        self._decider = Decider(engine, clock)
        self._limits, self._band = limits, band
        self._alarm, self._result = alarm, result
        self._conditions = Conditions(clock, technical)
        self._refused = np.zeros(plan.patients, dtype=np.bool_)  # of whom a condition may stand
        slack = plan.backlog_max * plan.hop_samples + plan.block_samples_max
        self._bank = RingBank(plan.patients, plan.window_samples, slack)
        self._phases = np.array([plan.first_sample(row) for row in range(plan.patients)])
        self._next_end = self._phases + plan.window_samples
        self._earliest_ns = np.zeros(plan.patients, dtype=np.int64)
        self._hop_ns = plan.hop_samples * 1_000_000_000 // plan.rate_hz
        self._due: deque[_Due] = deque()
        self._batch = np.empty((engine.batch_max, plan.window_samples), dtype=np.float32)
        self.tallies = [Tally() for _ in range(plan.patients)]
        self._everyone = np.arange(plan.patients)
        self.wrong_frames = 0

    @property
    def next_samples(self) -> NDArray[np.int64]:
        """The index expected next of each patient: how many samples there are, gaps included."""
        return self._bank.ends.copy()

    def take(self, frame: Frame) -> None:
        """Rule 1: new samples; limits are told of before this returns."""
        taken = self._placed(frame)
        if taken is None or not len(taken.rows):
            return
        rows = taken.rows
        samples, valid = clean_block(taken.samples, taken.valid)
        some = None if np.array_equal(rows, self._everyone) else rows
        timed = samples.T if self._band is None else self._band.push(samples.T, some)
        seen = timed if valid is None else np.where(valid.T, timed, np.nan)
        self._tell_limits(self._limits.push(seen, some))
        with np.errstate(over="ignore"):  # a band may overshoot the largest number: the model says
            kept = timed.T.astype(np.float32, copy=False)
        self._bank.push(rows, kept, valid)
        self._end_refusals(rows)
        self._complete(taken)

    def work(self, more: Callable[[], None] | None = None, until_ns: int | None = None) -> int:
        """Rule 4: judge what is due, oldest first; call `more`, which may take frames, between.

        No call of the model begins at `until_ns` or later. Returns how many windows are still due.
        """
        now_ns = self._clock.monotonic_ns
        while self._due and (until_ns is None or now_ns() < until_ns):
            self._judge([self._due.popleft() for _ in range(min(len(self._batch), len(self._due)))])
            if more is not None:
                more()
        return len(self._due)

    def _placed(self, frame: Frame) -> Frame | None:
        """Rules 6 and 7: what can be taken of a frame, with nothing missing before it."""
        faults = frame_faults(frame, self._plan.patients, self._plan.block_samples_max)
        if faults:
            self.wrong_frames += 1
            for row in rows_named(frame, self._plan.patients):
                self._refuse(row, faults)
            return None
        ends = self._bank.ends[frame.rows]
        if np.array_equal(frame.first, ends):  # as nearly always
            return frame
        early = frame.first < ends
        for at in np.flatnonzero(early).tolist():
            self._refuse(
                int(frame.rows[at]),
                f"sample {frame.first[at]} was offered where {ends[at]} is the next one; accepted:"
                f" {ends[at]} or later",
            )
        gaps = frame.first > ends
        if gaps.any():
            self._lose(frame.rows[gaps], (frame.first - ends)[gaps])
        return frame.only(~early)

    def _lose(self, rows: Rows, counts: NDArray[np.int64]) -> None:
        """Rule 7: the samples; `_complete` sees to the windows."""
        self._tell_limits(self._limits.lose(rows, counts))
        if self._band is not None:
            self._band.lose(rows, counts)
        self._bank.lose(rows, counts)

    def _tell_limits(self, changes: list[LimitChange]) -> None:
        """Before the samples that changed them are counted."""
        for place, row, state in changes:
            self._alarm(WardAlarm(row, int(self._bank.ends[row]) + place, state))

    def _refuse(self, row: int, why: str) -> None:
        self.tallies[row].refused_blocks += 1
        self._refused[row] = True
        self._conditions.raise_(Condition.REFUSED, str(row), why)

    def _end_refusals(self, rows: Rows) -> None:
        for row in rows[self._refused[rows]].tolist():
            self._refused[row] = False
            self._conditions.clear(Condition.REFUSED, str(row), "samples are taken again")

    def _complete(self, frame: Frame) -> None:
        """Queue each window that is complete now, and drop those that ended in a gap."""
        plan, rows = self._plan, frame.rows
        lost = frame.first >= self._next_end[rows]
        if lost.any():
            self._drop_lost(rows[lost], frame.first[lost])
        ready = rows[self._bank.ends[rows] >= self._next_end[rows]]
        while len(ready):
            now_ns = self._clock.monotonic_ns()
            for row in ready.tolist():
                number, first = self._under_way(row)
                self._admit(_Due(row, number, first, now_ns + plan.budget_ns), now_ns)
            self._next_end[ready] += plan.hop_samples
            ready = ready[self._bank.ends[ready] >= self._next_end[ready]]

    def _under_way(self, row: int) -> tuple[int, int]:
        """The number of a patient's next window, and its first sample."""
        first = int(self._next_end[row]) - self._plan.window_samples
        return (first - int(self._phases[row])) // self._plan.hop_samples, first

    def _drop_lost(self, rows: Rows, gap_ends: NDArray[np.int64]) -> None:
        """Rule 7: the windows."""
        hop_samples = self._plan.hop_samples
        counts = (gap_ends - self._next_end[rows]) // hop_samples + 1
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            self.tallies[row].complete += count
            self._drop(_Due(row, *self._under_way(row), 0), Drop.GAP, count)
        self._next_end[rows] += counts * hop_samples

    def _admit(self, due: _Due, now_ns: int) -> None:
        """Rule 3."""
        tally = self.tallies[due.row]
        tally.complete += 1
        earliest_ns = int(self._earliest_ns[due.row])
        if earliest_ns > now_ns + self._hop_ns:
            self._drop(due, Drop.TOO_FAST)
        elif tally.pending >= self._plan.backlog_max:
            self._drop(due, Drop.BACKLOG)
        else:
            self._earliest_ns[due.row] = max(earliest_ns, now_ns) + self._hop_ns
            tally.pending += 1
            self._due.append(due)

    def _drop(self, due: _Due, reason: Drop, windows: int = 1) -> None:
        self.tallies[due.row].dropped[reason] += windows
        decision = self._decider.decline(f"the window was dropped: {reason.value}")
        self._result(
            WardResult(
                due.row,
                due.number,
                due.first,
                decision,
                late=False,
                dropped=reason,
                windows=windows,
            )
        )

    def _judge(self, due: list[_Due]) -> None:
        """Rules 4 and 8: one micro-batch, oldest first."""
        whole: list[_Due] = []
        for one in due:
            if not self._bank.holds(one.row, one.first):
                # overwritten by a sender far too fast, or by a gap
                self.tallies[one.row].pending -= 1
                self._drop(one, Drop.BACKLOG)
                continue
            window = self._bank.window(one.row, one.first)
            invalid = window.valid_samples < len(window.samples)
            if invalid or self._decider.unreadable(window.samples):
                self._tell(one, self._decider.decide(window.samples, window.valid_samples))
                continue
            np.copyto(self._batch[len(whole)], window.samples)
            whole.append(one)
        if whole:
            for one, decision in zip(whole, self._decisions(len(whole)), strict=True):
                self._tell(one, decision)

    def _decisions(self, count: int) -> list[Decision]:
        """One decision for each of the first windows of the batch."""
        windows, labels = self._batch[:count], self._engine.card.labels
        started_ns = self._clock.monotonic_ns()
        try:
            answers = self._engine.probabilities_many(windows)
        except Exception:  # rule 4: whatever a model does, each window is judged by itself
            answers = np.empty((0, 0), dtype=np.float32)
        now_ns = self._clock.monotonic_ns()
        if answers.shape != (count, len(labels)):
            return [self._decider.decide(window, len(window)) for window in windows]
        sha256, took_ns = self._engine.card.sha256, now_ns - started_ns
        finite = np.logical_and.reduce(np.isfinite(answers), axis=1)
        return [
            Decision(
                Outcome.ANSWER,
                labels[values.index(max(values))],
                values,
                None,
                sha256,
                now_ns,
                took_ns,
                labels=labels,
            )
            if sound
            else self._decider.decide(window, len(window))
            for window, values, sound in zip(windows, answers.tolist(), finite, strict=True)
        ]

    def _tell(self, due: _Due, decision: Decision) -> None:
        tally = self.tallies[due.row]
        tally.pending -= 1
        tally.decided += 1
        late = decision.decided_ns > due.deadline_ns
        self._result(WardResult(due.row, due.number, due.first, decision, late=late))
