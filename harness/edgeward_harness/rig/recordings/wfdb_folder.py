"""Folders of WFDB records (`.hea`, `.dat`, `.atr`), read with the `wfdb` package.

The package is an extra (`pip install 'edgeward-harness[recordings]'`): who judges on simulated
patients does not need it.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from edgeward.signal.channel import Signal
from edgeward_harness.errors import InputError
from edgeward_harness.measure.scoring.beats import AAMI, Labelled, Span
from edgeward_harness.rig.recordings.manifest import Manifest
from edgeward_harness.rig.recordings.recording import Recording, Stretch, Wave

_SIGNALS = (
    (re.compile(r"ECG|M?LII?I?|MCL.?|V\d?|AV[RLF]|I{1,3}", re.IGNORECASE), Signal.ECG, "mV"),
    (re.compile(r"NOISE\d?", re.IGNORECASE), Signal.ECG, "mV"),
    (re.compile(r"PLETH|PPG", re.IGNORECASE), Signal.PPG, "1"),
    (re.compile(r"ABP|ART|P\d|BP|PAP|CVP", re.IGNORECASE), Signal.PRESSURE, "mmHg"),
    (re.compile(r"RESP.*", re.IGNORECASE), Signal.RESPIRATION, "1"),
)
_FLUTTER = ("[", "]")
_PERSON = re.compile(r"(-?\d+) ([FM])\b", re.IGNORECASE)
_ONE_PERSON: Final = {"mitdb/202": "mitdb/201"}
AGES = (0, 18, 45, 65, 80)
"""Where spans of years begin; an age that is not known is written below 0."""


def signal_of(name: str, unit: str) -> tuple[Signal, str] | None:
    """What kind of signal a channel of that name is, and its unit here; None when unknown."""
    for pattern, signal, usual in _SIGNALS:
        if pattern.fullmatch(name.strip()):
            return signal, usual if unit in ("", "NU", "mV", "mmHg") else unit
    return None


def read_wfdb_folder(root: Path, folder: Path, manifest: Manifest) -> Iterator[Recording]:
    """Each record of a folder, in the order of their names.

    Raises:
        InputError: a record cannot be read, or `wfdb` is not installed.
    """
    for header in sorted(folder.glob("*.hea")):
        yield _read(root, header, manifest)


def wfdb_package() -> Any:  # noqa: ANN401 - it ships no types
    """The package `wfdb`.

    Raises:
        InputError: it is not installed.
    """
    try:
        import wfdb
    except ImportError as error:
        fault = "reading WFDB records needs the extra: pip install 'edgeward-harness[recordings]'"
        raise InputError("recordings", [fault]) from error
    return wfdb


def _read(root: Path, header: Path, manifest: Manifest) -> Recording:
    stem = header.with_suffix("")
    parts = [path for path in sorted(stem.parent.glob(f"{stem.name}.*")) if path.is_file()]
    files = {path.relative_to(root).as_posix(): manifest.read(root, path)[1] for path in parts}
    wfdb = wfdb_package()
    try:
        record = wfdb.rdrecord(str(stem))
        marks = wfdb.rdann(str(stem), "atr") if stem.with_suffix(".atr").exists() else None
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise InputError(str(header), [f"is no readable WFDB record: {error}"]) from error
    rate_hz = round(record.fs)
    if rate_hz != record.fs:
        raise InputError(str(header), [f"found {record.fs} Hz; expected a whole number"])
    symbols = [] if marks is None else list(zip(marks.sample, marks.symbol, strict=True))
    beats = [(int(at), AAMI[symbol]) for at, symbol in symbols if symbol in AAMI]
    return Recording(
        collection=header.parent.name,
        name=stem.name,
        patient=patient_of(header),
        waves=tuple(_waves(record, rate_hz)),
        files=files,
        beats=Labelled([at for at, _ in beats], [kind for _, kind in beats]),
        unmarked=tuple(_flutter(symbols, record.sig_len)),
        rhythms=tuple(_rhythms(marks, record.sig_len)),
        about=about_of(record.comments or ()),
    )


def about_of(comments: Sequence[str]) -> dict[str, str]:
    """Age and sex, where the first comment of a header says them, as `69 M ...` does."""
    found = _PERSON.match(comments[0].strip()) if comments else None
    if found is None:
        return {}
    years, sex = int(found.group(1)), found.group(2).upper()
    first = next((one for one in reversed(AGES) if years >= one), None)
    if first is None:
        return {"sex": sex}
    place = AGES.index(first)
    span = f"{first} and more" if place + 1 == len(AGES) else f"{first} to {AGES[place + 1] - 1}"
    return {"sex": sex, "age": span}


def patient_of(header: Path) -> str:
    """Whose record it is, by the name of its file."""
    return person(f"{header.parent.name}/{header.stem}")


def person(name: str) -> str:
    """The one name of a person, by collection and record: 201 and 202 of `mitdb` are one."""
    return _ONE_PERSON.get(name, name)


def _waves(record: Any, rate_hz: int) -> Iterator[Wave]:  # noqa: ANN401 - as above
    for place, name in enumerate(record.sig_name):
        kind = signal_of(name, record.units[place])
        if kind is not None:
            samples = np.ascontiguousarray(record.p_signal[:, place], dtype=np.float32)
            yield Wave(name, kind[0], kind[1], rate_hz, samples)


def _flutter(symbols: list[tuple[int, str]], end: int) -> Iterator[Span]:
    """From each [ to the next ]."""
    first: int | None = None
    for at, symbol in symbols:
        if symbol == _FLUTTER[0] and first is None:
            first = int(at)
        elif symbol == _FLUTTER[1] and first is not None:
            yield first, int(at)
            first = None
    if first is not None:
        yield first, end


def _rhythms(marks: Any, end: int) -> Iterator[Stretch]:  # noqa: ANN401 - as above
    """Each rhythm until the next one."""
    if marks is None:
        return
    notes = [note.strip("\0 ") for note in marks.aux_note]
    starts = [
        (int(at), note[1:])
        for at, note in zip(marks.sample, notes, strict=True)
        if note.startswith("(")
    ]
    for (first, rhythm), (last, _) in pairwise([*starts, (end, "")]):
        yield Stretch(rhythm, first, last)
