"""The way of one alarm from receiver to receiver, until a person has confirmed it."""

from enum import StrEnum

from edgeward.alarm.change import Alarm
from edgeward.alarm.delegation.messages import Item
from edgeward.alarm.vocabulary import Priority


class Outcome(StrEnum):
    """Where a delivery stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    """By a person at a remote end."""
    SETTLED = "settled"
    """At the device itself."""


class Delivery:
    """One alarm on its way; each step asks one receiver more, in order and over again."""

    __slots__ = (
        "alarm", "confirmed_by", "number", "offered_ns", "outcome", "priority", "step",
        "step_since_ns",
    )  # fmt: skip

    def __init__(self, number: int, alarm: Alarm, now_ns: int) -> None:
        """Begin with the first receiver."""
        self.number = number
        self.alarm = alarm
        self.priority: Priority = alarm.priority
        """With which it began; one that becomes more urgent begins anew."""
        self.step = 0
        self.step_since_ns = now_ns
        self.outcome = Outcome.OPEN
        self.confirmed_by = ""
        self.offered_ns: dict[str, int] = {}
        """When it was first sent to each; removed once it is known to have arrived."""

    @property
    def urgency(self) -> tuple[int, int]:
        """HIGH first, then in the order in which they began."""
        return self.alarm.priority.rank, self.number

    def asked(self, receivers: tuple[str, ...]) -> str:
        """Who was asked last."""
        return receivers[self.step % len(receivers)]

    def reached(self, receivers: tuple[str, ...]) -> tuple[str, ...]:
        """All who have been asked."""
        return receivers[: self.step + 1]

    def item(self) -> Item:
        """As it is offered."""
        alarm = self.alarm
        return Item(
            self.number, alarm.id, alarm.priority, alarm.patient, alarm.condition, alarm.text,
            self.outcome is Outcome.OPEN, self.confirmed_by,
        )  # fmt: skip
