"""The seam to whatever gives the signals: it is shown a state, and returns at once.

Rules:
1. `show` never waits for a network, a disk or a person. What can wait sits behind a `Newest`, and
   takes the state from there in a thread of its own.
2. An annunciator that fails stops none of the others; that it fails and that it works again are
   told once each, so that the alarm system can raise a technical alarm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edgeward.alarm.signals import SignalState

TEXT_CHARS_MAX = 200
"""Of what is told about a failure."""


class Annunciator(Protocol):
    """Gives signals: a light, a loudspeaker, a display, a nurse call."""

    def show(self, state: SignalState, now_ns: int) -> None:
        """Give the signals of this state from now on; return at once.

        It is shown each new state, and the same one again as time goes on.
        """
        ...


@dataclass(frozen=True, slots=True)
class FaultChange:
    """An annunciator begins or ends to fail."""

    annunciator: str
    at_ns: int
    text: str
    """What it raised; empty when it works again."""
    present: bool


class Annunciators:
    """Shows each state to all, in the order in which they are named: the fastest first."""

    __slots__ = ("_all", "_failing")

    def __init__(self, named: Mapping[str, Annunciator]) -> None:
        """Take them; none fails so far."""
        self._all = dict(named)
        self._failing: dict[str, str] = {}

    def show(self, state: SignalState, now_ns: int) -> tuple[FaultChange, ...]:
        """Show a state to all (rule 2): which of them fail now, or work again."""
        changes = []
        for name, annunciator in self._all.items():
            try:
                annunciator.show(state, now_ns)
            except Exception as error:  # rule 2: whatever one does, the next one is shown it
                text = f"{type(error).__name__}: {error}"[:TEXT_CHARS_MAX]
                if name not in self._failing:
                    changes.append(FaultChange(name, now_ns, text, present=True))
                self._failing[name] = text
            else:
                if self._failing.pop(name, None) is not None:
                    changes.append(FaultChange(name, now_ns, "", present=False))
        return tuple(changes)

    @property
    def failing(self) -> dict[str, str]:
        """Those that failed the last time, with what they raised."""
        return dict(self._failing)
