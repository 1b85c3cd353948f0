"""From the alarm system to what is heard, seen and told elsewhere: the real parts together."""

import numpy as np
from alarm_bench import PATIENT, AlarmBench
from alarm_states import SECOND_NS

from edgeward.alarm.annunciation.display import frame
from edgeward.alarm.annunciation.light import Colour, Lamp
from edgeward.alarm.annunciation.port import Annunciators
from edgeward.alarm.annunciation.speaker import Speaker
from edgeward.alarm.delegation.local import LocalEnd
from edgeward.alarm.delegation.plan import UNANSWERED, DelegationPlan
from edgeward.alarm.delegation.remote import RemoteEnd
from edgeward.alarm.delegation.technical import of_device, of_remote
from edgeward.alarm.standard_conditions import LINK_LOST
from edgeward.alarm.vocabulary import Priority

RATE = 16_000
TICK_S = 0.1


class Bedside:
    """An alarm system with a loudspeaker, a lamp and a display."""

    def __init__(self) -> None:
        self.bench = AlarmBench()
        self.speaker = Speaker(RATE, 0)
        self.on: set[Colour] = set()
        self.lamp = Lamp({colour: self._pin(colour) for colour in Colour})
        self.every = Annunciators({"lamp": self.lamp, "speaker": self.speaker})

    def _pin(self, colour: Colour) -> "Pin":
        return Pin(self.on, colour)

    def run(self, seconds: float) -> tuple[bool, set[Colour]]:
        """Whether anything was heard, and what was lit, in so many seconds."""
        heard, lit = False, set[Colour]()
        for _ in range(round(seconds / TICK_S)):
            now_ns = self.bench.now.mono_ns
            assert self.every.show(self.bench.signals, now_ns) == ()
            heard |= bool(np.any(self.speaker.render(now_ns, round(RATE * TICK_S))))
            lit |= self.on
            self.bench.wait(TICK_S)
        return heard, lit

    @property
    def lines(self) -> list[str]:
        return frame(self.bench.signals, self.bench.now.mono_ns).splitlines()


class Pin:
    """An output."""

    def __init__(self, on: set[Colour], colour: Colour) -> None:
        self._on, self._colour = on, colour

    def __call__(self, on: bool) -> None:
        (self._on.add if on else self._on.discard)(self._colour)


def test_the_life_of_an_alarm_as_it_is_heard_and_seen() -> None:
    bed = Bedside()
    assert bed.run(1) == (False, set())
    assert bed.lines == ["no alarm"]
    bed.bench.see("asystole", text="no beat for 4.0 s")
    assert bed.run(TICK_S) == (True, {Colour.RED})
    assert bed.lines[0] == f"!!! HIGH: ASYSTOLE, no beat for 4.0 s, {PATIENT}"
    bed.bench.by().acknowledge(bed.bench.up("asystole").id)
    bed.run(TICK_S)
    assert bed.run(20) == (False, {Colour.RED})
    assert bed.lines[1].endswith("(acknowledged)")
    assert bed.run(110)[0]  # the acknowledgement has run out
    bed.bench.see("asystole", False)
    assert bed.run(20) == (True, {Colour.RED})  # latched
    assert bed.lines[1].endswith("(over, not reset)")
    bed.bench.by().reset(bed.bench.up("asystole").id)
    bed.run(TICK_S)
    assert bed.run(20) == (False, set())
    assert bed.lines == ["no alarm"]


def test_a_pause_is_silent_and_counted_down_and_ends() -> None:
    bed = Bedside()
    bed.bench.see("asystole")
    bed.run(1)
    bed.bench.by().audio_pause(PATIENT, 60 * SECOND_NS)
    bed.run(TICK_S)
    assert bed.lines[1] == f"[AUDIO PAUSED 1:00], {PATIENT}, by nurse 7"
    assert bed.run(40) == (False, {Colour.RED})
    assert bed.lines[1] == f"[AUDIO PAUSED 0:20], {PATIENT}, by nurse 7"
    assert bed.run(25)[0]


def test_sound_that_is_off_is_called_to_mind() -> None:
    bed = Bedside()
    bed.bench.by().audio_off(PATIENT)
    heard = [bed.run(10)[0] for _ in range(40)]
    assert sum(heard) == 400 // 120  # one reminder each two minutes
    assert not heard[0]


def test_a_lost_link_is_an_alarm_at_both_ends_and_nobody_answering_is_one_here() -> None:
    here, there = AlarmBench(), AlarmBench()
    plan = DelegationPlan(("ward",), confirm_ns=10 * SECOND_NS, delegable=(Priority.HIGH,))
    device, ward = LocalEnd("bed", plan, 1, 0), RemoteEnd("ward", "bed", plan.refresh_ns, 1, 0)

    def run(seconds: int, *, linked: bool) -> None:
        for _ in range(seconds * 2):
            now_ns = here.now.mono_ns
            device.take(here.signals, now_ns)
            offers = device.outgoing(now_ns) if linked else []
            for _, offer in offers:
                ward.receive(offer, now_ns)
            answers = ward.outgoing(now_ns, able=True) if linked else []
            for answer in answers:
                device.receive(answer, now_ns)
            for seen in of_device(device, now_ns):
                here.system.observe(seen, here.now)
            for seen in of_remote(ward, now_ns):
                there.system.observe(seen, there.now)
            here.wait(0.5)
            there.wait(0.5)

    run(20, linked=True)
    assert not here.system.alarms
    assert not there.system.alarms
    here.see("asystole")
    run(5, linked=True)
    assert device.local(here.signals, here.now.mono_ns).audible is None
    run(10, linked=False)
    assert device.local(here.signals, here.now.mono_ns).audible is Priority.HIGH
    assert here.up(LINK_LOST, None).text == "no link to ward"
    assert there.up(LINK_LOST, None).text == "no link to bed"
    run(10, linked=True)
    assert here.alarm(LINK_LOST, None) is None
    assert there.alarm(LINK_LOST, None) is None
    assert here.up("asystole").id in here.up(UNANSWERED, None).text
    assert {item.condition for item in ward.items} == {"asystole"}
    for item in ward.items:
        ward.confirm(item.delivery, "anna")
    run(10, linked=True)
    assert here.alarm(UNANSWERED, None) is None
