"""The rules of one stream at work: asked on each block, told and acted upon at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

from edgeward.errors import EdgewardError
from edgeward.process.rules import ActionFault, Actions, RuleEvent, RuleSet
from edgeward.process.stream import Block


class RuleReport(NamedTuple):
    """What a rule has to tell about a stream, and when it was told."""

    stream: str
    event: RuleEvent
    last_sample_ns: int
    at_ns: int

    def to_dict(self) -> dict[str, Any]:
        """The event as the protocol writes it, without its cursor."""
        return {
            "kind": "rule",
            "stream": self.stream,
            "rule": self.event.rule,
            "what": self.event.kind.value,
            "raised": self.event.raised,
            "sample": self.event.sample_index,
            "value": self.event.value,
            "unit": self.event.unit,
            "last_sample_ns": self.last_sample_ns,
            "at_ns": self.at_ns,
        }


class Watching:
    """Rules and the actions they may ask for."""

    __slots__ = ("_actions", "_rules")

    def __init__(self, rules: RuleSet, actions: Actions) -> None:
        """Ask these rules."""
        self._rules = rules
        self._actions = actions

    def push(
        self, stream: str, block: Block, now_ns: int, tell: Callable[[RuleReport], None]
    ) -> tuple[bool, str]:
        """Judge a block: whether a rule had something to tell, and what went wrong, if anything.

        The action comes before the report: nobody who listens can hold it up.
        """
        try:
            events = self._rules.push(block.first, block.samples, block.mask)
        except EdgewardError as error:
            return False, str(error)
        if not events:
            return False, ""
        faults = self._actions.perform(events, self._rules.actions)
        for event in events:
            tell(RuleReport(stream, event, block.acquired_ns, now_ns))
        return True, "; ".join(map(_said, faults))


def _said(fault: ActionFault) -> str:
    return f"action {fault.action!r} of rule {fault.event.rule!r}: {fault.text}"
