"""What a receiver makes of the records of a patient: numbers over time, and samples by index.

Read by docs/delivery.md alone; it shares no code with whoever packed and thinned them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.rig.sink.opening import Payload, UnreadableError

VALUES_MAX: Final = 4_000_000
NUMBER: Final = "vital"
Values = NDArray[np.float64]


@dataclass(slots=True)
class Wave:
    """The samples of one channel, as far as they came, and how far each may be off."""

    unit: str = ""
    values: dict[int, Values] = field(default_factory=dict)
    """By index; a row has a value for each axis, NaN where there is none."""
    bounds: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One number that was sent, and what was said of those that were not."""

    at_ns: int
    value: float | None
    reason: str | None
    heartbeat_ns: int | None
    """None: every number is sent."""
    deadband: float


@dataclass(slots=True)
class Rebuilt:
    """All that came of one patient."""

    waves: dict[str, Wave] = field(default_factory=dict)
    points: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    """By channel and vital, in the order of their time."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Everything that is told and is no number."""

    def known(self, channel: str, vital: str, at_ns: int) -> Point | None:
        """The number that a receiver holds at one moment; None for none that it may hold."""
        last = [one for one in self.points.get((channel, vital), []) if one.at_ns <= at_ns]
        if not last:
            return None
        late = last[-1].heartbeat_ns is not None and at_ns - last[-1].at_ns > last[-1].heartbeat_ns
        return None if late else last[-1]


def rebuilt(payloads: Iterable[Payload], patient: str) -> Rebuilt:
    """What came of a patient, from records in any order.

    Raises:
        UnreadableError: a waveform is not what its record says.
    """
    found = Rebuilt()
    for payload in payloads:
        told = payload.told
        if told.get("patient") != patient:
            continue
        if "waveform" in told:
            _add_wave(found, told, payload.samples)
        for event in told.get("events", ()):
            if event["kind"] == NUMBER:
                _add_number(found, event, told.get("thinned"))
            else:
                found.events.append(event)
    for points in found.points.values():
        points.sort(key=lambda one: one.at_ns)
    return found


def _add_number(found: Rebuilt, event: dict[str, Any], thinned: Mapping[str, Any] | None) -> None:
    said = thinned or {"heartbeat_ns": None, "deadbands": {}}
    point = Point(
        event["at_ns"],
        event["value"],
        event["reason"],
        said["heartbeat_ns"],
        said["deadbands"].get(event["vital"], 0.0),
    )
    found.points.setdefault((event["channel"], event["vital"]), []).append(point)


def _add_wave(found: Rebuilt, told: Mapping[str, Any], samples: bytes | None) -> None:
    about = told["waveform"]
    rows = unpacked(told["packed"], samples or b"").reshape(about["axes"], -1).T
    wave = found.waves.setdefault(about["channel"], Wave(about["unit"]))
    for place, row in enumerate(rows):
        wave.values[about["first"] + place] = row
        wave.bounds[about["first"] + place] = about["bound"]


def unpacked(packed: Mapping[str, Any], data: bytes) -> Values:
    """Packed samples; NaN where one is not valid.

    Raises:
        UnreadableError: there are more or fewer bytes than it says.
    """
    size, planes = int(packed["samples"]), int(packed["planes"])
    mask_bytes = -(-size // 8) if packed["mask"] else 0
    if not 0 <= size <= VALUES_MAX or len(data) != mask_bytes + planes * size:
        raise UnreadableError(f"{len(data)} bytes of samples where {packed!r:.80} says otherwise")
    steps = np.zeros(size, np.int64)
    for plane in range(planes):
        part = np.frombuffer(data, np.uint8, size, mask_bytes + plane * size)
        steps |= part.astype(np.int64) << (8 * plane)
    signed = np.where(steps & 1, -((steps + 1) >> 1), steps >> 1)
    words = (np.cumsum(signed) + int(packed["start"])) % 2**32
    values = _values(words.astype(np.uint32), packed["per_unit"])
    if packed["mask"]:
        bits = np.unpackbits(np.frombuffer(data, np.uint8, mask_bytes))[:size]
        values[bits == 0] = np.nan
    return values


def _values(words: NDArray[np.uint32], per_unit: float | None) -> Values:
    if per_unit is None:
        return words.view(np.float32).astype(np.float64)
    return words.view(np.int32).astype(np.float64) / per_unit
