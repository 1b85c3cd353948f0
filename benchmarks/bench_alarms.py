"""Hours of simulated patients at the bedside: lethal events missed, alarms a day, cost an hour.

Each patient has a script of his own from the seed: ordinary life with movement, faults and extra
beats, and a lethal event every two hours or so (`signal/simulation/days.py`). All seven channels go
through detectors, alarm system and signals, in blocks of a second. Which alarms must follow comes
from the script alone.

*Answered*: while a lethal event must be told, some HIGH alarm about the patient is up in time.
*Named*: so is the one of its own kind. Alarms a day are those of which a person is to hear.

Every figure here is of simulated patients, and says nothing about real ones.

`bench_alarms.py [HOURS [PATIENTS [SEED]]]`, 2 hours of 2 patients without. Goals: no lethal event
unanswered, and outside of lethal events fewer than 18.7 audible physiological alarms a day (a tenth
of what a bed in intensive care was counted to have, Drew 2014).
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from verdict import Verdict

from edgeward.adapters.clock import SimulatedClock
from edgeward.alarm.change import AlarmChange, What
from edgeward.alarm.vocabulary import Category, Kind, Priority
from edgeward.device.bedside.media import StoreMedia
from edgeward.device.bedside.start import Started, start_bedside
from edgeward.device.bedside.telling import AlarmEvent
from edgeward.limits import DEFAULT
from edgeward.signal.findings import Sign
from edgeward.signal.simulation.criteria import Criteria, Expected
from edgeward.signal.simulation.days import busy_day
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.generate import CHANNELS, stream
from edgeward.signal.simulation.script import Script
from edgeward.signal.simulation.truth import truth_of

LETHAL = frozenset(Sign) - {Sign.PAUSE, Sign.FALL}
BUDGET_A_DAY = 18.7
CRITERIA = Criteria(extreme_low_bpm=30.0, extreme_high_bpm=180.0)
"""The limits of an adult at the bedside."""
NS = 1_000_000_000
DAY_S, HOUR_S = 86_400, 3_600


@dataclass(slots=True)
class Up:
    """One alarm, from when it was signalled until it was over, reset or latched."""

    condition: str
    kind: Kind
    priority: Priority
    begins_s: float
    ends_s: float = float("inf")


@dataclass(slots=True)
class Seen:
    """What came of one patient."""

    alarms: list[Up] = field(default_factory=list)
    events: list[Expected] = field(default_factory=list)
    hours: float = 0.0
    cpu_s: float = 0.0

    def answered(self, event: Expected, *, named: bool) -> bool:
        """Whether an alarm was up in time."""
        return any(
            up.priority is Priority.HIGH
            and up.kind is Kind.PHYSIOLOGICAL
            and up.begins_s <= (event.raise_by_s or 0.0)
            and up.ends_s >= event.earliest_s
            and (not named or up.condition == str(event.what))
            for up in self.alarms
        )

    def audible(self, kind: Kind) -> list[Up]:
        """Alarms outside of lethal events that somebody is to hear."""
        return [
            up
            for up in self.alarms
            if up.kind is kind
            and up.priority is not Priority.LOW
            and not any(one.begins_s <= up.begins_s <= one.ends_s + 60 for one in self.events)
        ]


def watch(script: Script, seed: int) -> Seen:
    """One patient, from the first second to the last."""
    clock, told = SimulatedClock(), list[AlarmChange]()
    take = told.append
    started = start_bedside(
        clock, DEFAULT, 1,
        lambda event: take(event.change) if isinstance(event, AlarmEvent) else None,
        StoreMedia(), {},
    )  # fmt: skip
    seen = Seen(hours=script.seconds / HOUR_S)
    began_s = time.process_time()
    _live(started, clock, script, seed)
    seen.cpu_s = time.process_time() - began_s
    started.recorder.close()
    seen.alarms = list(_ups(told))
    seen.events = [
        one
        for one in expected_alarms(truth_of(script, seed), CRITERIA, channels=CHANNELS)
        if one.required and one.what in LETHAL
    ]
    return seen


def _live(started: Started, clock: SimulatedClock, script: Script, seed: int) -> None:
    bedside = started.bedside
    bedside.admit("p", Category.ADULT)
    for channel in CHANNELS:
        bedside.attach("p", channel)
    for number, block in enumerate(stream(script, seed, CHANNELS, seconds=1.0), 1):
        clock.advance(NS)
        for name, samples in block.signals.items():
            if len(samples):
                bedside.push("p", name, block.first[name], samples, None, number * NS)
        bedside.advance()
        for alarm in bedside.alarms.signals("p").shown:  # somebody comes and looks
            if alarm.alarm.presence == "latched":
                bedside.alarms.by("nurse", bedside.now()).reset(alarm.alarm.id)


def _ups(told: list[AlarmChange]) -> Iterator[Up]:
    """Each stretch in which an alarm was signalled."""
    under_way: dict[str, Up] = {}
    for change in told:
        alarm = change.alarm
        if alarm is None or alarm.patient is None:
            continue
        if change.what is What.SIGNALLED:
            at_s = max(change.at_ns - NS, alarm.met_ns) / NS  # its block arrived a second later
            under_way[alarm.id] = Up(alarm.condition, alarm.kind, alarm.priority, at_s)
        elif alarm.id in under_way:
            up = under_way[alarm.id]
            up.priority = min(up.priority, alarm.priority, key=lambda one: one.rank)
            if change.what in (What.ENDED, What.LATCHED, What.RESET):
                up.ends_s = change.at_ns / NS
                yield under_way.pop(alarm.id)
    yield from under_way.values()


def main(arguments: list[str]) -> Verdict:
    """Watch them, and say what was missed and what was too much."""
    hours, patients, seed = (
        float(one) for one in [*arguments, *("2", "2", "11")[len(arguments) :]]
    )
    every = []
    for number in range(int(patients)):
        own = int(seed) + number
        every.append(watch(busy_day(own, hours), own))
        print(f"patient {number + 1} of {int(patients)}: {every[-1].hours:.1f} h", flush=True)
    total = sum(one.hours for one in every)
    events = [(one, event) for one in every for event in one.events]
    missed = [event for one, event in events if not one.answered(event, named=False)]
    unnamed = Counter(str(e.what) for one, e in events if not one.answered(e, named=True))
    print(f"simulated patients: {total:.1f} h, {len(events)} lethal events")
    print(f"unanswered by any HIGH alarm         {len(missed):6d}  (goal 0)")
    for event in missed:
        print(f"  {event.what} at {event.begins_s:.0f} s, due by {event.raise_by_s:.0f} s")
    print(f"without the alarm of their own kind  {unnamed.total():6d}  {dict(unnamed)}")
    for kind in Kind:
        heard = [up for one in every for up in one.audible(kind)]
        often = Counter(up.condition for up in heard).most_common(6)
        print(f"{kind.value} alarms a day beside them  {24 * len(heard) / total:6.1f}  {often}")
    a_day = 24 * sum(len(one.audible(Kind.PHYSIOLOGICAL)) for one in every) / total
    print(f"  goal: below {BUDGET_A_DAY} physiological ones")
    print(f"CPU an hour of a patient, 7 channels  {sum(one.cpu_s for one in every) / total:5.1f} s")
    return Verdict.MISSED if missed or a_day >= BUDGET_A_DAY else Verdict.KEPT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
