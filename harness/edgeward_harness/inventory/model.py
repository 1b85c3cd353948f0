"""What an inventory holds, as plain frozen values.

Rules:
- A value that nobody told is empty. It is shown as missing, never guessed.
- A trouble is a fact about the environment: what was taken is told all the same.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a component is; the words are those of CycloneDX."""

    PLATFORM = "platform"
    """The interpreter that runs all the others."""
    SOFTWARE = "library"
    """A distribution that is installed."""
    BUNDLED = "bundled"
    """Told by the nested bill of a distribution: it lies within that one's files."""
    MODEL = "machine-learning-model"
    DATA = "data"


class Trouble(StrEnum):
    """What is wrong with an environment."""

    MISSING = "missing"  # listed, and not there
    CHANGED = "changed"  # there with other bytes than listed
    FOREIGN = "foreign"  # there, and listed by nobody
    UNLISTED = "unlisted"  # nothing says which bytes it should have
    OUTSIDE = "outside"  # listed in a place that is not of this environment
    ABSENT = "absent"  # required, and not installed
    UNMET = "unmet"  # installed in a version that does not do
    TWICE = "twice"  # installed in two versions
    UNREADABLE = "unreadable"  # a nested bill, or a card, that cannot be read


OF_OTHERS = (Kind.PLATFORM, Kind.SOFTWARE, Kind.BUNDLED)
"""Software that others made: each needs an answer in the SOUP list."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, and with which component."""

    component: str
    trouble: Trouble
    what: str
    """A path within the environment, or a requirement."""
    detail: str = ""

    def __str__(self) -> str:
        """A line for a person."""
        more = f" ({self.detail})" if self.detail else ""
        return f"{self.component}: {self.trouble.value}: {self.what}{more}"


@dataclass(frozen=True, slots=True)
class Licence:
    """What a component says its licence is: an SPDX expression where it is one, else its words."""

    expression: str = ""
    words: str = ""

    def __str__(self) -> str:
        """Either; empty when nothing is said."""
        return self.expression or self.words


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the software. `ref` is its name in this inventory, and what others require."""

    kind: Kind
    ref: str
    name: str
    version: str = ""
    purl: str = ""
    supplier: str = ""
    licence: Licence = field(default_factory=Licence)
    sha256: str = ""
    """Of the RECORD of a distribution, of the file of a model, of a data set."""
    files_sha256: str = ""
    """Over the files of a distribution as they lie on the disk: equal wherever it is installed."""
    files: int = 0
    requires: tuple[str, ...] = ()
    owner: str = ""
    """Of what is bundled: the distribution within which it lies, by its ref."""
    description: str = ""
    installed_as: str = ""
    """Empty, or why its files could not be held against its RECORD."""

    @property
    def title(self) -> str:
        """Name and version as a person says them."""
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Part:
    """A distribution in one version, with the digest over its files."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a model's card, with its bounds where they are given."""

    name: str
    slice: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a model's card says for people, beside name, version and digest."""

    ref: str
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    """The data sets it names, by their refs."""
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """The software of a device: the distribution that is its own, and all that it stands on."""

    root: Component
    build_sha256: str
    """Of the root's files, as the device itself tells it."""
    python: str
    extras: tuple[str, ...]
    components: tuple[Component, ...]
    """All but the root, by ref."""
    cards: tuple[Card, ...] = ()
    beside: tuple[str, ...] = ()
    """Distributions that are installed and not required: name and version."""
    findings: tuple[Finding, ...] = ()

    def component(self, ref: str) -> Component | None:
        """The component of this name."""
        everyone = (self.root, *self.components)
        return next((one for one in everyone if one.ref == ref), None)
