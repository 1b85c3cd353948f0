"""Waveforms, as records: the clinical thread hands blocks over, another thread packs and seals.

Rules:
1. A record holds up to `RECORD_S` of one channel, without a hole: where a sample is missing, or a
   channel was attached anew, another record begins. `first` says where it lies.
2. Samples are counted in steps: of the unit where the signal has one, of the record's own range
   where it has none. No sample comes out farther from what went in than the `bound` that the
   record tells; that was tried before it was sealed. Where it does not hold, and where a record
   has no range, the samples go as they are, and the bound is 0.
3. What there is no room for is counted, and the index of the next record tells it.
"""

from collections import deque
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Any, Final

import numpy as np

from edgeward.comms.packing.samples import pack_samples
from edgeward.comms.record import Offered, RecordClass
from edgeward.signal.channel import Channel
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.windows import clean

RECORD_S: Final = 10
BLOCKS_AT_ONCE: Final = 100
"""After so many somebody else may have to be kept: an alarm."""
RECORD_NS: Final = RECORD_S * 1_000_000_000
WAITING_VALUES_MAX: Final = 4_000_000
"""Handed over and not packed: 16 MB."""
STEPS: Final = {
    ("ecg", "mV"): 200.0, ("ecg", "uV"): 0.2, ("ecg", "V"): 200_000.0,
    ("spo2", "%"): 10.0, ("acceleration", "g"): 1000.0, ("acceleration", "m/s2"): 100.0,
    ("temperature", "Cel"): 100.0, ("temperature", "K"): 100.0, ("temperature", "degF"): 100.0,
    ("pressure", "mmHg"): 4.0, ("pressure", "kPa"): 32.0,
    ("pressure_cuff", "mmHg"): 4.0, ("pressure_cuff", "kPa"): 32.0,
}  # fmt: skip
"""To a unit, by signal: an electrocardiogram in steps of 5 uV, as its recorders have them."""
RANGE_STEPS: Final = 4096
"""Over the range of a record, at least: twelve bits, as a converter has them."""
BOUND_STEPS: Final = 0.51
"""A half, and what rounding to 32 bits may add."""
_STEPS_A_UNIT_MAX: Final = 2.0**40


@dataclass(slots=True)
class _Block:
    patient: str
    channel: Channel
    first: int
    samples: Samples
    mask: Mask | None
    acquired_ns: int


@dataclass(slots=True)
class _Run:
    """Samples of one channel in a row, not packed yet."""

    channel: Channel
    first: int
    since_ns: int
    samples: list[Samples] = field(default_factory=list)
    valid: list[Mask] = field(default_factory=list)
    count: int = 0
    acquired_ns: int = 0


class Waves:
    """What one device has of waveforms between its clinical thread and its outbox."""

    __slots__ = ("_given", "_runs", "_taken", "_waiting", "lost", "on")

    def __init__(self) -> None:
        """Begin with nothing, and take nothing until it is asked for."""
        self._waiting: deque[_Block] = deque()
        self._runs: dict[tuple[str, str], _Run] = {}
        self._given = self._taken = 0
        self.on = False
        """Whether waveforms are kept at all."""
        self.lost = 0
        """Blocks for which there was no room."""

    @property
    def waiting(self) -> int:
        """Blocks that were handed over and not looked at."""
        return len(self._waiting)

    def take(
        self,
        patient: str,
        channel: Channel,
        first: int,
        samples: Samples,
        mask: Mask | None,
        acquired_ns: int,
    ) -> None:
        """Hand a block over; waits for nothing."""
        if self._given - self._taken + samples.size > WAITING_VALUES_MAX:
            self.lost += 1
            return
        self._given += samples.size
        own = None if mask is None else np.array(mask)
        self._waiting.append(_Block(patient, channel, first, np.array(samples), own, acquired_ns))

    def records(
        self, now_ns: int, wall_ns: int, level: int, *, everything: bool = False
    ) -> list[Offered]:
        """The records that are due: full ones, ones that end, ones that have waited."""
        made: list[Offered] = []
        for _ in range(min(len(self._waiting), BLOCKS_AT_ONCE)):
            block = self._waiting.popleft()
            self._taken += block.samples.size
            made += self._add(block, now_ns, wall_ns, level)
        for key, run in list(self._runs.items()):
            if (everything and not self.waiting) or now_ns - run.since_ns > RECORD_NS:
                made += _packed(key[0], run, run.count, wall_ns, level)
                del self._runs[key]
        return made

    def _add(self, block: _Block, now_ns: int, wall_ns: int, level: int) -> list[Offered]:
        key = (block.patient, block.channel.name)
        made: list[Offered] = []
        run = self._runs.get(key)
        if run is not None and (run.first + run.count, run.channel) != (block.first, block.channel):
            made += _packed(block.patient, run, run.count, wall_ns, level)
            run = None
        if run is None:
            run = self._runs[key] = _Run(block.channel, block.first, now_ns)
        axes = block.channel.acceptance.axes
        samples, valid = clean(block.samples.reshape(-1), _for_each_value(block, axes))
        run.samples.append(samples.reshape(-1, axes))
        run.valid.append(valid.reshape(-1, axes))
        run.count += len(samples) // axes
        run.acquired_ns = block.acquired_ns
        whole = run.count - run.count % (RECORD_S * run.channel.rate_hz)
        if whole:
            made += _packed(block.patient, run, whole, wall_ns, level)
            run.since_ns = now_ns
            if not run.count:
                del self._runs[key]
        return made


def _for_each_value(block: _Block, axes: int) -> Mask | None:
    """A mask may say it of a sample, or of each of its values."""
    if block.mask is None:
        return None
    values = block.mask.reshape(-1)
    return values if len(values) == block.samples.size else np.repeat(values, axes)


def _packed(patient: str, run: _Run, count: int, wall_ns: int, level: int) -> list[Offered]:
    """Records of the first samples of a run, which are taken out of it."""
    samples, valid = np.concatenate(run.samples), np.concatenate(run.valid)
    most = RECORD_S * run.channel.rate_hz
    made = []
    for at in range(0, count, most):
        part = slice(at, min(at + most, count))
        about = {
            "channel": run.channel.name,
            "signal": run.channel.signal.value,
            "unit": run.channel.unit,
            "rate_hz": run.channel.rate_hz,
            "axes": run.channel.acceptance.axes,
            "first": run.first + at,
        }
        if part.stop == run.count:
            about["acquired_ns"] = run.acquired_ns
        told = {"patient": patient, "wall_ns": wall_ns, "waveform": about}
        values, mask = samples[part].T.reshape(-1), valid[part].T.reshape(-1)
        made.append(Offered(RecordClass.WAVEFORM, pack_wave(told, values, mask, level), patient))
    run.samples, run.valid = [samples[count:]], [valid[count:]]
    run.first, run.count = run.first + count, run.count - count
    return made


def pack_wave(told: dict[str, Any], values: Samples, valid: Mask, level: int) -> bytes:
    """Rule 2; `told` is given its bound."""
    about = told["waveform"]
    per_unit = STEPS.get((about["signal"], about["unit"])) or _steps_of(values, valid)
    if per_unit is not None:
        wide = np.where(valid, values, 0.0).astype(np.float64)
        counted = ((np.rint(wide * per_unit) + 0.0) / per_unit).astype(np.float32)
        bound = BOUND_STEPS / per_unit
        if np.all(np.abs(counted.astype(np.float64) - wide) <= bound):
            about["bound"] = bound
            return pack_samples(told, counted, valid, per_unit, level)
    about["bound"] = 0.0
    return pack_samples(told, values, valid, None, level)


def _steps_of(values: Samples, valid: Mask) -> float | None:
    """Steps to a unit, a power of two, for a signal whose unit says nothing."""
    known = values[valid]
    span = float(known.max()) - float(known.min()) if len(known) else 0.0
    if not 0.0 < span < float("inf"):
        return None
    per_unit = 2.0 ** ceil(log2(RANGE_STEPS / span))
    return per_unit if 1 / _STEPS_A_UNIT_MAX < per_unit < _STEPS_A_UNIT_MAX else None
