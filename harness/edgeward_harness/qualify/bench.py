"""The bench on which a seeded defect is judged, laid out in a folder of its own.

The shipped bench names its devices from where they lie; the one that is written here names them
from anywhere, with the models that are installed here.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from edgeward_harness.profile.unit import SHIPPED_MODELS
from edgeward_harness.qualify.catalogue import BENCH
from edgeward_harness.qualify.defect import Defect, Kind
from edgeward_harness.qualify.making import MAKERS
from edgeward_harness.qualify.wire import PROGRAM, unit_of
from edgeward_harness.rig.recordings.excerpt import excerpt

MOVED = "moved"
"""The name of a profile whose promises were moved."""


def lay_out(defect: Defect, seeded: Path, folder: Path) -> Path:
    """Write the bench of a defect; the path of its file."""
    if defect.make:
        return MAKERS[defect.make](seeded, folder)
    if defect.kind is Kind.WIRE:
        _, operator, at = defect.id.split(":", 2)
        unit = _unit(["{python}", PROGRAM, operator, at], seeded, ["simulated-clock"])
        units = {unit_of(operator, at): unit}
    else:
        units = {defect.unit: shipped_unit(seeded, defect.unit)}
    path = folder / BENCH
    path.write_text(tomli_w.dumps({"unit": units} if defect.unit != "reference" else {"unit": {}}))
    return path


def shipped_unit(seeded: Path, name: str) -> dict[str, Any]:
    """A unit of the shipped bench, as it is reached from anywhere."""
    if name == "reference":
        return {}
    unit: dict[str, Any] = tomllib.loads((seeded / BENCH).read_text(encoding="utf-8"))["unit"][name]
    unit["cwd"] = str(seeded)
    unit["command"] = [unit["command"][0], str(seeded / unit["command"][1]), *unit["command"][2:]]
    if "models" in unit:
        unit["models"] = {role: str(SHIPPED_MODELS[role]) for role in unit["models"]}
    return unit


def _unit(command: list[str], seeded: Path, fixtures: list[str]) -> dict[str, Any]:
    models = {role.value: str(path) for role, path in SHIPPED_MODELS.items()}
    command = [command[0], str(seeded / command[1]), *command[2:]]
    return {"driver": "process", "command": command, "cwd": str(seeded), "fixtures": fixtures,
            "models": models}  # fmt: skip


def moved_together(defects: Sequence[Defect]) -> dict[str, object]:
    """The promises that the defects of one run move; each has its own where it wants it."""
    limits = {path: value for one in defects for path, value in one.limits.items()}
    own = {one.id.partition(":")[2]: one for one in defects if one.kind is Kind.LIMIT}
    return limits | {path: one.limits[path] for path, one in own.items()}


def moved_profile(base: str, limits: Mapping[str, object], folder: Path) -> str:
    """Write a profile with promises moved, if there are any; the name of the one to judge by."""
    if not limits:
        return base
    profile: dict[str, Any] = {"extends": base, "schema": 1, "name": MOVED,
                               "title": "A device with promises that it cannot keep"}  # fmt: skip
    for path, value in limits.items():
        *sections, key = path.split(".")
        table = profile
        for section in sections:
            table = table.setdefault(section, {})
        table[key] = value
    (folder / f"{MOVED}.toml").write_text(tomli_w.dumps(profile), encoding="utf-8")
    return MOVED


def some_recordings(all_of_them: Path, few: Mapping[str, tuple[str, ...]], folder: Path) -> Path:
    """The collections that are here; of those named, the recordings named and no others."""
    place = folder / "recordings"
    place.mkdir()
    for collection in sorted(one for one in all_of_them.iterdir() if one.is_dir()):
        if collection.name not in few:
            (place / collection.name).symlink_to(collection.resolve())
            continue
        excerpt(collection, few[collection.name], place / collection.name)
    return place
