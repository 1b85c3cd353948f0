"""Silence answers what was heard, ends by itself, and never covers what is worse."""

import pytest

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure

from .acting import (
    BY,
    PAUSE_MAX_MS,
    acknowledge,
    alarm_of,
    audible,
    pause,
    paused_s,
    until_heard,
)
from .patients import feverish, saturated
from .recording import count

STEP_MS = 1000
WITHIN_S = 30
"""An alarm about the saturation has come after this."""
REFUSED = -32001


@pytest.mark.case("TC-ALM-006")
def test_acknowledgement(measure: Measure, rig: Rig) -> None:
    """An acknowledgement silences this occurrence, times out, and spares the next one.

    Method: the saturation of a simulated patient falls to 84 %; the alarm is acknowledged and must
    fall silent while it is still shown. With the condition unbroken it must be heard again within
    two minutes. Acknowledged once more, the saturation recovers and falls again: the new occurrence
    must be heard. Beside it, something else about a patient whose alarm was acknowledged must be
    heard too.
    """
    repeats = rig.samples("TC-ALM-006")
    faults: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            bed = saturated(
                f"answered-{number}", rig.seed(f"answered {number}"),
                (10.0, 97.0), (200.0, 84.0), (60.0, 97.0), (60.0, 84.0),
            )  # fmt: skip
            other = feverish(
                saturated(
                    f"other-{number}", rig.seed(f"other {number}"), (10.0, 97.0), (100.0, 89.0)
                ),
                rig.seed(f"fever {number}"), (50.0, 37.0), (60.0, 40.5),
            )  # fmt: skip
            ward.admit(bed, other)
            ward.play([bed, other], 25.0)
            faults += _times_out(ward, [bed, other], bed)
            faults += _another_is_heard(ward, other)
            faults += _next_is_heard(ward, bed)
            ward.discharge(bed, other)
            rig.progress(number + 1, repeats)
    count(
        measure, "acknowledgements_that_silence_otherwise", faults, 5 * repeats,
        "this occurrence is silent and shown, is heard again within 120 s; the next and others are"
        " heard",
    )  # fmt: skip


def _times_out(ward: Ward, beds: list[Bed], bed: Bed) -> list[str]:
    other = beds[1]
    if not _answer(ward, bed, "high") or not _answer(ward, other, "medium"):
        return [f"{bed.patient}: nothing to acknowledge"]
    faults = []
    if audible(ward, bed) is not None or ward.state(bed.patient)["visible"] is None:
        faults.append(f"{bed.patient}: heard, or not shown, right after the acknowledgement")
    ward.play(beds, 10.0)
    if audible(ward, bed) is not None:
        faults.append(f"{bed.patient}: heard 10 s after the acknowledgement")
    if until_heard(ward, beds, bed, "high", PAUSE_MAX_MS // 1000 - 10 + 1) is None:
        faults.append(f"{bed.patient}: not heard again within 120 s")
    return faults


def _another_is_heard(ward: Ward, other: Bed) -> list[str]:
    """The fever began while the other alarm was acknowledged."""
    told = [one.at_s - other.began_s for one in ward.alarms(other.patient, "signalled")
            if "temperature" in one.event["alarm"]["condition"]]  # fmt: skip
    shown = [one for one in ward.state(other.patient)["alarms"] if one["audible"] == "on"]
    return [] if told and shown else [f"{other.patient}: the fever is not heard"]


def _next_is_heard(ward: Ward, bed: Bed) -> list[str]:
    if not _answer(ward, bed, "high"):
        return [f"{bed.patient}: nothing to acknowledge the second time"]
    left_s = 210.0 - (ward.now_s - bed.began_s)
    ward.play([bed], left_s + 50.0)
    latched = alarm_of(ward, bed, "high")
    if latched is not None:
        ward.device.call("alarm.reset", {"patient": bed.patient, "by": BY})
    faults = [] if audible(ward, bed) is None else [f"{bed.patient}: heard after it recovered"]
    ward.play([bed], 10.0)
    if until_heard(ward, [bed], bed, "high", WITHIN_S) is None:
        faults.append(f"{bed.patient}: the next occurrence is not heard")
    return faults


def _answer(ward: Ward, bed: Bed, priority: str) -> bool:
    """Acknowledge all that calls for a patient, covered or not; whether this priority was heard."""
    heard = audible(ward, bed)
    for one in ward.state(bed.patient)["alarms"]:
        if one["presence"] == "on" or one.get("covered_by"):
            acknowledge(ward, one["id"])
    return heard == priority


@pytest.mark.case("TC-ALM-007")
def test_audio_pause(measure: Measure, rig: Rig) -> None:
    """A pause of the sound is no longer than 120 s, counts down, ends, and is broken through.

    Method: with an alarm of a simulated patient up, a pause of 120.001 s must be refused and change
    nothing. One of sixty seconds is silent, shows how long it still lasts, to a second, and is over
    at its end with the condition unbroken: the sound is back. In a second pause the saturation of
    the same patient falls to 84 %: the more urgent alarm must be heard within thirty seconds, long
    before the pause would be over.
    """
    repeats = rig.samples("TC-ALM-007")
    faults: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            bed = saturated(
                f"paused-{number}", rig.seed(f"paused {number}"),
                (10.0, 97.0), (110.0, 89.0), (60.0, 84.0),
            )  # fmt: skip
            ward.admit(bed)
            ward.play([bed], 25.0)
            faults += _pause_ends(ward, bed)
            faults += _broken_through(ward, bed)
            ward.discharge(bed)
            rig.progress(number + 1, repeats)
    count(
        measure, "pauses_that_do_not_end", faults, 5 * repeats,
        "refused beyond 120 s, silent, counts down, ends by itself, broken through",
    )  # fmt: skip


def _pause_ends(ward: Ward, bed: Bed) -> list[str]:
    too_long = {
        "patient": bed.patient, "state": "audio_paused", "duration_ms": PAUSE_MAX_MS + 1, "by": BY,
    }  # fmt: skip
    ward.device.call_expecting_error("alarm.inactivate", too_long, codes=(REFUSED,))
    before = audible(ward, bed)
    faults = [] if before else [f"{bed.patient}: nothing heard after a pause was refused"]
    pause(ward, bed, 60.0)
    for second in range(0, 60, 10):
        left_s = paused_s(ward, bed)
        if audible(ward, bed) is not None:
            faults.append(f"{bed.patient}: heard {second} s into the pause")
        if left_s is None or abs(left_s - (60 - second)) > 1.0:
            faults.append(f"{bed.patient}: {left_s} s left shown {second} s into 60")
        ward.play([bed], 10.0)
    ward.play([bed], 1.0)
    if audible(ward, bed) != before or paused_s(ward, bed) is not None:
        faults.append(f"{bed.patient}: not heard after the end of the pause")
    return faults


def _broken_through(ward: Ward, bed: Bed) -> list[str]:
    left_s = 120.0 - (ward.now_s - bed.began_s)
    if left_s <= 0:
        raise HarnessError("the simulated patient fell before the second pause")
    pause(ward, bed, 120.0)
    ward.play([bed], left_s)
    if until_heard(ward, [bed], bed, "high", WITHIN_S) is None:
        return [f"{bed.patient}: 84 % is not heard through a pause"]
    return []
