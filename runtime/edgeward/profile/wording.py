"""How values, numbers and near misses are worded in messages: short, exact and safe to print."""

import json
from collections.abc import Iterable

SHOWN_MAX = 72
"""Characters of a found value that a message repeats."""

SLIPS: dict[str, tuple[tuple[float, str], ...]] = {
    "ms": ((1000.0, "s"), (1e-3, "µs"), (1e-6, "ns")),
    "MB": ((1024.0, "GB"), (1 / 1024, "KB"), (1 / 1024**2, "bytes")),
    "mW": ((1000.0, "W"), (1e-3, "µW")),
    "mWh": ((1000.0, "Wh"),),
    "mJ": ((1000.0, "J"), (1e-3, "µJ")),
    "kbit/s": ((1000.0, "Mbit/s"), (1e6, "Gbit/s"), (1e-3, "bit/s")),
    "GFLOPS": ((1000.0, "TFLOPS"), (1e-3, "MFLOPS"), (1e-9, "FLOPS")),
    "fraction": ((0.01, "percent"),),
    "%": ((100.0, "a fraction"),),
    "days": ((365.0, "years"), (1 / 24, "hours"), (1 / 86400, "seconds")),
    "h": ((24.0, "days"), (1 / 60, "minutes"), (1 / 3600, "seconds")),
}
"""For each unit those it is mixed up with, and the factor that leads back to the right one."""


def number(value: float) -> str:
    """A number as a person writes it: no exponent, no needless fraction."""
    if value == int(value):
        return str(int(value))
    return f"{value:.6f}".rstrip("0") if abs(value) < 1 else f"{value:.6g}"


def is_number(value: object) -> bool:
    """Whether JSON would call it a number: `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def meant(value: object, unit: str, usual: tuple[float, float]) -> str:
    """The usual value that looks like this number in another unit; empty when there is none."""
    if not isinstance(value, int | float) or not is_number(value) or not abs(value) < 1e18:
        return ""
    for factor, other in SLIPS.get(unit, ()):
        if usual[0] <= value * factor <= usual[1]:
            guess = f"{number(value * factor)} {unit}"
            return f"{guess} may be meant: {shown(value)} looks like {other}"
    return ""


def shown(value: object) -> str:
    """A value found, short enough for a message and safe to print whatever it holds."""
    if isinstance(value, dict):
        return f"a table with {len(value)} key{'' if len(value) == 1 else 's'}"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        text = str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or a list without end
        return f"a {type(value).__name__} too big to show"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def nearest(value: object, known: Iterable[str]) -> str:
    """The known word nearest to a misspelt one; empty when none is near."""
    if not isinstance(value, str) or len(value) > SHOWN_MAX:
        return ""
    import difflib  # only a misspelling needs it

    matches = difflib.get_close_matches(value.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""
