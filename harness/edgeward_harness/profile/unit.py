"""Bench units: which physical or simulated unit is here, and how to reach it.

A bench file (`bench.toml`, local, never committed) holds one `[unit.NAME]` table for each. What a
unit claims to be decides what its evidence may be used for, so the claims are limited:

1. `inprocess` is the reference device inside the harness: simulated, and it has no command.
2. `process` is a program here that stands for a device (emulated) or talks to one (on target).
3. Who claims `on_target` names the serial number.
4. The built-in names always mean the same unit.
5. What the bench knows of the model on the unit lies in files of the bench, never of the unit.
"""

import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import edgeward
from edgeward.profile.reading import Reading, read
from edgeward.profile.toml import TomlError, read_toml
from edgeward.profile.wording import nearest, shown
from edgeward_harness.errors import InputError
from edgeward_harness.profile.bench import (
    UNIT_KEYS,
    UNITS,
    BenchFile,
    Driver,
    Realization,
    Role,
)
from edgeward_harness.profile.filesystem import in_memory
from edgeward_harness.resources import suites

__all__ = ["BUILT_IN", "Driver", "Realization", "Unit", "find_unit", "load_units"]

DEFAULT_BENCH = Path("bench.toml")

REALIZATIONS = {
    Driver.INPROCESS: (Realization.SIMULATED,),
    Driver.PROCESS: (Realization.EMULATED, Realization.ON_TARGET),
}
"""What a unit may claim to be by its driver; the first is meant when nothing is said."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit on the bench."""

    name: str
    driver: Driver
    command: tuple[str, ...] = ()
    cwd: Path | None = None
    """Where the command runs; None is wherever the harness was started."""
    realization: Realization = Realization.EMULATED
    serial: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the device gets besides a clean environment."""
    fixtures: tuple[str, ...] = ()
    models: Mapping[Role, Path] = field(default_factory=dict)

    @property
    def at_hand(self) -> tuple[str, ...]:
        """The fixtures of its bench.

        A process of this host is in our hands without any wiring; what talks to a device elsewhere
        is not: stopping or loading it says nothing about the device. What the bench finds out by
        itself about a model, it finds out for every unit.
        """
        own = self.driver is Driver.PROCESS and self.realization is Realization.EMULATED
        known = (*_model_fixtures(self.models), *_bench_fixtures())
        return (*self.fixtures, *known, *(_host_fixtures() if own else ()))


SIMULATED_CLOCK = "simulated-clock"
"""It can be started as a build whose time moves only when it is told to (docs/protocol.md)."""
FLOAT_REFERENCE = "float-reference"
"""The model as it was released, and the float model that it was made from."""
BEAT_REFERENCE = "beat-reference"
"""The same two of a model of the class of a beat."""
MODEL_HISTORY = "model-history"
"""The versions before it as well: the last, and the one that was first cleared."""
OTHER_PROCESSORS = "other-processors"
"""What a model answers on other processors can be found out here, by emulating them."""
HOST_FIXTURES = ("process-control", "core-load", "memory-load", "process-view", "receiver")
"""The device's process can be stopped; its cores and its memory can be kept busy; what its
processes use, and the files they consist of, can be seen; it reaches a receiver that runs here."""
DISK_RECORD = "disk-record"
"""What its process writes, syncs and says can be recorded call by call."""
DISK_FAULTS = "disk-faults"
"""Calls of its process to its disk can be refused, and it can die at one of them."""
CORE_DUMPS = "core-dumps"
"""A process may leave a core here, so that one that leaves none can be told from others."""
BROKER = "broker"
"""A real MQTT broker can be run here, and killed."""
_SERVERS = ":/usr/sbin:/usr/local/sbin"


def _host_fixtures() -> Iterator[str]:
    """What this host gives to a process; its state lies in a temporary folder, on a disk or not."""
    yield from HOST_FIXTURES
    if shutil.which("strace") is not None:
        yield DISK_RECORD
        yield DISK_FAULTS
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:
        yield CORE_DUMPS
    if shutil.which("mosquitto", path=os.environ.get("PATH", os.defpath) + _SERVERS) is not None:
        yield BROKER
    if energy_counters():
        yield "energy-meter"
    if not in_memory(Path(tempfile.gettempdir())):
        yield "disk-load"


def _model_fixtures(models: Mapping[Role, Path]) -> Iterator[str]:
    """What can be asked of a model when these files are at hand."""
    if {Role.RELEASED, Role.REFERENCE} <= models.keys():
        yield FLOAT_REFERENCE
        if {Role.LAST, Role.ORIGINAL} <= models.keys():
            yield MODEL_HISTORY
    if {Role.BEATS, Role.BEATS_REFERENCE} <= models.keys():
        yield BEAT_REFERENCE


def _bench_fixtures() -> Iterator[str]:
    """What this host gives to every unit."""
    if emulates_x86():
        yield OTHER_PROCESSORS


X86_EMULATOR: Final = "qemu-x86_64"


def emulates_x86() -> bool:
    """Whether this host can stand in for other x86 processors: it is one, and has the emulator."""
    return platform.machine() == "x86_64" and shutil.which(X86_EMULATOR) is not None


POWERCAP = Path("/sys/class/powercap")


def energy_counters(powercap: Path = POWERCAP) -> tuple[Path, ...]:
    """The counters of the energy that the processors of this host drew, where they can be read.

    One a package (RAPL); those of its parts (`:0:1`) are in it.
    """
    found = sorted(powercap.glob("intel-rapl:*/energy_uj"))
    return tuple(
        path for path in found if path.parent.name.count(":") == 1 and os.access(path, os.R_OK)
    )


SHIPPED_MODELS: Mapping[Role, Path] = {
    Role.RELEASED: Path(edgeward.__file__).parent / "model" / "rhythm_reference.onnx",
    Role.REFERENCE: suites() / "accuracy" / "models" / "rhythm_teacher.onnx",
    Role.BEATS: Path(edgeward.__file__).parent / "model" / "beat_reference.onnx",
    Role.BEATS_REFERENCE: suites() / "accuracy" / "models" / "beat_teacher.onnx",
}
"""Of the models that the reference device runs when it is given no other."""
BUILT_IN: Mapping[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit(
            "reference",
            Driver.PROCESS,
            (sys.executable, "-P", "-m", "edgeward.device"),
            fixtures=(SIMULATED_CLOCK,),
            models=SHIPPED_MODELS,
        ),
        Unit(
            "reference-inprocess",
            Driver.INPROCESS,
            realization=Realization.SIMULATED,
            fixtures=(SIMULATED_CLOCK,),
            models=SHIPPED_MODELS,
        ),
    )
}
"""The reference device; every installation has it."""


def load_units(path: Path) -> dict[str, Unit]:
    """The built-in units and those of a bench file.

    A relative `cwd`, and a program or model named with a relative path, are taken from the folder
    of the file; without `cwd` a command runs in that folder.

    Raises:
        InputError: the file cannot be used; every fault is told.
    """
    try:
        data = read_toml(path)
    except TomlError as error:
        raise InputError(str(path), [str(error)]) from error
    reading = read(BenchFile, data)
    units = {name: reading.given(f"unit.{name}") for name in _names(data)}
    folder = path.resolve().parent
    faults = [*reading.faults, *_faults(units, reading), *_model_faults(units, folder)]
    if faults:
        raise InputError(str(path), faults)
    return {**BUILT_IN, **{name: _unit(name, given, folder) for name, given in units.items()}}


def find_unit(name: str | None, bench: Path | None = None) -> Unit:
    """The unit of that name; the reference device when none is asked for.

    Without a bench file, `bench.toml` of the current folder is read when the name is not built in.

    Raises:
        InputError: there is no such unit, or the bench file cannot be used.
    """
    name = name or "reference"
    if bench is None and name not in BUILT_IN and DEFAULT_BENCH.is_file():
        bench = DEFAULT_BENCH
    units = BUILT_IN if bench is None else load_units(bench)
    if name in units:
        return units[name]
    near = nearest(name, units)
    hint = f'; did you mean "{near}"?' if near else ""
    known = ", ".join(units)
    raise InputError("--unit", [f"found {shown(name)}, accepted: one of {known}{hint}"])


def _names(data: Mapping[str, Any]) -> list[str]:
    """The names of the tables that are units; whatever else stands there is a fault already."""
    tables = data.get("unit")
    if not isinstance(tables, Mapping):
        return []
    return [
        name
        for name, table in tables.items()
        if UNITS.accepts_name(name) and isinstance(table, Mapping)
    ]


def _faults(units: Mapping[str, Mapping[str, Any]], reading: Reading) -> Iterator[str]:
    """What is wrong with each unit as a whole; what has been refused already is not told again."""
    for name, given in units.items():
        at = f"unit.{name}"
        if name in BUILT_IN:
            yield f"{at}: this name is built in; expected another"
        told = {key for key in UNIT_KEYS if f"{at}.{key}" in reading.refused}
        driver = given.get("driver")
        if driver is None:
            if "driver" not in told:
                yield f'{at}.driver: missing; expected "inprocess" or "process"'
            continue
        yield from _reach_faults(at, driver, given, told)
        yield from _claim_faults(at, driver, given, told)


def _reach_faults(
    at: str, driver: Driver, given: Mapping[str, Any], told: set[str]
) -> Iterator[str]:
    if driver is Driver.PROCESS and not {"command"} & (given.keys() | told):
        yield f"{at}.command: missing; expected the program and its arguments as a list"
    if driver is Driver.INPROCESS:
        for key in ("command", "cwd", "environment"):
            if key in given:
                yield f'{at}.{key}: expected none; driver = "inprocess" starts no program'


def _claim_faults(
    at: str, driver: Driver, given: Mapping[str, Any], told: set[str]
) -> Iterator[str]:
    claimed = given.get("realization")
    accepted = REALIZATIONS[driver]
    if claimed is not None and claimed not in accepted:
        listed = " or ".join(f'"{one}"' for one in accepted)
        yield f'{at}.realization = "{claimed}": expected {listed} with driver = "{driver}"'
    if claimed is Realization.ON_TARGET and "serial" not in given.keys() | told:
        yield (
            f"{at}.serial: missing; expected the number on the device, "
            'since realization = "on_target"'
        )


def _model_faults(units: Mapping[str, Mapping[str, Any]], folder: Path) -> Iterator[str]:
    for name, given in units.items():
        for role, path in given.get("models", {}).items():
            if not (folder / path).is_file():
                yield f"unit.{name}.models.{role}: found no file {shown(path)} in {folder}"


def _unit(name: str, given: Mapping[str, Any], folder: Path) -> Unit:
    driver: Driver = given["driver"]
    starts = driver is Driver.PROCESS
    return Unit(
        name=name,
        driver=driver,
        command=_command(given.get("command", ()), folder),
        cwd=folder / given.get("cwd", "") if starts else None,
        realization=given.get("realization", REALIZATIONS[driver][0]),
        serial=given.get("serial", ""),
        environment=given.get("environment", {}),
        fixtures=given.get("fixtures", ()),
        models={role: folder / path for role, path in given.get("models", {}).items()},
    )


def _command(words: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """The command with `{python}` filled in and its program found from the folder."""
    filled = [word.replace("{python}", sys.executable) for word in words]
    if filled and "/" in filled[0]:  # a bare name is looked up on the PATH instead
        filled[0] = str(folder / filled[0])
    return tuple(filled)
