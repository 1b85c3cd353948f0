"""Whether a test case applies: computed from its need, the profile and the unit, and recorded.

A test never decides this for itself. What does not apply says why, in a sentence for the reader of
the record; when several reasons hold, all are given.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from edgeward.profile import Profile
from edgeward_harness.profile.unit import BEAT_REFERENCE, OTHER_PROCESSORS, Realization, Unit

RECORDINGS = "recordings-"
"""How the name of a fixture begins that is a collection of recordings."""

BEAT_STRANGERS = "beat-strangers-"
"""The same, of a collection with somebody from whom no model of beats learned."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a test case needs; an empty tuple needs nothing in particular."""

    capabilities: tuple[str, ...] = ()
    """All of these, as the device describes them."""
    realizations: tuple[Realization, ...] = ()
    """One of these."""
    profiles: tuple[str, ...] = ()
    """One of these."""
    fixtures: tuple[str, ...] = ()
    """All of these, at the bench."""


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether a case applies; the reason is empty when it does."""

    applies: bool
    reason: str = ""


def applies(
    need: Need, profile: Profile, unit: Unit, capabilities: Collection[str] | None
) -> Applicability:
    """Whether a case with this need applies to this unit under this profile.

    Capabilities of None are not yet known: then they are not judged here, and whoever asks judges
    once the device has described itself.
    """
    reasons = [
        *_profile_reasons(need, profile),
        *_unit_reasons(need, unit),
        *_capability_reasons(need, capabilities),
    ]
    return Applicability(not reasons, " ".join(reasons))


def _profile_reasons(need: Need, profile: Profile) -> Iterator[str]:
    if need.profiles and profile.name not in need.profiles:
        yield f"The case is for {_either(need.profiles)}, not for {profile.name}."


def _unit_reasons(need: Need, unit: Unit) -> Iterator[str]:
    if need.realizations and unit.realization not in need.realizations:
        needed = _either([each.value for each in need.realizations])
        yield f"The case needs a unit that is {needed}; {unit.name} is {unit.realization.value}."
    at_hand = unit.at_hand
    absent = [name for name in need.fixtures if name not in at_hand]
    if absent:
        yield f"The bench of {unit.name} has no {_either(absent)}.{_remedy(absent, at_hand)}"


def _remedy(absent: Collection[str], at_hand: Collection[str]) -> str:
    recorded = any(name.startswith(RECORDINGS) for name in absent)
    told = " Recordings are named with --recordings DIR." if recorded else ""
    if OTHER_PROCESSORS in absent:
        told += " Processors are emulated by qemu-user on an x86 host."
    if BEAT_REFERENCE in absent:
        told += " Models of beats are named as models.beats and models.beats_reference of the unit."
    for name in absent:
        collection = name.removeprefix(BEAT_STRANGERS)
        if collection != name and {RECORDINGS + collection, BEAT_REFERENCE} <= set(at_hand):
            told += f" Each recording of {collection} taught the beat model; bring recordings of"
            told += " others."
    return told


def _capability_reasons(need: Need, capabilities: Collection[str] | None) -> Iterator[str]:
    if capabilities is None:
        return
    absent = [name for name in need.capabilities if name not in capabilities]
    if absent:
        yield f"The device does not offer {_either(absent)}."


def _either(words: Collection[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
