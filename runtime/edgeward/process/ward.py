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
   between calls. A batch that raises, or has an answer that is not one row of numbers for each
   window, is asked again one by one.
5. Each complete window is decided or dropped for one reason, or waits:
   `complete == decided + sum(dropped) + pending`, for each patient, at any moment.
6. Wrong frames raise nothing: the patients they name are told of, and lose those samples.
7. A window with an invalid sample gets no answer. An invalid sample is never normal to a limit.

Known to be open: a frame that is refused or missing shifts the indices of that patient's later
samples, and the technical alarm for it does not clear. No command offers a ward before that is
mended.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from edgeward.model.engine import InferenceEngine
from edgeward.ports import Clock
from edgeward.process.decision import Decider, Decision, Outcome
from edgeward.process.threshold_bank import LimitState, ThresholdBank
from edgeward.signal.bank import RingBank, Rows, clean_block
from edgeward.signal.block_filter import BlockFilter
from edgeward.signal.windows import Mask, Samples

_GOLDEN = 2654435769  # 2**32 over the golden ratio


class Drop(StrEnum):
    """Why a complete window is not judged."""

    TOO_FAST = "too_fast"
    BACKLOG = "backlog"


@dataclass(frozen=True, slots=True)
class Frame:
    """The next samples of some patients: rows x samples, all of one length."""

    rows: Rows
    samples: Samples
    valid: Mask | None = None


class WardAlarm(NamedTuple):
    """What a patient's limits show from a sample on."""

    row: int
    sample: int
    state: LimitState


class WardResult(NamedTuple):
    """What was decided about one window of one patient."""

    row: int
    window_index: int
    first: int
    decision: Decision
    late: bool
    dropped: Drop | None = None


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
    """Windows of one patient (rule 5)."""

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
        result: Callable[[WardResult], None],
    ) -> None:
        """Tell changes of limits to `alarm` and what becomes of each window to `result`."""
        self._engine, self._clock, self._plan = engine, clock, plan
        self._decider = Decider(engine, clock)
        self._limits, self._band = limits, band
        self._alarm, self._result = alarm, result
        slack = plan.backlog_max * plan.hop_samples + plan.block_samples_max
        self._bank = RingBank(plan.patients, plan.window_samples, slack)
        self._phases = np.array([plan.first_sample(row) for row in range(plan.patients)])
        self._next_end = self._phases + plan.window_samples
        self._earliest_ns = np.zeros(plan.patients, dtype=np.int64)
        self._hop_ns = plan.hop_samples * 1_000_000_000 // plan.rate_hz
        self._due: deque[_Due] = deque()
        self._batch = np.empty((engine.batch_max, plan.window_samples), dtype=np.float32)
        self.tallies = [Tally() for _ in range(plan.patients)]
        self.wrong_frames = 0

    def take(self, frame: Frame) -> None:
        """Rule 1: new samples; limits are told of before this returns."""
        if not self._sound(frame):
            return
        rows = frame.rows
        samples, valid = clean_block(frame.samples, frame.valid)
        timed = samples.T if self._band is None else self._band.push(samples.T, rows)
        seen = timed if valid is None else np.where(valid.T, timed, np.nan)
        starts = self._bank.ends[rows]
        at = {int(row): int(start) for row, start in zip(rows, starts, strict=True)}
        for place, row, state in self._limits.push(seen, rows):
            self._alarm(WardAlarm(row, at[row] + place, state))
        self._bank.push(rows, timed.T.astype(np.float32, copy=False), valid)
        self._complete(rows)

    def work(self, more: Callable[[], None] | None = None) -> None:
        """Rule 4: judge what is due, oldest first; call `more`, which may take frames, between."""
        while self._due:
            self._judge([self._due.popleft() for _ in range(min(len(self._batch), len(self._due)))])
            if more is not None:
                more()

    def _sound(self, frame: Frame) -> bool:
        """Rule 6."""
        rows, samples, valid = frame.rows, frame.samples, frame.valid
        known = rows[(rows >= 0) & (rows < self._plan.patients)]
        sound = (
            len(known) == len(rows) == len(np.unique(rows))
            and samples.ndim == 2
            and samples.dtype == np.float32
            and len(samples) == len(rows)
            and 1 <= samples.shape[1] <= self._plan.block_samples_max
            and (valid is None or valid.shape == samples.shape)
        )
        if not sound:
            self.wrong_frames += 1
            for row in np.unique(known).tolist():
                self._alarm(WardAlarm(row, int(self._bank.ends[row]), LimitState.TECHNICAL))
        return sound

    def _complete(self, rows: Rows) -> None:
        """Queue each window that is complete now."""
        plan = self._plan
        ready = rows[self._bank.ends[rows] >= self._next_end[rows]]
        while len(ready):
            now_ns = self._clock.monotonic_ns()
            for row in ready.tolist():
                first = int(self._next_end[row]) - plan.window_samples
                index = (first - int(self._phases[row])) // plan.hop_samples
                self._admit(_Due(row, index, first, now_ns + plan.budget_ns), now_ns)
            self._next_end[ready] += plan.hop_samples
            ready = ready[self._bank.ends[ready] >= self._next_end[ready]]

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

    def _drop(self, due: _Due, reason: Drop) -> None:
        self.tallies[due.row].dropped[reason] += 1
        decision = self._decider.decline(f"the window was dropped: {reason.value}")
        self._result(
            WardResult(due.row, due.number, due.first, decision, late=False, dropped=reason)
        )

    def _judge(self, due: list[_Due]) -> None:
        """Rules 4 and 7: one micro-batch, oldest first."""
        whole: list[_Due] = []
        for one in due:
            if not self._bank.holds(one.row, one.first):  # a sender far too fast overwrote it
                self.tallies[one.row].pending -= 1
                self._drop(one, Drop.BACKLOG)
                continue
            window = self._bank.window(one.row, one.first)
            if window.valid_samples < len(window.samples):
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
        if answers.shape != (count, len(labels)) or not np.isfinite(answers).all():
            return [self._decider.decide(window, len(window)) for window in windows]
        now_ns = self._clock.monotonic_ns()
        sha256, took_ns = self._engine.card.sha256, now_ns - started_ns
        return [
            Decision(
                Outcome.ANSWER,
                labels[values.index(max(values))],
                dict(zip(labels, values, strict=True)),
                None,
                sha256,
                now_ns,
                took_ns,
            )
            for values in answers.tolist()
        ]

    def _tell(self, due: _Due, decision: Decision) -> None:
        tally = self.tallies[due.row]
        tally.pending -= 1
        tally.decided += 1
        late = decision.decided_ns > due.deadline_ns
        self._result(WardResult(due.row, due.number, due.first, decision, late=late))
