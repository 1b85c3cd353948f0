"""Whatever one patient of a ward sends, the others are judged as if they were alone.

The real model and the real band; one patient floods the ward, one has samples that the model cannot
answer, and the model is given little time. Everything is drawn from fixed seeds.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.host import package_file
from edgeward.errors import ModelError
from edgeward.model.engine import ROWS_AGREE, Probabilities
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.reference import MODEL_FILE, load_reference_model
from edgeward.process.decision import Outcome
from edgeward.process.technical import TechnicalEvent
from edgeward.process.threshold_bank import ThresholdBank
from edgeward.process.ward import Ward, WardAlarm, WardPlan, WardResult
from edgeward.process.ward_frames import Frame
from edgeward.signal.block_filter import BlockFilter, butterworth_band
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Samples

PATIENTS, WINDOW, HOP, BLOCK, RATE_HZ = 7, 1250, 250, 50, 250
FLOODING, FAILING = 2, 5
OTHERS = [row for row in range(PATIENTS) if row not in (FLOODING, FAILING)]
TICKS, TICK_NS, BATCH_NS = 46, 200_000_000, 5_000_000
HUGE = np.float32(3e38)
FAILS_FROM = 1e6
"""From this height on the model's answer is made into what is no number."""
BACKLOG_MAX = 2
BUDGET_NS = 3 * TICK_NS + PATIENTS * BACKLOG_MAX * BATCH_NS
"""Work is put off by two ticks at most, and then so many windows may lie before one."""
PLAN = WardPlan(PATIENTS, RATE_HZ, WINDOW, HOP, BLOCK, BUDGET_NS, BACKLOG_MAX)


class SmallBatches(OnnxEngine):
    """The real engine; there are always several batches, and a height that it fails beyond."""

    batch_max = 2

    def _one(self) -> Sequence[float]:
        answers = super()._one()
        return answers if self._row.max() < FAILS_FROM else [float("nan")] * len(answers)

    def _many(self, windows: Samples) -> Probabilities:
        answers = super()._many(windows)
        answers[windows.max(axis=1) >= FAILS_FROM] = np.nan
        return answers


class Raising(SmallBatches):
    """Raises where the model would have answered what is no number."""

    def probabilities_many(self, windows: Samples) -> Probabilities:
        answers = super().probabilities_many(windows)
        if not np.isfinite(answers).all():
            raise ModelError("a window that no model takes")
        return answers


@cache
def engine(kind: type[OnnxEngine]) -> OnnxEngine:
    card = load_reference_model().card
    unknown = replace(card.input, unit="1")  # so that nothing but the model refuses a window
    return kind(package_file(MODEL_FILE), replace(card, input=unknown))


@cache
def signals() -> Samples:
    """Of each patient; from the middle on, the failing one's is beyond what the model takes."""
    rhythms = ("sinus", "tachycardia", "bradycardia")
    seconds = TICKS * BLOCK / RATE_HZ
    rows = [SimulatedPatient(row).ecg(rhythms[row % 3], seconds) for row in range(PATIENTS)]
    samples = np.array(rows, dtype=np.float32)
    samples[FAILING, TICKS * BLOCK // 2 :: 2] = HUGE
    return samples


class Bed:
    """A ward, its clock, and what it told."""

    def __init__(self, kind: type[OnnxEngine]) -> None:
        self.clock = SimulatedClock()
        self.alarms: list[WardAlarm] = []
        self.technical: list[TechnicalEvent] = []
        self.results: list[WardResult] = []
        high = np.full(PATIENTS, 0.5, dtype=np.float32)
        self.ward = Ward(
            engine(kind),
            self.clock,
            PLAN,
            ThresholdBank(-high, high, np.full(PATIENTS, 2)),
            band=BlockFilter(butterworth_band(2, 0.5, 40, RATE_HZ), PATIENTS),
            alarm=self.alarms.append,
            technical=self.technical.append,
            result=self.results.append,
        )

    def take(self, rows: list[int], tick: int) -> None:
        at = tick * BLOCK
        first = np.full(len(rows), at)
        self.ward.take(Frame(np.array(rows), first, signals()[rows, at : at + BLOCK]))

    def tick_over(self) -> None:
        self.clock.advance(TICK_NS - self.clock.monotonic_ns() % TICK_NS)

    def conserved(self) -> None:
        told = [0] * PATIENTS
        for one in self.results:
            told[one.row] += one.windows
        for row, tally in enumerate(self.ward.tallies):
            assert tally.complete == tally.decided + sum(tally.dropped.values()) + tally.pending
            assert told[row] == tally.complete - tally.pending
            assert 0 <= tally.pending <= BACKLOG_MAX

    def batch_done(self) -> None:
        self.clock.advance(BATCH_NS)
        self.conserved()

    def of(self, row: int) -> list[WardResult]:
        return [one for one in self.results if one.row == row]


@cache
def alone(row: int) -> Bed:
    """A ward in which nobody else is."""
    bed = Bed(SmallBatches)
    for tick in range(TICKS):
        bed.take([row], tick)
        bed.ward.work()
        bed.tick_over()
    return bed


class Tick(NamedTuple):
    """What happens beside the frame in which the others' samples are."""

    flood: int
    """So many blocks, each as if it were the next one."""
    jump: int
    """How far the first of them is from where it should be."""
    malformed: bool
    batches: int
    """How many the model has time for; every third time it has enough."""


tick_of = st.builds(
    Tick,
    st.integers(0, 12),
    st.sampled_from([0, 0, 0, 1, -7, 300, 10**9]),
    st.booleans(),
    st.integers(0, 2),
)


def flood(bed: Bed, what: Tick) -> None:
    """One patient sends too much, at wrong places, and what is no frame."""
    row = np.array([FLOODING])
    block = np.ones((1, BLOCK), dtype=np.float32)
    for number in range(what.flood):
        first = bed.ward.next_samples[row] + (0 if number else what.jump)
        bed.ward.take(Frame(row, np.maximum(first, 0), block))
        bed.conserved()
    if what.malformed:
        bed.ward.take(Frame(row, np.zeros(1, dtype=np.int64), block[:, :0]))


def run(bed: Bed, ticks: list[Tick]) -> None:
    for tick, what in enumerate(ticks):
        flood(bed, what)
        bed.take([*OTHERS, FAILING], tick)
        bed.conserved()
        now_ns = bed.clock.monotonic_ns()
        until_ns = None if tick % 3 == 2 else now_ns + what.batches * BATCH_NS
        bed.ward.work(bed.batch_done, until_ns)
        bed.tick_over()
    bed.ward.work(bed.batch_done)


@pytest.mark.parametrize("kind", [SmallBatches, pytest.param(Raising, marks=pytest.mark.slow)])
@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(ticks=st.lists(tick_of, min_size=TICKS, max_size=TICKS))
def test_one_that_floods_and_one_that_fails_change_nothing_for_the_others(
    kind: type[OnnxEngine], ticks: list[Tick]
) -> None:
    bed = Bed(kind)
    run(bed, ticks)
    decided = [one for one in bed.results if one.row in OTHERS]
    last_ticks = [(one.first + WINDOW - 1) // BLOCK for one in decided]
    assert last_ticks == sorted(last_ticks), "not by deadline"
    assert not any(one.late or one.dropped for one in decided)
    for row in OTHERS:
        expected = alone(row)
        assert [one for one in bed.alarms if one.row == row] == expected.alarms
        assert expected.results
        assert len(bed.of(row)) == len(expected.results)
        for one, other in zip(bed.of(row), expected.results, strict=True):
            assert one[:3] == other[:3]
            assert one.decision.outcome is Outcome.ANSWER
            assert one.decision.label == other.decision.label
            assert one.decision.probabilities == pytest.approx(
                other.decision.probabilities, rel=0, abs=ROWS_AGREE
            )
    assert any(alone(row).alarms for row in OTHERS)
    assert {event.stream for event in bed.technical} <= {str(FLOODING)}
    assert bed.ward.tallies[FLOODING].decided <= TICKS * BLOCK // HOP + 1
    failed = [one for one in bed.of(FAILING) if one.decision.outcome is Outcome.NO_ANSWER]
    assert failed
    assert all(one.decision.fault for one in failed)
    assert len(bed.of(FAILING)) == (TICKS * BLOCK - PLAN.first_sample(FAILING) - WINDOW) // HOP + 1
