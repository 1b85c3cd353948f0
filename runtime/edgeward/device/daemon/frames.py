"""Samples in a datagram: one block of one stream, checked before anything is believed.

Little-endian, in this order: magic `EWS1`; length of the stream's name (u8); flags (u8; bit 0: a
mask follows the samples); number of samples (u16); index of the first sample (u64); when the last
sample was taken, in nanoseconds on the device's monotonic clock (i64; 0: not told); CRC-32 (u32)
over everything else. Then the name in UTF-8, the samples as 32-bit floats, and one byte for each of
them where there is a mask.

A stamp that lies after the arrival, or before the clock's beginning, comes from some other clock.
With it no result of that sender would ever be late: the arrival is taken in its place.
"""

import struct
from zlib import crc32

import numpy as np

from edgeward.errors import EdgewardError
from edgeward.process.stream import Block
from edgeward.signal.windows import Mask, Samples

MAGIC = b"EWS1"
_HEADER = struct.Struct("<4sBBHQq")
_HEAD = struct.Struct(_HEADER.format + "I")
_HEAD_BYTES = _HEAD.size
_SAMPLE = np.dtype("<f4")
_IS_NATIVE = np.dtype(np.float32) == _SAMPLE
SAMPLES_MAX = 0xFFFF
_HAS_MASK = 1
_INDEX_MAX = 1 << 62


class FrameError(EdgewardError):
    """A datagram that is no frame; the message says why."""


def encode(stream: str, first: int, samples: Samples, mask: Mask | None, acquired_ns: int) -> bytes:
    """The datagram for a block.

    Raises:
        ValueError: the name or the block does not fit.
    """
    name = stream.encode("utf-8")
    if not 0 < len(name) < 256 or len(samples) > SAMPLES_MAX:
        raise ValueError(
            f"a name of {len(name)} bytes and {len(samples)} samples;"
            f" accepted: 1 to 255 bytes, at most {SAMPLES_MAX} samples"
        )
    flags = 0 if mask is None else _HAS_MASK
    head = _HEADER.pack(MAGIC, len(name), flags, len(samples), first, acquired_ns)
    body = name + samples.astype("<f4", copy=False).tobytes()
    if mask is not None:
        body += mask.astype(np.uint8).tobytes()
    return head + struct.pack("<I", crc32(body, crc32(head))) + body


def decode(data: bytes, arrived_ns: int) -> tuple[str, Block]:
    """The stream's name and the block in a datagram; without a usable stamp, that of the arrival.

    Raises:
        FrameError: it is no frame, or was damaged on its way.
    """
    if len(data) < _HEAD_BYTES:
        raise FrameError(f"found {len(data)} bytes, a frame has at least {_HEAD_BYTES}")
    magic, name_bytes, flags, count, first, acquired_ns, checksum = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise FrameError(f"found the magic {magic!r}, accepted: {MAGIC!r}")
    samples_at = _HEAD_BYTES + name_bytes
    mask_at = samples_at + 4 * count
    end = mask_at + (count if flags & _HAS_MASK else 0)
    if len(data) != end:
        raise FrameError(
            f"found {len(data) - _HEAD_BYTES} bytes after the head, which announces"
            f" {end - _HEAD_BYTES}"
        )
    if crc32(data[_HEAD_BYTES:], crc32(data[: _HEADER.size])) != checksum:
        raise FrameError("the checksum does not fit: it was damaged on its way")
    if first > _INDEX_MAX or not name_bytes or flags & ~_HAS_MASK:
        raise FrameError(f"found first = {first}, a name of {name_bytes} bytes, flags {flags:#x}")
    try:
        name = data[_HEAD_BYTES:samples_at].decode()
    except UnicodeDecodeError as error:
        raise FrameError(f"the name of the stream is not UTF-8: {error.reason}") from error
    samples = np.frombuffer(data, _SAMPLE, count, samples_at)
    if not _IS_NATIVE:
        samples = samples.astype(np.float32)
    mask = np.frombuffer(data, np.uint8, count, mask_at) != 0 if flags & _HAS_MASK else None
    taken_ns = acquired_ns if 0 < acquired_ns <= arrived_ns else arrived_ns
    return name, Block(first, samples, mask, taken_ns)
