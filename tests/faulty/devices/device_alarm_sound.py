"""The reference device with one defect of its sounds: `python device_alarm_sound.py DEFECT`.

As in `device_alarms.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from device_alarms import put

from edgeward.alarm.annunciation import burst
from edgeward.alarm.annunciation.patterns import PATTERNS, Sound
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main


def one_sound_for_all(parts: Parts) -> Device:
    """Whatever it is, it sounds like something that can wait."""
    for sound in (Sound.HIGH, Sound.MEDIUM):
        PATTERNS[sound] = replace(PATTERNS[Sound.LOW], sound=sound)
    return Device(parts)


def pure_tone(parts: Parts) -> Device:
    """Its sounds have no harmonics: nobody can tell from where they come."""
    put(burst, "HARMONICS", (1.0,))
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "one_sound_for_all": one_sound_for_all,
    "pure_tone": pure_tone,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
