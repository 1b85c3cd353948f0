"""Rates of recorded patients beyond a limit: what was told of them, what was not, what was made up.

Rules:
1. A rate may be shown 5 a minute off; EC13 asks no more. So an alarm is false only where the marked
   rate came not even so near to the limit, an episode missed only where it went so far beyond.
2. An episode is told by whatever calls for it, be it something worse, or by a technical alarm that
   the rate cannot be read: nobody relies on a number that is not there. How much of the time it is
   not there is a figure of its own.
3. Where nobody marked beats, nothing is judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.scoring.episodes import Episode
from edgeward_harness.measure.scoring.rate_limits import (
    Rates,
    episodes_above,
    episodes_below,
    mean_rates,
)
from edgeward_harness.rig.playing import Played

LOW_RATE: Final = 50.0
HIGH_RATE: Final = 120.0
"""The limits that are set for every recorded patient, per minute."""
RATE_OFF: Final = 5.0
LATE_S: Final = 11.0
"""A rate is an average of ten seconds, and a block is one more: so late may its alarm be."""
SETTLED_S: Final = 30
LOW_ALARMS: Final = ("heart_rate_low", "extreme_bradycardia", "asystole", "pause")
HIGH_ALARMS: Final = (
    "heart_rate_high",
    "extreme_tachycardia",
    "ventricular_tachycardia",
    "ventricular_fibrillation",
)
"""A patient whose rate is beyond a limit may be announced by what is worse."""
UNREADABLE: Final = tuple(
    f"ecg_{why}"
    for why in ("noise", "weak", "lead_off", "missing", "flat", "stale", "out_of_range", "clock")
)


@dataclass(frozen=True, slots=True)
class RateScore:
    """Rates beyond a limit in one recording."""

    name: str
    present: int
    missed: tuple[str, ...]
    """Each episode that passed in silence (rules 1 and 2)."""
    strictly_missed: int
    """Episodes without an alarm that calls for them, however little they were beyond."""
    false: tuple[str, ...]
    """Each alarm that nothing near a limit stands for."""
    strictly_false: int
    """Alarms that no rate beyond a limit stands for, however near it came."""
    hours: float
    shown: Share
    """The seconds with a rate, of those in which people marked one."""


def rate_score(played: Played) -> RateScore:
    """Episodes beyond a limit and what was told of them, and alarms without one."""
    recording = played.recording
    rates = mean_rates(
        recording.beats.samples, recording.waves[0].rate_hz, played.seconds, recording.unmarked
    )
    episodes = [*_episodes(rates)]
    unreadable = played.alarms(*UNREADABLE)
    silent = [
        (episode, beyond)
        for episode, beyond, alarms in episodes
        if not _told(episode, played.alarms(*alarms))
    ]
    missed = [
        f"{recording.name} at {episode[0]:.0f} s: {beyond:.0f}/min beyond"
        for episode, beyond in silent
        if beyond >= RATE_OFF and not _told(episode, unreadable)
    ]
    apart = _apart(played, rates)
    return RateScore(
        name=recording.name,
        present=len(episodes),
        missed=tuple(missed),
        strictly_missed=len(silent),
        false=tuple(alarm for alarm, off in apart if off >= RATE_OFF),
        strictly_false=sum(off >= 0 for _, off in apart),
        hours=played.seconds / 3600,
        shown=_shown(played, rates),
    )


def _episodes(rates: Rates) -> Iterator[tuple[Episode, float, tuple[str, ...]]]:
    """Each episode, how far beyond its limit it went, and what calls for it."""
    for found, alarms, limit, side in (
        (episodes_below(rates, LOW_RATE), LOW_ALARMS, LOW_RATE, -1),
        (episodes_above(rates, HIGH_RATE), HIGH_ALARMS, HIGH_RATE, 1),
    ):
        for begin, end in found:
            beyond = max(side * (rate - limit) for rate in rates[int(begin) : int(end)] if rate)
            yield (begin, end), beyond, alarms


def _told(episode: Episode, alarms: list[tuple[float, float]]) -> bool:
    """Whether one of these was up in it, or soon after it."""
    begin, end = episode
    return any(since <= end + LATE_S and until >= begin for since, until in alarms)


def _shown(played: Played, rates: Rates) -> Share:
    shown = played.readings("heart_rate")[SETTLED_S:]
    marked = [
        value for value, rate in zip(shown, rates[SETTLED_S:], strict=False) if rate is not None
    ]
    return Share(played.recording.name, sum(value is not None for value in marked), len(marked))


def _apart(played: Played, rates: Rates) -> list[tuple[str, float]]:
    """Each alarm of the heart rate, and how far within its limit the marked rate stayed."""
    apart: list[tuple[str, float]] = []
    for alarm in (LOW_ALARMS[0], HIGH_ALARMS[0]):
        for since, until in played.alarms(alarm):
            near = [rate for rate in _near(rates, since, until) if rate is not None]
            if not near or len(near) < len(_near(rates, since, until)):
                continue  # nobody marked beats there
            off = min(near) - LOW_RATE if alarm == LOW_ALARMS[0] else HIGH_RATE - max(near)
            apart.append((f"{played.recording.name} at {since:.0f} s: {alarm}", off))
    return apart


def _near(rates: Rates, since: float, until: float) -> Rates:
    """The marked rates that an alarm may be about."""
    return rates[max(0, int(since - LATE_S)) : int(until + LATE_S)]
