"""Is the version that ships the version that was tested? A bill held against what runs recorded.

Rules:
- The build, each model, each distribution that a run was seen with, and the interpreter that ran
  it, are in the bill, with the same digest. One that is not, or is another, refuses the bill.
- Where a run does not say what a rule needs, the bill is refused too: nothing was shown.
- What ships and was seen in no run is told. Where it lay installed beside the device in a run,
  with the same digest, that is told as well; it refuses nothing.
- The bill of an environment that has findings is refused: its files are not what was installed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from edgeward_harness.inventory.model import Part
from edgeward_harness.inventory.shipped import Shipped


class Gap(StrEnum):
    """How a bill and the runs do not meet."""

    DIFFERENT = "different"  # they say two things of one part
    UNTOLD = "untold"  # a run, or the bill, does not say what would be needed
    FINDING = "finding"  # the bill itself says that its environment is not as installed
    UNSEEN = "unseen"  # it ships, and no run was seen with it


@dataclass(frozen=True, slots=True, order=True)
class Mismatch:
    """One thing in which the bill and a run differ."""

    gap: Gap
    subject: str
    text: str

    @property
    def refuses(self) -> bool:
        """Whether what ships was not shown to be what was tested."""
        return self.gap is not Gap.UNSEEN

    def __str__(self) -> str:
        """A line for a person."""
        return f"{self.subject}: {self.text}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one bundle says it was taken on."""

    source: str
    builds: frozenset[str] = frozenset()
    models: Mapping[str, str] = field(default_factory=dict)
    """Name and version of each, by digest."""
    used: Mapping[str, Part] | None = None
    """The distributions that the device was seen to use; None: no record names them."""
    beside: Mapping[str, Part] = field(default_factory=dict)
    """Those that lay installed beside."""
    interpreters: Mapping[str, Part] = field(default_factory=dict)
    """What ran it, by the name of the program."""


def hold(shipped: Shipped, tested: Sequence[Seen]) -> tuple[Mismatch, ...]:
    """Every way in which what ships is not what was tested; none that refuses: it is."""
    found = [Mismatch(Gap.FINDING, "the bill", one) for one in shipped.findings]
    for name in shipped.twice:
        found.append(Mismatch(Gap.DIFFERENT, "the bill", f"names {name} more than once"))
    if not tested:
        found.append(Mismatch(Gap.UNTOLD, "the bill", "was held against no bundle"))
    for one in tested:
        found += _held(shipped, one)
    return tuple(sorted({*found, *_unseen(shipped, tested)}))


def _held(shipped: Shipped, one: Seen) -> Iterator[Mismatch]:
    if not one.builds:
        yield Mismatch(Gap.UNTOLD, one.source, "its device told no digest of its software")
    if not shipped.build_sha256:
        yield Mismatch(Gap.UNTOLD, "the bill", "has no digest of the device's own software")
    for build in sorted(one.builds - {shipped.build_sha256}):
        told = f"tested build {_short(build)}, the bill has {_short(shipped.build_sha256)}"
        yield Mismatch(Gap.DIFFERENT, one.source, told)
    for sha256 in sorted(one.models.keys() - shipped.models.keys()):
        told = f"tested model {one.models[sha256]} ({_short(sha256)}) is not in the bill"
        yield Mismatch(Gap.DIFFERENT, one.source, told)
    yield from _distributions(shipped, one)
    yield from _interpreters(shipped, one)


def _interpreters(shipped: Shipped, one: Seen) -> Iterator[Mismatch]:
    """The program that ran the device; asked of a run that says what it used."""
    ships = shipped.interpreter.sha256 if shipped.interpreter else ""
    if one.used is not None and not (one.interpreters and ships):
        lacking = "the bill" if one.interpreters else "the run"
        yield Mismatch(Gap.UNTOLD, one.source, f"{lacking} has no digest of one interpreter")
        return
    for name, seen in sorted(one.interpreters.items()):
        if ships and seen.sha256 != ships:
            told = f"was run by {name} {_short(seen.sha256)}, the bill has {_short(ships)}"
            yield Mismatch(Gap.DIFFERENT, one.source, told)


def _distributions(shipped: Shipped, one: Seen) -> Iterator[Mismatch]:
    if one.used is None:
        told = "no record names the distributions that its device used"
        yield Mismatch(Gap.UNTOLD, one.source, told)
        return
    for name, seen in sorted(one.used.items()):
        ships = shipped.distributions.get(name)
        if name == shipped.name:
            continue  # its build was held above, and a linked one has a path of its host in it
        if ships is None:
            told = f"tested with {name} {seen.version}, which is not in the bill"
            yield Mismatch(Gap.DIFFERENT, one.source, told)
        else:
            yield from _compared(one.source, name, seen, ships)


def _compared(source: str, name: str, seen: Part, ships: Part) -> Iterator[Mismatch]:
    if seen.version != ships.version:
        told = f"tested with {name} {seen.version}, the bill has {ships.version}"
        yield Mismatch(Gap.DIFFERENT, source, told)
    elif not seen.sha256 or not ships.sha256:
        told = f"the files of {name} {seen.version} have no digest in the run or in the bill"
        yield Mismatch(Gap.UNTOLD, source, told)
    elif seen.sha256 != ships.sha256:
        told = f"tested files {_short(seen.sha256)}, the bill has {_short(ships.sha256)}"
        yield Mismatch(Gap.DIFFERENT, source, f"{name} {seen.version}: {told}")


def _unseen(shipped: Shipped, tested: Sequence[Seen]) -> Iterator[Mismatch]:
    for name, ships in sorted(shipped.distributions.items()):
        if name == shipped.name or any(name in (one.used or {}) for one in tested):
            continue
        lay = any(one.beside.get(name) == ships for one in tested)
        more = "; the same lay installed beside the device" if lay else ""
        told = f"ships, and no run was seen to use it{more}"
        yield Mismatch(Gap.UNSEEN, f"{name} {ships.version}", told)
    for sha256, name in sorted(shipped.models.items()):
        if not any(sha256 in one.models for one in tested):
            told = "ships, and no device that was tested had it"
            yield Mismatch(Gap.UNSEEN, f"model {name} ({_short(sha256)})", told)


def refusals(found: Iterable[Mismatch]) -> tuple[Mismatch, ...]:
    """Those that refuse the bill."""
    return tuple(one for one in found if one.refuses)


def _short(sha256: str) -> str:
    return sha256[:12] or "none"
