"""What gives the signals of this device: a loudspeaker, a lamp, a screen; and their self-test.

Rules:
1. They are emulated: their outputs lie in memory, and are read back from there as a light sensor
   and a microphone would. Whoever has real ones puts outputs or annunciators beside these.
2. At the start every light and every sound is given once and looked for (`self_test`). An alarm
   ends the test at once. What was looked for and is not there is a fault of the alarm system.
3. The result is an entry of the journal; a person may ask for another test while nothing is up.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from edgeward.alarm.annunciation.burst import Audio
from edgeward.alarm.annunciation.display import frame
from edgeward.alarm.annunciation.light import Colour, Lamp, Lights, coded
from edgeward.alarm.annunciation.port import Annunciator
from edgeward.alarm.annunciation.self_test import (
    DURATION_NS,
    Outcome,
    Part,
    SelfTest,
    SelfTestResult,
    sound_spans_ns,
    sounds,
)
from edgeward.alarm.annunciation.speaker import Speaker
from edgeward.alarm.change import What
from edgeward.alarm.moment import Moment
from edgeward.alarm.observation import Observation
from edgeward.alarm.signals import SignalState
from edgeward.alarm.standard_conditions import ALARM_SYSTEM_FAULT
from edgeward.alarm.system.system import AlarmSystem
from edgeward.errors import AlarmError
from edgeward.signal.findings import Reading

SOUND_HZ = 16_000
"""Enough for every harmonic of an alarm sound."""
LIGHT_HZ = 100
"""Ten times what the shortest flash needs."""
_LOUD = 0.05
"""The least root mean square of a sound that is there, of a full scale of 1."""
_NS_PER_S = 1_000_000_000


class EmulatedOutputs:
    """Lamps and a loudspeaker that lie in memory (rule 1)."""

    def __init__(self) -> None:
        """All dark and silent."""
        self._lit = dict.fromkeys(Colour, False)

    @property
    def pins(self) -> Mapping[Colour, Callable[[bool], None]]:
        """What switches each colour."""
        return {colour: partial(self._switch, colour) for colour in Colour}

    def seen(self, colour: Colour) -> bool:
        """Whether a sensor at the lamp sees this colour."""
        return self._lit[colour]

    def heard(self, samples: Audio) -> Audio:
        """What a microphone hears when the loudspeaker plays these samples."""
        return samples

    def _switch(self, colour: Colour, on: bool) -> None:  # noqa: FBT001 - a pin is on or off
        self._lit[colour] = on


class Screen:
    """Keeps what is to be seen, and writes it down when it is looked at."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self._shown: SignalState | None = None

    def show(self, state: SignalState, now_ns: int) -> None:  # noqa: ARG002 - of every annunciator
        """Show this state."""
        self._shown = state

    def lines(
        self, now_ns: int, readings: Mapping[str, Sequence[Reading]], width: int
    ) -> tuple[str, ...]:
        """What stands there."""
        state = self._shown or SignalState(now_ns, None, None, None, None, (), ())
        return tuple(frame(state, now_ns, readings, width=width).splitlines())


class Indicators:
    """All of them, and the test that tries them."""

    def __init__(self, now_ns: int, outputs: EmulatedOutputs) -> None:
        """Begin with the test."""
        self.speaker = Speaker(SOUND_HZ, now_ns)
        self.screen = Screen()
        self._outputs = outputs
        self._lamp = Lamp(outputs.pins)
        self._trial = sounds(SOUND_HZ)
        self._test = SelfTest(now_ns)
        self._running = True
        self._told = False
        self._observed: dict[Part, bool] = {}

    @property
    def annunciators(self) -> Mapping[str, Annunciator]:
        """Each by its name, the fastest first."""
        return {"speaker": self.speaker, "light": self, "display": self.screen}

    def show(self, state: SignalState, now_ns: int) -> None:
        """Give the light of this state, or that of the test as long as it runs.

        Raises:
            AlarmError: an output cannot be switched.
        """
        self._running = self._running and self._test.proceed(state, now_ns)
        if not self._running:
            self._lamp.show(state, now_ns)
            return
        colour = self._test.light(now_ns)
        self._lamp.test(colour)
        if colour is not None:
            lit = {each for each in Colour if self._outputs.seen(each)}
            self._observed[colour] = self._observed.get(colour, True) and lit == {colour}

    def sound(self, from_ns: int, samples: int) -> Audio:
        """What is heard from an instant on, as long as nothing changes."""
        if not self._tried_at(from_ns):
            return self.speaker.render(from_ns, samples)
        first = round((from_ns - self._test.started_ns) * SOUND_HZ / _NS_PER_S)
        out = np.zeros(samples, np.float32)
        part = self._trial[max(first, 0) : max(first, 0) + samples]
        out[: len(part)] = part
        return out

    def light(self, from_ns: int, samples: int) -> Lights:
        """What is seen from an instant on, as long as nothing changes: a code for each sample."""
        instants = [from_ns + k * _NS_PER_S // LIGHT_HZ for k in range(samples)]
        if self._tried_at(from_ns):
            return coded(self._test.light(each) for each in instants)
        return coded(self._lamp.at(each) for each in instants)

    def look(self, alarms: AlarmSystem, now: Moment) -> None:
        """Tell the result once the test is over (rule 2)."""
        if self._told or self._tried_at(now.mono_ns):
            return
        self._told = True
        told = self._result()
        outcomes = {part.value: one for part, one in told.outcomes}
        failed = [name for name, one in outcomes.items() if one is Outcome.FAILED]
        alarms.note(What.SELF_TEST, "", now, text=self._text(failed))
        text = f"self-test: no {', '.join(failed)}" if failed else ""
        seen = Observation(
            None, ALARM_SYSTEM_FAULT, bool(failed), now.mono_ns, text=text, source="self-test"
        )
        alarms.observe(seen, now)

    def again(self, alarms: AlarmSystem, who: str, now: Moment) -> None:
        """Begin another test (rule 3).

        Raises:
            AlarmError: nobody is named, or a signal is given now.
        """
        alarms.by(who, now)
        state = alarms.signals()
        if state.audible is not None or state.visible is not None:
            up = state.visible_alarm or state.audible_alarm
            raise AlarmError([f"found: a self-test while {up} is up; accepted: while nothing is"])
        alarms.note(What.SELF_TEST, "", now, text="begun", who=who)
        self._begin(now.mono_ns)

    def shown(self, now_ns: int) -> dict[str, Any]:
        """What is known of each part."""
        running = not self._told and self._tried_at(now_ns)
        return {"running": running, **self._result().to_dict()}

    def _begin(self, now_ns: int) -> None:
        self._test = SelfTest(now_ns)
        self._running, self._told = True, False
        self._observed.clear()

    def _tried_at(self, at_ns: int) -> bool:
        started_ns = self._test.started_ns
        return self._running and started_ns <= at_ns < started_ns + DURATION_NS

    def _result(self) -> SelfTestResult:
        return self._test.result({**self._observed, **self._heard()})

    def _heard(self) -> dict[Part, bool]:
        """Which sounds of the test a microphone hears."""
        heard = self._outputs.heard(self._trial)
        found: dict[Part, bool] = {}
        for sound, from_ns, to_ns in sound_spans_ns():
            first, last = (round(at_ns * SOUND_HZ / _NS_PER_S) for at_ns in (from_ns, to_ns))
            found[sound] = float(np.sqrt(np.mean(heard[first:last] ** 2))) >= _LOUD
        return found

    def _text(self, failed: list[str]) -> str:
        told = self._result()
        if failed:
            return f"failed: {', '.join(failed)}"
        if told.passed:
            return "passed"
        missed = [part.value for part, one in told.outcomes if one is Outcome.UNOBSERVED]
        why = "interrupted by an alarm" if told.interrupted else "not looked at in time"
        return f"{why}; not observed: {', '.join(missed)}"
