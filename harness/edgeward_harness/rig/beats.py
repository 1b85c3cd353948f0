"""Beats as the bench finds and labels them, to hold a device against.

Rules:
1. The beats are those of the runtime's detector on the same samples, and so are the rows that a
   model of beats sees. The models are run by the bench, from the files that it was given.
2. A beat without a row has no label: that is no answer, never N.
3. A device that finds its beats otherwise, or whose model takes other rows, cannot be held against
   this bench bit by bit; `check_rows` says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeward.errors import ModelError
from edgeward.limits import DEFAULT
from edgeward.model.beats import BeatLabel, beat_labels
from edgeward.signal.channel import Channel
from edgeward.signal.detect.beats.context import BeatContext, BeatRow
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.ring import Samples
from edgeward.signal.vitals.intake import Intake
from edgeward_harness.errors import CannotJudge
from edgeward_harness.rig.models import BenchModel, Probabilities

BLOCK_S: Final = 7
"""Another length than any device is sent: the answer depends on the signal alone."""


@dataclass(frozen=True, slots=True)
class BenchBeat:
    """One beat, and what a model says of it."""

    sample: int
    at: int
    """The sample with which its class became known."""
    label: BeatLabel | None
    probability: float | None
    """That the model gave to the label; None without one."""


def check_rows(*models: BenchModel) -> None:
    """Whether these models can be asked here (rule 3).

    Raises:
        CannotJudge: one takes other rows, or answers other labels.
    """
    for model in models:
        try:
            beat_labels(model.card)
        except ModelError as error:
            raise CannotJudge(
                f"the bench makes rows of beats for no such model: {error}; a model of other rows"
                " is judged through its windows (models.released of the bench unit)"
            ) from error


def rows_of(channel: Channel, samples: Samples) -> list[BeatRow]:
    """The beats of a lead, each with its row; a sample that did not come is NaN."""
    detector, context = QrsDetector(channel.rate_hz), BeatContext(channel.rate_hz)
    intake, found = Intake(channel, DEFAULT), list[BeatRow]()
    block = BLOCK_S * channel.rate_hz
    for first in range(0, len(samples), block):
        for values, valid in intake.take(first, samples[first : first + block], None):
            found += context.push(values, valid, detector.push(values, valid))
    return found


def labelled(model: BenchModel, rows: Sequence[BeatRow]) -> list[BenchBeat]:
    """What a model says of each beat (rule 2)."""
    asked = [one.row for one in rows if one.row is not None]
    answers: Iterator[Probabilities] = iter(model.probabilities(np.stack(asked)) if asked else ())
    labels = beat_labels(model.card)
    found = []
    for one in rows:
        if one.row is None:
            found.append(BenchBeat(one.beat.sample, one.at, None, None))
            continue
        answer = next(answers)
        place = int(answer.argmax())
        found.append(BenchBeat(one.beat.sample, one.at, labels[place], float(answer[place])))
    return found
