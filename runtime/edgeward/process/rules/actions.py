"""What a rule sets off on the device, at once and in the caller's own thread.

Rules:
1. An action gets every event of the rules that name it: what a raise has switched on, a clear must
   be able to switch off, and a rule that cannot judge must be able to tell.
2. An action that raises is contained and reported; the others still get their events.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edgeward.errors import RuleError
from edgeward.process.rules.event import RuleEvent

Action = Callable[[RuleEvent], None]


@dataclass(frozen=True, slots=True)
class ActionFault:
    """An action that raised."""

    action: str
    event: RuleEvent
    text: str


class Actions:
    """The actions there are, by name."""

    __slots__ = ("_known",)

    def __init__(self, known: Mapping[str, Action]) -> None:
        """Keep these actions.

        Raises:
            RuleError: something that is no action stands under a name.
        """
        faults = [
            f"action {name!r} is of type {type(action).__name__}; expected something to call"
            for name, action in known.items()
            if not callable(action)
        ]
        if faults:
            raise RuleError(faults)
        self._known = dict(known)

    def names(self) -> tuple[str, ...]:
        """The names a rule may use."""
        return tuple(self._known)

    def perform(
        self, events: Iterable[RuleEvent], asked: Mapping[str, str]
    ) -> tuple[ActionFault, ...]:
        """Call the action that each event's rule has asked for; what went wrong (rules 1 and 2)."""
        faults = []
        for event in events:
            name = asked.get(event.rule, "")
            action = self._known.get(name)
            if action is None:
                continue
            try:
                action(event)
            except Exception as error:  # rule 2: whatever an action does, the next one is called
                faults.append(ActionFault(name, event, f"{type(error).__name__}: {error}"[:200]))
        return tuple(faults)
