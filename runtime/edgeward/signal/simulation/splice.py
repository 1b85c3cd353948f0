"""Real stretches in a simulated record: the instant is known, and the shape is a patient's.

The script should say what the stretch shows (fibrillation under recorded fibrillation): the other
channels and the expected alarms follow the script. Where recordings come from, and whose they are,
is for the caller to know; the record says from then on that it is spliced.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgeward.signal.findings import BeatClass
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.generate import SimulatedRecord
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.truth import Provenance, Truth

_MIRROR_S = 1.0
_FINER = 4  # than either rate: then straight lines between samples will do
RealBeats = Sequence[tuple[float, BeatClass]]
"""Annotated beats: seconds from the begin of the stretch, and the class."""


def splice(
    record: SimulatedRecord,
    segment: Samples,
    segment_hz: float,
    *,
    channel: str,
    at_s: float,
    like: Samples | None = None,
    beats: RealBeats | None = None,
    fade_s: float = 0.25,
) -> SimulatedRecord:
    """Put a recorded stretch in place of what a channel shows from `at_s` on.

    It is resampled, made as high as the channel, moved to its baseline, and faded in and out. Its
    height is taken from `like`, when given: a stretch of the same recording with normal beats, for
    a segment whose own height means something. Annotated beats take the place of the script's.

    Raises:
        ScriptError: the stretch does not lie within the record, or holds nothing to be measured.
    """
    own = record.channel(channel)
    before = record.signals[channel]
    real = resampled(segment, segment_hz, own.rate_hz)
    place = _place(len(real), at_s, own.rate_hz, before)
    reference = real if like is None else resampled(like, segment_hz, own.rate_hz)
    factor = _height(before, own.rate_hz) / _height(reference, own.rate_hz)
    around = np.nanmedian(before[max(0, place.start - 10 * own.rate_hz) : place.stop])
    real = (real - np.nanmedian(real)) * factor + around
    fade = np.minimum(np.arange(len(real)) + 1, np.arange(len(real), 0, -1)) / own.rate_hz
    share = np.sin(np.pi / 2 * np.clip(fade / max(fade_s, 1e-9), 0.0, 1.0)) ** 2
    after = before.copy()
    after[place] = (before[place] * (1.0 - share) + real * share).astype(np.float32)
    truth = record.truth
    if beats is not None:
        truth = _with_beats(truth, beats, at_s, at_s + len(real) / own.rate_hz)
    return _spliced(record, channel, after, truth)


def mix(
    record: SimulatedRecord,
    noise: Samples,
    noise_hz: float,
    *,
    channel: str,
    at_s: float,
    snr_db: float,
) -> SimulatedRecord:
    """Add recorded noise to a channel from `at_s` on, at a ratio of signal to noise.

    The power of the signal is an eighth of the squared height of its complexes, that of the noise
    the trimmed mean of its root mean square over single seconds, squared.

    Raises:
        ScriptError: the noise does not lie within the record, or holds nothing to be measured.
    """
    own = record.channel(channel)
    before = record.signals[channel]
    real = resampled(noise, noise_hz, own.rate_hz)
    place = _place(len(real), at_s, own.rate_hz, before)
    rms = _trimmed(np.nanstd(_seconds(real, own.rate_hz), axis=1))
    wanted = _height(before, own.rate_hz) / np.sqrt(8.0) * 10.0 ** (-snr_db / 20.0)
    after = before.copy()
    after[place] += ((real - np.nanmean(real)) * wanted / rms).astype(np.float32)
    return _spliced(record, channel, after, record.truth)


def resampled(samples: Samples, from_hz: float, to_hz: float) -> F64:
    """The same at another rate, nothing added above either band; missing samples stay missing."""
    values = np.asarray(samples, dtype=np.float64)
    missing = ~np.isfinite(values)
    if missing.all():
        raise ScriptError(f"found {len(values)} samples, none a number; accepted: some")
    places = np.arange(len(values))
    values = np.interp(places, places[~missing], values[~missing])
    count = round(len(values) * to_hz / from_hz)
    if from_hz == to_hz:
        out = values
    else:
        mirror = min(len(values) - 1, round(_MIRROR_S * from_hz))
        padded = np.pad(values, mirror, mode="reflect", reflect_type="odd")
        band = max(1, round(len(padded) * min(1.0, to_hz / from_hz))) // 2 + 1
        wide = _FINER * max(1, round(len(padded) * max(1.0, to_hz / from_hz)))
        fitted = np.fft.irfft(np.fft.rfft(padded)[:band], wide) * (wide / len(padded))
        at = np.arange(count) * (from_hz / to_hz) + mirror
        out = np.interp(at, np.arange(wide) * (len(padded) / wide), fitted)
    out[np.interp(np.arange(count) * (from_hz / to_hz), places, missing) >= 0.5] = np.nan
    return out


def _place(count: int, at_s: float, rate_hz: int, signal: Samples) -> slice:
    """Where so many samples lie in the signal."""
    first = round(at_s * rate_hz)
    if first < 0 or first + count > len(signal) or not count:
        raise ScriptError(
            f"found a stretch from {at_s:g} to {at_s + count / rate_hz:g} s; accepted: within the"
            f" {len(signal) / rate_hz:g} s of the record"
        )
    return slice(first, first + count)


def _seconds(signal: F64, rate_hz: int) -> F64:
    """A row for each whole second; what is shorter is one."""
    rows = len(signal) // rate_hz
    return signal[: rows * rate_hz].reshape(rows, rate_hz) if rows else signal[None, :]


def _height(signal: F64 | Samples, rate_hz: int) -> float:
    """Peak to peak, as a rule: of windows of 1.2 seconds or so, the trimmed mean."""
    rows = _seconds(np.asarray(signal, dtype=np.float64), round(1.2 * rate_hz))
    rows = rows[np.isfinite(rows).all(axis=1)]
    height = _trimmed(np.ptp(rows, axis=1)) if len(rows) else 0.0
    if not height > 0:
        raise ScriptError("found a stretch without any change; accepted: one that has a height")
    return height


def _trimmed(values: F64) -> float:
    """The mean of the middle nine tenths."""
    ordered = np.sort(values)
    cut = len(ordered) // 20
    return float(np.mean(ordered[cut : len(ordered) - cut]))


def _with_beats(truth: Truth, beats: RealBeats, start_s: float, end_s: float) -> Truth:
    """The truth with the annotated beats in place of its own."""
    outside = (truth.beats_s < start_s) | (truth.beats_s >= end_s)
    times_s = np.concatenate([truth.beats_s[outside], [start_s + at for at, _ in beats]])
    classes = np.concatenate([truth.classes[outside], [str(kind) for _, kind in beats]])
    order = np.argsort(times_s, kind="stable")
    return replace(truth, beats_s=times_s[order], classes=classes[order].astype("<U1"))


def _spliced(
    record: SimulatedRecord, channel: str, signal: Samples, truth: Truth
) -> SimulatedRecord:
    """The record with one channel changed, which it says."""
    return SimulatedRecord(
        record.channels,
        {**record.signals, channel: signal},
        replace(truth, provenance=Provenance.SPLICED),
    )
