"""The heart rate: how true, how soon after a step, and how soon a fast run is told; after EC13.

And where a lead counts wrongly, the pulse is not hidden by it.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import inf, isinf
from types import MappingProxyType
from typing import Final

import numpy as np
import pytest

from edgeward.signal.simulation.heart_steps import (
    Ectopy,
    HeartStep,
    Sinus,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Person, Script
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward, simulated_bed
from edgeward_harness.run.measure import Measure

from .recording import count, delays

STEP_MS: Final = 1000
LEAD_S, AFTER_S = 15.0, 18.0
GAINS_MV: Final = (0.5, 1.0, 2.0)
STEPS_TO: Final = (120.0, 40.0)
RUNS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"4a": (206.0, 1.0), "4b": (195.0, 2.0)}
)
"""Beats a minute of a ventricular run, and its height against a normal beat's."""
RATES: Final = (20.0, 30.0, 45.0, 160.0, 200.0, 250.0, 300.0)
STEP_WITHIN_S, ALARM_WITHIN_S = 11.0, 10.0
CONTRARY: Final = ((70.0, 35.0), (60.0, 160.0))
"""A lead that counts each beat twice, one that misses most: its rate, and the pulse's."""
PER_MINUTE: Final = "/min"
"""A number in any other unit is no heart rate."""
ARRIVED: Final = 0.63
"""Of the way from one rate to the other: then the step counts as answered."""


@pytest.mark.case("TC-ALM-020")
def test_rates(measure: Measure, rig: Rig) -> None:
    """The heart rate is true from 20 to 300, follows a step in 11 s, and a fast run alarms in 10 s.

    Method: simulated patients with one lead of an electrocardiogram, sent in blocks of a
    second. Steps from 80 to 120 and to 40 a minute, and ventricular runs of 206 and 195 a minute,
    with complexes of 0.5 to 2 mV: the rate must have gone 63 % of its way within 11 s of
    the first beat at the new one, and a HIGH physiological alarm must be signalled within 10 s of
    the run's first beat. Constant rates from 20 to 300 a minute, and bigeminy, must be shown within
    10 % or 5 /min, after half a minute, of the rate of the beats that were made. Where the pulse in
    a finger is 35 while the lead beside it shows 70 complexes a minute, or 160 beside 60, a HIGH
    physiological alarm must be signalled meanwhile: what hides the pulse may be the lead.
    """
    repeats = rig.samples("TC-ALM-020")
    steps_s: list[float] = []
    alarms_s: list[float] = []
    wrong: list[str] = []
    hidden: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            steps = {
                _bed(
                    rig, f"step {to:g} {gain:g} mV {number}", gain, Sinus(AFTER_S, to, None, 0.0)
                ): to
                for to in STEPS_TO
                for gain in (GAINS_MV[0], GAINS_MV[2])
            }
            runs = [
                _bed(
                    rig, f"run {name} {gain:g} mV {number}", gain,
                    VentricularTachycardia(AFTER_S, bpm), height * gain,
                )
                for name, (bpm, height) in RUNS.items()
                for gain in GAINS_MV
            ]  # fmt: skip
            constant = [_constant(rig, bpm, number) for bpm in RATES]
            constant.append(_bed(rig, f"bigeminy {number}", 1.0, Ectopy(AFTER_S, 80.0)))
            contrary = [_contrary(rig, *rates, number) for rates in CONTRARY]
            beds = [*steps, *runs, *constant, *contrary]
            ward.admit(*beds)
            ward.play(beds, LEAD_S + AFTER_S)
            steps_s += [_arrived_s(ward, bed, to) for bed, to in steps.items()]
            alarms_s += [_high_s(ward, bed) for bed in runs]
            wrong += [fault for bed in constant for fault in _wrong(ward, bed)]
            hidden += [bed.patient for bed in contrary if isinf(_high_s(ward, bed, LEAD_S))]
            ward.discharge(*beds)
            rig.progress(number + 1, repeats)
    delays(measure, "step_of_the_rate", steps_s, STEP_WITHIN_S)
    delays(measure, "fast_run_to_high_alarm", alarms_s, ALARM_WITHIN_S)
    count(
        measure, "rates_that_are_not_the_patients", wrong, repeats * (len(RATES) + 1),
        "each within 10 % or 5 /min of the beats that were made",
    )  # fmt: skip
    count(
        measure, "pulses_hidden_by_a_lead", hidden, repeats * len(CONTRARY),
        "a HIGH alarm for each pulse far beyond its limits, whatever the lead counts",
    )  # fmt: skip


def _bed(rig: Rig, name: str, gain: float, then: HeartStep, wide_mv: float | None = None) -> Bed:
    person = Person(qrs_mv=gain, ventricular_mv=wide_mv, t_mv=0.25 * gain, p_mv=0.12 * gain)
    script = Script((Sinus(LEAD_S, 80.0, None, 0.0), then), person=person)
    return simulated_bed(name, script, rig.seed(name), "ecg")


def _constant(rig: Rig, bpm: float, number: int) -> Bed:
    name = f"rate {bpm:g} {number}"
    script = Script((Sinus(LEAD_S + AFTER_S, bpm, None, 0.0),))
    return simulated_bed(name, script, rig.seed(name), "ecg")


def _contrary(rig: Rig, heart: float, pulse: float, number: int) -> Bed:
    """A finger that tells of another rate than the lead does."""
    name = f"lead {heart:g} pulse {pulse:g} {number}"
    seconds, seed = LEAD_S + AFTER_S, rig.seed(name)
    lead, finger = (Script((Sinus(seconds, bpm, None, 0.0),)) for bpm in (heart, pulse))
    bed = simulated_bed(name, finger, seed, "ecg", "ppg")
    own = simulated_bed(name, lead, seed, "ecg")
    return replace(bed, signals={**bed.signals, **own.signals}, record=None)


def _arrived_s(ward: Ward, bed: Bed, to: float) -> float:
    """From the step until the rate that is told has gone so much of the way."""
    goal = 80.0 + ARRIVED * (to - 80.0)
    for told in ward.told:
        event, at_s = told.event, told.at_s - bed.began_s - LEAD_S
        if event["kind"] != "vital" or event["patient"] != bed.patient or at_s <= 0:
            continue
        own = (event["vital"], event["unit"]) == ("heart_rate", PER_MINUTE)
        shown = event["value"] if own else None
        if shown is not None and (shown - goal) * (to - 80.0) >= 0:
            return at_s
    return inf


def _high_s(ward: Ward, bed: Bed, before_s: float = 0.0) -> float:
    for told in ward.alarms(bed.patient, "signalled", "level"):
        alarm, at_s = told.event["alarm"], told.at_s - bed.began_s - LEAD_S
        if at_s > -before_s and alarm["kind"] == "physiological" and alarm["priority"] == "high":
            return at_s
    return inf


def _wrong(ward: Ward, bed: Bed) -> list[str]:
    assert bed.record is not None
    times_s = bed.record.truth.beats_s
    lately = times_s[times_s > bed.seconds - 12.0]
    true = 60.0 / float(np.mean(np.diff(lately)))
    shown = ward.state(bed.patient)["readings"].get("heart_rate", {"value": None})["value"]
    if shown is not None and abs(shown - true) <= max(5.0, 0.1 * true):
        return []
    return [f"{bed.patient}: {shown} shown, {true:.1f} is true"]
