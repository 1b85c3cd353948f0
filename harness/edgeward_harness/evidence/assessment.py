"""What an assessment says: of every item, case, requirement and control, and of the run."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeward_harness.evidence.judge import ItemStanding
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import EXIT_CODES, RunVerdict, Standing


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """What became of a case. An orphan cites no known requirement."""

    state: State
    reasons: tuple[str, ...]
    items: tuple[str, ...]
    orphan: bool = False


@dataclass(frozen=True, slots=True)
class RequirementStanding:
    """What is known about a requirement, why, and on which cases and items it rests."""

    standing: Standing
    reasons: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlStanding:
    """What is known about a risk control: the worse of its two proofs."""

    standing: Standing
    reasons: tuple[str, ...]
    implementation: Standing
    effectiveness: Standing


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a run proves. `requirements` are those in scope, `beyond` the ids of all others."""

    requirements: Mapping[str, RequirementStanding]
    cases: Mapping[str, CaseStanding]
    controls: Mapping[str, ControlStanding]
    items: Mapping[str, ItemStanding]
    verdict: RunVerdict
    reasons: tuple[str, ...]
    complete: bool
    beyond: tuple[str, ...] = ()
    deviations_used: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 passed, 1 a finding, 2 nothing could be decided."""
        return EXIT_CODES[self.verdict]
