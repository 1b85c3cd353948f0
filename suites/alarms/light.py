"""What is seen of a lamp, measured in its samples: colour, how often it flashes, how long."""

import base64
from dataclasses import dataclass

import numpy as np

from edgeward_harness.rig.ward import Bed, Ward


@dataclass(frozen=True, slots=True)
class Seen:
    """The light of some seconds."""

    colours: frozenset[str]
    """Every one that was on, none for a dark lamp."""
    flashes_hz: tuple[float, ...]
    """Of each flash that was followed by another one; empty for a light without a break."""
    on_shares: tuple[float, ...]
    """Of the time from the begin of each flash to the next."""


def look(ward: Ward, beds: list[Bed], seconds: int) -> Seen:
    """What is seen while so many seconds of patients pass.

    Asked for second by second: what is told holds only as long as nothing changes.
    """
    rate_hz, names, parts = 0, [""], []
    for _ in range(seconds):
        from_ns = int(ward.state(beds[0].patient)["at_ns"])
        told = ward.device.call("alarm.light", {"from_ns": from_ns, "samples": rate_hz or 1})
        if int(told["rate_hz"]) != rate_hz:
            rate_hz = int(told["rate_hz"])
            told = ward.device.call("alarm.light", {"from_ns": from_ns, "samples": rate_hz})
        names = [str(one) for one in told["colours"]]
        parts.append(np.frombuffer(base64.b64decode(told["samples"]), np.uint8))
        ward.step(beds)
    return seen([names[code] for code in np.concatenate(parts)], rate_hz)


def seen(colours: list[str], rate_hz: int) -> Seen:
    """What a series of colours is, so many a second."""
    lit = np.array([one != "dark" for one in colours])
    begins = np.flatnonzero(lit[1:] & ~lit[:-1]) + 1
    lengths = np.diff(begins)
    on = [float(lit[a : a + n].mean()) for a, n in zip(begins, lengths, strict=False)]
    return Seen(
        colours=frozenset(colours) - {"dark"},
        flashes_hz=tuple(float(rate_hz / n) for n in lengths),
        on_shares=tuple(on),
    )
