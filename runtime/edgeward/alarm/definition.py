"""What is settled about an alarm condition before any patient is connected.

Rules:
1. The priority follows from the risk. A critical level may have a risk of its own.
2. There are two delays, both disclosed: from the moment a condition is met until it counts, and
   from there until it is signalled. A life-threatening condition has neither.
   Nor does a condition while it is of HIGH priority.
3. A life-threatening condition cannot be switched off, and its signals stay until they are reset
   or acknowledged. A technical condition never latches.
4. An acknowledgement ends by itself, after two minutes at most.
5. A condition may name others that it *covers*: what they tell is the same happening, told worse.
   While it is signalled they make no signal of their own (`system/covering`).
"""

from dataclasses import dataclass

from edgeward.alarm.risk import Harm, Onset, priority
from edgeward.alarm.vocabulary import Kind, Latching, Level, Priority
from edgeward.errors import AlarmError

SECOND_NS = 1_000_000_000
ACKNOWLEDGE_NS_MAX = 120 * SECOND_NS
DELAY_NS_MAX = 30 * SECOND_NS
"""Of each of the two delays."""
CLEAR_NS_MAX = 10 * SECOND_NS
COVERED_AFTER_NS = 10 * SECOND_NS
"""What a condition covers has so long to end after it: averages of rates reach back as far."""


@dataclass(frozen=True, slots=True)
class ConditionDefinition:
    """One alarm condition: how urgent, how delayed, how it ends, what an operator may do to it."""

    name: str
    kind: Kind
    harm: Harm
    onset: Onset
    critical_onset: Onset | None = None
    """The onset at the critical level, for a condition that has two."""
    condition_delay_ns: int = 0
    """The condition is met without a break for this long before it counts (t2 - t1)."""
    signal_delay_ns: int = 0
    """From then until it is signalled (t3 - t2)."""
    clear_delay_ns: int = 2 * SECOND_NS
    """The condition is not met without a break for this long before it counts as over, so that one
    which flickers stays one alarm."""
    life_threatening: bool = False
    may_switch_off: bool = True
    latching: Latching = Latching.NONE
    acknowledge_ns: int = ACKNOWLEDGE_NS_MAX
    """After this long an acknowledged condition that still holds sounds again."""
    escalates_after_ns: int | None = None
    """Signalled this long without anybody answering, it becomes one step more urgent; whoever
    answers takes that step back."""
    deescalates: bool = True
    """Whether a lower level, held for the clear delay, takes the priority back."""
    text: str = ""
    """What is shown to a person."""
    covers: tuple[str, ...] = ()
    """Conditions of the same patient that are part of this one. What they cover is named, too."""

    def __post_init__(self) -> None:
        """Refuse what cannot be, every fault at once."""
        faults = [fault for fault in self._faults() if fault]
        if faults:
            raise AlarmError(f"alarm condition {self.name!r}: {fault}" for fault in faults)

    def priority_at(self, level: Level) -> Priority:
        """How urgent it is at a level."""
        critical = self.critical_onset if level is Level.CRITICAL else None
        return priority(self.harm, critical or self.onset)

    def delays_at(self, level: Level) -> tuple[int, int]:
        """Condition delay and signal delay in nanoseconds at a level."""
        if self.priority_at(level) is Priority.HIGH:
            return 0, 0
        return self.condition_delay_ns, self.signal_delay_ns

    def latching_of(self, worst: Priority) -> Latching:
        """What stays when the condition is over, by the most urgent that it was."""
        if self.latching is not Latching.BY_PRIORITY:
            return self.latching
        return _LATCHING[worst]

    @property
    def priority(self) -> Priority:
        """How urgent it is to begin with."""
        return self.priority_at(Level.WARNING)

    def _faults(self) -> list[str]:
        lethal, name = self.life_threatening, self.name
        return [
            *(
                f"{what} is {found} ns, accepted are 0 to {most}"
                for what, found, most in (
                    ("condition_delay_ns", self.condition_delay_ns, DELAY_NS_MAX),
                    ("signal_delay_ns", self.signal_delay_ns, DELAY_NS_MAX),
                    ("clear_delay_ns", self.clear_delay_ns, CLEAR_NS_MAX),
                )
                if not 0 <= found <= most
            ),
            ""
            if 0 < self.acknowledge_ns <= ACKNOWLEDGE_NS_MAX
            else f"acknowledge_ns is {self.acknowledge_ns}, accepted are 1 to {ACKNOWLEDGE_NS_MAX}",
            "" if name.isidentifier() and name.islower() else "a name is written like_this",
            "covers itself" if name in self.covers else "",
            "escalates_after_ns is not above 0"
            if self.escalates_after_ns is not None and self.escalates_after_ns <= 0
            else "",
            "a condition of HIGH priority has no delay"
            if self.priority is Priority.HIGH and (self.condition_delay_ns or self.signal_delay_ns)
            else "",
            "a life-threatening condition cannot be switched off"
            if lethal and self.may_switch_off
            else "",
            "a life-threatening condition is of HIGH priority"
            if lethal and self.priority is not Priority.HIGH
            else "",
            "a life-threatening condition of a patient latches in full"
            if lethal and self.kind is Kind.PHYSIOLOGICAL and self.latching is not Latching.FULL
            else "",
            "a technical condition never latches"
            if self.kind is Kind.TECHNICAL and self.latching is not Latching.NONE
            else "",
            "the critical level is less urgent than the warning"
            if self.priority.above(self.priority_at(Level.CRITICAL))
            else "",
        ]


_LATCHING = {
    Priority.HIGH: Latching.FULL,
    Priority.MEDIUM: Latching.VISUAL,
    Priority.LOW: Latching.NONE,
}
