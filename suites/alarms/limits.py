"""What limits a device has in force, as it says, and what a number beyond them must be.

The limits are the device's own; where a number lies among them, and what priority follows, is
worked out here: a limit is the last value that does not alarm.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgeward_harness.rig.ward import Event, Ward

from .acting import BY
from .oracle import RANKS

BOUNDS: Final = ("low_critical", "low_warning", "high_warning", "high_critical")
UNITS: Final = {
    "spo2": "%", "temperature": "Cel", "pressure_systolic": "mmHg", "pressure_mean": "mmHg",
    "pressure_diastolic": "mmHg",
}  # fmt: skip
GRAIN: Final = {"temperature": 0.1}
"""What a sensor of this vital tells; of others, 1."""
Limits = Mapping[str, float | None]


def in_force(ward: Ward, patient: str, vital: str, **bounds: float | None) -> Limits:
    """The limits of a vital, after these were set, if any."""
    asked = {"patient": patient, "vital": vital, "unit": UNITS[vital], "by": BY, **bounds}
    told = ward.device.call("alarm.limits", asked)
    return {name: told[name] for name in BOUNDS}


def probes(vital: str, limits: Limits) -> Iterator[tuple[str, float]]:
    """Each limit itself, and the next value beyond it."""
    for name, limit in limits.items():
        if limit is None:
            continue
        outward = GRAIN.get(vital, 1.0) * (-1 if name.startswith("low") else 1)
        yield f"at {name}", round(limit, 1)
        if not (vital == "spo2" and limit + outward > 100):
            yield f"beyond {name}", round(limit + outward, 1)


def expected(
    vital: str, value: float, limits: Limits, conditions: Mapping[str, Event]
) -> str | None:
    """The priority that a value must be signalled with; None for no alarm."""
    for side, outward in (("low", -1), ("high", 1)):
        beyond = {
            level: limit is not None and outward * value > outward * limit
            for level in ("critical", "warning")
            for limit in (limits[f"{side}_{level}"],)
        }
        own: Any = conditions[f"{vital}_{side}"]
        if beyond["critical"]:
            severe = vital == "spo2" and side == "low"
            return str(
                conditions["severe_desaturation"]["priority"]
                if severe
                else own["critical_priority"]
            )
        if beyond["warning"]:
            return str(own["priority"])
    return None


def physiological(state: Event) -> str | None:
    """The most urgent priority of the physiological alarms that are shown."""
    shown = [one["priority"] for one in state["alarms"] if one["kind"] == "physiological"]
    return min(shown, key=RANKS.__getitem__, default=None)
