"""Hours and days of ordinary life with what disturbs it, and lethal events at random times.

Everything is drawn from one seed, so that a day is a short name for some hundred steps. Ordinary
life stays well within usual limits; what lies beyond them is put there on purpose, and is in the
truth like everything else.
"""

from collections.abc import Callable

from numpy.random import Generator

from edgeward.signal.simulation.body_steps import (
    Apnea,
    Breathing,
    Motion,
    Movement,
    Saturation,
)
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    AtrialFibrillation,
    Ectopy,
    Sinus,
    VentricularFibrillation,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Script

_HOUR_S = 3600.0
_LETHAL_EVERY_S = 2 * _HOUR_S
_BPM = (58.0, 98.0)


def quiet_hour(seed: int) -> Script:
    """An hour at rest: nothing is to be raised."""
    chance = draw(seed, Purpose.SCENARIO, 1)
    heart, left_s, bpm = [], _HOUR_S, float(chance.uniform(*_BPM))
    while left_s > 0:
        seconds = min(left_s, float(chance.uniform(200, 600)))
        to_bpm = float(chance.uniform(*_BPM))
        heart.append(Sinus(max(seconds, 1.0), bpm, to_bpm))
        left_s, bpm = left_s - seconds, to_bpm
    return Script(tuple(heart), breath=(Breathing(60, float(chance.uniform(12, 18))),))


def busy_day(seed: int, hours: float = 24.0) -> Script:
    """Hours of ordinary life with movement, faults and extra beats; a lethal event now and then.

    The events come at random times, one in two hours on average, each kind as often as the others,
    with five minutes of undisturbed rest before and after each.
    """
    chance = draw(seed, Purpose.SCENARIO, 2)
    parts = [_rest(chance, 120.0)]
    lasted_s = 120.0
    next_event_s = float(chance.uniform(0.1, 1.9)) * _LETHAL_EVERY_S
    bag: list[Callable[[Generator], Script]] = []
    while lasted_s < hours * _HOUR_S:
        if lasted_s >= next_event_s:
            bag = bag or [LETHAL[int(place)] for place in chance.permutation(len(LETHAL))]
            event = bag.pop()(chance)
            fresh = [_rest(chance, 300.0), event, _rest(chance, 300.0)]
            next_event_s = lasted_s + float(chance.uniform(0.3, 1.7)) * _LETHAL_EVERY_S
        else:
            fresh = [ORDINARY[int(chance.integers(len(ORDINARY)))](chance)]
        parts += fresh
        lasted_s += sum(part.seconds for part in fresh)
    return joined(parts)


def joined(parts: list[Script]) -> Script:
    """One after the other; in pairs, so that a day does not take the square of its steps."""
    while len(parts) > 1:
        pairs = [first + second for first, second in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0]


def _rest(chance: Generator, seconds: float) -> Script:
    """A heart at rest."""
    return Script((Sinus(seconds, float(chance.uniform(*_BPM))),))


def _some_s(chance: Generator, low: float = 300.0, high: float = 1500.0) -> float:
    return float(chance.uniform(low, high))


def _ordinary_rest(chance: Generator) -> Script:
    seconds = _some_s(chance)
    return Script((Sinus(seconds, float(chance.uniform(*_BPM)), float(chance.uniform(*_BPM))),))


def _ordinary_walk(chance: Generator) -> Script:
    """Up and about: the heart is faster, electrode and finger move now and then."""
    seconds = _some_s(chance, 300.0, 900.0)
    movement = (Movement.WALK, Movement.STAIRS, Movement.JOG)[int(chance.integers(3))]
    channel = ("ecg", "ppg")[int(chance.integers(2))]
    burst_s = float(chance.uniform(5, 60))
    start_s = float(chance.uniform(10, seconds - burst_s - 10))
    burst = Fault(FaultKind.MOTION, channel, start_s, burst_s, float(chance.uniform(0, 12)))
    heart = (Sinus(60, 75, 105), Sinus(seconds - 120, 105), Sinus(60, 105, 75))
    motion = (Motion(60), Motion(seconds - 120, movement))
    return Script(heart, motion=motion, faults=(burst,), breath=(Breathing(seconds, 20),))


def _ordinary_seat(chance: Generator) -> Script:
    """To sit, to rise, to lie: posture changes that are no falls."""
    postures = (Movement.SIT_DOWN, Movement.STAND_UP, Movement.LIE_DOWN, Movement.STAND_UP)
    seconds = _some_s(chance, 150.0, 400.0)
    motion = tuple(Motion(seconds, posture) for posture in postures)
    return Script((Sinus(4 * seconds, float(chance.uniform(*_BPM))),), motion=motion)


def _ordinary_ectopy(chance: Generator) -> Script:
    """Extra beats, alone, in a row of two, or every other beat."""
    pattern = ("N" * int(chance.integers(4, 12)) + "V", "NV", "NNNNNVV")[int(chance.integers(3))]
    return Script((Ectopy(_some_s(chance, 60, 300), float(chance.uniform(60, 95)), pattern),))


def _ordinary_fault(chance: Generator) -> Script:
    """A lead or a probe comes off, or nothing arrives, for a while."""
    channel, kind = (
        ("ecg", FaultKind.RAIL), ("ecg", FaultKind.MISSING), ("ecg", FaultKind.HUM),
        ("ppg", FaultKind.PROBE_OFF), ("spo2", FaultKind.PROBE_OFF), ("spo2", FaultKind.FLAT),
        ("respiration", FaultKind.FLAT), ("ecg", FaultKind.MUSCLE),
    )[int(chance.integers(8))]  # fmt: skip
    fault_s = float(chance.uniform(15, 180))
    part = _rest(chance, fault_s + 240.0)
    return Script(part.heart, faults=(Fault(kind, channel, 120.0, fault_s),))


def _ordinary_dip(chance: Generator) -> Script:
    """A little less oxygen for a little while."""
    low = float(chance.uniform(91, 95))
    dip = (Saturation(60), Saturation(40, 98, low), Saturation(60, low), Saturation(40, low, 98))
    return Script((Sinus(300, float(chance.uniform(*_BPM))),), saturation=dip)


def _lethal_standstill(chance: Generator) -> Script:
    return Script((Asystole(float(chance.uniform(15, 40)), float(chance.uniform(0.05, 0.6))),))


def _lethal_fibrillation(chance: Generator) -> Script:
    height_mv = float(chance.uniform(0.4, 1.2))
    return Script((VentricularFibrillation(float(chance.uniform(20, 60)), height_mv),))


def _lethal_tachycardia(chance: Generator) -> Script:
    rate_bpm = float(chance.uniform(150, 220))
    return Script((VentricularTachycardia(float(chance.uniform(15, 45)), rate_bpm),))


def _lethal_slowness(chance: Generator) -> Script:
    return Script((Sinus(float(chance.uniform(40, 90)), float(chance.uniform(22, 29))),))


def _lethal_breath(chance: Generator) -> Script:
    """No breath, and the oxygen that goes with it."""
    low = float(chance.uniform(70, 80))
    saturation = (Saturation(30), Saturation(60, 97, low), Saturation(30, low, 96))
    return Script((Sinus(180, 90),), breath=(Apnea(90), Breathing(60, 18)), saturation=saturation)


def _lethal_fall(chance: Generator) -> Script:
    """A fall, and nobody gets up for a minute."""
    turn_deg = float(chance.uniform(60, 90))
    fall = Motion(60, Movement.FALL, float(chance.uniform(3, 8)), turn_deg)
    return Script((Sinus(90, 95),), motion=(fall, Motion(30, Movement.STAND_UP)))


def _irregular(chance: Generator) -> Script:
    return Script((AtrialFibrillation(_some_s(chance), float(chance.uniform(65, 85)), 0.15),))


ORDINARY: tuple[Callable[[Generator], Script], ...] = (
    _ordinary_rest, _ordinary_walk, _ordinary_seat, _ordinary_ectopy, _ordinary_fault,
    _ordinary_dip, _irregular,
)  # fmt: skip
LETHAL: tuple[Callable[[Generator], Script], ...] = (
    _lethal_standstill, _lethal_fibrillation, _lethal_tachycardia, _lethal_slowness,
    _lethal_breath, _lethal_fall,
)  # fmt: skip
