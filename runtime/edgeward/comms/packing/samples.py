"""Samples, packed: steps between neighbours, by byte planes, for zstd to find the rest.

Rules:
1. What comes out is what went in, to the last bit, wherever a sample is valid. An invalid one has
   no value: it comes out as NaN.
2. A converter counts in whole numbers. Where every valid sample is one divided by `per_unit`, bit
   for bit, the whole numbers are packed. Where a single one is not (noise was added, a filter ran,
   NaN or infinity is called valid), the 32 bits of each sample are packed as they are.
3. Step: the difference to the sample before, modulo 2**32, the sign moved into the lowest bit; an
   invalid sample makes a step of zero. Plane: the lowest byte of every step, then the next one, as
   many as the longest step has.

`packed` in the record's object: `samples`, `planes`, `start` (what the first step starts from),
`per_unit` (null: bits of 32-bit floats), `mask` (true: before the planes, one bit a sample, the
first one in the highest bit; 1 is valid).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.comms.packing.payload import Content, pack, unpack
from edgeward.errors import DamagedError, LimitError, StreamError
from edgeward.limits import DEFAULT, Limits
from edgeward.signal.ring import Mask, Samples

PACKED: Final = "packed"
_WORD: Final = np.dtype("<u4")
_COUNT_MAX: Final = 2.0**30
"""Of a converter: more than any has, and no overflow on the way."""
_Words = NDArray[np.uint32]


def pack_samples(
    about: dict[str, Any],
    values: Samples,
    valid: Mask,
    per_unit: float | None = None,
    level: int = 1,
    limits: Limits = DEFAULT,
) -> bytes:
    """The payload of a record with samples of one channel.

    Args:
        about: what else the record says, such as signal, unit, rate and the index of the first.
        values: the samples.
        valid: which of them have a value.
        per_unit: how many steps of the converter make one unit; None where nobody knows.
        level: of zstd.
        limits: how many samples are accepted.

    Raises:
        StreamError: they are not two rows of one length, or `about` says `packed`.
        LimitError: there are too many.
    """
    if values.ndim != 1 or values.shape != valid.shape or values.dtype != np.float32:
        raise StreamError(
            f"found samples {values.dtype}{values.shape} and a mask {valid.shape}; accepted: one"
            " row of float32 and a mask as long"
        )
    if per_unit is not None and not 0 < per_unit < float("inf"):
        raise StreamError(f"found {per_unit} steps a unit; accepted: a number above 0, or none")
    if PACKED in about:
        raise StreamError(f"found {PACKED!r} in what is said about samples; accepted: other names")
    if len(values) > limits.block_samples_max:
        raise LimitError(
            f"{len(values)} samples; accepted: block_samples_max = {limits.block_samples_max}"
        )
    whole = None if per_unit is None else _counts(values, valid, per_unit)
    words = np.ascontiguousarray(values).view(np.uint32) if whole is None else whole
    start, planes, packed = _packed(words, valid)
    told = {
        "samples": len(values),
        "planes": planes,
        "start": start,
        "per_unit": None if whole is None else per_unit,
        "mask": not bool(valid.all()),
    }
    mask = np.packbits(valid).tobytes() if told["mask"] else b""
    return pack(Content({**about, PACKED: told}, mask + packed), level)


def unpack_samples(
    payload: bytes, limits: Limits = DEFAULT
) -> tuple[dict[str, Any], Samples, Mask]:
    """What was said about the samples, the samples, and which of them are valid.

    Raises:
        DamagedError: it is no payload with samples.
        LimitError: it would become too long.
    """
    content = unpack(payload)
    told = content.about.pop(PACKED, None)
    if content.samples is None or not isinstance(told, dict):
        raise DamagedError("found a record without packed samples; accepted: one of form 02")
    try:
        size, planes, start = (_whole(told[name]) for name in ("samples", "planes", "start"))
        per_unit, masked = told["per_unit"], told["mask"]
        mask_bytes = (size + 7) // 8 if masked else 0
        if per_unit is not None:
            per_unit = float(per_unit)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DamagedError(f"{PACKED!r} is not as it is written: {error!r}") from error
    if size > limits.block_samples_max or not 0 <= planes <= 4 or start >= 1 << 32:
        raise DamagedError(
            f"found {size} samples in {planes} planes from {start}; accepted: up to"
            f" {limits.block_samples_max} in up to 4"
        )
    if len(content.samples) != mask_bytes + planes * size:
        raise DamagedError(
            f"found {len(content.samples)} packed bytes; accepted: {mask_bytes + planes * size}"
        )
    bits = np.frombuffer(content.samples, np.uint8, mask_bytes)
    valid = np.unpackbits(bits, count=size).astype(np.bool_) if masked else np.ones(size, np.bool_)
    words = _unpacked(content.samples[mask_bytes:], size, planes, start)
    values = words.view(np.float32) if per_unit is None else _values(words, per_unit)
    return content.about, np.where(valid, values, np.float32(np.nan)), valid


def _counts(values: Samples, valid: Mask, per_unit: float) -> _Words | None:
    """Rule 2: the whole numbers, if they give every valid sample back."""
    with np.errstate(over="ignore", invalid="ignore"):
        counts = np.rint(np.where(valid, values.astype(np.float64) * per_unit, 0.0))
        if not np.all(np.abs(counts) < _COUNT_MAX):
            return None
        words = counts.astype(np.int32).view(np.uint32)
        again = _values(words, per_unit)
    same = again.view(np.uint32) == np.ascontiguousarray(values).view(np.uint32)
    return words if np.all(same | ~valid) else None


def _values(words: _Words, per_unit: float) -> Samples:
    with np.errstate(all="ignore"):
        return (words.view(np.int32).astype(np.float64) / per_unit).astype(np.float32)


def _packed(words: _Words, valid: Mask) -> tuple[int, int, bytes]:
    """Rule 3: where the steps start, how many planes there are, and the planes."""
    held = _held(words, valid)
    if not len(held):
        return 0, 0, b""
    start = int(held[0])
    steps = np.diff(held, prepend=held[:1]).view(np.int32)
    signed = ((steps << 1) ^ (steps >> 31)).view(np.uint32)
    planes = (int(signed.max()).bit_length() + 7) // 8
    apart = signed.astype(_WORD).view(np.uint8).reshape(-1, 4).T[:planes]
    return start, planes, apart.tobytes()


def _held(words: _Words, valid: Mask) -> _Words:
    """Each invalid sample as the valid one before it, the first ones as the first valid one."""
    places = np.flatnonzero(valid)
    if not len(places):
        return np.zeros_like(words)
    last = np.searchsorted(places, np.arange(len(words)), side="right") - 1
    held: _Words = words[places[np.maximum(last, 0)]]
    return held


def _unpacked(data: bytes, size: int, planes: int, start: int) -> _Words:
    apart = np.zeros((4, size), np.uint8)
    apart[:planes] = np.frombuffer(data, np.uint8).reshape(planes, size)
    signed = np.ascontiguousarray(apart.T).view(_WORD).reshape(size).astype(np.uint32)
    steps = (signed >> 1) ^ (0 - (signed & 1))
    words: _Words = np.cumsum(steps, dtype=np.uint32) + np.uint32(start)
    return words


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value
