"""What was raised, held against what was to be expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from edgeward.signal.findings import Reason, Sign, Vital
from edgeward.signal.simulation.criteria import Expected, Side


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that was raised: a sign, a limit, or what is wrong with a channel."""

    what: Sign | Vital | Reason
    begins_s: float
    ends_s: float = inf
    """When its condition was told to be over."""
    side: Side | None = None
    """Of a limit."""
    channel: str | None = None
    """Of what is wrong with one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How it went."""

    missed: tuple[Expected, ...]
    """Required, and not there in time."""
    false: tuple[Raised, ...]
    """Raised, and accounted for by nothing."""
    lingering: tuple[Raised, ...]
    """Rightly raised, and still there after all that accounts for it was long over."""
    delays_s: tuple[float, ...]
    """Of each required alarm that came, from what it is about until it was raised."""


def judge(expected: Sequence[Expected], raised: Sequence[Raised]) -> Judged:
    """Hold what was raised against what was to be expected.

    An alarm that stood before the event and still stands is there in time. One alarm may be
    accounted for by several expected ones, and several alarms by one.
    """
    required = [one for one in expected if one.raise_by_s is not None]
    first = [(one, _first(one, raised)) for one in required]
    false, lingering = [], []
    for alarm in raised:
        about = [one for one in expected if _is_about(one, alarm)]
        if not any(one.earliest_s <= alarm.begins_s <= one.gone_by_s for one in about):
            false.append(alarm)
        elif alarm.ends_s > max(one.gone_by_s for one in about if one.earliest_s < alarm.ends_s):
            lingering.append(alarm)
    return Judged(
        missed=tuple(one for one, came in first if came is None),
        false=tuple(false),
        lingering=tuple(lingering),
        delays_s=tuple(max(0.0, came - one.begins_s) for one, came in first if came is not None),
    )


def _first(one: Expected, raised: Sequence[Raised]) -> float | None:
    """When the first alarm came that was there in time."""
    by_s = inf if one.raise_by_s is None else one.raise_by_s
    came = [
        alarm.begins_s
        for alarm in raised
        if _is_about(one, alarm) and alarm.begins_s <= by_s and alarm.ends_s > one.earliest_s
    ]
    return min(came, default=None)


def _is_about(one: Expected, alarm: Raised) -> bool:
    """Whether the alarm is of this kind, whenever it was raised."""
    if one.channel is not None:
        return alarm.what in one.reasons and alarm.channel == one.channel
    return alarm.what == one.what and alarm.side == one.side
