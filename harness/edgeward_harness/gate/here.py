"""What a decision holds the evidence against: the profiles, suites and harness of this place.

A bundle says by which promises and by which protocol a device was judged. Its signature proves who
says so, not that these are ours: a profile with generous budgets under a known name, or a suite
whose limits were edited, gives a sound bundle too. So both are compared with what lies here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgeward.profile import load_profile, profile_names


@dataclass(frozen=True, slots=True)
class Here:
    """The digests of what lies here. What is not known here is never taken to agree."""

    profiles: Mapping[str, str] = field(default_factory=dict)
    """The promises of each profile, by name (`promises_of`)."""
    suites_sha256: str | None = None
    harness_sha256: str | None = None
    build_sha256: str = ""
    """The device software asked for, beside the policy's own pin; empty when none is."""
    seeded_sha256: str | None = None
    """The devices with seeded defects, and the catalogue of what must catch each."""


def promises_of(names: Iterable[str], folders: Sequence[Path]) -> dict[str, str]:
    """The digests of the profiles of these names that are found in the folders, the first wins.

    The names come out of bundles. Only one that is the name of a profile here is looked up: none
    is ever taken for a path.

    Raises:
        ProfileError: a profile here has faults; lists all of them.
    """
    known = set(profile_names(folders))
    wanted = sorted(known.intersection(names))
    return {name: load_profile(name, folders).profile.sha256 for name in wanted}
