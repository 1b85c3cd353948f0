"""Which distributions a distribution stands on, with all that those stand on.

Rules:
- A requirement counts where its condition holds in the environment, for each extra asked for.
- What is required and not installed, or installed in a version that does not do, is a finding:
  the device would fail late, in the one place that needs it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from edgeward_harness.inventory.model import Finding, Trouble
from edgeward_harness.inventory.sites import Environment, Installed


@dataclass(frozen=True, slots=True)
class Closure:
    """The distributions needed, each with those that it requires itself, by name."""

    requires: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...]


def closure(environment: Environment, root: str, extras: Iterable[str] = ()) -> Closure:
    """All that the root stands on, itself included; it must be installed."""
    walk = _Walk(environment)
    walk.want(canonicalize_name(root), map(canonicalize_name, extras))
    while walk.left:
        walk.visit(walk.left.pop())
    requires = {name: tuple(sorted(walk.edges[name])) for name in sorted(walk.extras)}
    return Closure(requires, tuple(sorted(set(walk.findings))))


def needed(
    one: Installed, extras: Iterable[str], markers: Mapping[str, str]
) -> Iterator[Requirement]:
    """The requirements of a distribution whose conditions hold.

    Raises:
        InvalidRequirement: one of them cannot be read.
    """
    wanted = ("", *extras)
    for text in one.requires:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**markers, "extra": extra}) for extra in wanted):
            yield requirement


def _does(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False


class _Walk:
    """The walk through the requirements: what is known, and what is to be looked at again."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.extras: dict[str, set[str]] = {}
        self.edges: defaultdict[str, set[str]] = defaultdict(set)
        self.left: set[str] = set()
        self.findings: list[Finding] = []

    def want(self, name: str, extras: Iterable[str]) -> None:
        """Look at a distribution, again if an extra is asked for that was not before."""
        asked = set(extras)
        known = self.extras.get(name)
        if known is None or not asked <= known:
            self.extras[name] = asked | (known or set())
            self.left.add(name)

    def visit(self, name: str) -> None:
        """Want all that a distribution requires."""
        one = self.environment.distributions[name]
        try:
            requirements = list(needed(one, self.extras[name], self.environment.markers))
        except InvalidRequirement as error:
            self.findings.append(Finding(name, Trouble.UNREADABLE, "METADATA", str(error)))
            return
        for requirement in requirements:
            self._follow(name, requirement)

    def _follow(self, name: str, requirement: Requirement) -> None:
        required = canonicalize_name(requirement.name)
        there = self.environment.distributions.get(required)
        if there is None:
            old = required in self.environment.unrecorded
            told = "it is there in a form without a RECORD, which cannot be checked" if old else ""
            self.findings.append(Finding(name, Trouble.ABSENT, str(requirement), told))
            return
        self.edges[name].add(required)
        if not _does(requirement, there.version):
            told = f"{required} {there.version} is installed"
            self.findings.append(Finding(name, Trouble.UNMET, str(requirement), told))
        self.want(required, map(canonicalize_name, requirement.extras))
