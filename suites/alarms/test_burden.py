"""An ordinary day is quiet enough to be heard in: few alarms that nothing explains, none missed."""

from collections.abc import Iterator
from math import inf
from typing import Final

import numpy as np
import pytest

from edgeward.signal.findings import Sign
from edgeward.signal.simulation.criteria import Expected
from edgeward.signal.simulation.days import LETHAL, ORDINARY, joined
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.generate import SimulatedRecord
from edgeward.signal.simulation.heart_steps import Sinus
from edgeward.signal.simulation.script import Script
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.measure.rates import judge_none_per_hour, judge_rate_per_hour
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Told, Ward, simulated_bed
from edgeward_harness.run.measure import Measure

from .patients import AVERAGING
from .recording import count

STEP_MS: Final = 1000
LETHAL_SIGNS: Final = frozenset(
    {
        Sign.ASYSTOLE, Sign.VENTRICULAR_FIBRILLATION, Sign.VENTRICULAR_TACHYCARDIA,
        Sign.EXTREME_BRADYCARDIA, Sign.APNEA, Sign.FALL,
    }
)  # fmt: skip
CHANNELS: Final = ("ecg", "ppg", "respiration", "acceleration", "spo2")
PART_S: Final = 200.0
"""Of each ordinary course; what it is about begins within its first two minutes."""
REST_S: Final = 40.0
VENTRICULAR: Final = "V"
SLOW_PULSE: Final = 40.0
"""A minute: nobody ordinary has as few beats that are felt, and an alarm says so with reason."""
GRACE_S: Final = 2.0
EXPLAINED_S: Final = 20.0
"""After a fault, or what kills, an alarm may still be about it."""
NEEDLESS_PER_DAY: Final = 18.7
"""A tenth of the 187 audible alarms that a bed of intensive care was counted to have in a day."""
NONE_SAYS: Final = 3.0
"""None where three were to be expected shows a lower rate, with 95 % confidence."""
COURSES: Final = 2
"""Of ordinary life in a repeat."""
FIRST: Final = 4
"""Begin with the breath that stops: the oxygen that goes with it is told each second."""
AT_ONCE: Final = 12
"""Signals begun for one patient in a course, at most: more of them and nobody counts."""


@pytest.mark.case("TC-ALM-019")
def test_burden(measure: Measure, rig: Rig) -> None:
    """Ordinary life with its artefacts gives few alarms that nothing explains, and hides no death.

    Method: each repeat is the begin of two courses, in turn, of those that a simulated day is made
    of: rest, a walk with bursts of motion noise, changes of posture, extra beats, a lead or probe
    that comes off, a little less oxygen, an irregular heart. Beside these simulated patients
    another one dies or falls after some rest. What begins to be heard of somebody ordinary is
    needless unless it is a technical alarm about a fault that is there, or a physiological one
    while so many beats are early that under 40 a minute are full. The rate of those is held against
    a tenth of what was counted in intensive care, and while too little was watched for that, none
    may come. Nobody may have more than a dozen signals begun meanwhile, and each lethal event must
    have its HIGH alarm in time.
    """
    repeats = rig.samples("TC-ALM-019")
    needless: list[str] = []
    storms: list[str] = []
    missed: list[str] = []
    dying, watched_s = 0, 0.0
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            places = range(number * COURSES, (number + 1) * COURSES)
            ordinary = [_ordinary(rig, place % len(ORDINARY), number) for place in places]
            lethal = [_lethal(rig, number, number)]
            beds = [*ordinary, *lethal]
            ward.admit(*beds)
            ward.play(beds, PART_S)
            watched_s += PART_S * len(ordinary)
            needless += [fault for bed in ordinary for fault in _needless(ward, bed)]
            storms += [fault for bed in beds for fault in _storm(ward, bed)]
            for bed in lethal:
                due = _due(bed)
                dying += len(due)
                missed += [fault for one in due for fault in _missed(ward, bed, one)]
            ward.discharge(*beds)
            rig.progress(number + 1, repeats)
    measure.rests_on(SIMULATED)
    hours = watched_s / 3600
    most, detail = NEEDLESS_PER_DAY / 24, "; ".join(needless[:4])
    measure.record(
        "needless_audible_alarms",
        judge_rate_per_hour(len(needless), hours, most, detail)
        if hours * most > NONE_SAYS
        else judge_none_per_hour(len(needless), hours, detail),
    )
    count(
        measure, "patients_with_a_storm", storms, repeats * (COURSES + 1),
        f"no more than {AT_ONCE} signals begun meanwhile",
    )  # fmt: skip
    count(measure, "lethal_events_missed", missed, dying, "each has a HIGH alarm in time")


def _ordinary(rig: Rig, place: int, number: int) -> Bed:
    name = f"{ORDINARY[place].__name__.strip('_')} {number}"
    seed = rig.seed(name)
    course = ORDINARY[place](np.random.default_rng(seed))
    script = joined([course, Script((Sinus(PART_S, 75.0),))])
    return simulated_bed(name, script, seed, *CHANNELS)


def _lethal(rig: Rig, place: int, number: int) -> Bed:
    kind = LETHAL[(place + FIRST) % len(LETHAL)]
    name = f"{kind.__name__.strip('_')} {number}"
    seed = rig.seed(name)
    event = kind(np.random.default_rng(seed))
    rest = Script((Sinus(REST_S, 75.0),))
    after = Script((Sinus(max(PART_S - REST_S - event.seconds, 20.0), 75.0),))
    return simulated_bed(name, joined([rest, event, after]), seed, *CHANNELS)


def _begun(ward: Ward, bed: Bed) -> list[Told]:
    return ward.alarms(bed.patient, "signalled", "escalated")


def _needless(ward: Ward, bed: Bed) -> Iterator[str]:
    assert bed.record is not None
    faults = bed.record.truth.faults
    for told in _begun(ward, bed):
        at_s, alarm = told.at_s - bed.began_s, told.event["alarm"]
        slow = alarm["kind"] == "physiological" and _full_beats(bed.record, at_s) < SLOW_PULSE
        explained = alarm["kind"] == "technical" and any(
            one.start_s <= at_s <= one.start_s + one.seconds + EXPLAINED_S for one in faults
        )
        if not (slow or explained):
            yield f"{bed.patient}: {alarm['condition']} at {at_s:.0f} s"


def _full_beats(record: SimulatedRecord, at_s: float) -> float:
    """How many beats a minute were none too early to fill the vessels, of late."""
    truth = record.truth
    full_s = truth.beats_s[truth.classes != VENTRICULAR]
    lately = full_s[(full_s > at_s - EXPLAINED_S) & (full_s <= at_s)]
    return 60.0 / float(np.diff(lately).mean()) if len(lately) > 1 else inf


def _storm(ward: Ward, bed: Bed) -> list[str]:
    begun = len(_begun(ward, bed))
    return [f"{bed.patient}: {begun} signals begun"] if begun > AT_ONCE else []


def _due(bed: Bed) -> list[Expected]:
    assert bed.record is not None
    return [
        one
        for one in expected_alarms(bed.record.truth, AVERAGING, bed.channels)
        if one.required and one.what in LETHAL_SIGNS and (one.raise_by_s or 0) < PART_S
    ]


def _missed(ward: Ward, bed: Bed, one: Expected) -> list[str]:
    by_s = (one.raise_by_s or 0.0) + GRACE_S
    for told in ward.alarms(bed.patient, "signalled", "level"):
        alarm, at_s = told.event["alarm"], told.at_s - bed.began_s
        high = alarm["priority"] == "high" and alarm["kind"] == "physiological"
        if high and one.begins_s <= at_s <= by_s:
            return []
    return [f"{bed.patient}: {one.what} from {one.begins_s:.1f} s"]
