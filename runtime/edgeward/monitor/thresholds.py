"""From where on a figure is too much, told once when it begins and once when it ends.

Rules:
1. A condition begins at the first reading at or beyond the limit.
2. It ends when readings have been back behind the limit by the hysteresis, without a break, for the
   whole hold: a figure that wavers around the limit makes one condition.
3. An unknown reading neither begins nor ends it. That a figure has become unknown is a condition of
   its own, once it has been known before.
4. A figure that does not apply any more, such as the hours left of a battery on mains, ends its
   condition at once. That is no loss.
"""

from dataclasses import dataclass
from enum import StrEnum

from edgeward.monitor.reading import Reading

_NS_PER_S = 1_000_000_000


class Side(StrEnum):
    """On which side of the limit the trouble is."""

    ABOVE = "above"
    BELOW = "below"


class Change(StrEnum):
    """What a reading has changed."""

    BEGINS = "begins"
    ENDS = "ends"
    LOST = "lost"
    """The figure was known before, and is not any more."""
    FOUND = "found"
    """It is known again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One figure's limit."""

    name: str
    limit: float
    unit: str
    hysteresis: float
    side: Side = Side.ABOVE
    hold_ns: int = 5 * _NS_PER_S

    def __post_init__(self) -> None:
        """Check the figures.

        Raises:
            ValueError: the hysteresis is not above 0, or the hold is negative.
        """
        if not self.hysteresis > 0 or self.hold_ns < 0:
            raise ValueError(
                f"{self.name}: a hysteresis of {self.hysteresis} {self.unit} and a hold of"
                f" {self.hold_ns} ns; accepted: above 0, and 0 or more"
            )

    def beyond(self, value: float) -> bool:
        """Rule 1."""
        return value >= self.limit if self.side is Side.ABOVE else value <= self.limit

    def behind(self, value: float) -> bool:
        """Rule 2."""
        if self.side is Side.ABOVE:
            return value < self.limit - self.hysteresis
        return value > self.limit + self.hysteresis


class Watch:
    """One limit over time."""

    __slots__ = ("_behind_since_ns", "_known", "active", "limit", "lost")

    def __init__(self, limit: Limit) -> None:
        """Begin with nothing known and nothing wrong."""
        self.limit = limit
        self.active = False
        self.lost = False
        self._known = False
        self._behind_since_ns: int | None = None

    def lift(self) -> list[Change]:
        """Rule 4: what ends with it."""
        changes = [Change.FOUND] if self.lost else []
        if self.active:
            changes.append(Change.ENDS)
        self.active = self.lost = self._known = False
        self._behind_since_ns = None
        return changes

    def read(self, reading: Reading, now_ns: int) -> list[Change]:
        """Take a reading; what it changes."""
        if reading.value is None:
            self._behind_since_ns = None
            if not self._known or self.lost:
                return []
            self.lost = True
            return [Change.LOST]
        changes = [Change.FOUND] if self.lost else []
        self.lost, self._known = False, True
        if not self.active:
            if self.limit.beyond(reading.value):
                self.active, self._behind_since_ns = True, None
                changes.append(Change.BEGINS)
            return changes
        if not self.limit.behind(reading.value):
            self._behind_since_ns = None
            return changes
        if self._behind_since_ns is None:
            self._behind_since_ns = now_ns
        if now_ns - self._behind_since_ns >= self.limit.hold_ns:
            self.active = False
            changes.append(Change.ENDS)
        return changes
