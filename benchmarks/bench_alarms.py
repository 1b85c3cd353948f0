"""Hours of simulated patients at the bedside: lethal events missed, alarms a day, cost an hour.

Each patient has a script of his own from the seed: ordinary life with movement, faults and extra
beats, and a lethal event every two hours or so (`signal/simulation/days.py`). All seven channels go
through detectors, alarm system and signals, in blocks of a second. Which alarms must follow comes
from the script alone.

*Answered*: while a lethal event must be told, some HIGH alarm about the patient is up in time.
*Named*: so is the one of its own kind, if only in the list, since another one covers it. Alarms a
day are those of which a person is to hear.

*One happening*: one event each, with nobody there. How many alarms are signalled, and how many are
left to be reset.

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

from floor import BandPass
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
from edgeward.signal.simulation.faults import Fault
from edgeward.signal.simulation.generate import CHANNELS, stream
from edgeward.signal.simulation.scenarios import SCENARIOS
from edgeward.signal.simulation.script import Script
from edgeward.signal.simulation.truth import truth_of

LETHAL = frozenset(Sign) - {Sign.PAUSE, Sign.FALL}
BUDGET_A_DAY = 18.7
CRITERIA = Criteria(extreme_low_bpm=30.0, extreme_high_bpm=180.0)
"""The limits of an adult at the bedside."""
NS = 1_000_000_000
DAY_S, HOUR_S = 86_400, 3_600
AFTER_FAULT_S = 20.0
"""An alarm may still be about a fault that is over."""
SEED = 7
HAPPENINGS = (
    "asystole", "tachycardia", "tachycardia_to_fibrillation", "fibrillation_coarse", "no_pulse",
    "bradycardia_extreme", "tachycardia_extreme", "apnea", "breath_slow", "pressure_falls",
)  # fmt: skip


@dataclass(slots=True)
class Up:
    """One alarm, from when it was signalled until it was over, reset or latched."""

    condition: str
    kind: Kind
    priority: Priority
    begins_s: float
    ends_s: float = float("inf")
    covered: bool = False
    """Only listed: another one told the same happening."""
    latched: bool = False


@dataclass(slots=True)
class Seen:
    """What came of one patient."""

    alarms: list[Up] = field(default_factory=list)
    events: list[Expected] = field(default_factory=list)
    faults: tuple[Fault, ...] = ()
    hours: float = 0.0
    cpu_s: float = 0.0
    floor_s: float = 0.0
    """The same for one band-pass of each block."""

    def answered(self, event: Expected, *, named: bool) -> bool:
        """Whether an alarm was up in time."""
        return any(
            up.priority is Priority.HIGH
            and up.kind is Kind.PHYSIOLOGICAL
            and up.begins_s <= (event.raise_by_s or 0.0)
            and up.ends_s >= event.earliest_s
            and (up.condition == str(event.what) if named else not up.covered)
            for up in self.alarms
        )

    def audible(self, kind: Kind) -> list[Up]:
        """Alarms outside of lethal events that somebody is to hear."""
        return [
            up
            for up in self.alarms
            if up.kind is kind
            and not up.covered
            and up.priority is not Priority.LOW
            and not any(one.begins_s <= up.begins_s <= one.ends_s + 60 for one in self.events)
        ]

    @property
    def unexplained(self) -> int:
        """Technical alarms while no lead, probe or line is at fault."""
        return sum(
            not any(
                one.start_s <= up.begins_s <= one.start_s + one.seconds + AFTER_FAULT_S
                for one in self.faults
            )
            for up in self.audible(Kind.TECHNICAL)
        )


def watch(script: Script, seed: int, *, attended: bool = True) -> Seen:
    """One patient, from the first second to the last."""
    clock, told = SimulatedClock(), list[AlarmChange]()
    take = told.append
    started = start_bedside(
        clock, DEFAULT, 1,
        lambda event: take(event.change) if isinstance(event, AlarmEvent) else None,
        StoreMedia(), {},
    )  # fmt: skip
    seen = Seen(hours=script.seconds / HOUR_S, faults=script.faults)
    _live(started, clock, seen, script, seed, attended=attended)
    started.recorder.close()
    seen.alarms = list(_ups(told))
    seen.events = [
        one
        for one in expected_alarms(truth_of(script, seed), CRITERIA, channels=CHANNELS)
        if one.required and one.what in LETHAL
    ]
    return seen


def _live(
    started: Started,
    clock: SimulatedClock,
    seen: Seen,
    script: Script,
    seed: int,
    *,
    attended: bool,
) -> None:
    bedside, bands = started.bedside, {one.name: BandPass(one.rate_hz) for one in CHANNELS}
    bedside.admit("p", Category.ADULT)
    for channel in CHANNELS:
        bedside.attach("p", channel)
    for number, block in enumerate(stream(script, seed, CHANNELS, seconds=1.0), 1):
        clock.advance(NS)
        drawn_s = time.process_time()
        for name, samples in block.signals.items():
            bands[name].push(samples)
        began_s = time.process_time()
        for name, samples in block.signals.items():
            if len(samples):
                bedside.push("p", name, block.first[name], samples, None, number * NS)
        bedside.advance()
        for alarm in bedside.alarms.signals("p").shown:  # somebody comes and looks
            if attended and alarm.alarm.presence == "latched":
                bedside.alarms.by("nurse", bedside.now()).reset(alarm.alarm.id)
        seen.floor_s += began_s - drawn_s
        seen.cpu_s += time.process_time() - began_s


def _ups(told: list[AlarmChange]) -> Iterator[Up]:
    """Each stretch in which an alarm was signalled."""
    under_way: dict[str, Up] = {}
    for change in told:
        alarm = change.alarm
        if alarm is None or alarm.patient is None:
            continue
        begins = change.what is What.COVERED and alarm.signalled_ns is None
        if change.what is What.SIGNALLED or (begins and alarm.id not in under_way):
            at_s = max(change.at_ns - NS, alarm.met_ns) / NS  # its block arrived a second later
            if alarm.id in under_way:  # covered until now
                yield under_way.pop(alarm.id)
            under_way[alarm.id] = Up(
                alarm.condition, alarm.kind, alarm.priority, at_s, covered=begins
            )
        elif alarm.id in under_way:
            up = under_way[alarm.id]
            up.priority = min(up.priority, alarm.priority, key=lambda one: one.rank)
            if change.what in (What.ENDED, What.LATCHED, What.RESET):
                up.ends_s = change.at_ns / NS
                up.latched = change.what is What.LATCHED
                yield under_way.pop(alarm.id)
    yield from under_way.values()


def _show_one_happening() -> None:
    """How many alarms one event makes."""
    for name in HAPPENINGS:
        alarms = watch(SCENARIOS[name], SEED, attended=False).alarms
        signalled = [up.condition for up in alarms if not up.covered]
        left = sum(up.latched for up in alarms)
        covered = len({up.condition for up in alarms if up.covered} - set(signalled))
        print(
            f"{name:28} signalled {len(signalled):2d}, left to reset {left:2d},"
            f" only listed {covered:2d}  {', '.join(signalled)}"
        )


def main(arguments: list[str]) -> Verdict:
    """Watch them, and say what was missed and what was too much."""
    hours, patients, seed = (
        float(one) for one in [*arguments, *("2", "2", "11")[len(arguments) :]]
    )
    _show_one_happening()
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
    faults = sum(len(one.faults) for one in every)
    unexplained = sum(one.unexplained for one in every)
    print(f"  faults a day in the scripts {24 * faults / total:.1f};", end=" ")
    print(f"technical alarms while there is none {24 * unexplained / total:.1f}")
    print(f"  goal: below {BUDGET_A_DAY} physiological ones")
    cpu_s, floor_s = sum(one.cpu_s for one in every), sum(one.floor_s for one in every)
    print(f"CPU an hour of a patient, 7 channels  {cpu_s / total:5.1f} s", end=", ")
    print(f"{cpu_s / floor_s:.0f} times a band-pass of each block")
    return Verdict.MISSED if missed or a_day >= BUDGET_A_DAY else Verdict.KEPT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
