"""Whether a model answers alike however it is asked: many windows a call or one, one thread or two.

Of a user's model too this is measured, and never taken from what its arithmetic should do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgeward.errors import ModelError
from edgeward.model.compress.graphs import run
from edgeward.model.engine import Probabilities
from edgeward.model.nearness import FLOAT, JOINED, WHOLE, Promise, apart, breaches
from edgeward.signal.windows import Samples

ROWS: Final = (1, 7, 64)
THREADS: Final = (1, 2)
WINDOWS: Final = 512
"""Looked at, at most."""


@dataclass(frozen=True, slots=True)
class Alike:
    """The promise that a model was measured to keep, and by how much."""

    promise: Promise
    windows: int
    max_difference: float

    def to_dict(self) -> dict[str, Any]:
        """For a card."""
        return {
            "promise": self.promise.name,
            "tolerance": self.promise.difference_max,
            "max_difference": self.max_difference,
            "windows": self.windows,
            "windows_in_a_call": list(ROWS),
            "threads": list(THREADS),
        }


def ways(model: bytes, windows: Samples) -> Iterator[tuple[str, Probabilities]]:
    """The answers of each way to ask, the device's own first: one window, one thread."""
    for threads in THREADS:
        for rows in ROWS:
            name = f"{rows} windows in a call, threads: {threads}"
            yield name, run(model, windows, rows, threads)


def promises_of(*, whole: bool, exact: bool) -> tuple[Promise, ...]:
    """What a model of this arithmetic may promise, the narrowest first."""
    if not whole:
        return FLOAT, JOINED
    return (WHOLE,) if exact else (JOINED,)


def alike(model: bytes, windows: Samples, promises: Sequence[Promise]) -> Alike:
    """The narrowest of these promises that a model keeps.

    Raises:
        ModelError: it keeps none; where it does not keep the widest is told.
    """
    some = windows[:: max(1, len(windows) // WINDOWS)][:WINDOWS]
    (_, due), *others = ways(model, some)
    for promise in promises:
        faults = [
            f"{name}: {text}" for name, found in others for text in breaches(promise, due, found)
        ]
        if not faults:
            most = max(apart(due, found) for _, found in others)
            return Alike(promise, len(some), most)
    raise ModelError(f"the model answers otherwise with {'; '.join(faults)}")
