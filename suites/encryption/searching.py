"""Search raw bytes for what must not be there in the clear, however it is written."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import zstandard

FRAME: Final = b"\x28\xb5\x2f\xfd"
"""How a compressed frame begins."""
OPENED_BYTES_MAX: Final = 1 << 20
NOTHING_BYTES: Final = 64
"""Longer than any run of zeros in what is searched for."""
_NOTHING: Final = re.compile(rb"\0{%d,}" % NOTHING_BYTES)


def forms(secret: bytes) -> dict[str, bytes]:
    """A secret as it is, in hex, and in base64 wherever it begins among other bytes."""
    coded = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret)
        first = -(-8 * before // 6)  # the characters before this one carry bits of what is before
        last = (before + len(secret)) * 8 // 6
        coded[f"base64 after {before}"] = text[first:last]
    return coded


def forms_of_text(text: str) -> dict[str, bytes]:
    """The same of a text, in each encoding in which it could be written."""
    coded = {}
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        for name, data in forms(text.encode(encoding)).items():
            coded[f"{encoding} {name}"] = data
    return {**coded, "escaped": json.dumps(text)[1:-1].encode()}


def readable(where: bytes) -> list[bytes]:
    """Some bytes without their long runs of nothing, and what is compressed in them."""
    lean = _NOTHING.sub(bytes(NOTHING_BYTES), where)
    return [lean, *_opened(lean)]


def found(parts: Sequence[bytes], wanted: Mapping[str, bytes]) -> list[str]:
    """The forms of one secret that stand in one of these."""
    return [name for name, form in wanted.items() if any(form in part for part in parts)]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder: name and raw bytes."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield str(path.relative_to(folder)), path.read_bytes()
            except FileNotFoundError:  # it was there a moment ago: files come and go while it runs
                continue


def leaks(
    places: Iterable[tuple[str, bytes]], secrets: Mapping[str, Mapping[str, bytes]]
) -> tuple[list[str], int]:
    """What stands where in the clear, and how many times was looked."""
    faults, looked = [], 0
    for place, data in places:
        parts = readable(data)
        for name, wanted in secrets.items():
            looked += 1
            faults += [f"{name} in {place}, {form}" for form in found(parts, wanted)]
    return faults, looked


def _opened(where: bytes) -> Iterator[bytes]:
    at = where.find(FRAME)
    while at >= 0:
        try:
            frame = zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(where[at:])[:OPENED_BYTES_MAX]
        except zstandard.ZstdError:
            pass
        at = where.find(FRAME, at + 1)
