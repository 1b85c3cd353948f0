"""Simulated patients with beats of three classes: normal, early from above, ventricular.

Rules:
1. The truth is that of the script. What comes early from above is a normal complex, P wave and all,
   after less than `EARLY` of the interval before it; the simulator has no other one.
2. First comes `LEAD_S` of a normal rhythm: what is usual for a patient is learned from it, and none
   of its beats is judged. Nor are the last `REST_S`: a class may rest on what follows.
"""

from typing import Final

import numpy as np

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import BeatClass
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.heart_steps import Ectopy, HeartStep, Pause, Sinus
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.script import Person, Script, lane_seconds
from edgeward.signal.simulation.truth import truth_of
from edgeward_harness.measure.scoring.beats import AamiClass, Labelled

from .leads import Lead
from .simulated import drawn

RATE_HZ: Final = 250
LEAD_S: Final = 14.0
REST_S: Final = 3.0
EARLY: Final = 0.75
ROUNDS: Final = 6
EACH: Final = 5
"""Beats from above in a round."""
PATTERNS: Final = ("NV", "NNV", "NNNVV")
ECTOPY_S: Final = 13.5
_CLASSES: Final = {
    BeatClass.NORMAL: AamiClass.NORMAL,
    BeatClass.VENTRICULAR: AamiClass.VENTRICULAR,
}


def heart(seed: int, rounds: int = ROUNDS) -> Lead:
    """The patient of a seed, with so many rounds of beats that come early."""
    person, groups = drawn(seed)
    script, early_s = _script(person, seed, rounds)
    channel = Channel("ecg", Signal.ECG, "mV", RATE_HZ)
    record = simulate(script, seed, (channel,))
    times_s = record.truth.beats_s
    classes = [_CLASSES[BeatClass(str(kind))] for kind in record.truth.classes]
    for place in np.searchsorted(times_s, early_s) - 1:
        if _is_early(times_s, int(place)):
            classes[place] = AamiClass.SUPRAVENTRICULAR
    samples = record.signals["ecg"]
    return Lead(
        patient=f"simulated {seed}",
        channel=channel,
        samples=samples,
        beats=Labelled([round(float(at_s) * RATE_HZ) for at_s in times_s], classes),
        judged=(round(LEAD_S * RATE_HZ), len(samples) - round(REST_S * RATE_HZ)),
        groups=groups,
    )


def _is_early(times_s: F64, place: int) -> bool:
    """Rule 1."""
    before_s, interval_s = np.diff(times_s[place - 2 : place + 1])
    return bool(interval_s < EARLY * before_s)


def _script(person: Person, seed: int, rounds: int) -> tuple[Script, list[float]]:
    """What happens, and until when each beat from above has come."""
    draw = np.random.default_rng([seed, 2])
    rate_bpm = float(draw.uniform(54.0, 70.0))
    steps: list[HeartStep] = [Sinus(LEAD_S, rate_bpm)]
    early_s: list[float] = []
    for _ in range(rounds):
        pattern, prematurity = str(draw.choice(PATTERNS)), float(draw.uniform(0.25, 0.4))
        steps.append(Ectopy(ECTOPY_S, rate_bpm, pattern, prematurity))
        for _ in range(EACH):
            usual = int(draw.integers(3, 6))
            steps.append(_until_a_beat(tuple(steps), person, seed, rate_bpm, usual))
            steps.append(Pause(max(0.5, float(draw.uniform(0.55, 0.62)) * 60.0 / rate_bpm)))
            early_s.append(lane_seconds(tuple(steps)))
    steps.append(Sinus(REST_S + 2.0, rate_bpm))
    return Script(tuple(steps), person=person), early_s


def _until_a_beat(
    before: tuple[HeartStep, ...], person: Person, seed: int, rate_bpm: float, beats: int
) -> Sinus:
    """A normal rhythm that ends a moment after its last of so many beats."""
    whole = Script((*before, Sinus((beats + 2) * 60.0 / rate_bpm, rate_bpm)), person=person)
    start_s = lane_seconds(before)
    times_s = truth_of(whole, seed).beats_s
    last = int(np.searchsorted(times_s, start_s)) + beats - 1
    return Sinus(float(times_s[last]) - start_s + 0.1, rate_bpm)
