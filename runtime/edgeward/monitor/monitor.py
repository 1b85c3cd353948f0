"""One look at the resources: what was read, what begins or ends, and what should be given up.

A look costs a few file reads, blocks on nothing, and is not made by the clinical thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeward.adapters.sensors import BatteryCharge, CpuTimes, Sensors
from edgeward.monitor.battery import Battery, Charge, Cutoff, Stage
from edgeward.monitor.reading import Reading, found, modelled, unknown
from edgeward.monitor.thermal import Strain, Thermal, ladder_above
from edgeward.monitor.thresholds import Change, Limit, Side, Watch
from edgeward.ports import Clock
from edgeward.profile.model import BYTES_PER_MB, Profile

CPU_THROTTLE_PERCENT = 90.0
"""Above this the background waits, whatever the profile warns at."""
LOW_HOURS = 0.5
FLUSH_MS = 5000.0
DISK_FREE_MIN_MB = 64.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A condition of a resource begins, ends, is lost or found again."""

    name: str
    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """One look."""

    readings: dict[str, Reading]
    turns: tuple[Turn, ...]
    strain: Strain
    battery: Stage
    took_ns: int


class Monitor:
    """Looks after the resources of the machine a device runs on."""

    def __init__(
        self,
        sensors: Sensors,
        profile: Profile,
        clock: Clock,
        state: Path,
        flush: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Hold the machine to what the profile warns at."""
        warn = profile.thresholds
        self._sensors = sensors
        self._clock = clock
        self._state = state
        self._thermal = Thermal(ladder_above(warn.temperature_c))
        reserve_mwh = profile.power.battery_mwh * 0.02
        self._battery = Battery(Cutoff(LOW_HOURS, reserve_mwh, FLUSH_MS), flush)
        self._last_cpu: CpuTimes | None = None
        limits = (
            Limit("cpu_percent", warn.cpu_percent, "%", 5),
            Limit("memory_percent", warn.memory_percent, "%", 3),
            Limit("temperature_c", warn.temperature_c, "°C", 3),
            Limit("disk_free_mb", DISK_FREE_MIN_MB, "MB", 16, Side.BELOW),
            Limit("battery_hours", LOW_HOURS, "h", 0.1, Side.BELOW),
        )
        self._watches = {limit.name: Watch(limit) for limit in limits}
        self.looks = 0

    def look(self) -> Report:
        """Read everything once."""
        began_ns = self._clock.monotonic_ns()
        readings = self._read()
        turns = [
            Turn(name, change, _said(watch.limit, readings[name], change))
            for name, watch in self._watches.items()
            for change in watch.read(readings[name], began_ns)
        ]
        strain = self._thermal.read(readings["temperature_c"].value, began_ns)
        cpu = readings["cpu_percent"].value
        if self._battery.stage > Stage.FINE or (cpu or 0.0) > CPU_THROTTLE_PERCENT:
            strain = max(strain, Strain.PAUSE_BACKGROUND)
        self.looks += 1
        took_ns = self._clock.monotonic_ns() - began_ns
        return Report(readings, tuple(turns), strain, self._battery.stage, took_ns)

    def _read(self) -> dict[str, Reading]:
        memory = self._sensors.memory()
        used = None if memory is None else 100 * (1 - memory.available / memory.total)
        free = self._sensors.disk_free_bytes(self._state)
        received, sent = self._sensors.network_bytes() or (None, None)
        charge = self._sensors.battery()
        frequency = self._sensors.frequency()
        hours = self._hours_left(charge)
        net, power_supply, cpufreq = "/proc/net/dev", "/sys power_supply", "/sys cpufreq"
        mwh = None if charge is None else charge.energy_mwh
        hertz = None if frequency is None else frequency.current_hz
        return {
            "cpu_percent": self._cpu(),
            "memory_percent": found(used, "%", "/proc/meminfo"),
            "disk_free_mb": found(None if free is None else free / BYTES_PER_MB, "MB", "statvfs"),
            "network_received_bytes": found(received, "bytes", net),
            "network_sent_bytes": found(sent, "bytes", net),
            "temperature_c": found(self._sensors.temperature_c(), "°C", "/sys thermal, hwmon"),
            "battery_mwh": found(mwh, "mWh", power_supply),
            "battery_hours": hours,
            "frequency_hz": found(hertz, "Hz", cpufreq),
        }

    def _cpu(self) -> Reading:
        """The machine's use since the last look."""
        now, before = self._sensors.cpu_times(), self._last_cpu
        self._last_cpu = now
        if now is None or before is None or now.total <= before.total:
            return unknown("%", "/proc/stat: no span to look back on")
        share = 100 * (now.busy - before.busy) / (now.total - before.total)
        return found(min(100.0, max(0.0, share)), "%", "/proc/stat")

    def _hours_left(self, charge: BatteryCharge | None) -> Reading:
        said = None if charge is None else Charge(charge.energy_mwh, charge.power_mw)
        self._battery.read(said)
        left = None if said is None else self._battery.time_left(said)
        if left is None:
            return unknown("h", "no battery that is being discharged can be read")
        return modelled(left.hours, "h", "energy left over mean power")


def _said(limit: Limit, reading: Reading, change: Change) -> str:
    if change is Change.LOST:
        return f"{limit.name} is unknown: {reading.source}"
    if change is Change.FOUND:
        return f"{limit.name} is known again"
    return f"{limit.name} is {reading.value:.1f} {limit.unit}, limit {limit.limit:g} {limit.unit}"
