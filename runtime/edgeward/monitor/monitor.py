"""One look at the resources: what was read, what begins or ends, and what should be given up.

A look costs a few file reads, blocks on nothing, and is not made by the clinical thread.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
EMERGENCY = "temperature_c emergency"
"""The condition that everything but the alarm path is given up for."""


@dataclass(frozen=True, slots=True)
class Reserves:
    """What must be left of a resource, whatever the profile warns at."""

    low_hours: float = 0.5
    """Of the battery; below it is low."""
    flush_ms: float = 5000.0
    """How long it may take to write everything that waits."""
    disk_free_min_mb: float = 64.0

    def __post_init__(self) -> None:
        """Check the figures.

        Raises:
            ValueError: one of them is out of its range.
        """
        if not (self.low_hours > 0 and self.flush_ms >= 0 and self.disk_free_min_mb >= 0):
            raise ValueError(f"{self}: accepted: low_hours above 0, the others 0 or more")


RESERVES = Reserves()


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
        reserves: Reserves = RESERVES,
    ) -> None:
        """Hold the machine to what the profile warns at."""
        warn = profile.thresholds
        self._sensors = sensors
        self._clock = clock
        self._state = state
        self._thermal = Thermal(ladder_above(warn.temperature_c))
        reserve_mwh = profile.power.battery_mwh * 0.02
        cutoff = Cutoff(reserves.low_hours, reserve_mwh, reserves.flush_ms)
        self._battery = Battery(cutoff, flush)
        self._on_mains = False
        self._last_cpu: CpuTimes | None = None
        limits = (
            Limit("cpu_percent", warn.cpu_percent, "%", 5),
            Limit("memory_percent", warn.memory_percent, "%", 3),
            Limit("temperature_c", warn.temperature_c, "°C", 3),
            Limit("disk_free_mb", reserves.disk_free_min_mb, "MB", 16, Side.BELOW),
            Limit("battery_hours", reserves.low_hours, "h", 0.1, Side.BELOW),
        )
        self._watches = {limit.name: Watch(limit) for limit in limits}
        self.looks = 0

    def look(self) -> Report:
        """Read everything once."""
        began_ns = self._clock.monotonic_ns()
        readings = {
            name: replace(reading, at_ns=began_ns) for name, reading in self._read().items()
        }
        turns = [
            Turn(name, change, _said(watch.limit, readings[name], change))
            for name, watch in self._watches.items()
            for change in self._changes(name, watch, readings[name], began_ns)
        ]
        turns += self._emergency(readings["temperature_c"], began_ns)
        strain = self._thermal.strain
        cpu = readings["cpu_percent"].value
        if self._battery.stage > Stage.FINE or (cpu or 0.0) > CPU_THROTTLE_PERCENT:
            strain = max(strain, Strain.PAUSE_BACKGROUND)
        self.looks += 1
        took_ns = self._clock.monotonic_ns() - began_ns
        return Report(readings, tuple(turns), strain, self._battery.stage, took_ns)

    def _changes(self, name: str, watch: Watch, reading: Reading, now_ns: int) -> list[Change]:
        """What a reading changes; a battery on mains has no hours left to watch."""
        if name == "battery_hours" and self._on_mains:
            return watch.lift()
        return watch.read(reading, now_ns)

    def _emergency(self, temperature: Reading, now_ns: int) -> list[Turn]:
        """Take the temperature; the turn where it becomes an emergency or ceases to be one."""
        was = self._thermal.strain is Strain.ALARMS_ONLY
        now = self._thermal.read(temperature.value, now_ns) is Strain.ALARMS_ONLY
        if now == was:
            return []
        foot_c = self._thermal.ladder.emergency_c
        text = f"temperature_c is {temperature.value:.1f} °C, an emergency from {foot_c:g} °C on"
        if not now:
            return [Turn(EMERGENCY, Change.ENDS, text)]
        return [Turn(EMERGENCY, Change.BEGINS, f"{text}: only the alarm path is kept")]

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
        said = None if charge is None else _charge(charge)
        self._battery.read(said)
        self._on_mains = said is not None and said.charged
        left = None if said is None else self._battery.time_left(said)
        if self._on_mains:
            return unknown("h", "the battery is on mains")
        if left is None:
            return unknown("h", "no battery that is being discharged can be read")
        return modelled(left.hours, "h", "energy left over mean power")


def _charge(told: BatteryCharge) -> Charge:
    return Charge(told.energy_mwh, told.power_mw, told.on_mains)


def _said(limit: Limit, reading: Reading, change: Change) -> str:
    if change is Change.LOST:
        return f"{limit.name} is unknown: {reading.source}"
    if reading.value is None:
        return f"{limit.name} does not apply any more: {reading.source}"
    if change is Change.FOUND:
        return f"{limit.name} is known again"
    return f"{limit.name} is {reading.value:.1f} {limit.unit}, limit {limit.limit:g} {limit.unit}"
