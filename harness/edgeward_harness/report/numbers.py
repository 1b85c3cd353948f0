"""Numbers, durations and instants as a person reads them."""

from datetime import UTC, datetime

from edgeward_harness.evidence.measurement import Measurement, Scalar


def quantity(value: Scalar, unit: str = "1") -> str:
    """A value with its unit: three figures below a thousand, whole with separators above.

    A rate reads "0.83 per h": beside a digit, "1/h" would be read as part of the number.
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if unit in ("", "1"):
        return number(value)
    if unit.startswith("1/"):
        return f"{number(value)} per {unit[2:]}"
    return f"{number(value)}\u202f{unit}"


def observation(part: Measurement) -> str:
    """What was observed; failures among trials as "0 of 1,000": a bare 0 says too little."""
    counted = part.unit == "1" and "no failure" in part.method and part.n > 1
    if counted and not isinstance(part.observed, str | bool | None):
        return f"{number(part.observed)}\u00a0of\u00a0{part.n:,}"
    return quantity(part.observed, part.unit)


def decisive(part: Measurement) -> tuple[str, str]:
    """The value a verdict rests on, and what it is: the confidence bound where there is one."""
    if part.bound is None:
        return observation(part), "observed"
    level = "" if part.confidence is None else f"{percent(part.confidence)} "
    return quantity(part.bound, part.unit), f"{level}bound"


def number(value: float) -> str:
    """A number in three figures, without an exponent where a person would write none."""
    size = abs(value)
    if value != value:
        return "none"
    if size >= 1e15:
        return f"{value:.3g}"
    if value == int(value) or size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def percent(share: float) -> str:
    """A share as percent: 95 %, 99.9 %."""
    return f"{100 * share:g}\u202f%"


def duration(span_ns: int | None) -> str:
    """A length of time in the unit that suits it."""
    if span_ns is None:
        return "unknown"
    seconds = span_ns / 1e9
    if seconds < 1:
        return f"{seconds * 1e3:.3g}\u202fms"
    if seconds < 60:
        return f"{seconds:.3g}\u202fs"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\u202fmin {rest}\u202fs"
    return f"{minutes // 60}\u202fh {minutes % 60}\u202fmin"


def instant(utc: str) -> str:
    """An instant of the evidence (2026-01-31T12:00:00.250Z) as a line of text."""
    when = parse_utc(utc)
    return utc if when is None else f"{when:%Y-%m-%d %H:%M:%S} UTC"


def parse_utc(utc: str) -> datetime | None:
    """The instant a text of the evidence names, or None where it names none."""
    try:
        return datetime.fromisoformat(utc.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None
