"""Technical conditions: what is wrong with the device itself, told when it begins and when it ends.

One condition of one stream is raised once, however often its cause is seen, and cleared once. That
something cannot be judged is never silence, and never a value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeward.ports import Clock


class Condition(StrEnum):
    """What can be wrong."""

    MODEL_FAULT = "model_fault"
    """The model raised, or answered what is no answer."""
    PATH_FAULT = "path_fault"
    """Something else on the clinical path raised; the window has got no answer."""
    TELLING_FAULT = "telling_fault"
    """A result was decided and could not be handed to whoever tells it."""
    LATE = "late"
    """A result came later than the profile allows."""
    OVERLOAD = "overload"
    """More samples come than can be judged; old windows are given up for new ones."""
    SHED = "shed"
    """Samples of streams that no alarm rests on are left out."""
    DEGRADED = "degraded"
    """The device does less than it could, to keep what matters."""
    STALLED = "stalled"
    """The clinical thread has not come back from one piece of work."""
    REFUSED = "refused"
    """What came for a stream could not be taken."""
    SILENT = "silent"
    """Nothing that can be taken comes for a stream, or no stream has begun: nobody is judged."""
    LOG_LOST = "log_lost"
    """The disk does not take the log, or not fast enough."""
    RECORDS_LOST = "records_lost"
    """What the device tells cannot be kept for its receiver: folder, keys or disk refuse."""
    BACKGROUND_FAULT = "background_fault"
    """Work beside the clinical path raised: the log, the resources or the watchdog."""
    RULE_FAULT = "rule_fault"
    """A rule, or the action it asks for, failed."""
    NOT_REAL_TIME = "not_real_time"
    """The profile asks for a real-time class, and the operating system did not grant it."""
    RESOURCE = "resource"
    """The device is short of something, or hot, or has lost the sensor that would say so."""


@dataclass(frozen=True, slots=True)
class TechnicalEvent:
    """A condition begins or ends."""

    condition: Condition
    stream: str | None
    """None: it concerns the whole device."""
    raised: bool
    at_ns: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        return {
            "kind": "technical",
            "condition": self.condition.value,
            "stream": self.stream,
            "raised": self.raised,
            "at_ns": self.at_ns,
            "text": self.text,
        }


class Conditions:
    """What is wrong now; tells each beginning and each end."""

    __slots__ = ("_clock", "_tell", "by_key", "raised_total")

    def __init__(self, clock: Clock, tell: Callable[[TechnicalEvent], None]) -> None:
        """Begin with nothing wrong; tell events to this function."""
        self._clock = clock
        self._tell = tell
        self.by_key: dict[tuple[Condition, str | None], TechnicalEvent] = {}
        """What is wrong now, for whoever only asks whether anything is."""
        self.raised_total = 0

    def raise_(self, condition: Condition, stream: str | None, text: str) -> None:
        """Say that a condition holds; told when it did not before."""
        if (condition, stream) in self.by_key:
            return
        now_ns = self._clock.monotonic_ns()
        event = TechnicalEvent(condition, stream, raised=True, at_ns=now_ns, text=text[:300])
        self.by_key[condition, stream] = event
        self.raised_total += 1
        self._tell(event)

    def clear(self, condition: Condition, stream: str | None, text: str = "") -> None:
        """Say that a condition holds no more; told when it did."""
        if self.by_key and self.by_key.pop((condition, stream), None) is not None:
            now_ns = self._clock.monotonic_ns()
            event = TechnicalEvent(condition, stream, raised=False, at_ns=now_ns, text=text[:300])
            self._tell(event)

    def forget(self, stream: str) -> None:
        """Clear all that concerns a stream which is no more."""
        for condition, of_stream in [*self.by_key]:
            if of_stream == stream:
                self.clear(condition, stream, "the stream was closed")

    @property
    def any(self) -> bool:
        """Whether anything is wrong now."""
        return bool(self.by_key)

    def active(self) -> tuple[TechnicalEvent, ...]:
        """What is wrong now, in the order in which it began."""
        return tuple(self.by_key.values())
