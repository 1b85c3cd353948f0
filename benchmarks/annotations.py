"""Annotations of recordings, in the MIT format (`.atr`), for what measures against them.

The format: words of 16 bits, six of them a code and ten the samples since the last annotation; a
skip carries a longer distance, an aux a text, and two zeros end the file.
"""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

_SKIP, _NUMBER, _SUBTYPE, _CHANNEL, _AUX = 59, 60, 61, 62, 63
_SYMBOLS = {
    **dict(enumerate("NLRaVFJASEj/Q~", 1)),
    **dict(enumerate('|?sT*D"=pB^t+u?![]en@xf()', 16)),
}
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Symbols that mark a beat."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What somebody wrote at a sample."""

    sample: int
    symbol: str
    """Of the standard set, such as N or V; a code that is not in it is told as its number."""
    aux: str = ""
    """A text, such as (VFL for the rhythm that begins."""
    subtype: int = 0
    """Of a signal quality (~): bits 0 and 1, signal 0 and 1 are noisy; below 0, unreadable."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A stretch of one rhythm: samples `first .. end - 1`."""

    name: str
    first: int
    end: int


def read_annotations(path: Path) -> list[Annotation]:
    """All annotations of a file, in the order of their samples."""
    data = path.read_bytes()
    found: list[Annotation] = []
    at = sample = 0
    while at + 2 <= len(data):
        (word,) = struct.unpack_from("<H", data, at)
        code, rest = word >> 10, word & 0x3FF
        at += 2
        if word == 0:
            break
        if code == _SKIP:
            high, low = struct.unpack_from("<hH", data, at)
            sample += (high << 16) + low
            at += 4
        elif code == _AUX:
            text = data[at : at + rest].split(b"\0")[0].decode("latin-1")
            found[-1] = replace(found[-1], aux=text)
            at += rest + rest % 2
        elif code == _SUBTYPE:
            found[-1] = replace(found[-1], subtype=(rest & 0x7F) - (rest & 0x80))
        elif code not in (_NUMBER, _CHANNEL):
            sample += rest
            found.append(Annotation(sample, _SYMBOLS.get(code, str(code))))
    return found


def beats(annotations: list[Annotation]) -> list[int]:
    """The samples of all beats."""
    return [one.sample for one in annotations if one.symbol in BEATS]


def rhythms(annotations: list[Annotation], end: int) -> list[Rhythm]:
    """The rhythms that are told, each until the next one or the end of the recording."""
    starts = [(one.sample, one.aux) for one in annotations if one.aux.startswith("(")]
    ends = [sample for sample, _ in starts[1:]] + [end]
    return [
        Rhythm(aux[1:].rstrip(), first, last)
        for (first, aux), last in zip(starts, ends, strict=True)
    ]
