"""Everything a report shows, as plain frozen values.

The writers take a `Report` and nothing else, so HTML, JSON and JUnit cannot disagree. Values stay
numbers with their unit beside them; making text of them is a writer's work. A report is a pure
function of the bundle: no clock, no host and no machine's path gets in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from edgeward_harness.evidence.entries import DeviationEntry, ProfileEntry
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record

SCHEMA = "edgeward-report/1"


@dataclass(frozen=True, slots=True)
class Collection:
    """Recordings of patients, and the digest of what was read of them."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PatientsView:
    """One kind of patients, and how many measurements rest on it."""

    patients: str
    measurements: int
    sentence: str
    collections: tuple[Collection, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict first: one word, one sentence, and what it rests on."""

    verdict: str
    tone: str
    icon: str
    word: str
    sentence: str
    reasons: tuple[str, ...]
    standings: Mapping[str, int]
    exit_code: int
    patients: tuple[PatientsView, ...]
    """Whose signals the figures rest on; empty when they are not about patients."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One thing this report does not prove."""

    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseLink:
    """A case as others refer to it."""

    case: str
    state: str


@dataclass(frozen=True, slots=True)
class JudgedView:
    """A measurement with the verdict its numbers carry, whatever the record claims."""

    measurement: Measurement
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class RequirementView:
    """A row of the matrix."""

    id: str
    title: str
    text: str
    rationale: str
    criterion: str
    kind: str
    safety_class: str
    stage: str
    risks: tuple[str, ...]
    fingerprint: str
    standing: str
    reasons: tuple[str, ...]
    cases: tuple[CaseLink, ...]
    key: JudgedView | None
    """The measurement that decides: what was asked, and the nearest miss or hit."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A record, with its measurements judged again."""

    record: Record
    state: str
    measurements: tuple[JudgedView, ...]


@dataclass(frozen=True, slots=True)
class ItemView:
    """One planned execution and all attempts at it; without any, it did not run."""

    item: str
    parameter: str
    state: str
    reasons: tuple[str, ...]
    attempts: tuple[AttemptView, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A planned case: what it is for, how it is done, why that is enough, and what came of it."""

    id: str
    suite: str
    title: str
    goal: str
    """The first paragraph of its test's docstring; empty when nobody wrote one."""
    procedure: str
    """The rest of that docstring; empty when nobody wrote it."""
    method: str
    rationale: str
    stage: str
    samples: int | None
    """Observations planned at the depth of this run; None where the plan counts none."""
    implements: tuple[str, ...]
    """Controls that it proves to be there."""
    proves_effective: tuple[str, ...]
    """Controls that it proves to work."""
    fingerprint: str
    code_sha256: str
    """Of all code that its test rests on; empty where no test was collected."""
    requirements: tuple[str, ...]
    state: str
    orphan: bool
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What one of the two proofs of a control says, and the cases it rests on."""

    standing: str
    cases: tuple[CaseLink, ...]


@dataclass(frozen=True, slots=True)
class ControlView:
    """A risk control with both of its proofs."""

    id: str
    title: str
    standing: str
    reasons: tuple[str, ...]
    implementation: Proof
    effectiveness: Proof


@dataclass(frozen=True, slots=True)
class HazardView:
    """A hazard and the controls that answer it."""

    id: str
    title: str
    facts: Mapping[str, Any]
    controls: tuple[ControlView, ...]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device as it described itself, and the contexts in which it did."""

    described: Mapping[str, Any]
    realization: str
    scheduler: str
    enforcement: tuple[Mapping[str, Any], ...]
    units: tuple[str, ...]
    """Each unit of this build that was judged, by serial number and id."""
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Which run this was: where, when, with what."""

    id: str
    profile: str
    profile_title: str
    unit: str
    driver: str
    realization: str
    serial: str
    depth: str
    seed: int
    suites: tuple[str, ...]
    scope_complete: bool
    started_utc: str
    ended_utc: str
    duration_ns: int | None
    ended: bool
    tool: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole page."""

    headline: Headline
    run: Run
    shown: tuple[str, ...]
    not_proven: tuple[Caveat, ...]
    requirements: tuple[RequirementView, ...]
    hazards: tuple[HazardView, ...]
    cases: tuple[CaseView, ...]
    devices: tuple[DeviceView, ...]
    beyond: tuple[str, ...]
    """Requirements of suites that this run was not asked for."""
    profile: ProfileEntry
    host: Mapping[str, Any]
    tool: Mapping[str, Any]
    deviations: tuple[DeviationEntry, ...]
    digests: Mapping[str, str]


def plain(value: Any) -> Any:  # noqa: ANN401 - any part of the model, and what JSON makes of it
    """The JSON value of a part of the model."""
    kind = type(value)
    if kind in _AS_IT_IS or isinstance(value, str):
        return value
    if kind is tuple or kind is list:
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if not is_dataclass(kind):
        raise TypeError(f"the report model holds {kind.__name__}, which JSON has no word for")
    told = {}
    for name in _names(kind):
        part = getattr(value, name)
        told[name] = part if type(part) is str else plain(part)
    return told


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
