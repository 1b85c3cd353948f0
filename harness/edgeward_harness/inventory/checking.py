"""Holds all distributions of a device's software against what was installed, together.

A file belongs to whoever lists it: a folder that several distributions share is foreign to none of
them. Two that list one file with different bytes are found too, for one of them was overwritten.
"""

from collections.abc import Iterable
from pathlib import Path

from edgeward_harness.inventory.model import Finding, Trouble
from edgeward_harness.inventory.records import check, entries, foreign_in, loose_in, packages
from edgeward_harness.inventory.sites import Environment

LOOSE = "environment"
"""What a loose file is said to be of."""


def check_files(environment: Environment, names: Iterable[str]) -> tuple[Finding, ...]:
    """Every listed file that is not as listed, and every file that nobody lists."""
    wanted = sorted(names)
    found = [
        finding
        for name in wanted
        for finding in check(name, environment.distributions[name].info, environment.prefix)
    ]
    return tuple(sorted([*found, *_foreign(environment, wanted), *_loose(environment)]))


def _owned(environment: Environment, site: Path) -> frozenset[str]:
    """Every path that the RECORD of any distribution in a folder lists."""
    infos = [one.info for one in environment.distributions.values() if one.site == site]
    listed = (entry.path for info in infos for entry in entries(info) or ())
    return frozenset([*listed, *(info.name for info in infos)])


def _foreign(environment: Environment, names: Iterable[str]) -> list[Finding]:
    owned = {site: _owned(environment, site) for site in environment.sites}
    found: dict[Path, Finding] = {}
    for name in names:
        one = environment.distributions[name]
        for folder in sorted(packages(entries(one.info) or ())):
            for path in foreign_in(one.site, folder, owned[one.site]):
                found.setdefault(one.site / path, Finding(name, Trouble.FOREIGN, path))
    return list(found.values())


def _loose(environment: Environment) -> list[Finding]:
    return [
        Finding(LOOSE, Trouble.FOREIGN, path)
        for site in environment.sites
        for path in loose_in(site, _owned(environment, site))
    ]
