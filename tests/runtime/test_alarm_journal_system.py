"""What the journal carries over is all that the state of the alarm system needs."""

import random
from dataclasses import replace

from alarm_disk import Machine
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from edgeward.alarm.change import Alarm, AlarmChange, Given, Scope, What
from edgeward.alarm.journal.writer import Keeping
from edgeward.alarm.system.state import State, replay
from edgeward.alarm.vocabulary import Inactivation, Kind, Level, Presence, Priority

S = 1_000_000_000
ALARM = Alarm(
    id="1-1",
    patient="p",
    condition="asystole",
    kind=Kind.PHYSIOLOGICAL,
    priority=Priority.HIGH,
    worst=Priority.HIGH,
    level=Level.CRITICAL,
    presence=Presence.ON,
    holds=True,
    undecided=False,
    occurrence=1,
    epoch=1,
    met_ns=1,
    declared_ns=2,
    signalled_ns=3,
    escalated=False,
    signal_due_ns=4,
    unattended_ns=5,
    acknowledged_until_ns=None,
    value=None,
    unit="",
    limits=(),
    text="no beat for 4.0 s",
    source="ecg",
    model=None,
)


class Story:
    """Entries as an alarm system may tell them, over several boots."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.entries: list[AlarmChange] = []
        self.epoch = self.seq = self.mono_ns = 0
        self.wall_ns = 1_700_000_000 * S
        self.start()

    def tell(
        self,
        what: What,
        patient: str | None,
        *,
        alarm: Alarm | None = None,
        scope: Scope | None = None,
        given: Given | None = None,
    ) -> None:
        passed_ns = self.chance.randrange(100) * S
        self.mono_ns += passed_ns
        self.wall_ns += passed_ns
        self.seq += 1
        now = (self.epoch, self.seq, self.mono_ns, self.wall_ns)
        self.entries.append(
            AlarmChange(*now, what, patient, "", alarm=alarm, scope=scope, given=given)
        )

    def start(self) -> None:
        self.epoch, self.seq = self.epoch + 1, 0
        self.mono_ns = self.chance.randrange(1000) * S
        self.tell(What.STARTED, None)

    def step(self) -> None:
        chance = self.chance
        patient = chance.choice(["p", "q", None])
        due_ns = self.mono_ns + chance.randrange(200) * S
        match chance.randrange(8):
            case 0:
                self.start()
            case 1:
                pause = Scope(patient, inactivation=Inactivation.AUDIO_PAUSED, until_ns=due_ns)
                self.tell(What.AUDIO_PAUSED, patient, scope=replace(pause, since_ns=self.mono_ns))
            case 2:
                self.tell(What.DISCHARGED, patient)
            case 3:
                sound = chance.choice([None, Priority.HIGH])
                told = Given(patient, sound, None, sound, None)
                self.tell(What.ANNUNCIATION, patient, given=told)
            case _:
                alarm = replace(
                    ALARM,
                    patient=patient,
                    condition=chance.choice(["asystole", "apnea"]),
                    priority=chance.choice(list(Priority)),
                    acknowledged_until_ns=chance.choice([None, due_ns]),
                    unattended_ns=self.mono_ns,
                    epoch=self.epoch,
                )
                words = [What.DECLARED, What.ACKNOWLEDGED, What.ENDED, What.RESET, What.LATCHED]
                self.tell(chance.choice(words), patient, alarm=alarm)


def core(state: State) -> object:
    return state.alarms, state.scopes, state.given


@settings(max_examples=50, deadline=None)
@drawn(seed=st.integers(0, 2**32), count=st.integers(0, 120))
def test_what_stands_is_the_state_however_old_segments_went(seed: int, count: int) -> None:
    story = Story(seed)
    machine = Machine(keeping=Keeping(segment_bytes=2000, segments_max=2))
    journal, _ = machine.open()
    for _ in range(count):
        told = len(story.entries)
        story.step()
        for entry in story.entries[told:]:
            journal.record(entry.to_dict())
        journal.flush()
        if story.chance.random() < 0.05:
            machine = machine.killed()
            journal, _ = machine.open()
    recovered = machine.killed().open()[1]
    for entries in (recovered.standing, recovered.entries):
        kept = [one.entry for one in entries if "kind" not in one.entry]
        assert core(replay(map(AlarmChange.from_dict, kept))) == core(replay(story.entries))
