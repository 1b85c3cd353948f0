"""One beat as a row of numbers between -1 and 1: what a network is shown of it.

Rules:
1. Every number has a fixed centre and reach, given in `FEATURES`; what lies beyond is at the end of
   it. The row means the same on every device, and eight bits are enough for it.
2. What is not known (an interval across a gap, a neighbour's wave) reads as what is usual.
3. Sizes are shares of what is usual for the patient: the gain of a lead does not matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import Final, NamedTuple

import numpy as np

from edgeward.signal.detect.beats.cut import Values
from edgeward.signal.detect.beats.rhythm import Rhythm
from edgeward.signal.detect.beats.shape import (
    AFTER,
    COMPLEX,
    QRS,
    Common,
    P,
    T,
    likeness,
    measured,
    p_apart,
    spread,
)
from edgeward.signal.findings import Beat, BeatClass
from edgeward.signal.ring import Samples


class Feature(NamedTuple):
    """One number of a row."""

    name: str
    centre: float
    reach: float


FEATURES: Final = tuple(
    Feature(*one)
    for one in (
        ("interval, of the local one", 0.0, 0.6),
        ("interval after, of the local one", 0.0, 0.6),
        ("interval before, of the local one", 0.0, 0.6),
        ("both intervals, of the local one", 0.0, 0.5),
        ("local interval", -0.1, 0.7),
        ("turning of intervals", 0.12, 0.12),
        ("interval, of the long one", -0.1, 0.6),
        ("share of early beats", 0.3, 0.3),
        ("interval, of the slow one", 0.0, 0.6),
        ("interval after, of the slow one", 0.0, 0.6),
        ("interval, of the patient's own", 0.0, 0.6),
        ("turning of the patient's own intervals", 0.12, 0.12),
        ("interval, of the slow one, where steady", 0.0, 0.35),
        ("interval, of the patient's own, where steady", 0.0, 0.35),
        ("interval after, of the patient's own, where steady", 0.0, 0.35),
        ("slow interval, of the patient's own, where steady", 0.0, 0.1),
        ("likeness of the P wave", 0.2, 0.8),
        ("distance of the P wave", 0.06, 0.12),
        ("distance of the P wave, of the usual one", 0.0, 2.0),
        ("usual P wave", 0.04, 0.04),
        ("P wave", 0.06, 0.1),
        ("P wave, of the usual one", 0.0, 1.0),
        ("likeness of the P wave to the last one", 0.2, 0.8),
        ("likeness of the P wave, beside the usual likeness", -0.3, 0.7),
        ("early and with another P wave, where steady", 0.05, 0.05),
        ("likeness of the T wave", 0.2, 0.8),
        ("likeness of the complex", 0.4, 0.6),
        ("likeness of the complex with what follows", 0.4, 0.6),
        ("likeness of the whole wave", 0.4, 0.6),
        ("likeness of the complex to the last one", 0.4, 0.6),
        ("unlikeness of the complex, of the usual one", 1.0, 2.4),
        ("width, of the usual one", 0.2, 0.8),
        ("width", 0.0, 1.0),
        ("height, of the usual one", 0.0, 0.6),
        ("area, of the usual one", 0.2, 1.0),
        ("quickness, of the usual one", -0.1, 0.5),
        ("quickness", 0.0, 0.6),
        ("what follows the complex", -2.0, 1.0),
        ("ventricular by rule", 0.0, 1.0),
        ("strange by rule", 0.0, 1.0),
        ("share of ventricular beats by rule", 0.3, 0.4),
        ("mean likeness to the last beats", 0.6, 0.4),
        ("highest likeness to the last beats", 0.9, 0.1),
        ("likeness to the last beat", 0.4, 0.6),
        ("median likeness to the last beats", 0.6, 0.4),
        ("share of the last beats that are alike", 0.5, 0.5),
    )
)
_CENTRES = np.array([one.centre for one in FEATURES])
_REACHES = np.array([one.reach for one in FEATURES])
_BY_RULE: Final = {BeatClass.NORMAL: -1.0, BeatClass.UNKNOWN: 0.0, BeatClass.VENTRICULAR: 1.0}
_LOCAL_S, _WIDTH_MS, _QUICK_PER_S = 0.8, 90.0, 60.0
_ALIKE = 0.9
_SAME = 1.03
"""Beside the highest likeness there is, so that a logarithm of what is missing stays small."""
_LITTLE = 0.01


@dataclass(frozen=True, slots=True)
class Seen:
    """A beat, its wave, and what lies to either side, as far as it is known."""

    beat: Beat
    wave: Values
    interval_s: float | None
    """That ended with it."""
    before_s: float | None
    """The one before that."""
    after_s: float | None
    previous: Values | None
    """The wave of the beat before."""
    ventricular: float
    """The share of the last beats that were, by rule."""


def row(seen: Seen, rhythm: Rhythm, common: Common) -> Samples:
    """The row of one beat, beside what was usual until then."""
    numbers = [
        *_of_intervals(seen, rhythm),
        *_of_p_wave(seen, rhythm, common),
        *_of_complex(seen, common),
        *_of_rules(seen),
    ]
    scaled = (np.array(numbers) - _CENTRES) / _REACHES
    found: Samples = np.clip(scaled, -1.0, 1.0).astype(np.float32)
    return found


def _share(value: float | None, of: float | None) -> float:
    """The logarithm of a share; 0 where either is unknown."""
    return log(value / of) if value and of else 0.0


def _of_intervals(seen: Seen, rhythm: Rhythm) -> Iterator[float]:
    local, slow, own, steady = rhythm.local_s, rhythm.slow_s, rhythm.own_s, rhythm.steadiness
    now, after = seen.interval_s or local, seen.after_s or local
    yield _share(now, local)
    yield _share(after, local)
    yield _share(seen.before_s, local)
    yield _share((now + after) / 2, local)
    yield _share(local, _LOCAL_S)
    yield rhythm.turning
    yield _share(now, rhythm.long_s)
    yield rhythm.early
    yield _share(now, slow)
    yield _share(after, slow)
    yield _share(now, own)
    yield rhythm.own_turning
    yield steady * _share(now, slow)
    yield steady * _share(now, own)
    yield steady * _share(after, own)
    yield steady * _share(slow, own)


def _of_p_wave(seen: Seen, rhythm: Rhythm, common: Common) -> Iterator[float]:
    wave = seen.wave
    usual = wave if common.wave is None else common.wave
    last = wave if seen.previous is None else seen.previous
    height = common.height.usual or measured(wave).height
    apart, like = p_apart(wave, usual, height), likeness(wave[P], usual[P])
    beside = 0.0 if common.p_like.usual is None else like - common.p_like.usual
    yield like
    yield apart
    yield _share(apart, common.p_apart.usual)
    yield spread(usual[P]) / height
    yield spread(wave[P]) / height
    yield _share(spread(wave[P]), spread(usual[P]))
    yield likeness(wave[P], last[P])
    yield beside
    yield min(0.0, beside) * min(0.0, rhythm.earliness(seen.interval_s)) * rhythm.steadiness
    yield likeness(wave[T], usual[T])


def _of_complex(seen: Seen, common: Common) -> Iterator[float]:
    wave, width_ms = seen.wave, seen.beat.width_ms
    usual = wave if common.wave is None else common.wave
    last = wave if seen.previous is None else seen.previous
    found = measured(wave)
    height = common.height.usual or found.height
    like, usually = likeness(wave[QRS], usual[QRS]), common.complex_like.usual
    yield like
    yield likeness(wave[COMPLEX], usual[COMPLEX])
    yield likeness(wave, usual)
    yield likeness(wave[QRS], last[QRS])
    yield 0.0 if usually is None else _share(_SAME - like, _SAME - usually)
    yield _share(width_ms, common.width_ms.usual)
    yield _share(width_ms, _WIDTH_MS)
    yield _share(found.height, height)
    yield _share(found.area, common.area.usual)
    yield _share(found.quickness, common.quickness.usual)
    yield _share(found.quickness, _QUICK_PER_S)
    yield log(spread(wave[AFTER]) / height + _LITTLE)


def _of_rules(seen: Seen) -> Iterator[float]:
    like = seen.beat.likeness or (1.0,)
    yield _BY_RULE[seen.beat.kind]
    yield float(seen.beat.strange)
    yield seen.ventricular
    yield sum(like) / len(like)
    yield max(like)
    yield like[0]
    yield sorted(like)[len(like) // 2]
    yield sum(one >= _ALIKE for one in like) / len(like)
