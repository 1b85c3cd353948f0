"""Takes the inventory of a device's environment: what is there, and what is wrong with it.

Rules:
- The root is the device's own distribution. What it requires, with the extras that the device
  needs, is its software; what is installed beside is named and not counted.
- The root's digest is the one that the device itself tells as its build.
- Nothing is imported and no program of the environment is run.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from packaging.utils import canonicalize_name

from edgeward_harness.errors import InputError
from edgeward_harness.inventory.bundled import bundled_in
from edgeward_harness.inventory.checking import check_files
from edgeward_harness.inventory.closure import Closure, closure
from edgeward_harness.inventory.describing import describe, interpreter, package_of
from edgeward_harness.inventory.model import Component, Finding, Inventory
from edgeward_harness.inventory.models import Taken, models_in, take_model
from edgeward_harness.inventory.sites import Environment


def package_sha256(package: Path) -> str:
    """One digest over a package's files, as the runtime tells its own as `build_sha256`."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.relative_to(package).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def take(
    environment: Environment,
    distribution: str,
    extras: Sequence[str] = (),
    models: Sequence[Path] = (),
) -> Inventory:
    """The inventory of a device's software.

    Raises:
        InputError: the distribution is not installed there, or a model named cannot be read.
    """
    name = canonicalize_name(distribution)
    if name not in environment.distributions:
        told = f"found no {distribution!r} in {environment.prefix}, accepted: one that is installed"
        raise InputError("--distribution", [told])
    needed = closure(environment, name, extras)
    package = package_of(environment.distributions[name])
    taken = [*(models_in(package) if package else ()), *map(take_model, models)]
    parts = _parts(environment, needed)
    within, unreadable = _within(environment, parts.values())
    root, build = parts.pop(name), package_sha256(package) if package else ""
    purl = f"pkg:generic/{root.name}@{quote(root.version, safe='.')}?checksum=sha256:{build}"
    runs = interpreter(environment)
    carried = (*root.requires, runs.ref, *(one.model.ref for one in taken))
    findings = {
        *environment.findings,
        *needed.findings,
        *check_files(environment, needed.requires),
        *unreadable,
        *(finding for one in taken for finding in one.findings),
    }
    return Inventory(
        root=replace(root, purl=purl, sha256=build, requires=tuple(sorted(set(carried)))),
        build_sha256=build,
        python=environment.python,
        extras=tuple(sorted(map(canonicalize_name, extras))),
        components=_each_once([runs, *parts.values(), *within, *_of(taken)]),
        cards=tuple({one.card.ref: one.card for one in taken}.values()),
        beside=_beside(environment, needed.requires),
        findings=tuple(sorted(findings)),
    )


def _parts(environment: Environment, needed: Closure) -> dict[str, Component]:
    """The distributions needed, each with what it requires, by name."""
    parts = {one: describe(environment.distributions[one]) for one in needed.requires}
    return {
        name: replace(part, requires=tuple(parts[one].ref for one in needed.requires[name]))
        for name, part in parts.items()
    }


def _within(
    environment: Environment, parts: Iterable[Component]
) -> tuple[list[Component], list[Finding]]:
    """What lies within the distributions by their own word."""
    found: list[Component] = []
    findings: list[Finding] = []
    for part in parts:
        more, faults = bundled_in(environment.distributions[part.name].info, part)
        found += more
        findings += faults
    return found, findings


def _of(taken: Iterable[Taken]) -> Iterable[Component]:
    for one in taken:
        yield one.model
        yield from one.data


def _each_once(components: Iterable[Component]) -> tuple[Component, ...]:
    """By ref, each once: two models may be made from one data set."""
    found: dict[str, Component] = {}
    for one in components:
        found.setdefault(one.ref, one)
    return tuple(found[ref] for ref in sorted(found))


def _beside(environment: Environment, needed: Collection[str]) -> tuple[str, ...]:
    others = sorted(environment.distributions.keys() - set(needed))
    return tuple(f"{name} {environment.distributions[name].version}".strip() for name in others)
