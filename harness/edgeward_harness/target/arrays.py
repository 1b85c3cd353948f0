"""Arrays as the protocol carries them: base64 of little-endian values."""

import base64
import sys
from array import array
from collections.abc import Iterable


def f32_base64(samples: Iterable[float]) -> str:
    """Samples as base64 of little-endian 32-bit floats."""
    values = array("f", samples)
    if sys.byteorder == "big":
        values.byteswap()
    return base64.b64encode(values.tobytes()).decode("ascii")


def u8_base64(mask: Iterable[int]) -> str:
    """A validity mask as base64 of bytes, 1 for a valid sample."""
    return base64.b64encode(bytes(mask)).decode("ascii")
