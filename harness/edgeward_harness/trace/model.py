"""What the trace is made of: hazards, risk controls, requirements, planned cases, deviations.

```
hazard <- control -> requirement <- planned case
             ^------ proves implemented, proves effective ------'
```
Links are written down where the sentence is true: a control names its hazards and the
requirements that realise it, a requirement names the risks it answers, a case names what it
proves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.profile.applicability import Need
from edgeward_harness.profile.bench import Realization
from edgeward_harness.trace.layout import Column, Key, Layout, Record, layout_of
from edgeward_harness.trace.shapes import (
    FIXTURES,
    LINE,
    PROFILE_NAMES,
    PROSE,
    Count,
    Custom,
    Day,
    Pattern,
    Patterns,
    Word,
    Words,
    ids,
    one_id,
)
from edgeward_harness.trace.vocabulary import (
    TOPIC,
    Capability,
    ControlType,
    Depth,
    Kind,
    Method,
    Severity,
    Stage,
    Thing,
)

_TOPIC = Pattern(TOPIC, 'two to eight capital letters and digits such as "LAT"')

_SAMPLES = Record(
    Layout(tuple(Column(depth.value, Key(f"At depth {depth.value}.", Count())) for depth in Depth)),
    dict,
)

_NEEDS = Record(
    Layout(
        (
            Column(
                "capabilities",
                Key("Capabilities the device must offer.", Words(Capability)),
                required=False,
                default=(),
            ),
            Column(
                "realizations",
                Key("How near to the product the unit must be; empty: any.", Words(Realization)),
                required=False,
                default=(),
            ),
            Column(
                "profiles",
                Key("Device profiles it is meant for; empty: all.", PROFILE_NAMES),
                required=False,
                default=(),
            ),
            Column(
                "fixtures",
                Key("What the bench must have at hand.", FIXTURES),
                required=False,
                default=(),
            ),
        )
    ),
    Need,
)


@dataclass(frozen=True, slots=True)
class Hazard:
    """A source of harm, the situation in which it harms, and how badly."""

    id: Annotated[str, Key("Its stable name.", one_id(Thing.HAZARD))]
    title: Annotated[str, Key("In a few words.", LINE)]
    situation: Annotated[str, Key("How people come to be exposed to it.", PROSE)]
    harm: Annotated[str, Key("What it does to the patient.", PROSE)]
    severity: Annotated[Severity, Key("How bad, before any control.", Word(Severity))]


@dataclass(frozen=True, slots=True)
class Control:
    """A measure against hazards, realised by requirements."""

    id: Annotated[str, Key("Its stable name.", one_id(Thing.CONTROL))]
    title: Annotated[str, Key("In a few words.", LINE)]
    text: Annotated[str, Key("What is done, and why it helps.", PROSE)]
    hazards: Annotated[tuple[str, ...], Key("What it acts against.", ids(Thing.HAZARD))]
    requirements: Annotated[
        tuple[str, ...], Key("The requirements that realise it.", ids(Thing.REQUIREMENT))
    ]
    type: Annotated[ControlType, Key("How it works.", Word(ControlType))]


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something the device must do, and how we would know that it does."""

    id: Annotated[str, Key("Its stable name.", one_id(Thing.REQUIREMENT))]
    title: Annotated[str, Key("In a few words.", LINE)]
    text: Annotated[str, Key("What the device shall do.", PROSE)]
    rationale: Annotated[str, Key("Why, and where the figures come from.", PROSE)]
    kind: Annotated[Kind, Key("What it is about.", Word(Kind))]
    safety_class: Annotated[SafetyClass, Key("IEC 62304 class of the item.", Word(SafetyClass))]
    criterion: Annotated[str, Key("What must be observed for it to be accepted.", PROSE)]
    risks: Annotated[
        tuple[str, ...],
        Key("Controls it realises, hazards it answers.", ids(Thing.HAZARD, Thing.CONTROL)),
    ] = ()
    stage: Annotated[Stage, Key("By when it must be verified.", Word(Stage))] = Stage.RELEASE
    profiles: Annotated[
        tuple[str, ...], Key("Device profiles it holds for; empty: all.", PROFILE_NAMES)
    ] = ()
    custom: Annotated[
        Mapping[str, str], Key("The project's own fields; they count as the others do.", Custom())
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A test case as the plan of its suite says it, before anything is run."""

    id: Annotated[str, Key("Its stable name; the test carries it as a mark.", one_id(Thing.CASE))]
    suite: str
    title: Annotated[str, Key("In a few words.", LINE)]
    requirements: Annotated[
        tuple[str, ...], Key("The requirements it proves.", ids(Thing.REQUIREMENT))
    ]
    method: Annotated[Method, Key("How it comes to its verdict.", Word(Method))]
    rationale: Annotated[str, Key("Why this method and these numbers prove it.", PROSE)]
    stage: Annotated[Stage, Key("From when it must run.", Word(Stage))] = Stage.RELEASE
    implements: Annotated[
        tuple[str, ...], Key("Controls it proves to be there.", ids(Thing.CONTROL))
    ] = ()
    proves_effective: Annotated[
        tuple[str, ...], Key("Controls it proves to stop the harm.", ids(Thing.CONTROL))
    ] = ()
    needs: Annotated[Need, Key("What it asks of device and unit.", _NEEDS)] = field(
        default_factory=lambda: Need(capabilities=())
    )
    samples: Annotated[Mapping[str, int], Key("Observations it takes, by depth.", _SAMPLES)] = (
        field(default_factory=dict)
    )


@dataclass(frozen=True, slots=True)
class Suite:
    """What the test plan of one folder is about."""

    title: Annotated[str, Key("In a few words.", LINE)]
    goal: Annotated[str, Key("What is known when all its cases have passed.", PROSE)]
    topic: Annotated[str, Key("The middle of its ids; its cases cite no other.", _TOPIC)]
    borrows: Annotated[
        tuple[str, ...],
        Key("Other topics whose requirements its cases may cite.", Patterns(_TOPIC)),
    ] = ()
    alone: Annotated[
        tuple[str, ...],
        Key("Cases judged by how long something takes; none runs beside them.", ids(Thing.CASE)),
    ] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A departure accepted in writing: for requirements, for cases, or for these cases of those."""

    id: Annotated[str, Key("Its stable name.", one_id(Thing.DEVIATION))]
    reason: Annotated[str, Key("Why it is acceptable, and until what is done.", PROSE)]
    owner: Annotated[str, Key("The role that answers for it.", LINE)]
    expires: Annotated[date, Key("The last day on which it holds.", Day())]
    requirements: Annotated[
        tuple[str, ...], Key("The requirements it is for.", ids(Thing.REQUIREMENT, least=1))
    ] = ()
    cases: Annotated[tuple[str, ...], Key("The cases it is for.", ids(Thing.CASE, least=1))] = ()


Item = Hazard | Control | Requirement | PlannedCase
"""What has a fingerprint and is reviewed."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything from danger to proof, by id, in the order of the files."""

    hazards: Mapping[str, Hazard] = field(default_factory=dict)
    controls: Mapping[str, Control] = field(default_factory=dict)
    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    cases: Mapping[str, PlannedCase] = field(default_factory=dict)
    suites: Mapping[str, Suite] = field(default_factory=dict)
    """By the name of their folder."""
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each id is written: file and table."""

    def items(self) -> Iterator[Item]:
        """Everything that has a fingerprint, from danger to proof."""
        yield from self.hazards.values()
        yield from self.controls.values()
        yield from self.requirements.values()
        yield from self.cases.values()


LAYOUTS: Mapping[str, Layout] = {
    "hazard": layout_of(Hazard),
    "control": layout_of(Control),
    "requirement": layout_of(Requirement),
    "case": layout_of(PlannedCase),
    "suite": layout_of(Suite),
    "deviation": layout_of(Deviation),
}
"""The layout of each table, by the name it has in its file."""
