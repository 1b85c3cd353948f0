"""The reference device with one defect of sound or light: `python device_alarm_sound.py DEFECT`.

As in `device_alarms.py`.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from device_alarms import put

from edgeward.alarm.annunciation import burst
from edgeward.alarm.annunciation.light import BLINKS, Blink, Colour
from edgeward.alarm.annunciation.patterns import PATTERNS, Sound
from edgeward.alarm.vocabulary import Priority
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


def hasty_light(parts: Parts) -> Device:
    """What is of medium urgency flashes as fast as what is of high."""
    BLINKS[Priority.MEDIUM] = Blink(Colour.YELLOW, 500_000_000, 250_000_000)
    return Device(parts)


def long_light(parts: Parts) -> Device:
    """Its red light is on for four fifths of the time: from afar it does not flash."""
    BLINKS[Priority.HIGH] = Blink(Colour.RED, 500_000_000, 400_000_000)
    return Device(parts)


def one_colour(parts: Parts) -> Device:
    """Whatever it is, its light is yellow."""
    for priority, blink in list(BLINKS.items()):
        BLINKS[priority] = replace(blink, colour=Colour.YELLOW)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "hasty_light": hasty_light,
    "long_light": long_light,
    "one_colour": one_colour,
    "one_sound_for_all": one_sound_for_all,
    "pure_tone": pure_tone,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
