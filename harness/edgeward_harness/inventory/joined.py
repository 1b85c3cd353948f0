"""An inventory joined with what people decided about it and what others published about it.

Rules:
- A statement belongs to a component when it names its ref, its purl, or its name and version. One
  that names no version belongs to every version.
- Of several statements about one flaw in one component the youngest holds; two of one day that
  differ are refused, for nobody could say which of them holds.
- An anomaly belongs to a component of its name, in the versions it names.
- What matches nothing here is kept apart and shown: it may be misspelt.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from urllib.parse import unquote

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from edgeward_harness.errors import InputError
from edgeward_harness.inventory.model import OF_OTHERS, Component, Inventory
from edgeward_harness.inventory.notices import SETTLED, Anomaly, Notices, Statement
from edgeward_harness.inventory.soup import Soup, SoupList, Support


@dataclass(frozen=True)
class Joined:
    """An inventory with its SOUP list and notices, as of a day where one is given."""

    inventory: Inventory
    soup: SoupList = field(default_factory=SoupList)
    notices: Notices = field(default_factory=Notices)
    as_of: date | None = None

    @cached_property
    def _statements(self) -> tuple[dict[tuple[str, str], Statement], tuple[Statement, ...]]:
        parts = (self.inventory.root, *self.inventory.components)
        taken: dict[tuple[str, str], Statement] = {}
        strangers = []
        for one in self.notices.statements:
            about = [part for part in parts if is_about(one.subject, part)]
            for part in about:
                key = (one.id, part.ref)
                taken[key] = _younger(taken.get(key), one)
            if not about:
                strangers.append(one)
        return taken, tuple(strangers)

    def statements(self, component: Component) -> tuple[Statement, ...]:
        """What holds about the flaws of a component, by flaw."""
        found = sorted(self._statements[0].items())
        return tuple(one for (_, ref), one in found if ref == component.ref)

    @property
    def unmatched_statements(self) -> tuple[Statement, ...]:
        """Statements about nothing that is here."""
        return self._statements[1]

    def anomalies(self, component: Component) -> tuple[Anomaly, ...]:
        """What is published about a component in its version."""
        name = canonicalize_name(component.name)
        named = (one for one in self.notices.anomalies if one.component == name)
        return tuple(one for one in named if not one.says_none and _in(one, component.version))

    def list_read(self, component: Component) -> str:
        """The day of the youngest list that speaks of a component; empty when none does."""
        name = canonicalize_name(component.name)
        days = (one.source.day for one in self.notices.anomalies if one.component == name)
        return max(days, default="")

    def owner(self, component: Component) -> Component | None:
        """The distribution within which a component lies."""
        return self.inventory.component(component.owner) if component.owner else None

    def entry(self, component: Component) -> Soup | None:
        """The entry of the SOUP list that answers for a component."""
        return self.soup.answer_for(component, self.owner(component))

    def exploited(self, statement: Statement) -> bool:
        """Whether a flaw is known to be used."""
        known = self.notices.exploited
        return known is not None and statement.id in known.ids

    @property
    def soup_components(self) -> tuple[Component, ...]:
        """All software that is not the device's own."""
        return tuple(one for one in self.inventory.components if one.kind in OF_OTHERS)

    def faults(self, today: date) -> tuple[str, ...]:
        """Everything that keeps the list from being whole and settled, as a sentence each."""
        found = [str(one) for one in self.inventory.findings]
        if self.inventory.root.installed_as:
            found.append(f"{self.inventory.root.title}: {self.inventory.root.installed_as}")
        for one in self.soup_components:
            found += [f"{one.ref}: {fault}" for fault in self._faults(one, today)]
        named = (self.inventory.root, *self.inventory.components)
        found += [f"{one.ref}: {fault}" for one in named for fault in self._open_flaws(one)]
        found += [f"{one.id}: names {one.subject!r}, which is not here"
                  for one in self.unmatched_statements]  # fmt: skip
        return tuple(found)

    def _faults(self, component: Component, today: date) -> Iterable[str]:
        entry = self.entry(component)
        if component.installed_as:
            yield component.installed_as
        if entry is None:
            yield "missing from the SOUP list in this version"
            return
        if entry.support is Support.ENDED:
            yield "nobody supports it any more"
        ends = entry.end_of_support
        if ends is not None and ends < today:
            yield f"its support ended on {ends.isoformat()}"
        if self.notices.anomalies and not component.owner and not self.list_read(component):
            yield "no list of published anomalies that was given speaks of it"

    def _open_flaws(self, component: Component) -> Iterable[str]:
        for one in self.statements(component):
            if one.state not in SETTLED:
                used = ", and it is known to be used" if self.exploited(one) else ""
                yield f"{one.id} is {one.state.value}{used} ({one.source.name}, {one.source.day})"


def is_about(subject: str, component: Component) -> bool:
    """Whether a name that a source uses is that of a component."""
    if subject in (component.ref, component.name):
        return True
    kind, version = _split(subject)
    own, _ = _split(component.purl)
    return version in ("", component.version) and kind in (own, component.name)


def _split(purl: str) -> tuple[str, str]:
    """The kind and name of a purl in their usual spelling, and its version, if it has one."""
    plain = unquote(purl.partition("?")[0].partition("#")[0])
    kind, at, version = plain.rpartition("@")
    if not at:
        kind, version = plain, ""
    family, slash, name = kind.rpartition("/")
    if family.lower() == "pkg:pypi":
        name = canonicalize_name(name)
    return f"{family.lower()}{slash}{name}", version


def _younger(before: Statement | None, after: Statement) -> Statement:
    if before is None or before.source.day < after.source.day:
        return after
    if before.source.day == after.source.day and before.state is not after.state:
        told = (
            f"{after.id} of {after.subject}: {before.source.name} says {before.state.value}, "
            f"{after.source.name} says {after.state.value}, both on {after.source.day}; accepted: "
            "one answer, or the day of the later one"
        )
        raise InputError("--vex", [told])
    return before


def _in(anomaly: Anomaly, version: str) -> bool:
    try:
        return SpecifierSet(anomaly.versions).contains(version, prereleases=True)
    except InvalidVersion:
        return True  # nobody can say that it is not


def join(
    inventory: Inventory,
    soup: SoupList,
    notices: Notices,
    as_of: date | None = None,
) -> Joined:
    """Join them, and find out at once whether the statements contradict each other.

    Raises:
        InputError: two statements of one day about one flaw differ.
    """
    joined = Joined(inventory, soup, notices, as_of)
    _ = joined.unmatched_statements
    return joined
