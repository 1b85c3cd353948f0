"""Rows of beats with the class that people gave them, from the MIT-BIH Arrhythmia Database.

Rules:
1. Beats are those of our own detector, as on a device. A beat has the class of the mark nearest to
   it within `NEAR_S`, and each mark is given once; what has no mark teaches nothing.
2. Classes are those of the AAMI: escape beats of atria and nodes (e, j) are N.
3. One lead a record: II as modified for the chest (MLII) where there is one, else the first.
4. A mark that no row answers is kept as missed, so that sensitivity is of all beats there are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.compress.examples import Examples
from edgeward.signal.detect.beats.context import BeatContext, BeatRow
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.recording import RecordingError, read_recording
from edgeward.signal.windows import Samples

LABELS: Final = ("F", "N", "Q", "S", "V")
MEANS: Final = {
    "F": "fusion of a ventricular and a normal beat",
    "N": "normal, bundle branch block, atrial or nodal escape",
    "Q": "paced, fusion of a paced and a normal beat, or not to be classed",
    "S": "early, of the atria or the node",
    "V": "ventricular, early or escape",
}
NEAR_S: Final = 0.15
_SYMBOLS: Final = {"F": "F", "N": "NLRej", "Q": "/fQ", "S": "AaJS", "V": "VE"}
_NUMBER: Final = {
    symbol: LABELS.index(label) for label, symbols in _SYMBOLS.items() for symbol in symbols
}
_LEAD: Final = "MLII"
_BLOCK_S: Final = 10
_RECORDS_LEAST: Final = 10
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """The beats of one patient."""

    name: str
    sha256: str
    """Of the file with the samples."""
    rows: Samples
    labels: Numbers
    missed: Numbers
    """Of each label, the marks that no row answers."""


@dataclass(frozen=True, slots=True)
class Material:
    """All patients."""

    records: tuple[Recorded, ...]

    def examples(self, names: tuple[str, ...] | None = None) -> Examples:
        """The rows of these patients, or of all."""
        those = [one for one in self.records if names is None or one.name in names]
        return Examples(
            np.concatenate([one.rows for one in those]),
            np.concatenate([one.labels for one in those]),
            np.concatenate([np.full(len(one.labels), one.name) for one in those]),
            LABELS,
        )


def gathered(folder: Path) -> Material:
    """The records of a folder `mitdb`.

    Raises:
        ModelError: there are too few, or one cannot be read.
    """
    names = sorted(path.stem for path in folder.glob("*.atr"))
    if len(names) < _RECORDS_LEAST:
        raise ModelError(
            f"{folder}: found {len(names)} records with marks; accepted: {_RECORDS_LEAST} or more"
        )
    return Material(tuple(recorded(folder / name) for name in names))


def recorded(path: Path) -> Recorded:
    """One record.

    Raises:
        ModelError: it cannot be read.
    """
    from wfdb import rdann  # here, so that the rest of the room needs no reader of marks

    try:
        channels = read_recording(path)
        marks = rdann(str(path), "atr")
        digest = sha256_hex(path.with_suffix(".dat").read_bytes())
    except (OSError, ValueError, RecordingError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    lead = next((one for one in channels if one.name == _LEAD), channels[0])
    rate_hz = round(lead.rate_hz)
    given = [
        (int(sample), _NUMBER[symbol])
        for sample, symbol in zip(marks.sample, marks.symbol, strict=True)
        if symbol in _NUMBER
    ]
    places = np.array([sample for sample, _ in given])
    classes = np.array([number for _, number in given])
    found = [one for one in rows_of(lead.samples, rate_hz) if one.row is not None]
    marked = matched(np.array([one.beat.sample for one in found]), places, NEAR_S * rate_hz)
    taught = marked >= 0
    answered = np.zeros(len(places), np.bool_)
    answered[marked[taught]] = True
    return Recorded(
        name=f"{path.parent.name}/{path.name}",
        sha256=digest,
        rows=np.stack([one.row for one in found if one.row is not None])[taught],
        labels=classes[marked[taught]],
        missed=np.bincount(classes[~answered], minlength=len(LABELS)),
    )


def rows_of(samples: Samples, rate_hz: int) -> list[BeatRow]:
    """The beats of a lead, each with its row, as a device finds them."""
    detector, context, found = QrsDetector(rate_hz), BeatContext(rate_hz), list[BeatRow]()
    for first in range(0, len(samples), _BLOCK_S * rate_hz):
        block = samples[first : first + _BLOCK_S * rate_hz]
        valid = np.isfinite(block)
        found += context.push(block, valid, detector.push(block, valid))
    return found


def matched(beats: Numbers, marks: Numbers, near: float) -> Numbers:
    """For each beat the number of its mark, or -1 (rule 1); both must be in order."""
    found = np.full(len(beats), -1, np.int64)
    taken: set[int] = set()
    after = np.searchsorted(marks, beats)
    for number, (beat, place) in enumerate(zip(beats.tolist(), after.tolist(), strict=True)):
        close = [
            one
            for one in (place - 1, place)
            if 0 <= one < len(marks) and one not in taken and abs(marks[one] - beat) <= near
        ]
        if close:
            found[number] = min(close, key=lambda one: abs(int(marks[one]) - beat))
            taken.add(int(found[number]))
    return found
