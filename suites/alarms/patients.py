"""The simulated patients of this suite: lethal, quiet, and with a fault on the way to the device.

All of them are scripts of `edgeward.signal.simulation`, varied by a seed; what is true about them
and what must be raised comes from there as well, and never from the device.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from edgeward.signal.findings import Sign, Vital
from edgeward.signal.simulation.body_steps import (
    Apnea,
    Breathing,
    Motion,
    Movement,
    Saturation,
    Temperature,
)
from edgeward.signal.simulation.criteria import Criteria, Expected
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.heart_steps import (
    TRIGEMINY,
    Asystole,
    AtrialFibrillation,
    Ectopy,
    HeartStep,
    Paced,
    Sinus,
    VentricularFibrillation,
    VentricularFlutter,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Person, Script
from edgeward_harness.rig.ward import Bed, simulated_bed

LEAD_S: Final = 20.0
"""Of normal life before anything happens: a device may learn for so long."""
AVERAGING: Final = Criteria(standstill_delay_s=0.0, sign_delay_s=2.0, rate_delay_s=10.0)
"""How long each condition may take by its own definition: 4 s without a beat, 4 s of fibrillation
and 2 s to tell it, five ventricular beats and 2 s, 10 s of an extreme rate, 10 s without a pulse
and 2 s, 20 s without a breath and 2 s. The time of the alarm comes on top."""


@dataclass(frozen=True, slots=True)
class Lethal:
    """What a heart does, and the sign that it is; where that is an apnea, the breath stops."""

    sign: Sign
    step: HeartStep
    channels: tuple[str, ...] = ("ecg",)


LETHAL: Mapping[str, Lethal] = MappingProxyType(
    {
        "asystole": Lethal(Sign.ASYSTOLE, Asystole(8.0)),
        "asystole_residual": Lethal(Sign.ASYSTOLE, Asystole(8.0, residual_mv=1.0)),
        "asystole_p_waves": Lethal(Sign.ASYSTOLE, Asystole(8.0, p_waves_bpm=70)),
        "asystole_spikes": Lethal(Sign.ASYSTOLE, Asystole(8.0, spikes_bpm=70)),
        "bradycardia_extreme": Lethal(Sign.EXTREME_BRADYCARDIA, Sinus(20.0, 25.0, variability=0.0)),
        "fibrillation_coarse": Lethal(
            Sign.VENTRICULAR_FIBRILLATION, VentricularFibrillation(10.0, 1.0)
        ),
        "fibrillation_fine": Lethal(
            Sign.VENTRICULAR_FIBRILLATION, VentricularFibrillation(10.0, 0.25)
        ),
        "flutter": Lethal(Sign.VENTRICULAR_FIBRILLATION, VentricularFlutter(10.0)),
        "tachycardia": Lethal(Sign.VENTRICULAR_TACHYCARDIA, VentricularTachycardia(8.0, 180.0)),
        "tachycardia_fast": Lethal(
            Sign.VENTRICULAR_TACHYCARDIA, VentricularTachycardia(8.0, 220.0)
        ),
        "tachycardia_extreme": Lethal(
            Sign.EXTREME_TACHYCARDIA, Sinus(20.0, 200.0, variability=0.0)
        ),
        "no_pulse": Lethal(Sign.NO_PULSE, Sinus(18.0, 70.0, pulse=0.0), ("ecg", "ppg")),
        "apnea": Lethal(Sign.APNEA, Sinus(28.0, 75.0), ("respiration",)),
    }
)
"""What kills within minutes, by name."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A patient who will die unless somebody comes, and the alarm that must be given."""

    name: str
    seed: int
    bed: Bed
    expected: Expected


def doomed(name: str, seed: int) -> Doomed:
    """One of `LETHAL` after some twenty seconds of normal life, in a body of its own."""
    draw = np.random.default_rng(seed)
    lethal = LETHAL[name]
    lead_s = LEAD_S + float(draw.uniform(0.0, 2.0))
    body = Person(qrs_mv=float(draw.uniform(0.6, 1.8)))
    before = Sinus(lead_s, float(draw.uniform(60.0, 95.0)))
    stops = lethal.sign is Sign.APNEA
    breath = (Breathing(lead_s), Apnea(lethal.step.seconds)) if stops else ()
    script = Script((before, lethal.step), breath=breath, person=body)
    bed = simulated_bed(f"{name}-{seed % 10**6}", script, seed, *lethal.channels)
    assert bed.record is not None
    required = [
        one
        for one in expected_alarms(bed.record.truth, AVERAGING, bed.channels)
        if one.what is lethal.sign and one.required
    ]
    return Doomed(name, seed, bed, required[0])


def _steady(*heart: HeartStep, **person: float | bool) -> Script:
    return Script(heart, person=Person(**person))  # type: ignore[arg-type] # fields of a person


QUIET_S: Final = 45.0
QUIET: Mapping[str, tuple[Script, tuple[str, ...]]] = MappingProxyType(
    {
        "sinus_60": (_steady(Sinus(QUIET_S, 60.0)), ("ecg",)),
        "sinus_80": (_steady(Sinus(QUIET_S, 80.0)), ("ecg", "ppg", "spo2", "temperature")),
        "sinus_100": (_steady(Sinus(QUIET_S, 100.0)), ("ecg",)),
        "bigeminy": (_steady(Sinus(15.0, 80.0), Ectopy(QUIET_S - 15.0, 80.0)), ("ecg",)),
        "trigeminy": (
            _steady(Sinus(15.0, 80.0), Ectopy(QUIET_S - 15.0, 80.0, TRIGEMINY)), ("ecg",),
        ),
        "atrial_fibrillation": (_steady(AtrialFibrillation(QUIET_S, 85.0)), ("ecg",)),
        "tall_t": (_steady(Sinus(QUIET_S, 80.0), t_mv=1.2), ("ecg",)),
        "qrs_small": (
            _steady(Sinus(QUIET_S, 80.0), qrs_mv=0.15, t_mv=0.04, p_mv=0.02), ("ecg",),
        ),
        "qrs_large": (_steady(Sinus(QUIET_S, 80.0), qrs_mv=5.0), ("ecg",)),
        "qrs_inverted": (_steady(Sinus(QUIET_S, 80.0), inverted=True), ("ecg",)),
        "paced": (_steady(Paced(QUIET_S)), ("ecg",)),
        "walk": (
            Script((Sinus(QUIET_S, 90.0),), motion=(Motion(15.0), Motion(25.0, Movement.WALK))),
            ("ecg", "acceleration"),
        ),
    }
)  # fmt: skip
"""What is no emergency, by name: the script and the channels."""


FAULT_AT_S: Final = 20.0
FAULT_S: Final = 25.0


def with_fault(name: str, seed: int, kind: FaultKind | None, channel: str) -> Bed:
    """A healthy patient; something happens on the way of one channel after twenty seconds."""
    faults = () if kind is None else (Fault(kind, channel, FAULT_AT_S, FAULT_S),)
    script = Script((Sinus(FAULT_AT_S + FAULT_S, 78.0),), faults=faults)
    return simulated_bed(name, script, seed, channel)


def saturated(name: str, seed: int, *steps: tuple[float, float]) -> Bed:
    """Seconds and percent of oxygen saturation, one after the other, told once a second.

    The sensor is one without noise: it tells what is true, so that a limit is met or is not.
    """
    lane = tuple(Saturation(seconds, percent) for seconds, percent in steps)
    script = Script((Sinus(sum(one.seconds for one in lane)),), saturation=lane)
    bed = simulated_bed(name, script, seed, "spo2")
    assert bed.record is not None
    told = bed.record.truth.vitals[Vital.SPO2].astype(np.float32)
    return replace(bed, signals={"spo2": told})


def feverish(bed: Bed, seed: int, *steps: tuple[float, float]) -> Bed:
    """The same patient with a thermometer as well: seconds and degrees."""
    lane = tuple(Temperature(seconds, celsius) for seconds, celsius in steps)
    whole_s = sum(one.seconds for one in lane)
    other = simulated_bed(
        bed.patient, Script((Sinus(whole_s),), temperature=lane), seed, "temperature"
    )
    return replace(
        bed,
        channels=(*bed.channels, *other.channels),
        signals={**bed.signals, **other.signals},
        record=None,
    )
