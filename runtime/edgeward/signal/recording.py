"""Recorded signals from files: WFDB records (formats 16 and 212).

A record is named by its header, `100.hea`; its samples lie beside it, in a plain file: what a
header names elsewhere, a device or a pipe is not opened. Values come back in the physical unit of
the header; a sample that the recorder marked as missing is NaN. Nothing is resampled and nothing
invented: whoever needs another rate or unit is told what was found.
"""

import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeward.errors import EdgewardError
from edgeward.signal.windows import Samples

_MISSING = {16: -(1 << 15), 212: -(1 << 11)}
_GAIN_DEFAULT = 200.0
FILE_BYTES_MAX = 512 << 20
"""A file, which is read at once: a day of three channels at 1 kHz."""
_GAIN = re.compile(r"(?P<gain>[0-9.eE+-]+)?(?:\((?P<baseline>-?\d+)\))?(?:/(?P<unit>\S+))?")


class RecordingError(EdgewardError):
    """A recording cannot be read; the message says which, where and why."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One recorded signal."""

    name: str
    unit: str
    rate_hz: float
    samples: Samples


@dataclass(frozen=True, slots=True)
class _Line:
    """What a header says about one signal."""

    file: str
    format: int
    gain: float
    baseline: int
    unit: str
    name: str


def read_recording(path: Path) -> tuple[Channel, ...]:
    """The channels of a WFDB record (its header, or its name) .

    Raises:
        RecordingError: a file is missing, damaged, or of a format that is not read here.
    """
    header = path if path.suffix == ".hea" else path.with_name(f"{path.name}.hea")
    try:
        rate_hz, count, lines = _read_header(header)
        files = {line.file for line in lines}
        if len(files) != 1:
            raise RecordingError(f"{header}: signals in {len(files)} files; accepted: in one")
        data = _bytes(header, files.pop())
    except OSError as error:
        raise RecordingError(f"{error.filename}: cannot be read: {error.strerror}") from error
    values = _decode(header, data, lines, count)
    return tuple(
        Channel(line.name, line.unit, rate_hz, _physical(values[:, place], line))
        for place, line in enumerate(lines)
    )


def _bytes(header: Path, name: str) -> bytes:
    """What a file beside the header holds."""
    path = header.parent / name
    if Path(name).name != name or (path.exists() and not path.is_file()):
        raise RecordingError(f"{header}: found the file {name!r}; accepted: a plain file beside it")
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise RecordingError(f"{path}: more than {FILE_BYTES_MAX} bytes; accepted: at most those")
    return data


def _read_header(header: Path) -> tuple[float, int, list[_Line]]:
    """Rate, samples of each signal, and the signals."""
    text = _bytes(header, header.name).decode("utf-8", "replace")
    rows = [row.split() for row in text.splitlines() if row.strip() and not row.startswith("#")]
    try:
        signals, rate = int(rows[0][1]), float(rows[0][2].partition("/")[0])
        count = int(rows[0][3]) if len(rows[0]) > 3 else 0
        lines = [_read_line(row) for row in rows[1 : 1 + signals]]
    except (IndexError, ValueError) as error:
        raise RecordingError(f"{header}: is no header of a WFDB record: {error}") from error
    if len(lines) != signals or not lines:
        raise RecordingError(f"{header}: announces {signals} signals, {len(lines)} are there")
    if not (isfinite(rate) and rate > 0) or count < 0:
        raise RecordingError(
            f"{header}: announces {count} samples at {rate:g} Hz; accepted: a rate above 0, and 0"
            " samples (as many as there are) or more"
        )
    return rate, count, lines


def _read_line(row: list[str]) -> _Line:
    gain = _GAIN.fullmatch(row[2] if len(row) > 2 else "")
    if gain is None or not isfinite(float(gain["gain"] or 0)):
        raise ValueError(f"found the gain {row[2]!r}; accepted: a finite number, as in 200(0)/mV")
    zero = int(row[4]) if len(row) > 4 else 0
    return _Line(
        file=row[0],
        format=int(row[1]),
        gain=float(gain["gain"] or 0) or _GAIN_DEFAULT,
        baseline=int(gain["baseline"]) if gain["baseline"] else zero,
        unit=gain["unit"] or "mV",
        name=" ".join(row[8:]) or "signal",
    )


def _decode(header: Path, data: bytes, lines: list[_Line], count: int) -> NDArray[np.int32]:
    """The stored integers, one row for each instant."""
    formats = {line.format for line in lines}
    if len(formats) != 1 or not formats <= _MISSING.keys():
        found = ", ".join(str(one) for one in sorted(formats))
        raise RecordingError(f"{header}: found the formats {found}; accepted: either 16 or 212")
    values = _format_16(data) if formats == {16} else _format_212(data)
    whole = len(values) // len(lines)
    if not whole:
        raise RecordingError(f"{header}: the file holds no sample; accepted: 1 or more")
    if count and whole < count:
        raise RecordingError(f"{header}: announces {count} samples, the file holds {whole}")
    return values[: (count or whole) * len(lines)].reshape(-1, len(lines))


def _format_16(data: bytes) -> NDArray[np.int32]:
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int32)


def _format_212(data: bytes) -> NDArray[np.int32]:
    """Two 12-bit numbers in three bytes."""
    packed = np.frombuffer(data[: len(data) // 3 * 3], dtype=np.uint8).reshape(-1, 3)
    low, middle, high = packed.astype(np.int32).T
    pairs = np.stack([low | (middle & 0x0F) << 8, high | (middle & 0xF0) << 4], axis=1)
    flat = pairs.reshape(-1)
    return np.where(flat >= 1 << 11, flat - (1 << 12), flat)


def _physical(values: NDArray[np.int32], line: _Line) -> Samples:
    physical = ((values - line.baseline) / line.gain).astype(np.float32)
    physical[values == _MISSING[line.format]] = np.nan
    return physical
