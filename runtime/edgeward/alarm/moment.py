"""An instant on both clocks: the one that decides, and the one that people read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """Now. Every decision rests on `mono_ns`; `wall_ns` is shown, and may lie."""

    mono_ns: int
    """Monotonic nanoseconds of this boot of the device."""
    wall_ns: int
    """Nanoseconds since 1970 UTC, as far as the device knows."""
