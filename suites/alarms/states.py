"""One simulated patient whose numbers are pushed second by second, and what must be shown then.

Each second, and after each action, everything that the device shows and tells of the patient is
held against the suite's own reading (`oracle`, `silence`). What was done is kept as a list of
steps, so that a disagreement can be done again by hand.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from edgeward_harness.errors import Finding
from edgeward_harness.rig.ward import Event, Ward
from edgeward_harness.target import DeviceRefused

from .acting import BY
from .oracle import RANKS, SETTLE_S, Life, Told, Truth, old
from .silence import Silence
from .technical import Technical

STEP_MS: Final = 1000
REFUSED: Final = -32001
JUMP: Final = {"spo2": 8.0, "temperature": 2.0}
"""No farther within a second: a sensor that jumps is not believed."""
NORMAL: Final = {"spo2": 94.0, "temperature": 37.2}
CONDITIONS: Final = {
    "spo2_low": ("spo2", ("low_warning",)),
    "severe_desaturation": ("spo2", ("low_critical",)),
    "spo2_high": ("spo2", ("high_warning", "high_critical")),
    "temperature_high": ("temperature", ("high_warning", "high_critical")),
}
"""As the protocol names them: a saturation that is critically low is a condition of its own."""
UNITS: Final = {"spo2": "%", "temperature": "Cel"}
PRESETS: Final[Sequence[Mapping[str, float | None]]] = (
    {"low_critical": 85, "low_warning": None, "high_warning": 96, "high_critical": 98},
    {"low_critical": 70, "low_warning": 90, "high_warning": 98, "high_critical": 99},
)
"""Both sides of the saturation, so that no alarm is part of another one at the same time."""
WARM: Final = {"low_critical": 35.0, "low_warning": 36.0, "high_warning": 38.5, "high_critical": 39}
SELF_CHECK_S: Final = 11


class Disagreement(Finding):
    """The device shows what the numbers and the actions do not lead to."""


class States:
    """The patient, what was done, and the states that were seen."""

    def __init__(
        self,
        ward: Ward,
        patient: str,
        cells: Counter[str],
        disagrees: Callable[[Disagreement, int], None],
    ) -> None:
        """Admit the patient with both sensors, and settle the limits.

        Args:
            ward: with the device.
            patient: a new name.
            cells: counts condition, priority and state of what was shown.
            disagrees: is told of a disagreement, and after how many steps, before it is raised.
        """
        self.ward, self.patient, self.cells = ward, patient, cells
        self._disagrees = disagrees
        self.steps: list[str] = []
        self.values, self.next = dict(NORMAL), dict.fromkeys(NORMAL, 0)
        self.mode = dict.fromkeys(NORMAL, "seen")
        described = ward.device.call("alarm.describe")
        self.lives = _lives(ward, described)
        self.silence, self.technical = Silence(), Technical(described["conditions"])
        self.told: dict[str, Event] = {}
        self._over: set[str] = set()
        self._read = len(ward.told)
        self.limits: dict[str, Mapping[str, float | None]] = {
            "spo2": PRESETS[0],
            "temperature": WARM,
        }
        ward.device.call("patient.admit", {"patient": patient, "category": "adult"})
        for vital, unit in UNITS.items():
            attached = {"channel": vital, "signal": vital, "unit": unit, "rate_hz": 1}
            ward.device.call("patient.attach", {"patient": patient, **attached})
            self._set_limits(vital)
        self.second()

    # time and numbers

    def second(self) -> None:
        """A second passes, and each sensor that is not silent tells its number."""
        self.ward.pass_ms(STEP_MS)
        now_s = self.ward.now_s
        sent = []
        for vital, mode in self.mode.items():
            number = np.nan if mode == "lost" else self.values[vital]
            if mode != "silent":
                sample = np.array([number], np.float32)
                sent.append(self.ward.send(self.patient, vital, self.next[vital], sample))
            self.next[vital] += 1
            for life in self._about(vital):
                if mode == "seen":
                    life.truth.sees(self.values[vital], self.limits[vital], now_s)
                else:
                    life.truth.blinds(now_s)
        for one in sent:
            one.result()
        self.technical.second(any(mode != "seen" for mode in self.mode.values()), now_s)
        self.look()

    def wait(self, seconds: int) -> None:
        """Seconds in which nothing changes."""
        self.did(f"{seconds} s pass")
        for _ in range(seconds):
            self.second()

    def move(self, vital: str, value: float) -> None:
        """The number goes to a value, no faster than a body."""
        self.did(f"{vital} goes to {value:g}")
        while self.values[vital] != value:
            far = value - self.values[vital]
            self.values[vital] += float(np.clip(far, -JUMP[vital], JUMP[vital]))
            self.second()

    def lose(self, vital: str, mode: str) -> None:
        """The sensor falls silent, or tells what is no number."""
        self.did(f"{vital} is {mode}")
        self.mode[vital] = mode
        self.second()

    def find(self, vital: str, *, normal: bool) -> None:
        """The sensor tells again: what it told last, or what is normal, until it is believed."""
        self.did(f"{vital} is seen again, {'normal' if normal else 'as before'}")
        self.mode[vital] = "seen"
        if normal:
            self.values[vital] = NORMAL[vital]
        for life in self._about(vital):
            life.truth.settles(self.ward.now_s + SETTLE_S)
        for _ in range(SETTLE_S):
            self.second()

    # what a person does

    def acknowledge(self, place: int) -> None:
        """Answer one of the alarms that are shown; what is not on is refused."""
        shown = self.shown()["alarms"]
        if not shown:
            return
        one = shown[place % len(shown)]
        self.did(f"{one['condition']} is acknowledged")
        taken = self._does("alarm.acknowledge", {"alarm": one["id"]})
        self.agree(taken is (one["presence"] == "on"), f"acknowledged a {one['presence']} alarm")
        if taken:
            self._life(one["condition"]).acknowledged(self.ward.now_s)
        self.look()

    def reset(self) -> None:
        """End what is latched."""
        self.did("reset")
        self._does("alarm.reset", {"patient": self.patient})
        for life in self.lives.values():
            if life.presence == "latched":
                life.gone()
        self.look()

    def inactivate(self, state: str, seconds: int) -> None:
        """Take signals away; a pause of more than two minutes is refused."""
        timed = state.endswith("paused")
        self.did(f"{state} for {seconds} s" if timed else state)
        asked: dict[str, Any] = {"patient": self.patient, "state": state}
        shown = self.shown()["alarms"]
        taken = self._does(
            "alarm.inactivate", {**asked, "duration_ms": 1000 * seconds} if timed else asked
        )
        self.agree(taken is (not timed or seconds <= 120), f"{state} for {seconds} s: {taken}")
        if taken:
            self.silence.begin(state, seconds, shown, self.ward.now_s)
        self.look()

    def resume(self) -> None:
        """Give signals again; refused when none were taken away."""
        self.did("resume")
        taken = self._does("alarm.resume", {"patient": self.patient})
        self.agree(taken is (self.silence.state != "none"), f"resumed from {self.silence.state}")
        self.silence.state = "none"
        self.look()

    def switch(self, name: str) -> None:
        """Switch a condition off, or on again; what kills is not switched off."""
        life = self.lives[name]
        on = life.off
        self.did(f"{name} is switched {'on' if on else 'off'}")
        asked = {"patient": self.patient, "condition": name, "on": on}
        taken = self._does("alarm.switch", asked)
        self.agree(taken is life.told.may_switch_off, f"switched {name}: {taken}")
        if taken:
            life.off, life.switched_on_s = not on, self.ward.now_s
            if life.off:
                life.gone()
        self.look()

    def settle_limits(self, preset: int) -> None:
        """Set other limits of the saturation; the next number is judged by them."""
        self.did(f"limits {preset}")
        self.limits["spo2"] = PRESETS[preset]
        self._set_limits("spo2")
        for life in self._about("spo2"):
            life.truth.judged_anew()
            if all(self.limits["spo2"][name] is None for name in life.told.levels):
                life.gone()
        self.second()

    @property
    def between(self) -> bool:
        """Whether a value or its sensor is where what happened before decides."""
        value = self.values["spo2"]
        bands = [
            0 <= (value - limit if name.startswith("low") else limit - value) < 2
            for preset in PRESETS
            for name, limit in preset.items()
            if limit is not None
        ]
        return any(bands) or self.mode["spo2"] != "seen"

    @property
    def up(self) -> bool:
        """Whether an alarm about a number is shown."""
        return any(life.presence is not None for life in self.lives.values())

    @property
    def desaturated(self) -> bool:
        """Whether the alarm is shown that is worse than others about the same number."""
        return self.lives["severe_desaturation"].presence is not None

    # what is shown

    def shown(self) -> Event:
        """What the device shows of the patient."""
        return self.ward.state(self.patient)

    def look(self) -> None:
        """Hold everything that is shown and told now against what it must be.

        Raises:
            Disagreement: it is something else.
        """
        self.ward.read()
        state, now_s = self.shown(), self.ward.now_s
        by_name = {one["condition"]: one for one in state["alarms"]}
        limits = {name: one for name, one in by_name.items() if name in self.lives}
        others = {name: one for name, one in by_name.items() if name not in self.lives}
        risen = [
            (one["priority"], self.lives[name].told.lethal)
            for name, one in limits.items()
            if self.lives[name].rises(one)
        ]
        risen += self.technical.risen(others)
        faults = [] if len(by_name) == len(state["alarms"]) else ["a condition is shown twice"]
        for name, life in self.lives.items():
            faults += life.judge(limits.get(name), now_s)
        faults += self.technical.judge(others, now_s)
        faults += self.silence.judge(self._marks(state), risen, now_s)
        faults += [*self._journal(by_name), *self._given(state), *old(state)]
        if (state["at_ns"] - state["self_check_ns"]) / 1e9 > SELF_CHECK_S:
            faults.append("its look at itself is older than ten seconds")
        for one in state["alarms"]:
            self.cells[f"{one['condition']} {one['priority']} {one['presence']}"] += 1
        if faults:
            self.disagree("; ".join(faults))

    def did(self, what: str) -> None:
        """Keep a step."""
        self.steps.append(what)

    def agree(self, holds: bool, fault: str) -> None:  # noqa: FBT001 - the subject of it
        """Raise unless something holds."""
        if not holds:
            self.disagree(fault)

    def disagree(self, fault: str) -> None:
        """Raise a disagreement with the steps to it."""
        found = Disagreement(fault, "; ".join(self.steps))
        self._disagrees(found, len(self.steps))
        raise found

    def leave(self) -> None:
        """Discharge the patient."""
        self.ward.device.call("patient.discharge", {"patient": self.patient})
        self.ward.read()

    def _journal(self, by_name: Mapping[str, Event]) -> list[str]:
        """The entries told so far add up to what is shown."""
        for told in self.ward.told[self._read :]:
            event = told.event
            if event["kind"] == "alarm" and event["patient"] == self.patient:
                self._take(event)
        self._read = len(self.ward.told)
        if again := self._over & {one["id"] for one in by_name.values()}:
            return [f"{', '.join(sorted(again))} was the id of an alarm that is over"]
        told_of = {one["condition"]: one["presence"] for one in self.told.values()}
        shown = {name: one["presence"] for name, one in by_name.items()}
        return [] if told_of == shown else [f"entries say {told_of}, {shown} is shown"]

    def _take(self, event: Event) -> None:
        if event["what"] == "reminded":
            self.silence.reminded_s = self.ward.now_s
        alarm = event["alarm"]
        if alarm is None:
            return
        if event["what"] in ("ended", "reset"):
            self._over.add(alarm["id"])
        if alarm["presence"] == "off":
            self.told.pop(alarm["id"], None)
        else:
            self.told[alarm["id"]] = alarm

    def _given(self, state: Event) -> list[str]:
        """What is heard and lit, and the order of the list."""
        ranks = [RANKS[one["priority"]] for one in state["alarms"]]
        faults = [] if ranks == sorted(ranks) else ["the list is not in order of priority"]
        heard, lit = [], []
        for one in state["alarms"]:
            may_off = self._may_switch_off(one["condition"])
            calls = one["presence"] == "on" or (
                one["presence"] == "latched" and self._latches(one) == "full"
            )
            heard += [one] if calls and not self.silence.silences(may_off) else []
            lit += [] if self.silence.hides(may_off) else [one]
            if (one["audible"], one["visible"]) != self.silence.activation(may_off):
                faults.append(f"{one['condition']} is {one['audible']} and {one['visible']}")
        for word, calling in (("audible", heard), ("visible", lit)):
            most = calling[0]["priority"] if calling else None
            of = [one["id"] for one in calling if one["priority"] == most]
            newest = self._newest(calling, most)
            given = state[f"{word}_alarm"]
            if state[word] != most or (given not in (newest or of or [None])):
                faults.append(f"{word} is {state[word]} of {given}, {most} of {newest or of} calls")
        return faults

    def _newest(self, calling: Sequence[Event], most: str | None) -> list[str]:
        """Which began last among the most urgent, where we know it."""
        top = [one for one in calling if one["priority"] == most]
        if any(one["condition"] not in self.lives for one in top) or not top:
            return []
        since = {one["id"]: self.lives[one["condition"]].since_s for one in top}
        last = max(since.values())
        return [id_ for id_, began_s in since.items() if began_s == last]

    def _latches(self, one: Event) -> str:
        life = self.lives.get(one["condition"])
        return life.told.latches(life.worst) if life else "none"

    def _may_switch_off(self, name: str) -> bool:
        life = self.lives.get(name)
        return life.told.may_switch_off if life else self.technical.may_switch_off(name)

    def _marks(self, state: Event) -> list[Event]:
        return [one for one in state["inactive"] if one["patient"] == self.patient]

    def _about(self, vital: str) -> list[Life]:
        return [life for life in self.lives.values() if life.told.vital == vital]

    def _life(self, name: str) -> "Life | Technical":
        if name in self.lives:
            return self.lives[name]
        self.technical.name = name
        return self.technical

    def _set_limits(self, vital: str) -> None:
        asked = {"patient": self.patient, "vital": vital, "unit": UNITS[vital], "by": BY}
        self.ward.device.call("alarm.limits", {**asked, **self.limits[vital]})

    def _does(self, method: str, asked: Mapping[str, Any]) -> bool:
        """Whether the device took it."""
        try:
            self.ward.device.call(method, {**asked, "by": BY})
        except DeviceRefused as refused:
            self.agree(
                refused.refusal.code == REFUSED, f"{method} refused as {refused.refusal.code}"
            )
            return False
        return True


def _lives(ward: Ward, described: Event) -> dict[str, Life]:
    """Of each condition, by what the device discloses of it; that it does not is a finding."""
    conditions, vitals = described["conditions"], described["vitals"]
    try:
        return {
            name: Life(
                Truth(Told.of(name, vital, limits, conditions[name]), vitals[vital]["hysteresis"])
            )
            for name, (vital, limits) in CONDITIONS.items()
        }
    except KeyError as error:
        raise ward.device.finding("What is judged is not disclosed", f"no {error}") from error
