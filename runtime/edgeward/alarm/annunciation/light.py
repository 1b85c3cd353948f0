"""The light of alarms: which colour is on at an instant, as a function of time.

IEC 60601-1-8, 6.3.2.2 (table 2), in our words: HIGH red at 1.4 to 2.8 Hz, MEDIUM yellow at 0.4 to
0.8 Hz, both on for 20 to 60 % of the time; LOW cyan or yellow without a break. A light is on from
the very instant on which it begins, and nothing but another priority begins it anew.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError


class Colour(StrEnum):
    """The colours of an alarm light."""

    RED = "red"
    YELLOW = "yellow"
    CYAN = "cyan"


CODES = (None, *Colour)
"""The place of each colour in a series of samples; dark is the first."""
Lights = NDArray[np.uint8]


def coded(seen: Iterable[Colour | None]) -> Lights:
    """What is seen, a code for each sample."""
    return np.array([CODES.index(each) for each in seen], np.uint8)


@dataclass(frozen=True, slots=True)
class Blink:
    """A colour and its rhythm."""

    colour: Colour
    period_ns: int
    on_ns: int
    """Of each period, from its beginning; equal to it for a light without a break."""


BLINKS = {
    Priority.HIGH: Blink(Colour.RED, 500_000_000, 250_000_000),
    Priority.MEDIUM: Blink(Colour.YELLOW, 1_800_000_000, 900_000_000),
    Priority.LOW: Blink(Colour.CYAN, 1_000_000_000, 1_000_000_000),
}
"""2 Hz and 0.56 Hz, on for half of the time."""


def light(priority: Priority | None, since_ns: int, now_ns: int) -> Colour | None:
    """The colour that is on now, of a light that began at an instant; None: dark."""
    if priority is None:
        return None
    blink = BLINKS[priority]
    return blink.colour if (now_ns - since_ns) % blink.period_ns < blink.on_ns else None


def next_change_ns(priority: Priority | None, since_ns: int, now_ns: int) -> int | None:
    """The instant at which the light goes on or off next; None: it stays as it is."""
    if priority is None or BLINKS[priority].on_ns == BLINKS[priority].period_ns:
        return None
    blink = BLINKS[priority]
    into = (now_ns - since_ns) % blink.period_ns
    return now_ns - into + (blink.on_ns if into < blink.on_ns else blink.period_ns)


class Lamp:
    """An annunciator that switches one output for each colour, in the caller's own thread.

    It is lit before `show` returns. Between states, show the same one again at `due_ns`.
    """

    __slots__ = ("_lit", "_pins", "_priority", "_since_ns", "due_ns")

    def __init__(self, pins: Mapping[Colour, Callable[[bool], None]]) -> None:
        """Take what switches each colour; all are switched off.

        Raises:
            AlarmError: a colour has no output.
        """
        missing = [colour for colour in Colour if colour not in pins]
        if missing:
            raise AlarmError(
                f"no output for {colour}; every colour needs one" for colour in missing
            )
        self._pins = dict(pins)
        self._priority: Priority | None = None
        self._since_ns = 0
        self._lit: dict[Colour, bool] = {}
        self.due_ns: int | None = None
        """When the light changes by itself next; None: not before another state."""
        self._switch(None)

    def show(self, state: SignalState, now_ns: int) -> None:
        """Be as this state asks at this instant.

        Raises:
            AlarmError: an output cannot be switched; it is tried again each time, and the others
                are switched all the same.
        """
        if state.visible is not self._priority:
            self._priority, self._since_ns = state.visible, now_ns
        self.due_ns = next_change_ns(self._priority, self._since_ns, now_ns)
        self._switch(light(self._priority, self._since_ns, now_ns))

    def at(self, now_ns: int) -> Colour | None:
        """The colour that is on at an instant, as long as no other state is shown."""
        return light(self._priority, self._since_ns, now_ns)

    def test(self, colour: Colour | None) -> None:
        """Be of this colour until a state is shown again: for whoever tries the outputs.

        Raises:
            AlarmError: an output cannot be switched.
        """
        self._priority = None
        self._switch(colour)

    def _switch(self, wanted: Colour | None) -> None:
        """Switch what has to change: on before off, so that nothing delays what is to be seen."""
        faults = []
        for colour in sorted(self._pins, key=lambda colour: colour is not wanted):
            on = colour is wanted
            if self._lit.get(colour) is on:
                continue
            self._lit.pop(colour, None)
            try:
                self._pins[colour](on)
            except Exception as error:  # whatever an output does, the next one is switched
                faults.append(f"output for {colour}: {type(error).__name__}: {error}"[:200])
            else:
                self._lit[colour] = on
        if faults:
            raise AlarmError(faults)
