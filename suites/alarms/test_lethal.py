"""What kills within minutes is heard, each time and in time."""

from base64 import b64decode
from collections.abc import Sequence
from math import inf
from typing import Final

import numpy as np
import pytest

from edgeward.profile import Profile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Told, Ward
from edgeward_harness.run.measure import Measure

from .patients import LETHAL, Doomed, doomed
from .recording import count, delays

SOUND_SAMPLES: Final = 64_000
"""A second or more at every rate that speakers have: what is urgent is heard from the start."""
SOUND_LEAST: Final = 0.01
"""Of a full scale of 1."""


@pytest.mark.case("TC-ALM-001")
def test_lethal_signs(profile: Profile, measure: Measure, rig: Rig) -> None:
    """Every lethal sign gets a HIGH physiological alarm within its stated time.

    Method: simulated patients with normal life for twenty seconds, then one of ten things that
    kill: standstill, also with residual waves, fibrillation coarse and fine, flutter, ventricular
    tachycardia, an extreme rate, a heart without a pulse, no breath. Rate, height and onset are
    drawn from the seed. What must be raised and from when on is known from the script alone. The
    delay counts from the end of the condition's own averaging time to the step of our clock in
    which the signal was told, and is held against the time that the profile gives a HIGH alarm; a
    signal that never came is infinitely late. When it was told, the device must say that the alarm
    is heard, and what it gives to its speaker from then on must not be silence. No HIGH alarm may
    come before there was anything.
    """
    repeats = rig.samples("TC-ALM-001")
    seen: list[tuple[Doomed, float, str]] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device)
        for number in range(repeats):
            seen += _attend(ward, [doomed(name, rig.seed(f"{name} {number}")) for name in LETHAL])
            rig.progress(number + 1, repeats)
    early = [fault for _, _, fault in seen if fault.startswith("early")]
    limit_s = profile.alarm.high_delay_ms / 1e3
    for sign in dict.fromkeys(one.sign for one in LETHAL.values()):
        late_s = [late for one, late, _ in seen if one.expected.what is sign]
        delays(measure, f"{sign.value}_to_high_alarm", late_s, limit_s)
    missed = [f"{one.name} seed {one.seed}" for one, late, _ in seen if late == inf]
    count(
        measure, "lethal_conditions_missed", missed, len(seen),
        "each has a HIGH physiological alarm while it lasts",
    )  # fmt: skip
    silent = [f"{one.name}: {fault}" for one, _, fault in seen if fault.startswith("silent")]
    count(measure, "lethal_alarms_not_heard", silent, len(seen), "each is heard when it is told")
    count(measure, "high_alarms_before_any_cause", early, len(seen), "none before the onset")


def _attend(ward: Ward, group: Sequence[Doomed]) -> list[tuple[Doomed, float, str]]:
    """Play these patients at once: how late each alarm was, and what else was wrong."""
    beds = [one.bed for one in group]
    ward.admit(*beds)
    heard: dict[str, str] = {}
    while ward.now_s - beds[0].began_s < max(bed.seconds for bed in beds):
        ward.step([bed for bed in beds if ward.now_s - bed.began_s < bed.seconds])
        for one in group:
            if one.bed.patient not in heard and _first_high(ward, one):
                heard[one.bed.patient] = _silent(ward, one)
    seen = [
        (one, _late_s(ward, one), _premature(ward, one) or heard.get(one.bed.patient, ""))
        for one in group
    ]
    ward.discharge(*beds)
    return seen


def _silent(ward: Ward, one: Doomed) -> str:
    """What is wrong with the sound of an alarm that was just told."""
    state = ward.state(one.bed.patient)
    if state["audible"] != "high":
        return f"silent: {state['audible']}"
    asked = {"from_ns": state["at_ns"], "samples": SOUND_SAMPLES}
    given = b64decode(ward.device.call("alarm.sound", asked)["samples"])
    highest = float(np.abs(np.frombuffer(given, "<f4")).max(initial=0.0))
    return "" if highest >= SOUND_LEAST else f"silent: samples up to {highest:g}"


def _highs(ward: Ward, one: Doomed) -> list[Told]:
    """Each HIGH physiological alarm of a patient that was signalled or became so urgent."""
    return [
        told
        for told in ward.alarms(one.bed.patient, "signalled", "level")
        if told.event["alarm"]["priority"] == "high"
        and told.event["alarm"]["kind"] == "physiological"
    ]


def _first_high(ward: Ward, one: Doomed) -> Told | None:
    begin_s = one.bed.began_s + one.expected.begins_s
    return next((told for told in _highs(ward, one) if told.at_s >= begin_s), None)


def _late_s(ward: Ward, one: Doomed) -> float:
    """From the end of the averaging to the begin of the step in which the alarm came."""
    first = _first_high(ward, one)
    due_s = one.bed.began_s + (one.expected.raise_by_s or 0.0)
    return inf if first is None else first.at_s - ward.step_ms / 1e3 - due_s


def _premature(ward: Ward, one: Doomed) -> str:
    begin_s = one.bed.began_s + one.expected.begins_s
    sooner = [told for told in _highs(ward, one) if told.at_s < begin_s]
    if not sooner:
        return ""
    return f"early: {one.name} seed {one.seed}: {sooner[0].event['alarm']['condition']}"
