"""What happens to each connection: drawn from one integer, or written down."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

BYTES_MAX = 40_000
"""A handshake has some 3,000 bytes, a greeting 400, a batch of a few records 2,000."""


class Kind(StrEnum):
    """One way in which a network is hostile."""

    CLEAR = "clear"
    """Nothing happens."""
    DELAY = "delay"
    """Each piece comes after `value` milliseconds, or up to twice as many."""
    STALL = "stall"
    """Once, nothing comes for `value` milliseconds: what a lost packet looks like from above."""
    THROTTLE = "throttle"
    """Not more than `value` bytes in a hundredth of a second."""
    RESET = "reset"
    """Both ends are told that the connection is broken."""
    TRUNCATE = "truncate"
    """Both ends are told that the other has finished."""
    BLACKHOLE = "blackhole"
    """Nothing comes any more, and nobody is told: the connection is half open."""
    REFUSE = "refuse"
    """The connection is broken as soon as it was made."""
    PORTAL = "portal"
    """Somebody else answers, and wants a person to sign in."""
    REPLAY = "replay"
    """Nothing happens; afterwards, all that the device said is said again by somebody else."""


HARMLESS = (Kind.CLEAR, Kind.DELAY, Kind.STALL, Kind.THROTTLE, Kind.REPLAY)
"""With these a device can do its work, if later."""


@dataclass(frozen=True, slots=True)
class Act:
    """What happens to one connection, once so many bytes have crossed it, both ways together."""

    kind: Kind = Kind.CLEAR
    after_bytes: int = 0
    value: int = 0


class Weather(Protocol):
    """Says what happens to each connection, by its number."""

    def act(self, number: int) -> Act:
        """What happens to the connection of this number; the first one is 0."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """Acts for the first connections; the last one is for all that follow."""

    acts: Sequence[Act] = (Act(),)

    def act(self, number: int) -> Act:
        """As it is written."""
        return self.acts[min(number, len(self.acts) - 1)]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Acts drawn from a seed: the same for the same seed and number, whatever came before."""

    seed: int
    kinds: Sequence[Kind] = tuple(Kind)
    wait_ms_max: int = 30
    bytes_max: int = BYTES_MAX
    """Where in a connection something happens, at the latest."""

    def act(self, number: int) -> Act:
        """What this seed has for this connection."""
        draw = random.Random(f"{self.seed}/{number}")  # noqa: S311 - to be replayed, no secret
        kind = draw.choice(self.kinds)
        value = draw.randint(1, self.wait_ms_max)
        if kind is Kind.THROTTLE:
            value = draw.randint(200, 4000)
        return Act(kind, draw.randint(0, self.bytes_max), value)
