"""Examples of recorded patients: malignant arrhythmias (vfdb), bedside alarms (cinc2015), mitdb.

Rules:
1. Of vfdb and cinc2015 the records at even places of their sorted names may be learned from, those
   at odd places are for judging. Nothing is ever learned from mitdb.
2. A window is called by what people marked: by its rhythm where that is told by the wave, else by
   the rate of its beats. Beats are those that people marked; where nobody did (vfdb), the beats of
   our own detector, and only where they are regular.
3. Of a bedside alarm only those make an example that were found true, and only the seconds that it
   was raised for. What a false one shows instead, nobody wrote down.
4. A window with a missing sample, or mostly beyond what the network sees, makes no example.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.train.rhythms import RATE_HZ, WINDOW_SAMPLES, Label, of_rate
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.recording import RecordingError, read_recording
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.splice import resampled
from edgeward.signal.windows import Samples

COLLECTIONS: Final = ("vfdb", "cinc2015", "mitdb")
LEARNED_FROM: Final = ("vfdb", "cinc2015")
ATTRIBUTION: Final = (
    "Goldberger et al., PhysioBank, PhysioToolkit, and PhysioNet, Circulation 101(23), 2000; Moody"
    " and Mark, The impact of the MIT-BIH Arrhythmia Database, IEEE EMBM 20(3), 2001; Clifford et"
    " al., The PhysioNet/CinC Challenge 2015. MIT-BIH Malignant Ventricular Ectopy Database,"
    " MIT-BIH Arrhythmia Database and CinC Challenge 2015: ODC-BY 1.0."
)
_BY_WAVE: Final = {
    "(VT": Label.VENTRICULAR_TACHYCARDIA,
    "(VF": Label.VENTRICULAR_FIBRILLATION,
    "(VFIB": Label.VENTRICULAR_FIBRILLATION,
    "(VFL": Label.VENTRICULAR_FIBRILLATION,
    "(ASYS": Label.ASYSTOLE,
}
_BY_RATE: Final = frozenset({"(N", "(NSR", "(SBR", "(BI", "(NOD", "(AFIB", "(SVTA", "(B", "(T"})
_BY_ALARM: Final = {
    "Asystole": Label.ASYSTOLE,
    "Bradycardia": Label.BRADYCARDIA,
    "Tachycardia": Label.TACHYCARDIA,
    "Ventricular_Tachycardia": Label.VENTRICULAR_TACHYCARDIA,
    "Ventricular_Flutter_Fib": Label.VENTRICULAR_FIBRILLATION,
}
_BEATS: Final = frozenset("NLRBAaJSVrFejnE/fQ?")
"""The symbols of marks that are beats."""
_IRREGULAR: Final = 0.2
"""Standard deviation of the intervals of beats that nobody marked, as a share of their mean."""
_NOT_RECORDED: Final = -(1 << 15)
_BEYOND_MV: Final = 4.0
_BEYOND_SHARE: Final = 0.2
_Named = TypeVar("_Named")


@dataclass(frozen=True, slots=True)
class Span:
    """Samples `first .. end - 1`, at our rate, of one rhythm by its mark."""

    rhythm: str
    first: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One recording at the rate of the model."""

    name: str
    """With its collection."""
    sha256: str
    """Of the file of samples; where one file holds many records, of this one's samples."""
    leads: tuple[Samples, ...]
    """In mV; a missing sample is NaN."""
    spans: tuple[Span, ...] = ()
    beats: F64 | None = None
    """Places of beats; None where none are needed."""
    marked: bool = False
    """Whether people marked them."""
    alarm: Label | None = None
    """The true alarm with which it ends."""


class Half(Enum):
    """Rule 1."""

    TO_LEARN_FROM = 0
    TO_JUDGE = 1


def read(folder: Path, collection: str, half: Half) -> Iterator[Recorded]:
    """The recordings of a half of a collection, in the order of their names.

    Raises:
        ModelError: a file is missing or cannot be read.
    """
    try:
        reader = _read_alarms if collection == "cinc2015" else _read_marked
        yield from reader(folder / collection, half)
    except (OSError, ValueError, KeyError, RecordingError) as error:
        raise ModelError(f"{folder / collection} cannot be read: {error}") from error


def _of(half: Half, collection: str, records: list[_Named]) -> list[_Named]:
    """Rule 1."""
    if collection in LEARNED_FROM:
        return records[half.value :: 2]
    return records if half is Half.TO_JUDGE else []


def _read_marked(folder: Path, half: Half) -> Iterator[Recorded]:
    import wfdb

    headers = sorted(folder.glob("*.hea"))
    if not headers:
        raise OSError("found no header; accepted: records with .hea, .dat and .atr")
    for header in _of(half, folder.name, headers):
        channels = read_recording(header)
        rate_hz = channels[0].rate_hz
        marks = wfdb.rdann(str(header.with_suffix("")), "atr")
        places = np.asarray(marks.sample) * RATE_HZ / rate_hz
        leads = tuple(
            np.asarray(resampled(one.samples, rate_hz, RATE_HZ), np.float32) for one in channels
        )
        spans = tuple(_spans(marks.aux_note, places, len(leads[0])))
        is_beat = np.array([symbol in _BEATS for symbol in marks.symbol], bool)
        marked = bool(is_beat.any())
        yield Recorded(
            name=f"{folder.name}/{header.stem}",
            sha256=sha256_hex(header.with_suffix(".dat").read_bytes()),
            leads=leads,
            spans=spans,
            beats=places[is_beat] if marked else _detected(leads[0]),
            marked=marked,
        )


def _spans(notes: list[str], places: F64, end: int) -> Iterator[Span]:
    """Each rhythm until the next one."""
    begins = [
        (note.strip("\0 "), round(at))
        for note, at in zip(notes, places, strict=True)
        if note.startswith("(")
    ]
    for number, (rhythm, first) in enumerate(begins):
        until = begins[number + 1][1] if number + 1 < len(begins) else end
        yield Span(rhythm, first, until)


def _read_alarms(folder: Path, half: Half) -> Iterator[Recorded]:
    index = json.loads((folder / "INDEX.json").read_text("utf-8"))
    index.sort(key=lambda one: str(one["record"]))
    archives: dict[str, Mapping[str, Any]] = {}
    for entry in _of(half, folder.name, index):
        kind = entry["alarm"]
        if kind not in archives:
            archives[kind] = np.load(folder / f"{kind}_30s.npz", allow_pickle=False)
        stored = np.ascontiguousarray(archives[kind][entry["record"]])
        yield Recorded(
            name=f"cinc2015/{entry['record']}",
            sha256=sha256_hex(stored.tobytes()),
            leads=tuple(_ecg(entry["gain"], stored)),
            alarm=_BY_ALARM[kind] if entry["true"] else None,
        )


def _ecg(gains: list[str], stored: Any) -> Iterator[Samples]:  # noqa: ANN401 - rows of int16
    for gain, row in zip(gains, stored, strict=True):
        factor, _, unit = gain.partition("/")
        if unit == "mV":
            samples = (row / float(factor)).astype(np.float32)
            samples[row == _NOT_RECORDED] = np.nan
            yield samples


def windows(record: Recorded, hop: int) -> Iterator[tuple[int, Label]]:
    """Where windows begin that are called by one word, and that word."""
    if record.alarm is not None:
        yield len(record.leads[0]) - WINDOW_SAMPLES, record.alarm
    for span in record.spans:
        for first in range(span.first, span.end - WINDOW_SAMPLES + 1, hop):
            called = _BY_WAVE.get(span.rhythm)
            if span.rhythm in _BY_RATE and record.beats is not None:
                called = _called(record.beats, first, marked=record.marked)
            if called is not None:
                yield first, called


def seen(window: Samples) -> bool:
    """Rule 4."""
    beyond = np.abs(window) > _BEYOND_MV  # false for what is no number
    return bool(np.isfinite(window).all() and beyond.mean() <= _BEYOND_SHARE)


def _detected(lead: Samples) -> F64:
    valid = np.isfinite(lead)
    detector = QrsDetector(RATE_HZ)
    return np.array([float(one.sample) for one in detector.push(lead, valid)])


def _called(beats: F64, first: int, *, marked: bool) -> Label | None:
    """Rule 2: the rate of the beats in the window and of those next to it."""
    low, high = np.searchsorted(beats, [first, first + WINDOW_SAMPLES])
    around = np.diff(beats[max(0, low - 1) : high + 1])
    if len(around) < 2 or (not marked and around.std() > _IRREGULAR * around.mean()):
        return None
    return of_rate(60.0 * RATE_HZ / float(around.mean()))
