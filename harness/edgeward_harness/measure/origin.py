"""Whose signals a figure rests on: patients that were made up, or patients that were recorded.

A figure on simulated patients says nothing about people, and one on recordings nothing about other
people than these. Whoever reads a verdict must see which it is, so it is a field, not a remark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from edgeward.canonical import digest


class Patients(StrEnum):
    """Where the patients of a measurement come from."""

    SIMULATED = "simulated"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Origin:
    """The patients of a measurement, and the collections they were recorded in.

    Raises:
        ValueError: recorded patients without a collection, or simulated ones with one.
    """

    patients: Patients
    collections: Mapping[str, str] = field(default_factory=dict)
    """By name, the SHA-256 of what was read of it; see `recorded`."""

    def __post_init__(self) -> None:
        if (self.patients is Patients.RECORDED) != bool(self.collections):
            raise ValueError(
                f"{self.patients} patients with {len(self.collections)} collections: recorded ones "
                "are of a collection, simulated ones of none"
            )


SIMULATED: Final = Origin(Patients.SIMULATED)


def recorded(files: Mapping[str, Mapping[str, str]]) -> Origin:
    """Recorded patients: of each collection the files that were read, with their SHA-256.

    The digest of a collection is that of the canonical JSON of its files and their digests.
    """
    return Origin(Patients.RECORDED, {name: digest(dict(of)) for name, of in files.items()})
