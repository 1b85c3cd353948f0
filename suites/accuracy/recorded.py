"""Windows of recorded patients, by what people marked in the recordings.

Rules:
1. A window has a label where it lies wholly in one stretch that means it. What the annotators named
   otherwise, or not at all, has none: noise, paced beats, fusion of two rhythms.
2. A rhythm that is normal but for its rate is labelled by the annotated beats in the window: all
   intervals within the rates of one label. Rates between two labels belong to neither.
3. The two ends of a recording carry more of the same patient: at most `EACH` windows of a label are
   taken of one, spread over all of it, so that one patient is not the whole figure.
4. Of patients who taught one of the models nothing is taken; how many that were is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from edgeward.signal.channel import Signal
from edgeward_harness.measure.origin import Origin
from edgeward_harness.measure.scoring.beats import AamiClass
from edgeward_harness.rig.models import BenchModel, Windows
from edgeward_harness.rig.recordings.recording import Recording, Stretch, Wave

from .examples import Examples, joined

MEANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "VF": "ventricular_fibrillation", "VFIB": "ventricular_fibrillation",
        "VFL": "ventricular_fibrillation", "VT": "ventricular_tachycardia",
        "ASYS": "asystole",
    }
)  # fmt: skip
"""Rhythms that have a label whatever their rate."""
BY_RATE: Final = frozenset({"N", "NSR", "SBR", "SVTA"})
"""Rhythms whose label is their rate."""
RATES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"bradycardia": (28, 57), "sinus": (60, 100), "tachycardia": (104, 190)}
)
EACH: Final = 60


def windows_of(recording: Recording, model: BenchModel, origin: Origin) -> Examples | None:
    """The labelled windows of a recording; None where there is none."""
    wave = recording.wave(Signal.ECG)
    if wave is None:
        return None
    ecg = _resampled(wave, model.card.input.rate_hz)
    spans = list(_spans(recording, wave, model))
    rows, labels = [], []
    for label in model.card.labels:
        of_it = [first for first, found in spans if found == label]
        for place in _spread(len(of_it)):
            window = ecg[of_it[place] : of_it[place] + model.card.input.window_samples]
            if np.isfinite(window).all():
                rows.append(window)
                labels.append(label)
    if not rows:
        return None
    known = {"lead": wave.name, "collection": recording.collection, **recording.about}
    return Examples(
        windows=np.stack(rows),
        labels=np.array(labels),
        patients=np.full(len(rows), recording.patient),
        origin=origin,
        groups={name: np.full(len(rows), value) for name, value in known.items()},
    )


def gathered(
    recordings: Sequence[Recording], model: BenchModel, known: set[str], origin: Origin
) -> tuple[Examples | None, int]:
    """The windows of all of whom no model knows anything, and how many were left out for that."""
    strangers = [one for one in recordings if one.patient not in known]
    found = [windows_of(one, model, origin) for one in strangers]
    there = [one for one in found if one is not None]
    return (joined(there) if there else None), len(recordings) - len(strangers)


def _spread(found: int) -> Iterator[int]:
    """Rule 3."""
    taken = min(EACH, found)
    yield from (place * found // taken for place in range(taken))


def _spans(recording: Recording, wave: Wave, model: BenchModel) -> Iterator[tuple[int, str]]:
    """Where each window with a label begins, at the rate of the model (rules 1 and 2)."""
    seconds = model.card.input.window_samples / model.card.input.rate_hz
    long = round(seconds * wave.rate_hz)
    for stretch in recording.rhythms:
        for first in range(stretch.first, stretch.end - long + 1, long):
            label = _label(recording, stretch, first, first + long)
            if label is not None:
                yield round(first * model.card.input.rate_hz / wave.rate_hz), label


def _label(recording: Recording, stretch: Stretch, first: int, end: int) -> str | None:
    if stretch.rhythm in MEANS:
        return MEANS[stretch.rhythm]
    if stretch.rhythm not in BY_RATE:
        return None
    return _by_rate(recording, first, end)


def _by_rate(recording: Recording, first: int, end: int) -> str | None:
    samples = np.asarray(recording.beats.samples)
    inside = (samples >= first) & (samples < end)
    kinds = np.asarray(recording.beats.classes)[inside]
    if inside.sum() < 2 or any(kind is AamiClass.UNCLASSIFIED for kind in kinds):
        return None
    rate_hz = recording.waves[0].rate_hz
    bpm = 60 * rate_hz / np.diff(samples[inside])
    for label, (least, most) in RATES.items():
        if least <= bpm.min() and bpm.max() <= most:
            return label
    return None


def _resampled(wave: Wave, rate_hz: int) -> Windows:
    """At the rate of the model, by straight lines; what was not recorded stays so.

    A heart makes next to nothing beyond 100 Hz that lines between 360 samples a second would lose.
    """
    if wave.rate_hz == rate_hz:
        return wave.samples.astype(np.float32)
    at = np.arange(int(len(wave.samples) * rate_hz / wave.rate_hz)) * (wave.rate_hz / rate_hz)
    between = np.interp(at, np.arange(len(wave.samples)), wave.samples.astype(np.float64))
    resampled: Windows = between.astype(np.float32)
    return resampled
