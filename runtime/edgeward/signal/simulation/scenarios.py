"""A library of scripts by name: rhythms, faults, courses, and mixes with known events.

What happens, happens after a minute of normal life, and most of it ends a minute before the script
does: whatever judges it can settle first, and what is raised can be seen to end. A name that stands
for a state, such as a rate, is that state from begin to end.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgeward.signal.simulation.body_steps import (
    Apnea,
    Breathing,
    Motion,
    Movement,
    Pressure,
    Saturation,
    Temperature,
)
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.days import busy_day, quiet_hour
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.heart_steps import (
    COUPLETS,
    TRIGEMINY,
    Asystole,
    AtrialFibrillation,
    Ectopy,
    HeartStep,
    Paced,
    Pause,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Person, Script

BEFORE_S = 60.0
"""What happens, happens after this."""


def _around(*steps: HeartStep, person: Person | None = None) -> Script:
    """A heart's steps with a minute at 80 a minute before and after them."""
    rest = Sinus(BEFORE_S, 80.0)
    return Script((rest, *steps, rest), person=person or Person())


def _resting(seconds: float = 120.0, **lanes: tuple[object, ...]) -> Script:
    """A heart at rest, and something else that happens."""
    return Script((Sinus(seconds),), **lanes)  # type: ignore[arg-type] # lanes as a script has them


def _step_of_rate(to_bpm: float) -> Script:
    """A step from 80 a minute, as monitors are asked for."""
    return Script(
        (Sinus(BEFORE_S, 80.0, variability=0.0), Sinus(BEFORE_S, to_bpm, variability=0.0))
    )


def _fast_run(rate_bpm: float, height_mv: float, gain: float) -> Script:
    """A lasting ventricular tachycardia, as monitors are asked for: the gain is everything's."""
    person = Person(
        qrs_mv=gain, ventricular_mv=gain * height_mv, t_mv=0.25 * gain, p_mv=0.12 * gain
    )
    return _around(VentricularTachycardia(30.0, rate_bpm), person=person)


def _rhythms() -> dict[str, Script]:
    """Every rhythm, lethal or not."""
    found = {
        f"rate_{bpm}": Script((Sinus(90.0, bpm, variability=0.0),))
        for bpm in (30, 40, 60, 80, 120, 160, 200, 250, 300)
    }
    found |= {f"step_80_{bpm}": _step_of_rate(bpm) for bpm in (120, 40)}
    for name, rate_bpm, height_mv in (("4a", 206, 1.0), ("4b", 195, 2.0)):
        for gain, share in (("half", 0.5), ("one", 1.0), ("two", 2.0)):
            found[f"tachycardia_{name}_{gain}"] = _fast_run(rate_bpm, height_mv, share)
    return found | {
        "ramp_60_150": Script((Sinus(60, 60), Sinus(120, 60, 150), Sinus(60, 150))),
        "bigeminy": _around(Ectopy(60, 80)),
        "trigeminy": _around(Ectopy(60, 80, TRIGEMINY)),
        "couplets": _around(Ectopy(60, 80, COUPLETS)),
        "run_3": _around(VentricularTachycardia.run(3, 170)),
        "run_5": _around(VentricularTachycardia.run(5, 170)),
        "tachycardia_slow": _around(VentricularTachycardia(30, 100)),
        "tachycardia": _around(VentricularTachycardia(30, 180)),
        "tachycardia_fast": _around(VentricularTachycardia(30, 220)),
        "tachycardia_small": _around(VentricularTachycardia(30, 180, gain=0.36)),
        "tachycardia_no_pulse": _around(VentricularTachycardia(30, 200, pulse=0.0)),
        "fibrillation_coarse": _around(VentricularFibrillation(40, 1.0)),
        "fibrillation_fine": _around(VentricularFibrillation(40, 0.25)),
        "tachycardia_to_fibrillation": _around(
            VentricularTachycardia(10, 190), VentricularFibrillation(30), Asystole(20)
        ),
        "flutter": _around(VentricularFlutter(30)),
        "asystole": _around(Asystole(30)),
        "asystole_residual": _around(Asystole(30, residual_mv=1.0)),
        "asystole_p_waves": _around(Asystole(30, p_waves_bpm=70)),
        "asystole_spikes": _around(Paced(30), Asystole(30, spikes_bpm=70)),
        "pause": _around(Pause(3.5)),
        "pause_long": _around(Pause(6.0)),
        "atrial_fibrillation": _around(AtrialFibrillation(120, 95)),
        "bradycardia_extreme": _around(Sinus(60, 28)),
        "tachycardia_extreme": _around(Sinus(60, 190)),
        "no_pulse": _around(Sinus(40, 70, pulse=0.0)),
        "paced": Script((Paced(90),)),
        "paced_700_mv": Script((Paced(90),), person=Person(spike_mv=700.0, spike_ms=2.0)),
        "tall_t": Script((Sinus(90, 80),), person=Person(t_mv=1.2)),
        "qrs_small": Script((Sinus(90, 80),), person=Person(qrs_mv=0.15, t_mv=0.04, p_mv=0.02)),
        "qrs_large": Script((Sinus(90, 80),), person=Person(qrs_mv=5.0)),
        "qrs_inverted": Script((Sinus(90, 80),), person=Person(inverted=True)),
    }


def _courses() -> dict[str, Script]:
    """What happens besides the heart."""
    down = (Saturation(60.0),)
    found = {
        f"desaturation_{name}": _resting(
            300.0,
            saturation=(*down, Saturation.slope(98, 80, slope), Saturation(30, 80),
                        Saturation.slope(80, 98, 1.0)),
        )
        for name, slope in (("slow", 0.1), ("fast", 1.0))
    }  # fmt: skip
    for movement in (
        Movement.WALK, Movement.JOG, Movement.STAIRS, Movement.SIT_DOWN, Movement.JUMP,
        Movement.LIE_DOWN,
    ):  # fmt: skip
        steps = (Motion(60), Motion(20, movement), Motion(40))
        found[movement.value] = _resting(motion=steps)
    for name, impact_g, turn_deg in (("fall", 5.0, 80.0), ("fall_soft", 3.0, 60.0)):
        fall = Motion(30, Movement.FALL, impact_g, turn_deg)
        found[name] = _resting(motion=(Motion(60), fall))
    return found | {
        "apnea": _resting(180.0, breath=(Breathing(60), Apnea(45), Breathing(75))),
        "breath_slow": _resting(300.0, breath=(Breathing(60), Breathing(180, 5), Breathing(60))),
        "breath_fast": _resting(300.0, breath=(Breathing(60), Breathing(180, 40), Breathing(60))),
        "fever": _resting(1800.0, temperature=(Temperature(300, 37), Temperature(900, 37, 40))),
        "pressure_falls": _resting(
            300.0, pressure=(Pressure(60), Pressure(60, 120, 75, 70, 40), Pressure(120, 70, 40))
        ),
        "perfusion_low": Script((Sinus(120),), person=Person(perfusion=0.2)),
    }


_FAULTS = (
    ("ecg", FaultKind.RAIL, None), ("ecg", FaultKind.FLAT, None), ("ecg", FaultKind.MISSING, None),
    ("ecg", FaultKind.HUM, None), ("ecg", FaultKind.SATURATION, None),
    ("ecg", FaultKind.WEAK, 0.02), ("ecg", FaultKind.MOTION, 12.0), ("ecg", FaultKind.MOTION, 6.0),
    ("ecg", FaultKind.MOTION, 0.0), ("ecg", FaultKind.MUSCLE, 6.0),
    ("ecg", FaultKind.DROPOUTS, None), ("ppg", FaultKind.PROBE_OFF, None),
    ("ppg", FaultKind.FLAT, None), ("ppg", FaultKind.MOTION, 0.0), ("ppg", FaultKind.WEAK, 0.05),
    ("spo2", FaultKind.PROBE_OFF, None),
    ("spo2", FaultKind.FLAT, None), ("spo2", FaultKind.DROPOUTS, None),
    ("respiration", FaultKind.FLAT, None), ("temperature", FaultKind.MISSING, None),
    ("acceleration", FaultKind.FLAT, None), ("pressure", FaultKind.FLAT, None),
)  # fmt: skip


def _faults() -> dict[str, Script]:
    """Every fault for a minute, on a heart that goes on well."""
    found = {}
    for channel, kind, level in _FAULTS:
        figure = "" if level is None else f"_{level:g}"
        fault = Fault(kind, channel, BEFORE_S, 60.0, level)
        found[f"{channel}_{kind.value}{figure}"] = _resting(180.0, faults=(fault,))
    hidden = (Fault(FaultKind.RAIL, "ecg", BEFORE_S - 5, 25.0),)
    found["asystole_behind_a_fault"] = Script(_around(Asystole(60)).heart, faults=hidden)
    return found


SCENARIOS: Mapping[str, Script] = MappingProxyType(
    {**_rhythms(), **_courses(), **_faults(), "quiet_hour": quiet_hour(0), "busy_day": busy_day(0)}
)
"""All of them, by name."""


def scenario(name: str) -> Script:
    """The script of that name.

    Raises:
        ScriptError: there is none; the message names all there are.
    """
    if name not in SCENARIOS:
        raise ScriptError(f"found the scenario {name!r}; accepted: {', '.join(sorted(SCENARIOS))}")
    return SCENARIOS[name]
