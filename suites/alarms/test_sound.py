"""What is heard tells how urgent it is: measured in the samples of the sound."""

from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure

from .patients import feverish, saturated
from .recording import count
from .sound import PITCH_HZ, Heard, heard, listen

STEP_MS: Final = 1000
LISTENED_S: Final = 45
HARMONICS_MIN: Final = 4
GRAIN_MS: Final = 10.0
"""How finely the length of a pulse is measured."""
PULSES: Final = {"high": (10, 10), "medium": (3, 3), "low": (1, 2)}
PULSE_MS: Final = {"high": (75.0, 200.0), "medium": (125.0, 250.0), "low": (125.0, 250.0)}
INTERVAL_S: Final = {"high": (2.5, 15.0), "medium": (2.5, 30.0), "low": (15.0, float("inf"))}
FEVER: Final = ((60.0, 38.6),)


@pytest.mark.case("TC-ALM-022")
def test_sound(measure: Measure, rig: Rig) -> None:
    """HIGH, MEDIUM and LOW are heard as what they are, and nothing is heard of who is well.

    Method: one simulated patient after the other, well, with a saturation of 84 or 89 %, or with a
    little fever, so that nothing, a HIGH, a MEDIUM or a LOW alarm is up. The sound of forty-five
    seconds is asked for, second by second, and measured: pulses in a burst, the length of each
    where it is near its height, the silence to the next burst, the pitch, and how many of its
    harmonics from 300 to 4000 Hz are within 15 dB of it.
    """
    repeats = rig.samples("TC-ALM-022")
    faults: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            well = saturated(f"well {number}", rig.seed(f"well {number}"), (60.0, 97.0))
            high = saturated(f"high {number}", rig.seed(f"high {number}"), (60.0, 84.0))
            medium = saturated(f"medium {number}", rig.seed(f"medium {number}"), (60.0, 89.0))
            fever = saturated(f"low {number}", rig.seed(f"low {number}"), (60.0, 97.0))
            low = feverish(fever, rig.seed(f"fever {number}"), *FEVER)
            for bed, priority in ((well, None), (high, "high"), (medium, "medium"), (low, "low")):
                faults += _faults(ward, bed, priority)
            rig.progress(number + 1, repeats)
    count(
        measure, "sounds_otherwise", faults, 4 * repeats,
        "pulses, lengths, intervals, pitch and harmonics of each priority, and silence",
    )  # fmt: skip


def _faults(ward: Ward, bed: Bed, priority: str | None) -> list[str]:
    ward.admit(bed)
    ward.play([bed], 12.0)
    wave, rate_hz = listen(ward, bed, LISTENED_S)
    ward.discharge(bed)
    ward.rest(20.0)
    found = heard(wave, rate_hz)
    if priority is None:
        return [f"{bed.patient}: {found} is heard"] if abs(wave).max() > 0 else []
    faults = ["nothing is heard"] if found is None else _otherwise(found, priority)
    return [f"{bed.patient}: {', '.join(faults)}"] if faults else []


def _otherwise(found: Heard, priority: str) -> list[str]:
    """What is not as it must be."""
    least, most = PULSES[priority]
    faults = [] if least <= found.pulses <= most else [f"{found.pulses} pulses"]
    least_ms, most_ms = PULSE_MS[priority]
    short, long = min(found.pulse_ms), max(found.pulse_ms)
    if short < least_ms - GRAIN_MS or long > most_ms + GRAIN_MS:
        faults.append(f"pulses of {short:g} to {long:g} ms")
    least_s, most_s = INTERVAL_S[priority]
    again = found.interval_s if found.interval_s is not None else most_s
    faults += [] if least_s <= again <= most_s else [f"again after {again:g} s"]
    if not PITCH_HZ[0] <= found.pitch_hz <= PITCH_HZ[1]:
        faults.append(f"a pitch of {found.pitch_hz:.0f} Hz")
    if found.harmonics < HARMONICS_MIN:
        faults.append(f"{found.harmonics} harmonics")
    return faults
