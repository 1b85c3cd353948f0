"""Beat by beat, after ANSI/AAMI EC57: which beats were found, and what they were taken for.

Rules:
1. A beat and a detection that lie within 150 ms of each other may be one; each is used once, and of
   two candidates the nearer is taken.
2. What lies in the learning period or in an excluded stretch, such as ventricular flutter in which
   nobody marked beats, counts on neither side. A pair is judged where its reference beat lies.
3. Figures of a collection are *gross*, over all beats together, and *average*, over the records
   that have the figure at all: a gross figure hides a bad record, an average a long one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

MATCH_S = 0.150
LEARNING_S = 300.0
"""Left out at the begin of each record by EC57."""

Span = tuple[int, int]
"""Samples `first .. end - 1`."""


class AamiClass(StrEnum):
    """The classes of beats."""

    NORMAL = "N"
    SUPRAVENTRICULAR = "S"
    VENTRICULAR = "V"
    FUSION = "F"
    UNCLASSIFIED = "Q"


AAMI: Mapping[str, AamiClass] = {
    **dict.fromkeys("NLRBej", AamiClass.NORMAL),
    **dict.fromkeys("AaJSn", AamiClass.SUPRAVENTRICULAR),
    **dict.fromkeys("VEr", AamiClass.VENTRICULAR),
    "F": AamiClass.FUSION,
    **dict.fromkeys("/fQ?", AamiClass.UNCLASSIFIED),
}
"""The class of each symbol that marks a beat in the recordings of PhysioNet."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which detection belongs to which beat, by their places in the lists given."""

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    extra: tuple[int, ...]


def match(reference: Sequence[int], detected: Sequence[int], window_samples: float) -> Match:
    """Rule 1, for two ascending lists of samples.

    Raises:
        ValueError: a list does not ascend.
    """
    for name, samples in (("reference", reference), ("detected", detected)):
        if any(after < before for before, after in pairwise(samples)):
            raise ValueError(f"the {name} beats do not ascend")
    pairs, missed, extra = [], [], []
    beat = found = 0
    while beat < len(reference) and found < len(detected):
        gap = abs(detected[found] - reference[beat])
        if gap > window_samples:
            later = detected[found] > reference[beat]
        elif _nearer(detected, found + 1, reference[beat], gap):
            later = False
        elif _nearer(reference, beat + 1, detected[found], gap):
            later = True
        else:
            pairs.append((beat, found))
            beat, found = beat + 1, found + 1
            continue
        if later:
            missed.append(beat)
            beat += 1
        else:
            extra.append(found)
            found += 1
    missed += range(beat, len(reference))
    extra += range(found, len(detected))
    return Match(tuple(pairs), tuple(missed), tuple(extra))


def _nearer(candidates: Sequence[int], place: int, sample: int, gap: float) -> bool:
    """Whether the next candidate lies nearer to the sample."""
    return place < len(candidates) and abs(candidates[place] - sample) < gap


@dataclass(frozen=True, slots=True)
class BeatTable:
    """How often a beat of one class was taken for one of another; None stands for no beat."""

    counts: Counter[tuple[AamiClass | None, AamiClass | None]] = field(default_factory=Counter)
    """By (reference, detected)."""

    def __add__(self, other: "BeatTable") -> "BeatTable":
        """Both together."""
        return BeatTable(self.counts + other.counts)

    def total(
        self, reference: Iterable[AamiClass | None], detected: Iterable[AamiClass | None]
    ) -> int:
        """The sum over these classes of beats taken for those."""
        columns = tuple(detected)
        return sum(self.counts[row, column] for row in reference for column in columns)

    @property
    def sensitivity(self) -> float | None:
        """The share of beats that were found, whatever they were taken for."""
        return _share(self.total(AamiClass, AamiClass), self.total(AamiClass, [None]))

    @property
    def predictivity(self) -> float | None:
        """The share of detections that are beats."""
        return _share(self.total(AamiClass, AamiClass), self.total([None], AamiClass))

    def class_sensitivity(self, kind: AamiClass) -> float | None:
        """The share of beats of a class that were taken for it."""
        right = self.counts[kind, kind]
        others = [one for one in (*AamiClass, None) if one is not kind]
        return _share(right, self.total([kind], others))

    def class_predictivity(self, kind: AamiClass) -> float | None:
        """The share of detections of a class that are of it.

        For ventricular beats, fusion and unclassified ones taken for them count neither way; for
        supraventricular ones, unclassified ones do not.
        """
        excused = {
            AamiClass.VENTRICULAR: {AamiClass.FUSION, AamiClass.UNCLASSIFIED},
            AamiClass.SUPRAVENTRICULAR: {AamiClass.UNCLASSIFIED},
        }.get(kind, set[AamiClass]())
        others = [one for one in (*AamiClass, None) if one is not kind and one not in excused]
        return _share(self.counts[kind, kind], self.total(others, [kind]))


def _share(right: int, wrong: int) -> float | None:
    """None where there is nothing to take a share of."""
    return right / (right + wrong) if right + wrong else None


@dataclass(frozen=True, slots=True)
class Labelled:
    """Beats with their classes, ascending."""

    samples: Sequence[int]
    classes: Sequence[AamiClass]


def score_beats(
    reference: Labelled,
    detected: Labelled,
    rate_hz: float,
    excluded: Sequence[Span] = (),
    learning_s: float = LEARNING_S,
) -> BeatTable:
    """The table of one record.

    Raises:
        ValueError: a list does not ascend, or has not one class for each beat.
    """
    for given in (reference, detected):
        if len(given.samples) != len(given.classes):
            raise ValueError(f"{len(given.samples)} beats came with {len(given.classes)} classes")
    spans = [(0, round(learning_s * rate_hz)), *excluded]
    found = match(reference.samples, detected.samples, MATCH_S * rate_hz)
    table: Counter[tuple[AamiClass | None, AamiClass | None]] = Counter()
    for beat, detection in found.pairs:
        if not _inside(reference.samples[beat], spans):
            table[reference.classes[beat], detected.classes[detection]] += 1
    for beat in found.missed:
        if not _inside(reference.samples[beat], spans):
            table[reference.classes[beat], None] += 1
    for detection in found.extra:
        if not _inside(detected.samples[detection], spans):
            table[None, detected.classes[detection]] += 1
    return BeatTable(table)


def _inside(sample: int, spans: Sequence[Span]) -> bool:
    return any(first <= sample < end for first, end in spans)


def gross(tables: Iterable[BeatTable]) -> BeatTable:
    """All records as one."""
    total = BeatTable()
    for table in tables:
        total += table
    return total


def average(figures: Iterable[float | None]) -> float | None:
    """The mean over the records that have the figure."""
    present = [figure for figure in figures if figure is not None]
    return sum(present) / len(present) if present else None
