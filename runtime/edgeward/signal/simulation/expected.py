"""The alarms that a script must lead to, and those it may: from what is true, never detected.

Rules:
1. What must be raised is certain: beyond its limit by more than the margin, for longer than its
   delay, and visible. What is nearer or shorter may be raised or not.
2. What begins while nothing can be seen must be raised after that, if it lasts as long.
3. Where one thing may be taken for another (a fast ventricular run for fibrillation, no beats in
   fibrillation for a standstill), the other may be raised as well.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import inf

import numpy as np

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import BeatClass, Reason, Sign, Vital
from edgeward.signal.simulation.criteria import Criteria, Expected, Limit, Side
from edgeward.signal.simulation.faults import FaultKind
from edgeward.signal.simulation.generate import CHANNELS
from edgeward.signal.simulation.heart_steps import Rhythm
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.spans import gaps, rate_courses, runs_beyond, stretches
from edgeward.signal.simulation.truth import Truth

_CHAOS = (Rhythm.VENTRICULAR_FIBRILLATION, Rhythm.VENTRICULAR_FLUTTER)
_ACTIVITY_S = 0.25
_NO_WAVE_S = 3.0
_NO_WAVE = frozenset({Reason.WEAK, Reason.NOISE, Reason.FLAT, Reason.LEAD_OFF, Reason.STUCK})
_SLOW = (Signal.SPO2, Signal.TEMPERATURE, Signal.ACCELERATION)
_SEEN_IN: dict[Sign | Vital | FaultKind, Signal] = {
    Sign.APNEA: Signal.RESPIRATION,
    Sign.NO_PULSE: Signal.PPG,
    Sign.FALL: Signal.ACCELERATION,
    Vital.PULSE_RATE: Signal.PPG,
    Vital.RESPIRATION_RATE: Signal.RESPIRATION,
    Vital.SPO2: Signal.SPO2,
    Vital.TEMPERATURE: Signal.TEMPERATURE,
    Vital.PRESSURE_SYSTOLIC: Signal.PRESSURE,
    Vital.PRESSURE_MEAN: Signal.PRESSURE,
    Vital.PRESSURE_DIASTOLIC: Signal.PRESSURE,
}
"""Everything else is seen in the ECG."""


def expected_alarms(
    truth: Truth, criteria: Criteria | None = None, channels: tuple[Channel, ...] = CHANNELS
) -> tuple[Expected, ...]:
    """Every alarm that is to be expected, in order of what it is about.

    Only what these channels can show is expected.
    """
    criteria = criteria or Criteria()
    there = {channel.signal for channel in channels}
    about_the_body = [
        *_standstill(truth, criteria),
        *_chaos(truth, criteria),
        *_runs(truth, criteria),
        *_rates(truth, criteria),
        *_numbers(truth, criteria),
        *_breath_and_pulse(truth, criteria),
        *_falls(truth, criteria),
    ]
    seen = [
        _when_visible(one, signal, truth, criteria, channels)
        for one, signal in (
            *((one, _SEEN_IN.get(one.what, Signal.ECG)) for one in about_the_body),
            *((one, Signal.PRESSURE) for one in _stopped(truth, criteria)),
        )
        if signal in there
    ]
    told = [*seen, *_faults(truth, criteria, channels), *_without_pulse(truth, criteria, channels)]
    lasting = [
        replace(one, gone_by_s=inf) if one.ends_s >= truth.seconds - 1.0 else one for one in told
    ]
    return tuple(sorted(lasting, key=lambda one: one.begins_s))


def _chaos_spans(truth: Truth) -> list[tuple[float, float]]:
    """Where there are no beats, and no standstill either."""
    spans: list[tuple[float, float]] = []
    for span in truth.rhythms:
        if span.rhythm not in _CHAOS:
            continue
        if spans and spans[-1][1] == span.start_s:
            spans[-1] = (spans[-1][0], span.end_s)
        else:
            spans.append((span.start_s, span.end_s))
    return spans


def _standstill(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """Asystole and pauses; fibrillation is no standstill, and may be taken for one."""
    chaos = _chaos_spans(truth)
    activity = [np.arange(start, end, _ACTIVITY_S) for start, end in chaos]
    active_s = np.sort(np.concatenate([truth.beats_s, *activity]))
    for last_s, next_s in gaps(active_s, truth.seconds, 0.9 * criteria.pause_s):
        pause = _gap(Sign.PAUSE, last_s, next_s, criteria.pause_s, criteria)
        gap_s = next_s - last_s
        apart = gap_s >= 1.5 * _interval_before(active_s, last_s)  # a slow heart makes no pauses
        if apart and criteria.pause_s * 1.1 <= gap_s < criteria.asystole_s * 0.9:
            by_s = last_s + criteria.pause_s + criteria.sign_delay_s
            pause = replace(pause, raise_by_s=max(by_s, next_s))
        else:
            pause = replace(pause, raise_by_s=None)
        yield pause
        if gap_s > 0.9 * criteria.asystole_s:
            yield _gap(Sign.ASYSTOLE, last_s, next_s, criteria.asystole_s, criteria)
    for start_s, end_s in chaos:
        for sign in (Sign.ASYSTOLE, Sign.PAUSE):
            yield _may(sign, start_s - 2.0, end_s + 2.0, criteria)


def _interval_before(events_s: F64, last_s: float) -> float:
    """From the event before an event to this one; without one before, for ever."""
    place = int(np.searchsorted(events_s, last_s))
    return float(events_s[place] - events_s[place - 1]) if place else inf


def _gap(sign: Sign, last_s: float, next_s: float, over_s: float, criteria: Criteria) -> Expected:
    """A sign that nothing came for too long; required when it lasts beyond the delay."""
    delay_s = criteria.sign_delay_s
    if sign is Sign.ASYSTOLE:
        delay_s = criteria.standstill_delay_s
    by_s = last_s + over_s + delay_s
    return Expected(
        sign,
        last_s,
        next_s,
        earliest_s=last_s + 0.9 * over_s,
        raise_by_s=by_s if next_s >= by_s else None,
        gone_by_s=next_s + criteria.clear_s,
    )


def _may(
    what: Sign | Vital | FaultKind,
    start_s: float,
    end_s: float,
    criteria: Criteria,
    side: Side | None = None,
) -> Expected:
    """What may be raised, or not."""
    return Expected(what, start_s, end_s, start_s, None, end_s + criteria.clear_s, side)


def _chaos(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """Fibrillation and flutter; a run of ventricular beats may be seen in them."""
    for start_s, end_s in _chaos_spans(truth):
        by_s = start_s + criteria.fibrillation_s + criteria.sign_delay_s
        yield Expected(
            Sign.VENTRICULAR_FIBRILLATION,
            start_s,
            end_s,
            earliest_s=start_s,
            raise_by_s=by_s if end_s >= by_s else None,
            gone_by_s=end_s + criteria.clear_s,
        )
        yield _may(Sign.VENTRICULAR_TACHYCARDIA, start_s, end_s, criteria)


def _runs(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """Runs of ventricular beats; a fast one may be taken for fibrillation."""
    ventricular = truth.classes == BeatClass.VENTRICULAR
    for first, end in stretches(ventricular):
        times_s = truth.beats_s[first:end]
        if len(times_s) < min(3, criteria.ventricular_beats):
            continue
        bpm = 60.0 / float(np.median(np.diff(times_s)))
        if bpm < criteria.ventricular_bpm - criteria.margin_bpm:
            continue
        certain = bpm > criteria.ventricular_bpm + criteria.margin_bpm
        enough = len(times_s) >= criteria.ventricular_beats
        start_s, last_s = float(times_s[0]), float(times_s[-1])
        yield Expected(
            Sign.VENTRICULAR_TACHYCARDIA,
            start_s,
            last_s,
            earliest_s=float(times_s[1]),
            raise_by_s=float(times_s[criteria.ventricular_beats - 1]) + criteria.sign_delay_s
            if certain and enough
            else None,
            gone_by_s=last_s + criteria.clear_s,
        )
        yield _may(Sign.VENTRICULAR_FIBRILLATION, start_s, last_s, criteria)


def _rates(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """The heart rate beyond its limits, and beyond the extremes."""
    asked: list[tuple[Sign | Vital, Limit]] = [
        (one.vital, one) for one in criteria.limits if one.vital is Vital.HEART_RATE
    ]
    for sign, side, bpm in (
        (Sign.EXTREME_BRADYCARDIA, Side.LOW, criteria.extreme_low_bpm),
        (Sign.EXTREME_TACHYCARDIA, Side.HIGH, criteria.extreme_high_bpm),
    ):
        own = Limit(Vital.HEART_RATE, side, bpm, criteria.margin_bpm, delay_s=criteria.rate_delay_s)
        asked.append((sign, own))
    courses = rate_courses(truth.beats_s, truth.seconds, criteria.asystole_s)
    for what, limit in asked:
        side_told = limit.side if isinstance(what, Vital) else None
        yield from _beyond(what, side_told, limit, courses, criteria)
        for start_s, end_s in _chaos_spans(truth):
            yield _may(what, start_s - 2.0, end_s + criteria.clear_s, criteria, side_told)


def _numbers(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """All other values beyond their limits."""
    for limit in criteria.limits:
        if limit.vital is Vital.HEART_RATE or limit.vital not in truth.vitals:
            continue
        course = truth.vitals[limit.vital]
        yield from _beyond(limit.vital, limit.side, limit, (course, course, course), criteria)


def _beyond(
    what: Sign | Vital,
    side: Side | None,
    limit: Limit,
    courses: tuple[F64, F64, F64],
    criteria: Criteria,
) -> Iterator[Expected]:
    """Stretches beyond a limit: certain ones, and those that may be seen so."""
    sign = 1.0 if limit.side is Side.HIGH else -1.0
    signed = [_told(sign * one, sign < 0, int(criteria.learning_s)) for one in courses]
    found = runs_beyond(
        (signed[0], signed[1], signed[2]),
        sign * limit.value,
        limit.margin,
        int(limit.delay_s),
        int(criteria.clear_s),
    )
    for one in found:
        yield Expected(
            what,
            one.begins,
            one.ends,
            earliest_s=one.earliest,
            raise_by_s=one.begins + limit.delay_s if one.certain else None,
            gone_by_s=one.ends + criteria.clear_s,
            side=side,
        )


def _told(course: F64, low: bool, learning: int) -> F64:  # noqa: FBT001 # one side or the other
    """The course where it has no value: as low as can be, but for the time of learning."""
    missing = np.isnan(course)
    learnt = np.arange(len(course)) >= learning
    known: F64 = np.where(missing, np.where(learnt & low, inf, -inf), course)
    return known


def _breath_and_pulse(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """Nothing for too long."""
    for sign, events_s, over_s in (
        (Sign.APNEA, truth.breaths_s, criteria.apnea_s),
        (Sign.NO_PULSE, truth.pulses_s, criteria.no_pulse_s),
    ):
        for last_s, next_s in gaps(events_s, truth.seconds, 0.9 * over_s):
            yield _gap(sign, last_s, next_s, over_s, criteria)


def _stopped(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """No pulse in an arterial line."""
    over_s = criteria.stopped_s
    for last_s, next_s in gaps(truth.pressure_pulses_s, truth.seconds, 0.9 * over_s):
        yield _gap(Sign.NO_PULSE, last_s, next_s, over_s, criteria)


def _falls(truth: Truth, criteria: Criteria) -> Iterator[Expected]:
    """Each fall; how long it is told is for others to say."""
    for fall in truth.falls:
        yield Expected(
            Sign.FALL,
            fall.free_fall_s,
            fall.impact_s,
            earliest_s=fall.impact_s,
            raise_by_s=fall.impact_s + criteria.fall_delay_s,
            gone_by_s=inf,
        )


def _faults(truth: Truth, criteria: Criteria, channels: tuple[Channel, ...]) -> Iterator[Expected]:
    """Each fault of a channel; a number, and a body at rest, may stay the same for long."""
    slow = {channel.name for channel in channels if channel.signal in _SLOW}
    for fault in truth.faults:
        alive = fault.kind is FaultKind.FLAT and fault.channel in slow
        lasting = fault.certain and fault.seconds >= criteria.fault_delay_s and not alive
        yield Expected(
            fault.kind,
            fault.start_s,
            fault.end_s,
            earliest_s=fault.start_s,
            raise_by_s=fault.start_s + criteria.fault_delay_s if lasting else None,
            gone_by_s=fault.end_s + criteria.clear_s,
            channel=fault.channel,
            reasons=fault.reasons,
        )


def _without_pulse(
    truth: Truth, criteria: Criteria, channels: tuple[Channel, ...]
) -> Iterator[Expected]:
    """Light and pressure without a pulse may be taken for a bad signal."""
    for channel in channels:
        if channel.signal not in (Signal.PPG, Signal.PRESSURE):
            continue
        for last_s, next_s in gaps(truth.pulses_s, truth.seconds, _NO_WAVE_S):
            yield replace(
                _may(FaultKind.WEAK, last_s, next_s, criteria),
                channel=channel.name,
                reasons=_NO_WAVE,
            )


def _when_visible(
    one: Expected,
    signal: Signal,
    truth: Truth,
    criteria: Criteria,
    channels: tuple[Channel, ...],
) -> Expected:
    """Put off what is hidden until it can be seen; what is over by then may be raised or not."""
    if one.raise_by_s is None:
        return one
    needed_s = one.raise_by_s - one.begins_s
    hidden = _hidden_spans(truth, criteria, [c.name for c in channels if c.signal is signal])
    seen_s = one.begins_s
    for start_s, end_s in hidden:
        if start_s < seen_s + needed_s and end_s > seen_s:
            seen_s = end_s
    if seen_s == one.begins_s:
        return one
    lasts = seen_s + needed_s <= one.ends_s
    return replace(one, raise_by_s=seen_s + needed_s if lasts else None)


def _hidden_spans(truth: Truth, criteria: Criteria, names: list[str]) -> list[tuple[float, float]]:
    """While learning, and while every channel of a kind has a fault that hides the body."""
    hiding = [fault for fault in truth.faults if fault.hides and fault.channel in names]
    spans = [(0.0, criteria.learning_s)]
    for fault in sorted(hiding, key=lambda one: one.start_s):
        others = {
            other.channel
            for other in hiding
            if other.start_s < fault.end_s and other.end_s > fault.start_s
        }
        if others >= set(names):
            spans.append((fault.start_s, fault.end_s + criteria.learning_s))
    return spans
