"""What one patient's sensors send never changes, delays or names another patient's alarm."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceRefused

from .patients import Doomed, doomed, feverish, saturated
from .recording import count

Entry = tuple[float, str, str]
BAD = ("nan", "infinite", "huge", "out_of_order", "no_samples")
AFTER_S = 1.0


@pytest.mark.case("TC-ALM-011")
def test_bad_data_of_others(measure: Measure, rig: Rig) -> None:
    """Bad data of other patients changes and delays no alarm.

    Method: a simulated patient whose heart stands still, alone at a device; then the same patient,
    sample for sample, beside five others whose sensors send NaN, infinity, impossible figures,
    blocks out of their order and text that is no samples at each step. Everything that is told of
    the alarms of the first must be the same, in the same step.
    """
    repeats = rig.samples("TC-ALM-011")
    changed: list[str] = []
    for number in range(repeats):
        one = doomed("asystole", rig.seed(f"isolated {number}"))
        alone, beside = (_told_of(rig, one, others) for others in ((), BAD))
        changed += [] if alone == beside and alone else [
            f"seed {one.seed}: alone {alone[:3]}, beside others {beside[:3]}"
        ]  # fmt: skip
        rig.progress(number + 1, repeats)
    count(
        measure, "alarms_changed_by_other_patients", changed, repeats,
        "the same entries in the same steps, alone and beside bad data",
    )  # fmt: skip


def _told_of(rig: Rig, one: Doomed, others: Sequence[str]) -> list[Entry]:
    """What is told of the alarms of a patient, beside these others, and in which step."""
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device)
        ecg = one.bed.channels[0]
        bad = [Bed(name, (ecg,), {}, 0.0) for name in others]
        ward.admit(one.bed, *bad)
        while ward.now_s < one.bed.seconds - AFTER_S:
            for other in bad:
                _send_bad(ward, other)
            ward.step([one.bed])
        return [
            (told.at_s, told.event["what"], told.event["alarm"]["condition"])
            for told in ward.alarms(one.bed.patient)
        ]


def _send_bad(ward: Ward, other: Bed) -> None:
    """One block as this sensor sends it; that it is refused is all right."""
    samples = np.zeros(50, np.float32)
    step = round(ward.now_s * 1000 / ward.step_ms)
    asked: Mapping[str, Any] = {"first": 50 * step, "samples": samples}
    if other.patient == "no_samples":
        line = {"patient": other.patient, "channel": "ecg", "first": 0, "samples": "?"}
        with contextlib.suppress(DeviceRefused):
            ward.device.call("patient.push", line)
        return
    if other.patient == "out_of_order":
        asked = {"first": 1000 if step % 2 else 0, "samples": samples}
    else:
        value = {"nan": np.nan, "infinite": np.inf, "huge": 3e38}[other.patient]
        samples[:] = value
    with contextlib.suppress(DeviceRefused):
        ward.send(other.patient, "ecg", asked["first"], asked["samples"]).result()


@pytest.mark.case("TC-ALM-014")
def test_each_alarm_names_its_patient(measure: Measure, rig: Rig) -> None:
    """Each alarm is that of the patient whose samples met its condition, also after a discharge.

    Method: eight simulated patients with names that are alike; every second one has a saturation of
    84 %, every fourth a fever. Alarms must name exactly those patients and what they have, and the
    entries of the journal that tell them the same patients. All are discharged while their alarms
    are up, and admitted again under the same names, now well: nothing of before may be shown.
    """
    repeats = rig.samples("TC-ALM-014")
    wrong: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, 1000)
        for number in range(repeats):
            beds = [_one_of_eight(rig, number, place) for place in range(8)]
            ward.admit(*beds)
            ward.play(beds, 90.0)
            for place, bed in enumerate(beds):
                wrong += _not_about(ward, bed, place)
            ward.discharge(*beds)
            again = [saturated(bed.patient, 5 + place, (60.0, 97.0))
                     for place, bed in enumerate(beds)]  # fmt: skip
            ward.admit(*again)
            ward.play(again, 5.0)
            for bed in again:
                shown = ward.state(bed.patient)["alarms"]
                wrong += [f"{bed.patient}: {len(shown)} alarms of before"] if shown else []
            ward.discharge(*again)
            rig.progress(number + 1, repeats)
    count(
        measure, "alarms_of_another_patient", wrong, 16 * repeats,
        "each patient has the alarms of their own condition and no other",
    )  # fmt: skip


def _one_of_eight(rig: Rig, number: int, place: int) -> Bed:
    name = f"bed {number}{'1' * (place + 1)}"
    percent = 97.0 if place % 2 else 84.0
    bed = saturated(name, rig.seed(f"{name} {number}"), (10.0, 97.0), (90.0, percent))
    warm = 40.5 if place % 4 == 1 else 37.0
    return feverish(bed, rig.seed(f"warm {name}"), (15.0, 37.0), (90.0, warm))


def _not_about(ward: Ward, bed: Bed, place: int) -> list[str]:
    """What is shown of a patient and is not what they have, or is not shown though they have it."""
    of = [one for one in ward.state(bed.patient)["alarms"] if one["kind"] == "physiological"]
    strangers = [one["id"] for one in of if one["patient"] != bed.patient]
    warm = any("temperature" in one["condition"] for one in of)
    low = any("temperature" not in one["condition"] for one in of)
    has = (place % 2 == 0, place % 4 == 1)
    told = [one.event for one in ward.told if one.event["kind"] == "alarm" and one.event["alarm"]]
    torn = {
        one["alarm"]["id"]
        for one in told
        if one["patient"] != one["alarm"]["patient"] and bed.patient == one["alarm"]["patient"]
    }
    faults = [f"of others: {strangers}"] if strangers else []
    faults += [f"told of somebody else: {sorted(torn)}"] if torn else []
    faults += [] if (low, warm) == has else [f"low, fever: {has}, alarms say {(low, warm)}"]
    return [f"{bed.patient}: {'; '.join(faults)}"] if faults else []
