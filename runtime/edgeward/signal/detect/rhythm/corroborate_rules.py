"""What counts as strong evidence against each sign, and what bears it out.

The numbers say what a body can do, with room for the transit time of a pulse. They were settled
with all the recordings at hand in view, odd-numbered ones too: only others can prove them.
"""

from dataclasses import dataclass

from edgeward.signal.detect.rhythm.corroborate_witness import Course, Kind, Witness
from edgeward.signal.findings import Sign


@dataclass(frozen=True, slots=True)
class Strong:
    """What a witness must show against a sign."""

    window_s: float
    """At least so much time, up to now, is looked at; more when the sign began earlier."""
    gap_max_s: float
    usual_s: tuple[float, float]
    """The range of the usual interval."""
    even: tuple[float, float] = (0.0, 9.0)
    """The range of intervals, as shares of the usual one."""
    lowest: float = 0.0
    """Of the heights, as a share of the usual one."""


_ANY_S = (0.4, 1.6)
_EVEN = (0.85, 1.15)
_SLOWER_S = (0.7, 1.6)
"""Clearly slower than the slowest tachycardia: beats as fast as it may be its own. A ventricular
tachycardia that the body bears has an even pulse for minutes."""

STRONG: dict[tuple[Sign, Kind], Strong] = {
    (Sign.ASYSTOLE, Kind.PULSE): Strong(3.5, 2.0, _ANY_S),
    (Sign.ASYSTOLE, Kind.LEAD): Strong(8.0, 2.0, _ANY_S, _EVEN, 0.5),
    (Sign.PAUSE, Kind.PULSE): Strong(3.5, 2.0, _ANY_S),
    (Sign.NO_PULSE, Kind.PULSE): Strong(3.5, 2.0, _ANY_S),
    (Sign.VENTRICULAR_FIBRILLATION, Kind.PULSE): Strong(6.0, 2.0, _ANY_S),
    (Sign.VENTRICULAR_FIBRILLATION, Kind.LEAD): Strong(8.0, 2.0, (0.5, 1.6), _EVEN, 0.5),
    (Sign.VENTRICULAR_TACHYCARDIA, Kind.PULSE): Strong(8.0, 1.6, _SLOWER_S, (0.75, 1.25), 0.7),
    (Sign.VENTRICULAR_TACHYCARDIA, Kind.LEAD): Strong(8.0, 1.6, _SLOWER_S, _EVEN, 0.5),
    (Sign.EXTREME_BRADYCARDIA, Kind.PULSE): Strong(6.0, 1.33, (0.4, 1.25)),
    (Sign.EXTREME_BRADYCARDIA, Kind.LEAD): Strong(8.0, 1.45, (0.4, 1.4), _EVEN, 0.5),
    (Sign.EXTREME_TACHYCARDIA, Kind.PULSE): Strong(6.0, 1.6, (0.47, 1.6), (0.75, 1.25)),
    (Sign.EXTREME_TACHYCARDIA, Kind.LEAD): Strong(6.0, 1.6, (0.47, 1.6), _EVEN, 0.5),
}
BOTH = frozenset({Sign.EXTREME_TACHYCARDIA})
"""Contradicted by a pulse and a lead together only."""
_STOPPED = frozenset({Sign.ASYSTOLE, Sign.VENTRICULAR_FIBRILLATION})
_STOPPED_S = 3.0
_BEFORE_S = 8.0
_LONGEST_NS = 20_000_000_000
"""Before, a pulse may have been lost for any reason."""
_BEFORE = Strong(_BEFORE_S, 2.0, _ANY_S, (0.6, 1.6))


def contradicts(strong: Strong, course: Course) -> bool:
    """Whether beats that ran so are strong evidence."""
    return (
        course.gap_max_s <= strong.gap_max_s
        and strong.usual_s[0] <= course.usual_s <= strong.usual_s[1]
        and strong.even[0] <= course.shortest
        and course.longest <= strong.even[1]
        and course.lowest >= strong.lowest
    )


def bears_out(sign: Sign, witness: Witness, now_ns: int) -> bool:
    """Whether a pulse that ran evenly has stopped since, as it does when a heart stands still."""
    last_ns = witness.last_ns(now_ns)
    if sign not in _STOPPED or witness.kind is not Kind.PULSE:
        return False
    if now_ns - last_ns < _STOPPED_S * 1e9 + witness.lag_ns:
        return False
    if now_ns - last_ns > _LONGEST_NS or not witness.readable(last_ns, now_ns):
        return False
    before = witness.course(last_ns - round(_BEFORE_S * 1e9), last_ns + witness.lag_ns)
    return before is not None and contradicts(_BEFORE, before)
