"""What was up before a power cut is up after it, and the clock on the wall decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edgeward.profile import Profile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import NS, Bed, Ward
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceRefused, DeviceSession

from .acting import BY, audible, pause, paused_s, until_heard
from .patients import saturated
from .recording import count

STEP_MS = 1000
OUTAGE_S = 10
PAUSE_S = 60.0
WITHIN_S = 30
FALL = (10.0, 97.0), (300.0, 84.0)
WARNED = (10.0, 97.0), (300.0, 89.0)
RECOVERED = (10.0, 97.0), (15.0, 84.0), (300.0, 97.0)
HOUR_NS = 3600 * NS


@dataclass(frozen=True, slots=True)
class Before:
    """What was shown of a patient before the outage."""

    bed: Bed
    ids: dict[str, str]
    """Of its alarms, by condition."""
    heard: str | None
    paused_s: float | None


@pytest.mark.case("TC-ALM-009")
def test_power_cut(profile: Profile, measure: Measure, rig: Rig) -> None:
    """After `kill -9` and a restart every alarm, id and pause is there again, and heard.

    Method: of three simulated patients one is at 84 %, one was and has a latched alarm, one is at
    89 % with the sound paused for a minute. The device is killed without notice, in another second
    each time, is off for ten seconds, and started again. Before anybody sends a sample the same
    alarms must be shown under the same ids, those that were heard must be heard, the pause must
    have as much left as it should, and the journal must tell of the outage. Then the pause must end
    by itself.
    """
    faults: list[str] = []
    trials = _outages(rig, profile, "TC-ALM-009", DeviceSession.kill, faults)
    count(
        measure, "alarms_lost_over_a_power_cut", faults, trials,
        "the same alarms, ids and pauses as before, heard, and the outage told",
    )  # fmt: skip


@pytest.mark.case("TC-ALM-013")
def test_restart_in_order(profile: Profile, measure: Measure, rig: Rig) -> None:
    """The same holds for a restart that somebody asks for.

    Method: as for the power cut, but the device is asked to restart, and no time passes.
    """
    faults: list[str] = []
    trials = _outages(rig, profile, "TC-ALM-013", None, faults)
    count(
        measure, "alarms_lost_over_a_restart", faults, trials,
        "the same alarms, ids and pauses as before, heard, and the start told",
    )  # fmt: skip


def _outages(
    rig: Rig,
    profile: Profile,
    case: str,
    end: Callable[[DeviceSession], None] | None,
    faults: list[str],
) -> int:
    """So many outages, each of a device of its own; how many questions were asked."""
    repeats = rig.samples(case)
    asked = 0
    for number in range(repeats):
        with rig.open_device(simulated_clock=True) as device:
            ward = Ward(device, STEP_MS)
            beds = [
                saturated(f"{name}-{number}", rig.seed(f"{name} {number}"), *steps)
                for name, steps in (("falls", FALL), ("recovered", RECOVERED), ("warned", WARNED))
            ]
            ward.admit(*beds)
            ward.play(beds, 40.0 + rig.seed(f"{case} {number}") % 7)
            pause(ward, beds[2], PAUSE_S)
            ward.play(beds, 5.0)
            before = [_before(ward, bed) for bed in beds]
            if end is not None:
                end(device)
                device.advance(OUTAGE_S * NS)
            device.restart()
            device.configure(profile.to_dict(), profile.sha256)
            ward.cursor, ward.told = 0, []
            ward.read()
            off_s = 0.0 if end is None else float(OUTAGE_S)
            faults += [fault for one in before for fault in _lost(ward, one, off_s)]
            faults += _outage_told(ward)
            faults += _pause_ends(ward, beds[2])
        asked += len(beds) + 2
        rig.progress(number + 1, repeats)
    return asked


def _before(ward: Ward, bed: Bed) -> Before:
    ids = {one["condition"]: one["id"] for one in ward.state(bed.patient)["alarms"]}
    return Before(bed, ids, audible(ward, bed), paused_s(ward, bed))


def _lost(ward: Ward, one: Before, off_s: float) -> list[str]:
    """What is not as it was."""
    try:
        now = _before(ward, one.bed)
    except DeviceRefused as refused:
        return [f"{one.bed.patient}: {refused.refusal.message[:80]}"]
    faults = [] if one.ids else ["no alarm before the outage"]
    faults += [] if now.ids == one.ids else [f"alarms {one.ids}, now {now.ids}"]
    faults += [] if now.heard == one.heard else [f"heard {one.heard}, now {now.heard}"]
    if one.paused_s is not None and (
        now.paused_s is None or not -1.0 <= one.paused_s - off_s - now.paused_s <= 2.0
    ):
        faults.append(f"{one.paused_s:g} s of pause left, after {off_s:g} s {now.paused_s}")
    return [f"{one.bed.patient}: {'; '.join(faults)}"] if faults else []


def _outage_told(ward: Ward) -> list[str]:
    started = [
        one.event
        for one in ward.told
        if one.event["kind"] == "alarm" and one.event["what"] == "started"
    ]
    if started and "outage" in started[0]["text"]:
        return []
    return [f"the outage is not told: {started[:1]}"[:200]]


def _pause_ends(ward: Ward, bed: Bed) -> list[str]:
    ward.rest(PAUSE_S)
    try:
        heard = audible(ward, bed)
    except DeviceRefused:
        heard = None
    return [] if heard else [f"{bed.patient}: silent after the end of its pause"]


@pytest.mark.case("TC-ALM-010")
def test_wall_clock(measure: Measure, rig: Rig) -> None:
    """The wall clock set on or back by an hour changes no alarm, pause or acknowledgement.

    Method: two simulated patients at 89 %, one with the sound paused for a minute, one whose alarm
    was acknowledged. The wall clock is set on by an hour, and in another run back. Nothing that is
    heard or shown may change at that moment; the pause must be over after its minute and not
    before, the acknowledgement within two minutes and not at once; and a saturation of 84 % that
    comes after the jump must be heard within thirty seconds.
    """
    repeats = rig.samples("TC-ALM-010")
    faults: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            for jump_ns in (HOUR_NS, -HOUR_NS):
                faults += _jump(ward, rig, f"{number} {jump_ns // HOUR_NS:+d} h", jump_ns)
            rig.progress(number + 1, repeats)
    count(
        measure, "changes_by_the_wall_clock", faults, 2 * repeats,
        "pauses, acknowledgements and alarms go by the time that passed",
    )  # fmt: skip


def _jump(ward: Ward, rig: Rig, label: str, jump_ns: int) -> list[str]:
    names = ("paused", "answered", "falls")
    beds = [
        saturated(f"{name} {label}", rig.seed(f"{name} {label}"), *steps)
        for name, steps in zip(names, (WARNED, WARNED, ((60.0, 97.0), (250.0, 84.0))), strict=True)
    ]
    paused, answered, falls = beds
    ward.admit(*beds)
    ward.play(beds, 25.0)
    pause(ward, paused, PAUSE_S)
    for one in ward.state(answered.patient)["alarms"]:
        ward.device.call("alarm.acknowledge", {"alarm": one["id"], "by": BY})
    ward.play(beds, 5.0)
    before = [_before(ward, bed) for bed in beds]
    ward.device.advance(0, jump_ns)
    faults = [fault for one in before for fault in _lost(ward, one, 0.0) if one.ids]
    ward.play(beds, 10.0)
    if audible(ward, paused) is not None or audible(ward, answered) is not None:
        faults.append(f"{label}: heard 10 s after the jump")
    ward.play(beds, 20.0)
    if until_heard(ward, beds, falls, "high", WITHIN_S) is None:
        faults.append(f"{label}: 84 % is not heard after the jump")
    left_s = 86.0 - (ward.now_s - paused.began_s)
    ward.play(beds, max(0.0, left_s))
    if audible(ward, paused) is None:
        faults.append(f"{label}: the pause does not end")
    if until_heard(ward, beds, answered, "medium", 61) is None:
        faults.append(f"{label}: the acknowledgement does not end")
    ward.discharge(*beds)
    return faults
