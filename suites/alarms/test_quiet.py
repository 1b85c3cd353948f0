"""Nobody is called to a patient who is well."""

import pytest

from edgeward.signal.findings import Vital
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward, simulated_bed
from edgeward_harness.run.measure import Measure

from .patients import QUIET, QUIET_S
from .recording import count, none_per_hour

STEP_MS = 1000
LATELY_S = 10
WITHIN_PER_MIN, WITHIN_SHARE = 5.0, 0.1


@pytest.mark.case("TC-ALM-002")
def test_quiet_patients(measure: Measure, rig: Rig) -> None:
    """Patients who are no emergency raise no physiological alarm.

    Method: simulated patients at rates from 60 to 100, with bigeminy, trigeminy, atrial
    fibrillation or a pacemaker, with tall T waves, with complexes that are small, large or upside
    down, and on a walk. Every physiological alarm that is declared is false; the record states the
    exact Poisson bound of their rate. So that a device which sees nothing does not pass, whatever
    it shows, the heart rate at the end must be that of the patient to a tenth, or to 5 /min, as it
    was over the last ten seconds or so.
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
                blind += _blind(ward, bed)
            ward.discharge(*beds)
            rig.progress(number + 1, repeats)
    watched = repeats * len(QUIET)
    none_per_hour(measure, "false_physiological_alarms", false, watched * QUIET_S / 3600)
    count(
        measure,
        "quiet_patients_without_their_rate",
        blind,
        watched,
        "the rate is the patient's own",
    )


def _blind(ward: Ward, bed: Bed) -> list[str]:
    """What is shown as the heart rate, where that is not the patient's."""
    assert bed.record is not None
    reading = ward.state(bed.patient)["readings"].get("heart_rate", {"value": None})
    lately = bed.record.truth.vitals[Vital.HEART_RATE][-LATELY_S:]
    least, most = float(lately.min()), float(lately.max())
    margin = max(WITHIN_PER_MIN, WITHIN_SHARE * most)
    if reading["value"] is not None and least - margin <= reading["value"] <= most + margin:
        return []
    return [f"{bed.patient}: {reading['value']} shown, {least:.0f} to {most:.0f} lately"]
