"""A fall is told, whatever the range of the sensor; what only shakes as much is none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from edgeward.signal.simulation.body_steps import Motion, Movement
from edgeward.signal.simulation.heart_steps import Sinus
from edgeward.signal.simulation.script import Script
from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward, simulated_bed
from edgeward_harness.run.measure import Measure

STEP_MS: Final = 1000
LEAD_S, LASTS_S, AFTER_S = 8.0, 12.0, 4.0
WITHIN_S: Final = 10.0
"""From the begin of a fall to its alarm."""
RANGE_G: Final = 8.0
IMPACT_G, CLIPPED_G = (3.0, 16.0), (12.0, 16.0)
"""The peak of a fall; and of one that a sensor of 8 g cuts off on whichever axis it comes."""
TRIALS: Final = 30
"""Of each kind in a repeat: none missed in 30 bounds the share that is missed by 9.5 %."""
ACTIVITIES: Final = (
    Movement.WALK, Movement.JOG, Movement.STAIRS, Movement.SIT_DOWN, Movement.LIE_DOWN,
    Movement.JUMP,
)  # fmt: skip
FOUND_LEAST, QUIET_LEAST = 90.0, 95.0


@pytest.mark.case("TC-ALM-016")
def test_falls(measure: Measure, rig: Rig) -> None:
    """A fall is a HIGH alarm within ten seconds, and walking, jogging and sitting down are none.

    Method: simulated patients with a sensor of acceleration on the trunk. Half of the falls are
    told as they are, with an impact of 3 to 16 g, and half, with one of 12 to 16 g, by a sensor
    that ends at 8 g; a fall is found when a HIGH physiological alarm is signalled within ten
    seconds of its begin. Others walk, jog, climb stairs, jump, sit down or lie down; each
    physiological alarm about them is false. The direction of the fall, the turn of the body and the
    vigour of the walk are drawn from the seed.
    """
    repeats = rig.samples("TC-ALM-016")
    found: Mapping[str, list[Share]] = {"whole": [], "clipped": [], "quiet": []}
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            for name, clipped in (("whole", False), ("clipped", True)):
                falling = [_falling(rig, f"{name} {number} {n}", clipped) for n in range(TRIALS)]
                _play(ward, falling)
                found[name].extend(_found(ward, bed) for bed in falling)
            for part in range(2):
                busy = [_busy(rig, f"{number} {part} {n}", n) for n in range(TRIALS)]
                _play(ward, busy)
                found["quiet"].extend(_quiet(ward, bed) for bed in busy)
            rig.progress(number + 1, repeats)
    measure.rests_on(SIMULATED)
    for name, shares, least in (
        ("falls_found", found["whole"], FOUND_LEAST),
        ("falls_found_with_a_sensor_of_8_g", found["clipped"], FOUND_LEAST),
        ("activities_without_an_alarm", found["quiet"], QUIET_LEAST),
    ):
        wrong = ", ".join(one.name for one in shares if one.right < one.total)
        measure.record(name, judge_share(_pooled(name, shares), least, wrong[:300], rare=True))


def _pooled(name: str, shares: list[Share]) -> list[Share]:
    """One for all: each trial is a body of its own, and hundreds of them are no figure."""
    return [Share(name, sum(one.right for one in shares), float(len(shares)))]


def _falling(rig: Rig, label: str, clipped: bool) -> Bed:  # noqa: FBT001 - one of two kinds
    draw = np.random.default_rng(rig.seed(f"fall {label}"))
    impact_g = float(draw.uniform(*(CLIPPED_G if clipped else IMPACT_G)))
    fall = Motion(LASTS_S, Movement.FALL, impact_g, float(draw.uniform(60.0, 110.0)))
    bed = _moving(f"fall {label}", int(draw.integers(2**31)), (Motion(LEAD_S), fall))
    if not clipped:
        return bed
    told = np.clip(bed.signals["acceleration"], -RANGE_G, RANGE_G)
    return replace(bed, signals={"acceleration": told})


def _busy(rig: Rig, label: str, number: int) -> Bed:
    movement = ACTIVITIES[number % len(ACTIVITIES)]
    seed = rig.seed(f"{movement} {label}")
    return _moving(f"{movement} {label}", seed, (Motion(LEAD_S), Motion(LASTS_S, movement)))


def _moving(name: str, seed: int, motion: tuple[Motion, ...]) -> Bed:
    script = Script((Sinus(LEAD_S + LASTS_S + AFTER_S),), motion=motion)
    return simulated_bed(name, script, seed, "acceleration")


def _play(ward: Ward, beds: list[Bed]) -> None:
    ward.admit(*beds)
    ward.play(beds, LEAD_S + LASTS_S + AFTER_S)
    ward.discharge(*beds)


def _found(ward: Ward, bed: Bed) -> Share:
    high = [
        told.at_s - bed.began_s - LEAD_S
        for told in ward.alarms(bed.patient, "signalled")
        if told.event["alarm"]["priority"] == "high"
        and told.event["alarm"]["kind"] == "physiological"
    ]
    return Share(bed.patient, float(any(0.0 <= at_s <= WITHIN_S for at_s in high)), 1.0)


def _quiet(ward: Ward, bed: Bed) -> Share:
    false = [
        told
        for told in ward.alarms(bed.patient, "declared")
        if told.event["alarm"]["kind"] == "physiological"
    ]
    return Share(bed.patient, float(not false), 1.0)
