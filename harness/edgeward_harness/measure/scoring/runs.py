"""Run by run, after ANSI/AAMI EC57: couplets, short and long runs of ventricular beats.

A run that is there is found when, within it and 150 ms around, at least as many consecutive beats
were taken for ventricular as its kind needs; a run that was told is right when as many were really
there. So nobody gains by splitting a run, or by joining two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edgeward_harness.measure.scoring.beats import MATCH_S, AamiClass, Labelled, Span


class RunKind(StrEnum):
    """A run by its number of beats."""

    COUPLET = "couplet"
    SHORT = "short run"
    LONG = "long run"


LEAST: Mapping[RunKind, int] = {RunKind.COUPLET: 2, RunKind.SHORT: 3, RunKind.LONG: 6}


@dataclass(frozen=True, slots=True)
class RunScore:
    """How many runs of one kind there were and were found; were told and were right."""

    present: int
    found: int
    told: int
    right: int


def runs_of(beats: Labelled) -> list[tuple[Span, int]]:
    """Each run of two or more consecutive ventricular beats: its first and last beat, how many."""
    runs: list[tuple[Span, int]] = []
    under_way: list[int] = []
    for sample, kind in zip([*beats.samples, 0], [*beats.classes, AamiClass.NORMAL], strict=True):
        if kind is AamiClass.VENTRICULAR:
            under_way.append(sample)
            continue
        if len(under_way) > 1:
            runs.append(((under_way[0], under_way[-1]), len(under_way)))
        under_way = []
    return runs


def kind_of(beats: int) -> RunKind:
    """The kind of a run of so many beats."""
    return max((kind for kind in RunKind if beats >= LEAST[kind]), key=lambda kind: LEAST[kind])


def score_runs(
    reference: Labelled, detected: Labelled, rate_hz: float, excluded: Sequence[Span] = ()
) -> dict[RunKind, RunScore]:
    """The runs of one record by kind; a run that touches an excluded stretch counts not at all."""
    reach = MATCH_S * rate_hz

    def counted(of: Labelled, in_: Labelled) -> dict[RunKind, list[bool]]:
        """For each run of one side whether the other has enough of it."""
        others = runs_of(in_)
        said: dict[RunKind, list[bool]] = {kind: [] for kind in RunKind}
        for (first, last), beats in runs_of(of):
            if any(first < end and start <= last for start, end in excluded):
                continue
            kind = kind_of(beats)
            said[kind].append(
                any(_shared(in_, span, first - reach, last + reach) >= LEAST[kind]
                    for span, _ in others)
            )  # fmt: skip
        return said

    there, told = counted(reference, detected), counted(detected, reference)
    return {
        kind: RunScore(len(there[kind]), sum(there[kind]), len(told[kind]), sum(told[kind]))
        for kind in RunKind
    }


def _shared(beats: Labelled, run: Span, first: float, last: float) -> int:
    """How many beats of a run lie from the first to the last sample."""
    return sum(max(first, run[0]) <= sample <= min(last, run[1]) for sample in beats.samples)
