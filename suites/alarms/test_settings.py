"""What lasts until somebody resets it, what nobody can switch off, and limits that are refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceRefused, DeviceSession, Pending

from .acting import BY, audible, until_heard
from .patients import saturated
from .recording import count

STEP_MS = 1000
WITHIN_S = 30
REFUSED, BAD_PARAMETERS = -32001, -32602
LETHAL_BY_NAME = (
    "asystole", "ventricular_fibrillation", "ventricular_tachycardia", "apnea", "no_pulse",
)  # fmt: skip
CROSSED: Mapping[str, Any] = {"low_warning": 130, "high_warning": 60, "high_critical": 1000}
"""A low limit above a high one, and one that no heart reaches: two faults."""


@pytest.mark.case("TC-ALM-008")
def test_settings(measure: Measure, rig: Rig) -> None:
    """A lethal alarm latches until it is reset and cannot be switched off; bad limits are refused.

    Method: the saturation of a simulated patient falls to 84 % and recovers: the HIGH alarm must
    still be heard and shown a minute later, a reset must not end it while it holds, and must end it
    after that. Each lethal condition that the device describes is to be switched off: all must be
    refused. With the alarms of another patient switched off as a whole, 84 % must be heard all the
    same. Limits that cross and lie outside the possible are refused with both faults, and those in
    force stay what they were. A change of limits is told with who made it.
    """
    repeats = rig.samples("TC-ALM-008")
    faults: list[str] = []
    switched: list[str] = []
    asked = 0
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            fall = (10.0, 97.0), (20.0, 84.0), (90.0, 97.0)
            bed = saturated(f"latched-{number}", rig.seed(f"latched {number}"), *fall)
            off = saturated(f"off-{number}", rig.seed(f"off {number}"), *fall)
            ward.admit(bed, off)
            lethal = _lethal(device)
            asked += len(lethal)
            switched += _switch_off(device, off, lethal)
            faults += [*_limits(ward, off), *_latches(ward, bed, off)]
            ward.discharge(bed, off)
            rig.progress(number + 1, repeats)
    count(
        measure, "lethal_conditions_switched_off", switched, asked,
        "each is refused, and each that the protocol names is among them",
    )  # fmt: skip
    count(
        measure, "latching_resets_and_limits_otherwise", faults, 7 * repeats,
        "latched until reset, heard with alarms off; bad limits refused with every fault",
    )  # fmt: skip


def _lethal(device: DeviceSession) -> list[str]:
    """What the device says may not be switched off, and what may not be whatever it says."""
    conditions = device.call("alarm.describe")["conditions"]
    own = [
        name
        for name, one in conditions.items()
        if one["kind"] == "physiological" and not one["may_switch_off"]
    ]
    return sorted({*own, *(name for name in LETHAL_BY_NAME if name in conditions)})


def _switch_off(device: DeviceSession, bed: Bed, conditions: list[str]) -> list[str]:
    taken = []
    for name in conditions:
        asked = {"patient": bed.patient, "condition": name, "on": False, "by": BY}
        refusal = device.send("alarm.switch", asked)
        answer = _refused_with(refusal)
        taken += [] if answer == REFUSED else [f"{name}: {answer or 'taken'}"]
    return taken


def _refused_with(pending: Pending) -> int | None:
    """The code of a refusal; None when it was taken."""
    try:
        pending.result()
    except DeviceRefused as refused:
        return refused.refusal.code
    return None


def _limits(ward: Ward, bed: Bed) -> list[str]:
    device, whose = ward.device, {"patient": bed.patient, "vital": "heart_rate", "unit": "/min"}
    before = device.call("alarm.limits", {**whose, "low_warning": 45, "by": "doctor of the bench"})
    refusal = device.call_expecting_error(
        "alarm.limits", {**whose, **CROSSED, "by": BY}, codes=(BAD_PARAMETERS,)
    )
    told = f"{refusal.message} {refusal.data}"
    faults = [f"the fault of {name} is not told" for name in ("low_warning", "high_critical")
              if name not in told]  # fmt: skip
    after = device.call("alarm.limits", {**whose, "by": BY})
    faults += [] if dict(after) == dict(before) else ["refused limits changed those in force"]
    ward.read()
    who = [
        one.event["who"]
        for one in ward.told
        if one.event["kind"] == "alarm"
        and one.event["what"] == "limits"
        and one.event["patient"] == bed.patient
    ]
    faults += [] if who[:1] == ["doctor of the bench"] else [f"limits changed by {who[:2]}"]
    return [f"{bed.patient}: {fault}" for fault in faults]


def _latches(ward: Ward, bed: Bed, off: Bed) -> list[str]:
    both, faults = [bed, off], []
    ward.device.call("alarm.inactivate", {"patient": off.patient, "state": "alarm_off", "by": BY})
    ward.play(both, 10.0)
    if until_heard(ward, both, bed, "high", WITHIN_S) is None:
        faults.append("84 % is not heard")
    if until_heard(ward, both, off, "high", 3) is None:
        faults.append("84 % is not heard with the alarms off")
    ward.device.call("alarm.reset", {"patient": bed.patient, "by": BY})
    ward.play(both, 2.0)
    if audible(ward, bed) != "high":
        faults.append("a reset ended an alarm whose condition holds")
    ward.play(both, 75.0)
    if audible(ward, bed) != "high":
        faults.append("not latched: it fell silent without a reset")
    ward.device.call("alarm.reset", {"patient": bed.patient, "by": BY})
    if audible(ward, bed) is not None:
        faults.append("heard after a reset")
    return [f"{bed.patient}: {fault}" for fault in faults]
