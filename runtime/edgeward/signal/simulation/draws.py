"""Where chance comes from: one integer seed, and what is drawn for. Nothing else.

What is drawn for one stretch of time does not depend on what was drawn before it, so that a stretch
is the same however much is generated at once.
"""

from enum import IntEnum

from numpy.random import Generator, default_rng


class Purpose(IntEnum):
    """What is drawn for. Numbers are never given to another purpose: they are part of the seed."""

    PERSON = 0
    HEART = 1
    BREATH = 2
    CHAOS = 3
    NOISE = 4
    FAULT = 5
    MOTION = 6
    DELIVERY = 7
    SCENARIO = 8


def draw(seed: int, purpose: Purpose, *keys: int) -> Generator:
    """The numbers for this purpose, and these keys."""
    return default_rng([seed, purpose, *keys])
