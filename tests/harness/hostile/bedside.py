"""The reference device with one defect in what it says about patients: `bedside.py DEFECT`."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgeward.alarm.delegation import local, messages
from edgeward.alarm.moment import Moment
from edgeward.device.bedside import acting, delegating, indicators
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.bedside.labelling import Labelling
from edgeward.device.bedside.telling import BeatEvent
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.signal.channel import Channel
from edgeward.signal.findings import Reading, Vital
from edgeward.signal.vitals.channel_vitals import Told

put: Callable[[Any, str, Any], None] = setattr
ATTACH = Bedside.attach
JUDGE = Bedside._judge
TOLD = Labelling.push
RENDER = indicators.Indicators.light


def beats_unasked(bedside: Bedside, patient: str, channel: Channel, **asked: bool) -> None:
    ATTACH(bedside, patient, channel, beats=asked["beats"] or channel.acceptance.beats)


def beats_backwards(labelling: Labelling, *block: Any) -> list[BeatEvent]:
    return [_elsewhere(one) for one in TOLD(labelling, *block)]


def _elsewhere(event: BeatEvent) -> BeatEvent:
    beat = event.labelled.beat
    beat = replace(beat, sample=-beat.sample % 10_000)
    return replace(event, labelled=replace(event.labelled, beat=beat))


def cuff_swapped(bedside: Bedside, patient: str, told: Told, now: Moment) -> None:
    found = told.finding
    if isinstance(found, Reading) and found.vital is Vital.PRESSURE_MEAN:
        told = replace(told, finding=replace(found, vital=Vital.PRESSURE_DIASTOLIC))
    JUDGE(bedside, patient, told, now)


def beats_of_anything(bedside: Bedside, patient: str, channel: Channel, **_: object) -> None:
    bedside.patient(patient).vitals.attach(channel)


def believes_anybody(document: Any, senders: tuple[str, ...], receiver: str) -> messages.Answer:
    return messages.read_answer({**document, "sender": senders[0]}, senders, receiver)


def defective(defect: str) -> Callable[[Parts], Device]:
    """Puts the defect in its place."""
    changes: dict[str, tuple[Any, str, Any]] = {
        "beats_unasked": (Bedside, "attach", beats_unasked),
        "beats_backwards": (Labelling, "push", beats_backwards),
        "beats_of_anything": (Bedside, "attach", beats_of_anything),
        "cuff_swapped": (Bedside, "_judge", cuff_swapped),
        "believes_anybody": (delegating, "read_answer", believes_anybody),
        "never_ends": (acting, "undelegate", lambda *_, **__: {}),
        "invents_a_colour": (indicators.Indicators, "light", lambda *of: RENDER(*of) + 9),
        "too_wide": (indicators, "frame", lambda *_, **__: "-" * 400),
    }
    put(*changes[defect])
    if defect == "believes_anybody":
        put(local.LocalEnd, "receive", lambda *_: ())
    return Device


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=defective(sys.argv[1])))
