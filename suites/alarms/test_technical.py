"""What cannot be seen is said, and no number or sign is made up in its place."""

from collections import Counter
from collections.abc import Iterator
from math import inf

import pytest

from edgeward.signal.simulation.faults import FaultKind
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Told, Ward
from edgeward_harness.run.measure import Measure

from .patients import FAULT_AT_S, FAULT_S, with_fault
from .recording import count, delays

TOLD_WITHIN_S = 10.0
STEP_MS = 500
FAULTS = {
    "lead_at_the_rail": (FaultKind.RAIL, "ecg"),
    "lead_hums": (FaultKind.HUM, "ecg"),
    "lead_flat": (FaultKind.FLAT, "ecg"),
    "lead_gives_nan": (FaultKind.MISSING, "ecg"),
    "lead_silent": (None, "ecg"),
    "blocks_lost": (None, "ecg"),
    "light_probe_off": (FaultKind.PROBE_OFF, "ppg"),
    "saturation_probe_off": (FaultKind.PROBE_OFF, "spo2"),
}
NUMBER = {"ecg": "heart_rate"}
"""What is shown of a channel and may be no number meanwhile. A saturation may stand for thirty
seconds, which TC-ALM-004 asks about."""


@pytest.mark.case("TC-ALM-003")
def test_what_cannot_be_seen(measure: Measure, rig: Rig) -> None:
    """A fault of a channel is a technical alarm in time, and never a number or a sign.

    Method: simulated patients who are well, each with one fault after twenty seconds: a lead at the
    rail, with hum only, flat or giving NaN, a sensor that falls silent, three blocks of four that
    are lost, a light probe and a saturation probe that are off. Counted from the step in which the
    fault begins to the one in which a technical alarm of that patient is signalled. From ten
    seconds on, no heart rate is told or shown while the lead has its fault, but a reason why there
    is none. From the begin of the fault on no physiological alarm is declared.
    """
    repeats = rig.samples("TC-ALM-003")
    late_s: list[float] = []
    numbers: list[str] = []
    invented: list[str] = []
    again: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            beds = [
                with_fault(f"{name}-{number}", rig.seed(f"{name} {number}"), kind, channel)
                for name, (kind, channel) in FAULTS.items()
            ]
            numbers += _play(ward, beds)
            for bed in beds:
                late_s.append(_late_s(ward, bed))
                numbers += _numbers(ward, bed)
                invented += _invented(ward, bed)
                again += _again(ward, bed)
            ward.discharge(*beds)
            rig.progress(number + 1, repeats)
    trials = repeats * len(FAULTS)
    delays(measure, "fault_to_technical_alarm", late_s, TOLD_WITHIN_S)
    count(measure, "numbers_while_nothing_is_seen", numbers, trials, "none; a reason is shown")
    count(measure, "signs_made_up", invented, trials, "no physiological alarm")
    count(measure, "technical_alarms_that_storm", again, trials, "each is declared once")


def _play(ward: Ward, beds: list[Bed]) -> list[str]:
    """All of it; what is shown as a number meanwhile."""
    ward.admit(*beds)
    shown: list[str] = []
    for step in range(round((FAULT_AT_S + FAULT_S) * 1000 / STEP_MS)):
        since_s = step * STEP_MS / 1e3 - FAULT_AT_S
        for bed in beds:
            if since_s >= 0 and bed.patient.startswith("lead_silent"):
                bed.silent.add("ecg")
            lost = since_s >= 0 and step % 4 and bed.patient.startswith("blocks_lost")
            bed.skipping = {"ecg"} if lost else set()
        ward.step(beds)
        if since_s >= TOLD_WITHIN_S and step % 4 == 0:
            shown += [fault for bed in beds for fault in _shown(ward, bed)]
    return shown


def _shown(ward: Ward, bed: Bed) -> Iterator[str]:
    vital = NUMBER.get(bed.channels[0].name)
    if vital is None:
        return
    reading = ward.state(bed.patient)["readings"].get(vital)
    if reading is None or reading["value"] is not None or not reading["reason"]:
        told = "nothing" if reading is None else f"{reading['value']}, {reading['reason']}"
        yield f"{bed.patient}: {vital} shown as {told}"


def _of_fault(ward: Ward, bed: Bed, *what: str) -> list[Told]:
    begin_s = bed.began_s + FAULT_AT_S
    return [told for told in ward.alarms(bed.patient, *what) if told.at_s >= begin_s]


def _late_s(ward: Ward, bed: Bed) -> float:
    for told in _of_fault(ward, bed, "signalled"):
        if told.event["alarm"]["kind"] == "technical":
            return told.at_s - bed.began_s - FAULT_AT_S
    return inf


def _numbers(ward: Ward, bed: Bed) -> list[str]:
    since_s = bed.began_s + FAULT_AT_S + TOLD_WITHIN_S
    return [
        f"{bed.patient}: {told.event['vital']} {told.event['value']}"
        for told in ward.told
        if told.event["kind"] == "vital"
        and told.event["vital"] in NUMBER.values()
        and told.event["patient"] == bed.patient
        and told.at_s > since_s
        and told.event["value"] is not None
    ]


def _invented(ward: Ward, bed: Bed) -> list[str]:
    return [
        f"{bed.patient}: {told.event['alarm']['condition']}"
        for told in _of_fault(ward, bed, "declared")
        if told.event["alarm"]["kind"] == "physiological"
    ]


def _again(ward: Ward, bed: Bed) -> list[str]:
    """Technical alarms that were declared more than once while one fault lasted."""
    told = Counter(
        told.event["alarm"]["condition"]
        for told in _of_fault(ward, bed, "declared")
        if told.event["alarm"]["kind"] == "technical"
    )
    many = {name: times for name, times in told.items() if times > 1}
    return [f"{bed.patient}: {name} {times} times" for name, times in many.items()][:1]
