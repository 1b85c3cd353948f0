"""The priority of a condition, from what happens if nobody comes and how soon.

One table, so that a priority is a result of risk management and never somebody's taste.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from edgeward.alarm.vocabulary import Priority


class Harm(StrEnum):
    """The worst that can be expected when nobody answers."""

    DEATH_OR_IRREVERSIBLE = "death_or_irreversible"
    REVERSIBLE = "reversible"
    MINOR = "minor"


class Onset(StrEnum):
    """How soon that harm would come."""

    IMMEDIATE = "immediate"
    """There is not enough time for a person to do anything by hand but at once."""
    PROMPT = "prompt"
    """There is time for an action by hand."""
    DELAYED = "delayed"
    """Minutes or hours."""


PRIORITIES: Mapping[tuple[Harm, Onset], Priority] = MappingProxyType(
    {
        (Harm.DEATH_OR_IRREVERSIBLE, Onset.IMMEDIATE): Priority.HIGH,
        (Harm.DEATH_OR_IRREVERSIBLE, Onset.PROMPT): Priority.HIGH,
        (Harm.DEATH_OR_IRREVERSIBLE, Onset.DELAYED): Priority.MEDIUM,
        (Harm.REVERSIBLE, Onset.IMMEDIATE): Priority.HIGH,
        (Harm.REVERSIBLE, Onset.PROMPT): Priority.MEDIUM,
        (Harm.REVERSIBLE, Onset.DELAYED): Priority.LOW,
        (Harm.MINOR, Onset.IMMEDIATE): Priority.MEDIUM,
        (Harm.MINOR, Onset.PROMPT): Priority.LOW,
        (Harm.MINOR, Onset.DELAYED): Priority.LOW,
    }
)


def priority(harm: Harm, onset: Onset) -> Priority:
    """The priority that the table gives."""
    return PRIORITIES[harm, onset]
