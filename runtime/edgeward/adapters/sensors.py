"""What Linux tells about the machine: `/proc` and `/sys`, or folders that look like them.

What is not there, or cannot be understood, is None: a sensor that is missing is not a value.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KB = 1024
_DRAWN = {"Discharging": 1, "Charging": -1, "Full": -1, "Not charging": -1}
"""The sign of the power by the battery's status."""


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Ticks since the start of the machine, over all its cores."""

    busy: int
    total: int


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """Main memory."""

    total: int
    available: int


@dataclass(frozen=True, slots=True)
class BatteryCharge:
    """A battery, in the units of this house."""

    energy_mwh: float
    power_mw: float
    """Drawn from it; negative while it is charged."""
    on_mains: bool = False
    """It says that it is charged, full or not charging: the power may be 0 then."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """What governs a core's clock."""

    governor: str
    current_hz: int
    available_hz: tuple[int, ...]
    """Empty where the driver names none."""


class Sensors:
    """The sensors of a Linux machine."""

    __slots__ = ("_proc", "_sys")

    def __init__(self, proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> None:
        """Read from these folders."""
        self._proc = proc
        self._sys = sys

    def cpu_times(self) -> CpuTimes | None:
        """Busy and total ticks; the share of a span is the difference of two readings."""
        line = _text(self._proc / "stat").partition("\n")[0].split()
        ticks = [_number(word) for word in line[1:9]]
        if not line or line[0] != "cpu" or len(ticks) < 5 or any(tick is None for tick in ticks):
            return None
        known = [tick for tick in ticks if tick is not None]
        return CpuTimes(busy=sum(known) - known[3] - known[4], total=sum(known))

    def memory(self) -> MemoryBytes | None:
        """Total and available memory."""
        rows = (row.split() for row in _text(self._proc / "meminfo").splitlines())
        sizes = {row[0].rstrip(":"): _number(row[1]) for row in rows if len(row) > 1}
        total, available = sizes.get("MemTotal"), sizes.get("MemAvailable")
        if not total or available is None:
            return None
        return MemoryBytes(total * _KB, available * _KB)

    def disk_free_bytes(self, folder: Path) -> int | None:
        """What this user may still write in the file system of a folder."""
        with suppress(OSError):
            found = os.statvfs(folder)
            return found.f_bavail * found.f_frsize
        return None

    def network_bytes(self) -> tuple[int, int] | None:
        """Received and sent since the start, over all links but the loopback."""
        received = sent = 0
        seen = False
        for row in _text(self._proc / "net" / "dev").splitlines()[2:]:
            name, _, rest = row.partition(":")
            words = [_number(word) for word in rest.split()]
            if name.strip() == "lo" or len(words) < 9:
                continue
            got, gone = words[0], words[8]
            if got is not None and gone is not None:
                received, sent, seen = received + got, sent + gone, True
        return (received, sent) if seen else None

    def temperature_c(self) -> float | None:
        """The hottest of the sensors that give a plausible temperature."""
        files = [
            *self._sys.glob("class/thermal/thermal_zone*/temp"),
            *self._sys.glob("class/hwmon/hwmon*/temp*_input"),
        ]
        found = (_number(_text(file)) for file in files)
        plausible = [one / 1000 for one in found if one is not None and -40_000 <= one <= 150_000]
        return max(plausible, default=None)

    def battery(self) -> BatteryCharge | None:
        """All batteries together; None where there is none, or one of them cannot be read."""
        charges = [self._charge(folder) for folder in self._batteries()]
        if not charges or any(one is None for one in charges):
            return None
        known = [one for one in charges if one is not None]
        return BatteryCharge(
            sum(one.energy_mwh for one in known),
            sum(one.power_mw for one in known),
            all(one.on_mains for one in known),
        )

    def frequency(self, core: int = 0) -> Frequency | None:
        """The clock of a core; None where the system does not let anybody see it."""
        folder = self._sys / "devices" / "system" / "cpu" / f"cpu{core}" / "cpufreq"
        governor = _text(folder / "scaling_governor").strip()
        current = _number(_text(folder / "scaling_cur_freq"))
        if not governor or current is None:
            return None
        words = _text(folder / "scaling_available_frequencies").split()
        named = sorted(one * 1000 for word in words if (one := _number(word)) is not None)
        return Frequency(governor, current * 1000, tuple(named))

    def _batteries(self) -> Iterator[Path]:
        for folder in sorted(self._sys.glob("class/power_supply/*")):
            if _text(folder / "type").strip() == "Battery":
                yield folder

    def _charge(self, folder: Path) -> BatteryCharge | None:
        """Energy and power from microwatts, or from microamperes and microvolts."""
        volt = _number(_text(folder / "voltage_now"))
        energy = _number(_text(folder / "energy_now"))
        power = _number(_text(folder / "power_now"))
        if volt is not None and volt > 0:
            charge = _number(_text(folder / "charge_now"))
            current = _number(_text(folder / "current_now"))
            if energy is None and charge is not None:
                energy = charge * volt // 1_000_000
            if power is None and current is not None:
                power = abs(current) * volt // 1_000_000
        status = _text(folder / "status").strip()
        if energy is None or power is None or energy < 0 or status not in _DRAWN:
            return None  # a status such as "Unknown" is no full battery
        drawn = _DRAWN[status] * abs(power)
        return BatteryCharge(energy / 1000, drawn / 1000, _DRAWN[status] < 0)


def _text(file: Path) -> str:
    """What a file holds; nothing where it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    return ""


def _number(text: str) -> int | None:
    """A whole number, or None for anything else."""
    word = text.strip()
    digits = word.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        return None
    return int(word)
