"""Who asks a device what it has to tell: one reader for all of its streams, and their cursor."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from edgeward_harness.target import DeviceSession, Pending

ANSWER_TIMEOUT_S = 10.0
"""After this long a result counts as never come."""
WAIT_MS: Final = 5000
REST_MS: Final = 200
"""How long an answer may wait for an event that is due, and for one that is not."""
EVENTS_MAX: Final = 16
"""Events in one answer, where one stream is driven."""
ASKED_AGAIN_MAX: Final = 64
"""Answers in a row that hold nothing to be judged."""


class Told(NamedTuple):
    """What the device told when it was asked for events."""

    events: tuple[Mapping[str, Any], ...]
    """Without those of kinds that a later minor version of the protocol may have added."""
    received_ns: int
    disorder: str
    """What is wrong with the cursors or the count of dropped events; empty when nothing is."""
    passed_over: bool = False
    """Whether it told of such kinds."""


class Reader:
    """Reads the events of a device in their order and sees that none is passed over."""

    def __init__(self, device: DeviceSession, events_max: int = EVENTS_MAX) -> None:
        """Begin before the first event; an answer may hold so many."""
        self.device = device
        self.cursor = 0
        self._events_max = events_max

    def ask(self, wait_ms: int = WAIT_MS) -> Pending:
        """Ask for what comes after the cursor, without waiting for the answer."""
        return self.device.send(
            "events", {"after": self.cursor, "wait_ms": wait_ms, "limit": self._events_max}
        )

    def take(self, asked: Pending) -> Told:
        """What this one answer tells, be it nothing."""
        answer = asked.result(ANSWER_TIMEOUT_S)
        disorder = self._read(answer)
        events = self.device.judged(answer["events"])
        return Told(events, asked.received_ns, disorder, len(events) < len(answer["events"]))

    def told(self, asked: Pending, wait_ms: int = WAIT_MS) -> Told:
        """What the answer tells; asked again while that is only what a later minor added."""
        told, disorder = self.take(asked), ""
        for _ in range(ASKED_AGAIN_MAX):
            disorder = disorder or told.disorder
            if told.events or not told.passed_over:
                break
            told = self.take(self.ask(wait_ms))
        return told._replace(disorder=disorder)

    def _read(self, answer: Mapping[str, Any]) -> str:
        """Go on from the cursor of an answer, and say what is wrong with it."""
        asked_after, self.cursor = self.cursor, int(answer["next"])
        cursors = [int(event["cursor"]) for event in answer["events"]]
        chain = [asked_after, *cursors]
        if any(later <= sooner for sooner, later in zip(chain, cursors, strict=False)):
            return f"asked after cursor {asked_after}, told {cursors[:5]}"
        if self.cursor != chain[-1]:
            return f"the last cursor is {chain[-1]}, next is {self.cursor}"
        return f"{answer['dropped']} events dropped" if answer["dropped"] != 0 else ""
