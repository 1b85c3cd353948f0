"""The rules there are. Every count is of samples that could be judged; see `detector` for how.

Rules of rules:
1. A limit is a pair, low and high, with a gap between them: one raises, the other clears, and noise
   smaller than the gap does neither. Both are rounded to float32, as samples are.
2. A rule names its signal and the unit of its limits; on a stream of another it is refused.
3. An invalid sample is neither normal nor a crossing. With `reset` it ends every count; with `hold`
   counts go on after it, unless so many follow each other that the rule cannot judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import numpy as np

from edgeward.errors import RuleError
from edgeward.process.rules.check import Many, object_faults
from edgeward.profile.faults import fault
from edgeward.profile.kinds import Choice, Number, Text, whole
from edgeward.profile.wording import shown

SAMPLES_MAX = 10_000_000
SPAN_MAX = 100_000
"""Samples a rate of change may look back: they are kept."""
PHASES_MAX = 16
_LIMIT = 1e9


class Side(StrEnum):
    """On which side of the limits the condition lies."""

    ABOVE = "above"
    """Over high raises, under low clears."""
    BELOW = "below"
    """Under low raises, over high clears."""


class OnInvalid(StrEnum):
    """What an invalid sample does to the counts."""

    RESET = "reset"
    HOLD = "hold"


def single(limit: float) -> float:
    """The limit as a sample can have it."""
    return float(np.float32(limit))


def _limit(doc: str) -> Number:
    return Number(doc, "", -_LIMIT, _LIMIT, (-_LIMIT, _LIMIT))


def _count(doc: str, most: int = SAMPLES_MAX) -> Number:
    return whole(doc, "samples", 1, most, (1, most))


def _name(doc: str) -> Text:
    pattern, said = "[a-z][a-z0-9_-]*", "a lower-case letter, then lower-case letters, digits, _, -"
    return Text(doc, pattern, said, 64)


def _gap(values: Mapping[str, Any], path: str, low: str = "low", high: str = "high") -> list[str]:
    """Rule 1: a fault unless low is under high, as float32."""
    if values.get(low) is None or values.get(high) is None:
        return []
    if single(values[low]) < single(values[high]):
        return []
    where = f"{path}.{low} = {shown(values[low])}"
    return [fault(where, f"expected less than {high} = {shown(values[high])}")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule says."""

    kind: ClassVar[str] = ""
    name: Annotated[str, _name("The rule's name.")]
    signal: Annotated[str, _name("The signal it is for.")]
    unit: Annotated[str, Text("The unit of the signal and of the limits.", length_max=16)]
    clear_samples: Annotated[int, _count("Normal samples in a row that clear it.")]
    on_invalid: Annotated[OnInvalid, Choice("What an invalid sample does.", OnInvalid)]
    cannot_judge_samples: Annotated[
        int, _count("Invalid samples in a row after which it cannot judge.")
    ]
    action: Annotated[str, _name("The action that gets its events; empty for none.")] = ""

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            RuleError: with every fault.
        """
        faults = object_faults(self, f"rule {shown(self.name)}")
        if faults:
            raise RuleError(faults)

    @property
    def value_unit(self) -> str:
        """The unit of what the rule judges."""
        return self.unit

    @classmethod
    def crossed(cls, values: Mapping[str, Any], path: str) -> list[str]:
        """What is wrong between the fields."""
        return _gap(values, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Rule):
    """So many samples in a row on one side of a limit."""

    kind: ClassVar[str] = "threshold"
    side: Annotated[Side, Choice("Where the condition lies.", Side)]
    low: Annotated[float, _limit("Lower limit.")]
    high: Annotated[float, _limit("Upper limit.")]
    persistence_samples: Annotated[int, _count("Samples in a row that raise it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOfChange(Rule):
    """So many samples in a row at which the signal has changed too fast since the span's start.

    A sample can be judged when it and the one a span before it are valid. Before the first span has
    passed there is nothing to judge, and nothing is lost either.
    """

    kind: ClassVar[str] = "rate_of_change"
    side: Annotated[Side, Choice("Where the condition lies.", Side)]
    low_per_s: Annotated[float, _limit("Lower limit, in the unit per second.")]
    high_per_s: Annotated[float, _limit("Upper limit, in the unit per second.")]
    span_samples: Annotated[int, _count("Samples over which the change is taken.", SPAN_MAX)]
    persistence_samples: Annotated[int, _count("Samples in a row that raise it.")]

    @property
    def value_unit(self) -> str:
        """The signal's unit, per second."""
        return f"{self.unit}/s"

    @classmethod
    def crossed(cls, values: Mapping[str, Any], path: str) -> list[str]:
        """Low and high with a gap."""
        return _gap(values, path, "low_per_s", "high_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of values, its limits included; a limit that is left out is open."""

    low: Annotated[float | None, _limit("Lower limit.")] = None
    high: Annotated[float | None, _limit("Upper limit.")] = None

    def __post_init__(self) -> None:
        """Check both limits.

        Raises:
            RuleError: with every fault.
        """
        faults = object_faults(self, "band")
        if faults:
            raise RuleError(faults)

    @property
    def least(self) -> float:
        """The lower limit as a sample can have it."""
        return -np.inf if self.low is None else single(self.low)

    @property
    def most(self) -> float:
        """The upper limit as a sample can have it."""
        return np.inf if self.high is None else single(self.high)

    @classmethod
    def crossed(cls, values: Mapping[str, Any], path: str) -> list[str]:
        """One limit at least, low under high."""
        both = {"low", "high"} <= values.keys()
        if both and values["low"] is None and values["high"] is None:
            return [f"{path}: without a limit; expected low, high or both"]
        return _gap(values, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows(Rule):
    """A sample in one band, and within so many samples one in another."""

    kind: ClassVar[str] = "follows"
    first: Band
    then: Band
    within_samples: Annotated[int, _count("Samples from the one to the other, at most.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stay in a band for a time within bounds. Left out, `max_samples` is no bound."""

    low: Annotated[float | None, _limit("Lower limit.")] = None
    high: Annotated[float | None, _limit("Upper limit.")] = None
    min_samples: Annotated[int, _count("Samples it lasts at least.")]
    max_samples: Annotated[int | None, _count("Samples it lasts at most.")] = None

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            RuleError: with every fault.
        """
        faults = object_faults(self, "phase")
        if faults:
            raise RuleError(faults)

    @property
    def band(self) -> Band:
        """Where the signal stays."""
        return Band(low=self.low, high=self.high)

    @classmethod
    def crossed(cls, values: Mapping[str, Any], path: str) -> list[str]:
        """A band, and a shortest stay that is no longer than the longest."""
        found = Band.crossed(values, path)
        least, most = values.get("min_samples"), values.get("max_samples")
        if least is not None and most is not None and least > most:
            where = f"{path}.min_samples = {shown(least)}"
            found.append(fault(where, f"expected at most max_samples = {shown(most)}"))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape(Rule):
    """Stays in bands that follow each other at once, each for a time within its bounds.

    Raised as soon as the last stay has lasted long enough; that one has no longest time. The bands
    of two phases in a row have no value in common, so it is never open where one ends.
    """

    kind: ClassVar[str] = "shape"
    phases: Annotated[tuple[Phase, ...], Many("The stays, in order.", Phase, PHASES_MAX)]

    @classmethod
    def crossed(cls, values: Mapping[str, Any], path: str) -> list[str]:
        """Bands in a row apart, and no bound on the last stay."""
        phases = [_phase_limits(each) for each in values.get("phases", ())]
        if "phases" in values and not 0 < len(phases) <= PHASES_MAX:
            return [f"{path}.phases: {len(phases)} of them; expected 1 to {PHASES_MAX}"]
        found = [
            f"{path}.phases[{place}]: shares values with the phase before it; expected a band apart"
            for place, (one, next_) in enumerate(pairwise(phases), 1)
            if one[0] <= next_[1] and next_[0] <= one[1]
        ]
        if phases and phases[-1][2] is not None:
            where = f"{path}.phases[{len(phases) - 1}].max_samples = {shown(phases[-1][2])}"
            found.append(fault(where, "expected none in the last phase, which ends the shape"))
        return found


def _phase_limits(phase: Phase | Mapping[str, Any]) -> tuple[float, float, int | None]:
    """Lowest value, highest value and longest time of a phase, made or as it was read."""
    if not isinstance(phase, Phase):
        phase = Phase(**{"min_samples": 1, **phase})
    return phase.band.least, phase.band.most, phase.max_samples


KINDS: Mapping[str, type[Rule]] = {
    section.kind: section for section in (Threshold, RateOfChange, Follows, Shape)
}
