"""Defects generated from the promises: each is moved to where the sound device must break it.

A limit that is written down and judged by nobody stays green wherever it stands. So each number of
a device profile is moved to the end of what a profile may say, in the direction that is harder to
keep; the case that judges it must turn red.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from edgeward.profile.kinds import Kind as ValueKind
from edgeward.profile.kinds import Number
from edgeward.profile.layout import leaves
from edgeward.profile.model import Profile
from edgeward_harness.qualify.defect import Defect, Kind

DESCRIBED = ("schema", "name", "title", "device.")
"""What says which device it is, and promises nothing."""
ENDS = ("least", "most")


@dataclass(frozen=True, slots=True)
class Limit:
    """A promise of the profile, the end to which it is moved, and who must see it."""

    path: str
    cases: tuple[str, ...]
    measurements: tuple[str, ...]
    to: str
    together: Mapping[str, object] = field(default_factory=dict)
    """What has to move with it; or the value itself, where its end is no promise."""
    alone: bool = False


@cache
def promises() -> Mapping[str, ValueKind]:
    """Every promise of a profile by its path; the one latency path that each has is named."""
    return {
        path.replace("*", "window_to_result"): kind
        for path, kind in leaves(Profile).items()
        if not path.startswith(DESCRIBED)
    }


def seeded_limits(limit: Limit, suite: str) -> Defect:
    """The defect that a moved promise makes.

    Raises:
        ValueError: there is no such promise, or no such end.
    """
    kind = promises().get(limit.path)
    if kind is None:
        raise ValueError(f"no promise of a profile; accepted: {', '.join(promises())}")
    if limit.path in limit.together:
        value: object = limit.together[limit.path]
    elif isinstance(kind, Number) and limit.to in ENDS:
        end = kind.least if limit.to == "least" else kind.most
        value = int(end) if kind.whole else float(end)
    else:
        raise ValueError(f"found to = {limit.to!r}, accepted: {' or '.join(ENDS)}, or a value")
    return Defect(
        id=f"limit:{limit.path}",
        words=f"{kind.doc} It is moved to {value} {kind.unit}".rstrip() + ".",
        suite=suite,
        unit="reference",
        cases=limit.cases,
        kind=Kind.LIMIT,
        measurements=limit.measurements,
        limits={**limit.together, limit.path: value},
        alone=limit.alone,
    )
