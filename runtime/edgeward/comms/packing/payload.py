"""The two bytes before what a record holds, and how much may come out of them.

Each record is compressed by itself: it is one patient's and one class's, so its length tells of no
other. Compressed or not is decided by which is shorter. Reading is bounded: a few bytes that claim
to become many are refused before any is made.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import zstandard

from edgeward.canonical import canonical_json
from edgeward.errors import DamagedError, LimitError

PAYLOAD_BYTES_MAX: Final = 4 << 20
"""Of one record, once it is decompressed."""
_WINDOW_BYTES_MAX: Final = 8 << 20
PLAIN, ZSTD = b"\0", b"\1"
JSON, SAMPLES = b"\1", b"\2"


@dataclass(frozen=True, slots=True)
class Content:
    """What a payload holds."""

    about: dict[str, Any]
    samples: bytes | None = None
    """Packed samples; None for a record that is an object and nothing else."""


def pack_json(about: dict[str, Any], level: int = 1) -> bytes:
    """The payload of a record that is one object.

    Raises:
        LimitError: it is too long.
        ValueError: it holds NaN, infinity or half a surrogate pair.
        TypeError: it holds something JSON has no word for.
    """
    return pack(Content(about), level)


def pack(content: Content, level: int = 1) -> bytes:
    """A payload, compressed where that makes it shorter.

    Raises:
        LimitError: it is too long.
        ValueError: its object holds NaN, infinity or half a surrogate pair.
        TypeError: its object holds something JSON has no word for.
    """
    about = canonical_json(content.about)
    if content.samples is None:
        whole = JSON + about
    else:
        whole = SAMPLES + len(about).to_bytes(4, "little") + about + content.samples
    if len(whole) > PAYLOAD_BYTES_MAX:
        raise LimitError(
            f"a record of {len(whole)} bytes; accepted: PAYLOAD_BYTES_MAX = {PAYLOAD_BYTES_MAX}"
        )
    small = zstandard.ZstdCompressor(level=level, write_content_size=True).compress(whole)
    return ZSTD + small if len(small) < len(whole) else PLAIN + whole


def unpack(payload: bytes) -> Content:
    """What a payload holds.

    Raises:
        DamagedError: it is none.
        LimitError: it would become too long.
    """
    codec, rest = payload[:1], payload[1:]
    if codec not in (PLAIN, ZSTD):
        raise DamagedError(f"a payload of codec {codec.hex() or 'nothing'}; accepted: 00 or 01")
    whole = _decompressed(rest) if codec == ZSTD else rest
    if len(whole) > PAYLOAD_BYTES_MAX:
        raise LimitError(
            f"a payload of {len(whole)} bytes; accepted: PAYLOAD_BYTES_MAX = {PAYLOAD_BYTES_MAX}"
        )
    form, body = whole[:1], whole[1:]
    if form == JSON:
        return Content(_about(body))
    if form == SAMPLES:
        end = 4 + int.from_bytes(body[:4], "little")
        return Content(_about(body[4:end]), body[end:])
    raise DamagedError(f"a payload of form {form.hex() or 'nothing'}; accepted: 01 or 02")


def _decompressed(frame: bytes) -> bytes:
    """What one frame holds; how much that is must be written in it, as we write it."""
    try:
        size = zstandard.get_frame_parameters(frame).content_size
        if size > PAYLOAD_BYTES_MAX:
            found = "an unknown number" if size == zstandard.CONTENTSIZE_UNKNOWN else f"{size}"
            raise LimitError(
                f"{len(frame)} bytes would become {found} of bytes; accepted: a frame that says"
                f" its size, at most PAYLOAD_BYTES_MAX = {PAYLOAD_BYTES_MAX}"
            )
        opener = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES_MAX)
        return opener.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedError(f"{len(frame)} bytes are no frame of zstd: {error}") from error


def _about(data: bytes) -> dict[str, Any]:
    try:
        about = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{len(data)} bytes are no object in JSON: {error}") from error
    if not isinstance(about, dict):
        raise DamagedError(f"found {str(about)[:40]!r}; accepted: an object in JSON")
    return about
