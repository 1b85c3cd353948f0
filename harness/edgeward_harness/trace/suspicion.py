"""What has to be looked at again since the last review, and why.

An item is *changed* when its fingerprint is not the reviewed one, *new* when it was never
reviewed. When an item changes, appears or goes, its neighbours are *suspect*, and from them
suspicion goes on in the same direction: down to everything that realises and proves a changed
hazard, up to everything a changed case was meant to assure. It does not turn round: that two
requirements share a hazard makes neither doubtful when the other changes.

Reviewing an item settles that item as it stands now, with its neighbours as they stand now. A
reviewer who finds that a control still holds ends the way on which suspicion reached the hazard
behind it; the suspicion of every other neighbour remains until that one is looked at too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from edgeward_harness.errors import InputError
from edgeward_harness.trace.baseline import STAMP_DIGITS, Baseline, Reviewed
from edgeward_harness.trace.fingerprint import fingerprints
from edgeward_harness.trace.links import Links, links_of, rank
from edgeward_harness.trace.model import Trace

EVERYTHING = "all"
"""In place of ids: review every item, and forget those that are gone."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An item that has to be looked at because something it hangs on has moved."""

    id: str
    path: tuple[str, ...]
    """From what moved to this item."""
    cause: str
    """What happened to the first item of the path."""

    def __str__(self) -> str:
        """The sentence for a person."""
        start, *between = self.path[:-1]
        way = f" (by way of {', '.join(between)})" if between else ""
        return f"{start} {self.cause} -> {self.id} is suspect{way}"


@dataclass(frozen=True, slots=True)
class Review:
    """What has to be looked at since the last review; nothing when all are empty."""

    changed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to look at."""
        return not (self.changed or self.new or self.gone or self.suspects)


def suspects(trace: Trace, baseline: Baseline) -> Review:
    """Compare a trace with what was reviewed; suspects come from danger to proof."""
    now = fingerprints(trace)
    links = links_of(trace)
    changed = {
        item_id
        for item_id, seen in baseline.items()
        if item_id in now and now[item_id] != seen.fingerprint
    }
    new = now.keys() - baseline.keys()
    moved = _Moved(now, baseline, changed, new)
    reached = _spread(moved.starts(links, down=True), links.down)
    for item_id, path in _spread(moved.starts(links, down=False), links.up).items():
        if item_id not in reached or len(path) < len(reached[item_id]):
            reached[item_id] = path
    return Review(
        changed=tuple(item_id for item_id in now if item_id in changed),
        new=tuple(item_id for item_id in now if item_id in new),
        gone=tuple(item_id for item_id in baseline if item_id not in now),
        suspects=tuple(
            Suspect(item_id, reached[item_id], moved.cause(reached[item_id][:2]))
            for item_id in now
            if item_id in reached and item_id not in changed and item_id not in new
        ),
    )


def review(
    trace: Trace, baseline: Baseline, ids: Iterable[str], day: date | None = None
) -> dict[str, Reviewed]:
    """The baseline after these items (or `all`) were reviewed as they stand now.

    Raises:
        InputError: an id is neither in the trace nor in the baseline.
    """
    now = fingerprints(trace)
    asked = tuple(ids)
    wanted = now.keys() | baseline.keys() if EVERYTHING in asked else set(asked)
    unknown = sorted(wanted - now.keys() - baseline.keys())
    if unknown:
        expected = f"expected ids of the trace, or {EVERYTHING}"
        raise InputError(
            "--review", [f"{item_id} does not exist; {expected}" for item_id in unknown]
        )
    links = links_of(trace)
    seen = {
        item_id: _dated(
            Reviewed(now[item_id], _stamps(now, links.around(item_id)), day), baseline.get(item_id)
        )
        for item_id in wanted & now.keys()
    }
    kept = {item_id: entry for item_id, entry in baseline.items() if item_id not in wanted}
    both = kept | seen
    order = [*now, *(item_id for item_id in kept if item_id not in now)]
    return {item_id: both[item_id] for item_id in order if item_id in both}


def _stamps(now: Mapping[str, str], ids: Iterable[str]) -> dict[str, str]:
    return {item_id: now[item_id][:STAMP_DIGITS] for item_id in sorted(ids)}


def _dated(seen: Reviewed, before: Reviewed | None) -> Reviewed:
    """A review of what had not moved keeps its day when no other is given."""
    if before is None or seen.reviewed is not None:
        return seen
    unmoved = (before.fingerprint, before.linked) == (seen.fingerprint, seen.linked)
    return before if unmoved else seen


@dataclass(frozen=True, slots=True)
class _Moved:
    """What is no longer as a neighbour's reviewer saw it."""

    now: Mapping[str, str]
    baseline: Baseline
    changed: set[str]
    new: set[str]

    def starts(self, links: Links, *, down: bool) -> Iterator[tuple[str, str]]:
        """Every (what moved, the neighbour it makes suspect) in one direction."""
        towards = links.up if down else links.down
        for item_id in self.now:
            if item_id in self.new:
                continue
            linked, near = self.baseline[item_id].linked, towards[item_id]
            for other in near:
                if self.now[other][:STAMP_DIGITS] != linked.get(other):
                    yield other, item_id
            yield from (
                (other, item_id)
                for other in linked
                if other not in near and (rank(other) < rank(item_id)) is down
            )

    def cause(self, path: tuple[str, ...]) -> str:
        """What happened to the first item, as the second was told of it."""
        first, second = path
        if first not in self.now:
            return "is gone"
        if first in self.new:
            return "is new"
        if first in self.changed:
            return "changed"
        return f"changed after {second} was reviewed"


def _spread(
    starts: Iterable[tuple[str, str]], onwards: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The shortest path to each item that is reached from any of the starts."""
    paths: dict[str, tuple[str, ...]] = {}
    front: list[str] = []
    for start, item_id in starts:
        if item_id not in paths:
            paths[item_id] = (start, item_id)
            front.append(item_id)
    for item_id in front:  # grows while it is read: nearest first
        for other in onwards[item_id]:
            if other not in paths:
                paths[other] = (*paths[item_id], other)
                front.append(other)
    return paths
