"""What is well in an adult is not in a neonate, and the other way round."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
import pytest

from edgeward.signal.simulation.body_steps import Breathing
from edgeward.signal.simulation.heart_steps import Sinus
from edgeward.signal.simulation.script import Script
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward, simulated_bed
from edgeward_harness.run.measure import Measure

from .recording import count, delays

STEP_MS: Final = 1000
LASTS_S: Final = 48
CUFF_AFTER_S: Final = 3
"""The first measurement of a cuff; the next ones once a minute."""
WITHIN_S: Final = 45.0
"""Two minutes have 30 breaths at rest; fewer take their time to be counted."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one patient: heart rate, breaths a minute, systolic, diastolic and mean pressure."""

    bpm: float
    breaths: float
    cuff: tuple[float, float, float]


WELL: Final[Mapping[str, Figures]] = {
    "adult": Figures(72, 15, (120, 78, 92)),
    "paediatric": Figures(110, 24, (96, 58, 71)),
    "neonate": Figures(145, 45, (66, 40, 49)),
}
"""At rest, in the middle of what textbooks give for each."""
ILL: Final[Mapping[str, Mapping[str, Figures]]] = {
    "adult": {
        "heart as of a neonate": Figures(160, 15, (120, 78, 92)),
        "heart slow": Figures(36, 15, (120, 78, 92)),
        "breath as of a neonate": Figures(72, 48, (120, 78, 92)),
        "pressure as of a neonate": Figures(72, 15, (62, 34, 45)),
    },
    "paediatric": {
        "heart as of an adult": Figures(54, 24, (96, 58, 71)),
        "heart fast": Figures(205, 24, (96, 58, 71)),
        "breath slow": Figures(110, 6, (96, 58, 71)),
        "pressure as of an ill adult": Figures(110, 24, (172, 104, 128)),
    },
    "neonate": {
        "heart as of an adult": Figures(72, 45, (66, 40, 49)),
        "breath as of an adult": Figures(145, 14, (66, 40, 49)),
        "pressure as of an adult": Figures(145, 45, (122, 80, 95)),
    },
}
"""Each is in danger by one figure alone, and most would be well in another category."""


@pytest.mark.case("TC-ALM-018")
def test_categories(measure: Measure, rig: Rig) -> None:
    """Adults, children and neonates are judged by what is usual at their age.

    Method: simulated patients without any setting but their category. In each category one with an
    electrocardiogram, a band about the chest and a cuff is well: any physiological alarm is false.
    The others have a cuff and the sensor in which they are in danger, most often by a figure of a
    patient of another category who is well: each must have a HIGH physiological alarm within 45 s.
    """
    repeats = rig.samples("TC-ALM-018")
    false: list[str] = []
    late_s: list[float] = []
    missed: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            well = [_bed(rig, one, "well", WELL[one], number) for one in WELL]
            ill = [
                _bed(rig, one, what, figures, number)
                for one, kinds in ILL.items()
                for what, figures in kinds.items()
            ]
            _play(ward, {**dict(well), **dict(ill)})
            for bed, _ in well:
                false += [
                    f"{bed.patient}: {told.event['alarm']['condition']}"
                    for told in ward.alarms(bed.patient, "declared")
                    if told.event["alarm"]["kind"] == "physiological"
                ]
            for bed, _ in ill:
                late_s.append(_high_s(ward, bed))
                missed += [bed.patient] if late_s[-1] == inf else []
            rig.progress(number + 1, repeats)
    delays(measure, "danger_to_high_alarm_by_category", late_s, WITHIN_S)
    count(measure, "patients_in_danger_missed", missed, len(late_s), "each has a HIGH alarm")
    count(
        measure, "alarms_about_patients_who_are_well", false, repeats * len(WELL),
        "none about what is usual at their age",
    )  # fmt: skip


def _bed(rig: Rig, category: str, what: str, figures: Figures, number: int) -> tuple[Bed, Figures]:
    name = f"{category} {what} {number}"
    script = Script((Sinus(LASTS_S, figures.bpm),), breath=(Breathing(LASTS_S, figures.breaths),))
    usual, well = WELL[category], what == "well"
    sensors = [
        signal
        for signal, seen in (
            ("ecg", figures.bpm != usual.bpm), ("respiration", figures.breaths != usual.breaths),
        )
        if seen or well
    ]  # fmt: skip
    bed = simulated_bed(name, script, rig.seed(name), *sensors, category=category)
    return bed, figures


def _play(ward: Ward, beds: Mapping[Bed, Figures]) -> None:
    ward.admit(*beds)
    for bed in beds:
        asked = {"channel": "cuff", "signal": "pressure_cuff", "unit": "mmHg", "rate_hz": 1}
        ward.device.call("patient.attach", {"patient": bed.patient, **asked})
    for second in range(LASTS_S):
        ward.step(beds)
        for bed, figures in beds.items():
            measured = figures.cuff if second % 60 == CUFF_AFTER_S else (np.nan,) * 3
            sample = np.array([measured], np.float32)
            ward.send(bed.patient, "cuff", second, sample).result()
        ward.read()
    ward.discharge(*beds)


def _high_s(ward: Ward, bed: Bed) -> float:
    for told in ward.alarms(bed.patient, "signalled", "level"):
        alarm = told.event["alarm"]
        if alarm["kind"] == "physiological" and alarm["priority"] == "high":
            return told.at_s - bed.began_s
    return inf
