"""Oxygen saturation: what alarms, what does not, and when a number is too old."""

from math import inf

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure

from .patients import saturated
from .recording import count, delays

STEP_MS = 1000
FALL_AT_S = 20.0
ALARM_WITHIN_S = 30.0
STALE_AFTER_S = 30.0
HIGH_LIMIT, LOW_LIMIT = 85.0, 90.0


@pytest.mark.case("TC-ALM-004")
def test_saturation(measure: Measure, rig: Rig) -> None:
    """A saturation of 100 % never alarms, 84 % does within 30 s, and an old number is marked.

    Method: simulated patients whose saturation is told once a second. Limits of 90 and 85 % are set
    for each. One stays at 100 %, one at 90, the last value that is no warning; one goes to 89, one
    to 85, the last one that is no emergency, and one to 84 %, which must be HIGH. A last one's
    probe falls silent: from thirty seconds on the number is gone or its reason is shown.
    """
    repeats = rig.samples("TC-ALM-004")
    wrong: list[str] = []
    late_s: list[float] = []
    stale: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            beds = {
                percent: saturated(
                    f"{percent}-{number}", rig.seed(f"{percent} {number}"),
                    (FALL_AT_S, 100.0 if percent == 100 else 97.0), (40.0, float(percent)),
                )
                for percent in (100, 96, 90, 89, 85, 84)
            }  # fmt: skip
            _play(ward, list(beds.values()), beds[96])
            wrong += _wrong(ward, beds)
            late_s.append(_late_s(ward, beds[84], ("high",)))
            late_s.append(_late_s(ward, beds[89], ("high", "medium")))
            reading = ward.state(beds[96].patient)["readings"].get("spo2")
            if reading is None or not reading["reason"]:
                stale.append(f"{reading and reading['value']} shown after {STALE_AFTER_S:g} s")
            ward.discharge(*beds.values())
            rig.progress(number + 1, repeats)
    delays(measure, "desaturation_to_alarm", late_s, ALARM_WITHIN_S)
    count(
        measure, "alarms_within_the_limits", wrong, 4 * repeats,
        "none at 100, 96 and 90 %, none HIGH at 85 %",
    )  # fmt: skip
    count(measure, "old_numbers_not_marked", stale, repeats, "a number of 30 s ago has a reason")


def _play(ward: Ward, beds: list[Bed], falls_silent: Bed) -> None:
    ward.admit(*beds)
    for bed in beds:
        asked = {"low_warning": LOW_LIMIT, "low_critical": HIGH_LIMIT, "by": "bench"}
        ward.device.call(
            "alarm.limits", {"patient": bed.patient, "vital": "spo2", "unit": "%", **asked}
        )
    ward.play(beds, FALL_AT_S + 5.0)
    falls_silent.silent.add("spo2")
    ward.play(beds, STALE_AFTER_S + 5.0)


def _wrong(ward: Ward, beds: dict[int, Bed]) -> list[str]:
    return [
        f"{percent} %: {told.event['alarm']['condition']}, {told.event['alarm']['priority']}"
        for percent, bed in beds.items()
        for told in ward.alarms(bed.patient, "declared", "level")
        if told.event["alarm"]["kind"] == "physiological"
        and (percent >= LOW_LIMIT or (percent == 85 and told.event["alarm"]["priority"] == "high"))
    ]


def _late_s(ward: Ward, bed: Bed, urgent: tuple[str, ...]) -> float:
    for told in ward.alarms(bed.patient, "signalled", "level"):
        alarm = told.event["alarm"]
        if alarm["kind"] == "physiological" and alarm["priority"] in urgent:
            return told.at_s - bed.began_s - FALL_AT_S
    return inf
