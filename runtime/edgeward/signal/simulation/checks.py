"""What every step of a script is checked for: seconds and figures that can be simulated."""

from edgeward.errors import EdgewardError

SECONDS_RANGE = (0.1, 3_456_000.0)
"""Forty days: longer than any wearable is worn in one piece."""
RATE_BPM_RANGE = (15.0, 300.0)


class ScriptError(EdgewardError):
    """A script cannot be simulated; the message has a line for each fault."""


def within(step: object, **ranges: tuple[float, float]) -> None:
    """Refuse a step with a figure outside its range; None stands for "not asked for".

    Raises:
        ScriptError: with every fault, a line each.
    """
    faults = [
        f"{type(step).__name__}.{name}: found {value!r}; accepted: {low:g} to {high:g}"
        for name, (low, high) in ranges.items()
        if (value := getattr(step, name)) is not None and not low <= value <= high
    ]
    if faults:
        raise ScriptError("\n".join(faults))
