"""Each vital at, within and beyond its limits: by category, by patient, by unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import numpy as np
import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Ward
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceRefused, DeviceSession

from .acting import BY
from .limits import UNITS, Limits, expected, in_force, physiological, probes
from .oracle import RANKS
from .recording import count

STEP_MS: Final = 1000
LASTS_S: Final = 8
BAD_PARAMETERS: Final = -32602
CATEGORIES: Final = ("adult", "paediatric", "neonate")
CUFF: Final = ("pressure_systolic", "pressure_diastolic", "pressure_mean")
"""In the order of a sample of a cuff."""
NUMBERS: Final = {"spo2": ("spo2",), "temperature": ("temperature",), "pressure_cuff": CUFF}
OWN: Final[Mapping[str, Mapping[str, float]]] = {
    "spo2": {"low_critical": 88, "low_warning": 93},
    "temperature": {"low_warning": 36.4, "high_warning": 37.6, "high_critical": 38.2},
    "pressure_systolic": {
        "low_critical": 55,
        "low_warning": 68,
        "high_warning": 88,
        "high_critical": 104,
    },
}
"""Limits of one patient: nobody's category has them."""
REFUSED: Final[tuple[tuple[str, str, Mapping[str, float | None]], ...]] = (
    ("temperature", "degF", {}), ("temperature", "mmHg", {}), ("spo2", "mmHg", {}),
    ("pressure_systolic", "kPa", {}),
    ("temperature", "Cel", {"low_warning": 39.0, "high_warning": 36.0}),
    ("pressure_mean", "mmHg", {"low_warning": 100.0, "high_warning": 70.0}),
    ("spo2", "%", {"low_critical": None}), ("spo2", "%", {"low_warning": 40.0}),
)  # fmt: skip
"""Another unit, crossing limits, and what may not be: switched off, or outside the possible."""
CHANNELS_REFUSED: Final = (
    ("temperature", "mmHg"),
    ("pressure_cuff", "Cel"),
    ("spo2", "mmHg"),
)
IN_UNITS: Final = (
    ("temperature", "degF", 1.8, 32.0), ("temperature", "K", 1.0, 273.15),
    ("pressure_cuff", "kPa", 0.133322387415, 0.0),
)  # fmt: skip
SIDES: Final = ("low", "high")
Values = dict[str, float]


@pytest.mark.case("TC-ALM-017")
def test_limits(measure: Measure, rig: Rig) -> None:
    """Each vital alarms beyond its limits and never at them, in every category and unit.

    Method: for adults, children and neonates, the limits in force are asked for, then set to others
    for patients of their own. Simulated patients have a saturation, a temperature or pressures of a
    cuff exactly at each of those limits, and at the next value beyond it: after eight seconds the
    most urgent physiological alarm that is shown must be the one that follows from the value, or
    none. Some send the same values in other units that the device takes. Units that it does not
    take, limits in another unit, limits that cross and those that may not be are refused as bad
    parameters, and change nothing.
    """
    repeats = rig.samples("TC-ALM-017")
    wrong: list[str] = []
    refused: list[str] = []
    trials = 0
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        conditions = _disclosed(device)
        for number in range(repeats):
            for category, own in product(CATEGORIES, (False, True)):
                label = f"{category} {'own' if own else 'usual'} {number}"
                group = _Group(ward, conditions, category, own, label)
                group.play()
                trials += group.trials
                wrong += group.wrong
            refused += _refusals(ward, f"refused {number}")
            rig.progress(number + 1, repeats)
    count(
        measure, "alarms_otherwise_than_by_the_limits", wrong, trials,
        "none at a limit, the disclosed priority beyond it",
    )  # fmt: skip
    count(
        measure, "units_and_limits_taken", refused,
        repeats * (len(REFUSED) + len(CHANNELS_REFUSED) + len(UNITS)),
        "each is refused as a bad parameter and changes nothing",
    )  # fmt: skip


def _disclosed(device: DeviceSession) -> Mapping[str, Any]:
    """What is disclosed of the conditions.

    Raises:
        Finding: not of all that are asked about here.
    """
    conditions: Mapping[str, Any] = device.call("alarm.describe")["conditions"]
    asked = {f"{vital}_{side}" for of in NUMBERS.values() for vital in of for side in SIDES}
    if missing := sorted({"severe_desaturation", *asked} - set(conditions)):
        raise device.finding("What is judged is not disclosed", f"no {', '.join(missing)}")
    return conditions


@dataclass(slots=True)
class _Group:
    """The patients of one category, with its limits or with limits of their own."""

    ward: Ward
    conditions: Mapping[str, Any]
    category: str
    own: bool
    label: str
    wrong: list[str] = field(default_factory=list)
    trials: int = 0

    def play(self) -> None:
        """All probes, signal by signal: the category's limits in one unit, own ones in all."""
        for signal, vitals in NUMBERS.items():
            self._signal(signal, vitals, UNITS[vitals[0]], 1.0, 0.0)
            for other, unit, factor, offset in IN_UNITS if self.own else ():
                if other == signal:
                    self._signal(signal, vitals, unit, factor, offset)

    def _signal(
        self, signal: str, vitals: tuple[str, ...], unit: str, factor: float, offset: float
    ) -> None:
        """All probes of a signal at once, each a patient."""
        asked = f"{signal} {unit} {self.label}"
        self._admit(asked, signal, unit)
        limits = {vital: self._limits(asked, vital) for vital in vitals}
        self.ward.device.call("patient.discharge", {"patient": asked})
        beds = {
            f"{vital} {what} {unit} {self.label}": _beside(vitals, vital, value, limits)
            for vital in vitals
            for what, value in probes(vital, limits[vital])
            if unit == UNITS[vital] or not what.startswith("at ")
        }  # in another unit no value lies exactly at a limit
        for patient in beds:
            self._admit(patient, signal, unit)
            for vital in vitals:
                self._limits(patient, vital)
        for second in range(LASTS_S):
            self.ward.pass_ms(STEP_MS)
            sent = []
            for patient, values in beds.items():
                told = [[values[vital] * factor + offset for vital in vitals]]
                sent.append(self.ward.send(patient, signal, second, np.array(told, np.float32)))
            for pending in sent:
                pending.result()
            self.ward.read()
        for patient, values in beds.items():
            self._judge(patient, values, limits)
            self.ward.device.call("patient.discharge", {"patient": patient})
        self.ward.read()

    def _admit(self, patient: str, signal: str, unit: str) -> None:
        call = self.ward.device.call
        call("patient.admit", {"patient": patient, "category": self.category})
        attached = {"channel": signal, "signal": signal, "unit": unit, "rate_hz": 1}
        call("patient.attach", {"patient": patient, **attached})

    def _limits(self, patient: str, vital: str) -> Limits:
        return in_force(self.ward, patient, vital, **(OWN.get(vital, {}) if self.own else {}))

    def _judge(self, patient: str, values: Values, limits: Mapping[str, Limits]) -> None:
        self.trials += 1
        due = [
            priority
            for vital, value in values.items()
            if (priority := expected(vital, value, limits[vital], self.conditions))
        ]
        must = min(due, key=RANKS.__getitem__, default=None)
        found = physiological(self.ward.state(patient))
        if found != must:
            self.wrong.append(f"{patient}, {values}: {found}, {must} follows")


def _beside(
    vitals: tuple[str, ...], vital: str, value: float, limits: Mapping[str, Limits]
) -> Values:
    """The others in the middle of their limits, and pressures in their order."""
    values = {}
    for one in vitals:
        low, high = limits[one]["low_warning"], limits[one]["high_warning"]
        values[one] = (low + high) / 2 if low is not None and high is not None else 97.0
    values[vital] = value
    if vitals == CUFF:
        order = ("pressure_diastolic", "pressure_mean", "pressure_systolic")
        place = order.index(vital)
        for later in range(place + 1, 3):
            values[order[later]] = max(values[order[later]], values[order[later - 1]] + 2)
        for sooner in range(place - 1, -1, -1):
            values[order[sooner]] = min(values[order[sooner]], values[order[sooner + 1]] - 2)
    return values


def _refusals(ward: Ward, patient: str) -> list[str]:
    """What of units and limits is taken though it cannot be."""
    call, taken = ward.device.call, []
    call("patient.admit", {"patient": patient, "category": "adult"})
    before = {vital: in_force(ward, patient, vital) for vital in UNITS}
    for vital, unit, bounds in REFUSED:
        asked = {"patient": patient, "vital": vital, "unit": unit, "by": BY, **bounds}
        taken += _taken(ward, "alarm.limits", asked)
    for signal, unit in CHANNELS_REFUSED:
        attached = {"channel": signal, "signal": signal, "unit": unit, "rate_hz": 1}
        taken += _taken(ward, "patient.attach", {"patient": patient, **attached})
    after = {vital: in_force(ward, patient, vital) for vital in UNITS}
    taken += [f"limits of {one} changed" for one in UNITS if before[one] != after[one]]
    call("patient.discharge", {"patient": patient})
    ward.read()
    return taken


def _taken(ward: Ward, method: str, asked: Mapping[str, Any]) -> list[str]:
    try:
        ward.device.call(method, asked)
    except DeviceRefused as refused:
        code = refused.refusal.code
        return [] if code == BAD_PARAMETERS else [f"{method} {asked} refused as {code}"]
    return [f"{method} {asked} taken"]
