"""What a sensor on a trunk feels, in g, made for a test."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.ring import Samples

Vectors = NDArray[np.float64]
_UP = np.array([0.0, 1.0, 0.0])
_NOISE_G = 0.01


def lying(turned_deg: float) -> Vectors:
    """Gravity after the trunk has turned so far from upright."""
    angle = np.radians(turned_deg)
    return np.array([np.sin(angle), np.cos(angle), 0.0])


def rest(seconds: float, rate_hz: int, down: Vectors = _UP) -> Vectors:
    """Nothing but gravity."""
    return np.tile(down, (round(seconds * rate_hz), 1))


def gait(seconds: float, rate_hz: int, steps_hz: float, strength_g: float) -> Vectors:
    """Walking or jogging, with peaks of 1 + strength."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    stance = np.clip(np.sin(2 * np.pi * steps_hz * time), 0, 1) ** 3
    along = 1 + strength_g * (stance - stance.mean())
    moved: Vectors = along[:, None] * _UP
    return moved


def fall(rate_hz: int, impact_g: float, turned_deg: float, rest_s: float = 10) -> Vectors:
    """A third of a second of little weight, an impact, and rest in another posture."""
    hit = np.linspace(0, turned_deg, max(2, round(0.06 * rate_hz)))
    return np.concatenate(
        [
            rest(0.3, rate_hz, 0.25 * _UP),
            np.stack([impact_g * lying(one) for one in hit]),
            rest(rest_s, rate_hz, lying(turned_deg)),
        ]
    )


def jump(rate_hz: int) -> Vectors:
    """Push, flight, landing; upright all the time."""
    parts = ((0.2, 1.8), (0.4, 0.05), (0.08, 4.5), (0.3, 1.0))
    return np.concatenate([rest(seconds, rate_hz, g * _UP) for seconds, g in parts])


def felt(parts: Sequence[Vectors], seed: int = 1, *, turned: bool = True) -> Samples:
    """One after the other, by a sensor that sits askew, with a little noise."""
    moved = np.concatenate(parts)
    chance = np.random.default_rng(seed)
    if turned:
        basis, _ = np.linalg.qr(chance.standard_normal((3, 3)))
        moved = moved @ basis
    return (moved + _NOISE_G * chance.standard_normal(moved.shape)).astype(np.float32)
