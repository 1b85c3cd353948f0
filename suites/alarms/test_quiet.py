"""Nobody is called to a patient who is well."""

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure

from .patients import QUIET, QUIET_S
from .recording import count, none_per_hour
from .ward import Ward, simulated_bed

STEP_MS = 1000


@pytest.mark.case("TC-ALM-002")
def test_quiet_patients(measure: Measure, rig: Rig) -> None:
    """Patients who are no emergency raise no physiological alarm.

    Method: simulated patients at rates from 60 to 100, with bigeminy, trigeminy, atrial
    fibrillation or a pacemaker, with tall T waves, with complexes that are small, large or upside
    down, and on a walk. Every physiological alarm that is declared is false; the record states the
    exact Poisson bound of their rate. So that a device which sees nothing does not pass, each ECG
    must give a heart rate at the end.
    """
    repeats = rig.samples("TC-ALM-002")
    false: list[str] = []
    blind: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            beds = [
                simulated_bed(f"{name}-{number}", script, rig.seed(f"{name} {number}"), *channels)
                for name, (script, channels) in QUIET.items()
            ]
            ward.admit(*beds)
            ward.play(beds, QUIET_S)
            for bed in beds:
                false += [
                    f"{bed.patient}: {one.event['alarm']['condition']} at"
                    f" {one.at_s - bed.began_s:.1f} s"
                    for one in ward.alarms(bed.patient, "declared")
                    if one.event["alarm"]["kind"] == "physiological"
                ]
                rate = ward.state(bed.patient)["readings"].get("heart_rate", {"value": None})
                blind += [] if rate["value"] is not None else [f"{bed.patient}: no heart rate"]
            ward.discharge(*beds)
            rig.progress(number + 1, repeats)
    watched = repeats * len(QUIET)
    none_per_hour(measure, "false_physiological_alarms", false, watched * QUIET_S / 3600)
    count(measure, "quiet_patients_without_a_rate", blind, watched, "each has a heart rate")
