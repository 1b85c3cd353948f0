"""A fall, from the acceleration of a sensor on the trunk along three axes, in g.

Rules:
1. An impact is more than `IMPACT_G`. Jogging, jumping and stairs make such impacts too, and a range
   that cuts them off leaves enough of them. So an impact alone is never a fall.
2. It was a fall when, from 1.5 to 3.5 s after the last impact, gravity points more than
   `TURNED_DEG` away from where it pointed before the first one, and the body lies still. How the
   sensor sits on the body does not matter: only the two directions are compared.
3. Impacts within 2 s of the first are one event. When it lasts longer (jogging), what was before is
   taken anew: only its last seconds are compared.
4. A fall is told once, 3.5 s after its last impact and a step of 0.1 s at the latest. It ends when
   gravity points for three seconds where it did before: the patient is up again.
5. While samples are missing for two seconds, nothing can be decided. A fall that was told is told
   again when samples come and the patient is not up.
"""

from collections import deque
from dataclasses import dataclass
from itertools import islice
from math import acos, degrees, sqrt

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.findings import Finding, Sign, SignChange
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.steps import Steps

IMPACT_G = 2.0
TURNED_DEG = 45.0
STILL_G = 0.15
"""The most by which the acceleration of a still body varies (standard deviation)."""
_BEFORE_S = (2.5, 1.0)
_AFTER_S = (1.5, 3.5)
_EVENT_S = 2.0
_UP_S = 3.0
_UNSEEN_S = 2.0
_STEPS_PER_S = 10
_RATES_HZ = (25, 1000)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Step:
    """A tenth of a second."""

    count: int
    sums: Vector
    """Of the valid samples along each axis."""
    lengths: float
    squares: float
    """Of their lengths."""


@dataclass(slots=True)
class _Event:
    """Impacts that belong together."""

    sample: int
    first: int
    """The step of the first impact, from where it is compared."""
    last: int
    before: Vector
    peak_g: float


class FallDetector:
    """The sign FALL in one accelerometer."""

    __slots__ = (
        "_event",
        "_fallen",
        "_past",
        "_rate_hz",
        "_sign",
        "_step",
        "_step_s",
        "_steps",
        "_unseen",
        "_upright",
    )

    def __init__(self, rate_hz: int) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is not accepted.
        """
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            low, high = _RATES_HZ
            raise ValueError(f"rate_hz: found {rate_hz!r}; accepted: {low} to {high}")
        self._rate_hz = rate_hz
        samples = rate_hz // _STEPS_PER_S
        self._steps = Steps(samples, axes=3)
        self._step_s = samples / rate_hz
        self._past: deque[_Step] = deque(maxlen=self._count(_BEFORE_S[0] + _AFTER_S[1]))
        self._step = -1
        self._event: _Event | None = None
        self._fallen: Vector | None = None
        self._upright = 0
        self._unseen = 0
        self._sign: bool | None = None

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples (x, y, z in a row), and tell what they make known."""
        found: list[Finding] = []
        sound = valid & np.isfinite(samples).all(axis=1)
        for first, values, mask in self._steps.push(samples, sound):
            self._step += 1
            at = first + len(values) - 1
            self._take(first, values[mask].astype(np.float64), mask)
            self._judge_event(at, found)
            self._judge_seen(at, found)
        return found

    def _count(self, seconds: float) -> int:
        return round(seconds / self._step_s)

    def _take(self, first: int, values: Vector, mask: Mask) -> None:
        """One step, and whether it holds an impact."""
        lengths = np.sqrt((values * values).sum(axis=1))
        if lengths.size and lengths.max() > IMPACT_G:
            place = int(np.flatnonzero(mask)[int(np.argmax(lengths > IMPACT_G))])
            self._hit(first + place, float(lengths.max()))
        self._past.append(
            _Step(
                len(values),
                values.sum(axis=0),
                float(lengths.sum()),
                float((lengths * lengths).sum()),
            )
        )

    def _hit(self, sample: int, peak_g: float) -> None:
        """Rule 3."""
        event = self._event
        if event is not None and self._step - event.first <= self._count(_EVENT_S):
            event.last = self._step
            event.peak_g = max(event.peak_g, peak_g)
            return
        before = self._mean(*_BEFORE_S)
        if before is not None:
            self._event = _Event(sample, self._step, self._step, before, peak_g)
        elif event is not None:
            event.last = self._step

    def _recent(self, from_s: float, to_s: float) -> list[_Step]:
        """The steps between so many seconds ago and so many, the latest first."""
        return list(islice(reversed(self._past), self._count(to_s), self._count(from_s)))

    def _mean(self, from_s: float, to_s: float) -> Vector | None:
        """Where gravity pointed; None when too little was seen."""
        steps = [one for one in self._recent(from_s, to_s) if one.count]
        if len(steps) < self._count(from_s - to_s) // 2:
            return None
        return _unit(np.sum([one.sums for one in steps], axis=0))

    def _still(self) -> bool:
        """Whether the body lay still in the window of rule 2, which ends now."""
        steps = self._recent(_AFTER_S[1] - _AFTER_S[0], 0)
        count = sum(one.count for one in steps)
        mean = sum(one.lengths for one in steps) / max(1, count)
        spread = sum(one.squares for one in steps) / max(1, count) - mean * mean
        return count > 0 and sqrt(max(0.0, spread)) < STILL_G

    def _judge_event(self, at: int, found: list[Finding]) -> None:
        """Rule 2, when its time has come."""
        event = self._event
        if event is None or self._step - event.last < self._count(_AFTER_S[1]):
            return
        self._event = None
        after = self._mean(_AFTER_S[1] - _AFTER_S[0], 0)
        if after is None or self._fallen is not None or not self._still():
            return
        turned = _angle(event.before, after)
        if turned > TURNED_DEG:
            self._fallen, self._upright = event.before, 0
            text = f"impact of {event.peak_g:.1f} g, turned by {turned:.0f} degrees, then still"
            self._tell(found, SignChange(Sign.FALL, True, event.sample, at, text))  # noqa: FBT003

    def _judge_seen(self, at: int, found: list[Finding]) -> None:
        """Rules 4 and 5."""
        self._unseen = 0 if self._past[-1].count else self._unseen + 1
        if self._unseen >= self._count(_UNSEEN_S):
            self._upright = 0
            if self._sign is not None:
                self._tell(found, SignChange(Sign.FALL, None, at, at))
            return
        if self._unseen or len(self._past) < self._count(_UNSEEN_S):
            return
        if self._fallen is not None:
            self._judge_up(self._fallen)
        if self._sign is not (fallen := self._fallen is not None):
            self._tell(found, SignChange(Sign.FALL, fallen, at, at))

    def _judge_up(self, before: Vector) -> None:
        now = _unit(self._past[-1].sums)
        up = now is not None and _angle(before, now) < TURNED_DEG
        self._upright = self._upright + 1 if up else 0
        if self._upright >= self._count(_UP_S):
            self._fallen = None

    def _tell(self, found: list[Finding], change: SignChange) -> None:
        self._sign = change.present
        found.append(change)


def _unit(vector: Vector) -> Vector | None:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else None


def _angle(one: Vector, other: Vector) -> float:
    """Degrees between two directions."""
    return degrees(acos(min(1.0, max(-1.0, float(one @ other)))))
