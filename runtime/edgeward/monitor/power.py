"""What the processor draws: P = P_static + a C V^2 f, in watts, volts and hertz.

`a C` is the capacitance that switches in a cycle, in farads. A figure from here is *modelled*; the
fit says from how many measurements and how far it is off them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgeward.errors import EdgewardError
from edgeward.monitor.reading import Reading, modelled


class PowerModelError(EdgewardError):
    """Measurements or parameters that no processor has."""


@dataclass(frozen=True, slots=True, order=True)
class OperatingPoint:
    """A frequency and the voltage it needs."""

    frequency_hz: int
    voltage_v: float

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            PowerModelError: one of them is not above 0.
        """
        if self.frequency_hz <= 0 or not 0 < self.voltage_v < 100:
            raise PowerModelError(
                f"{self.frequency_hz} Hz at {self.voltage_v} V; accepted: above 0 Hz, and above 0"
                " and below 100 V"
            )


@dataclass(frozen=True, slots=True)
class Measured:
    """The power that was measured at a point."""

    point: OperatingPoint
    power_w: float


@dataclass(frozen=True, slots=True)
class PowerModel:
    """The parameters, and how they were found."""

    static_w: float
    switched_f: float
    """a C."""
    source: str = "given"

    def __post_init__(self) -> None:
        """Check the parameters.

        Raises:
            PowerModelError: one of them is negative, or both are 0.
        """
        parameters = (self.static_w, self.switched_f)
        if not all(np.isfinite(one) and one >= 0 for one in parameters) or not any(parameters):
            raise PowerModelError(
                f"{self.static_w} W static, {self.switched_f} F switched; accepted: 0 or more, not"
                " both 0"
            )

    def power_w(self, point: OperatingPoint) -> float:
        """While it computes at a point."""
        return self.static_w + self.switched_f * point.voltage_v**2 * point.frequency_hz

    def energy_j(self, cycles: float, point: OperatingPoint) -> float:
        """For so many cycles at a point, from their first to their last."""
        return self.power_w(point) * cycles / point.frequency_hz

    def energy_per_inference(self, cycles: float, point: OperatingPoint) -> Reading:
        """In millijoules, modelled."""
        return modelled(self.energy_j(cycles, point) * 1e3, "mJ", f"power model, {self.source}")


def fit(measurements: Sequence[Measured]) -> tuple[PowerModel, float]:
    """The model of least squares, and the largest relative error it makes on the measurements.

    Raises:
        PowerModelError: fewer than three points, points that do not differ, or a fit with a
            negative parameter: the measurements are of something else.
    """
    loads = np.array([one.point.voltage_v**2 * one.point.frequency_hz for one in measurements])
    powers = np.array([one.power_w for one in measurements])
    if len(loads) < 3 or np.ptp(loads) == 0 or not (np.isfinite(powers) & (powers > 0)).all():
        raise PowerModelError(
            f"{len(loads)} measurements; accepted: 3 or more at points that differ, each above 0 W"
        )
    # Columns of the same size: hertz times square volts would drown the constant.
    scale = float(loads.max())
    columns = np.stack([np.ones_like(loads), loads / scale], axis=1)
    (static_w, slope), *_ = np.linalg.lstsq(columns, powers, rcond=None)
    source = f"fitted to {len(loads)} measurements"
    model = PowerModel(float(static_w), float(slope) / scale, source)
    predicted = np.array([model.power_w(one.point) for one in measurements])
    return model, float(np.max(np.abs(predicted - powers) / powers))
