"""`submission.toml`: what people say about a submission that no run can know.

Which device and release it is about, which documents people wrote, which anomalies are open, which
versions there were, what was feared and what the labelling names. Everything in it may be left out;
the documents of the pack then say that it is missing. What is in it is read strictly: every fault
is told, with its place and what would be accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.errors import InputError
from edgeward_harness.pack.words import (
    Disposition,
    Effect,
    Exploitability,
    Level,
    Paper,
    Probability,
    Verdict,
    Work,
)
from edgeward_harness.trace.document import parse_toml, read_bytes
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.layout import Key, Layout, layout_of
from edgeward_harness.trace.shapes import (
    LINE,
    PROFILE_NAMES,
    PROSE,
    Day,
    Pattern,
    Patterns,
    Word,
    Words,
    ids,
    one_id,
)
from edgeward_harness.trace.vocabulary import Severity, Thing

FILE = "submission.toml"
_DIGEST = Pattern("[0-9a-f]{64}", "a SHA-256 of 64 digits 0-9 and a-f")
_NUMBER = Pattern("[01][0-9]|2[0-2]", 'the number of a document such as "01"')
_ID = Pattern("[A-Za-z][A-Za-z0-9_.-]{0,63}", 'an id such as "ANOM-001"')
_PORT = Pattern("(tcp|udp)/[0-9]{1,5}", 'a port such as "tcp/8883"')
_CWE = Patterns(Pattern("CWE-[0-9]{1,5}", 'numbers of the CWE such as "CWE-787"'))


@dataclass(frozen=True, slots=True)
class About:
    """The device and the release that the pack is for."""

    title: Annotated[str, Key("What the pack is called.", LINE)] = "Verification file"
    device: Annotated[str, Key("The device by its name.", LINE)] = ""
    manufacturer: Annotated[str, Key("Who answers for the device.", LINE)] = ""
    release: Annotated[str, Key("The version that is to be released.", LINE)] = ""
    build_sha256: Annotated[str, Key("The build that is to be released.", _DIGEST)] = ""
    safety_class: Annotated[
        SafetyClass | None, Key("IEC 62304 class of the software system.", Word(SafetyClass))
    ] = None
    level: Annotated[Level | None, Key("FDA documentation level.", Word(Level))] = None
    rationale: Annotated[str, Key("Why that class and that level.", PROSE)] = ""
    intended_use: Annotated[str, Key("What the device is for.", PROSE)] = ""
    architecture: Annotated[str, Key("Its parts and how they are kept apart.", PROSE)] = ""
    profiles: Annotated[
        tuple[str, ...], Key("Profiles that the release is for.", PROFILE_NAMES)
    ] = ()
    anomalies_on: Annotated[date | None, Key("The day of the list of anomalies.", Day())] = None
    frozen: Annotated[date | None, Key("The day from which nothing changed.", Day())] = None
    released: Annotated[date | None, Key("The day of release, planned or past.", Day())] = None


@dataclass(frozen=True, slots=True)
class Supplied:
    """A document that people wrote and that goes into the pack beside ours."""

    id: Annotated[str, Key("Its stable name.", _ID)]
    number: Annotated[str, Key("The document of the pack it belongs to.", _NUMBER)]
    title: Annotated[str, Key("What it is.", LINE)]
    file: Annotated[str, Key("Its file, from the folder of this one.", LINE)]
    version: Annotated[str, Key("Its version.", LINE)]
    author: Annotated[str, Key("The role that wrote it.", LINE)]
    approved: Annotated[date | None, Key("The day it was approved.", Day())] = None
    covers: Annotated[
        tuple[str, ...],
        Key(
            "The clauses it answers.",
            Patterns(Pattern("[A-Za-z0-9][A-Za-z0-9 ./:()-]{1,63}", "names of clauses")),
        ),
    ] = ()
    reports: Annotated[
        tuple[Work, ...], Key("What it reports that these suites do not do.", Words(Work))
    ] = ()


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A fault that is known, and what was decided about it."""

    id: Annotated[str, Key("Its stable name.", _ID)]
    title: Annotated[str, Key("What is wrong, in a few words.", LINE)]
    found: Annotated[date, Key("The day it was found.", Day())]
    disposition: Annotated[Disposition, Key("What is done about it.", Word(Disposition))]
    cause: Annotated[str, Key("Where it comes from.", PROSE)] = ""
    safety: Annotated[Effect, Key("What it does to safety.", Word(Effect))] = Effect.UNDECIDED
    safety_rationale: Annotated[str, Key("Why that.", PROSE)] = ""
    security: Annotated[Effect, Key("What it does to security.", Word(Effect))] = Effect.UNDECIDED
    security_rationale: Annotated[str, Key("Why that.", PROSE)] = ""
    cwe: Annotated[tuple[str, ...], Key("Kinds of weakness.", _CWE)] = ()
    risks: Annotated[
        tuple[str, ...], Key("Hazards and controls it touches.", ids(Thing.HAZARD, Thing.CONTROL))
    ] = ()
    cases: Annotated[tuple[str, ...], Key("Cases that show it.", ids(Thing.CASE))] = ()
    workaround: Annotated[str, Key("What a user can do meanwhile.", PROSE)] = ""
    decided: Annotated[date | None, Key("The day of the disposition.", Day())] = None
    build_sha256: Annotated[str, Key("The build it is in.", _DIGEST)] = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was tested, and what changed in it."""

    id: Annotated[str, Key("The version.", LINE)]
    dated: Annotated[date, Key("Its day.", Day())]
    changes: Annotated[str, Key("What changed against the one before.", PROSE)]
    build_sha256: Annotated[str, Key("Its build.", _DIGEST)] = ""
    assessment: Annotated[str, Key("Why what differs from the release does not matter.", PROSE)] = (
        ""
    )


@dataclass(frozen=True, slots=True)
class Threat:
    """Something a person may try against the device, and what stands against it."""

    id: Annotated[str, Key("Its stable name.", _ID)]
    title: Annotated[str, Key("In a few words.", LINE)]
    requirements: Annotated[
        tuple[str, ...], Key("Requirements that answer it.", ids(Thing.REQUIREMENT))
    ]
    before: Annotated[Exploitability, Key("Before any control.", Word(Exploitability))]
    after: Annotated[Exploitability, Key("With the controls.", Word(Exploitability))]
    cases: Annotated[tuple[str, ...], Key("Cases that try to do it.", ids(Thing.CASE))] = ()
    hazards: Annotated[tuple[str, ...], Key("Harm it may lead to.", ids(Thing.HAZARD))] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """A way in or out of the device."""

    id: Annotated[str, Key("Its stable name.", _ID)]
    title: Annotated[str, Key("In a few words.", LINE)]
    cases: Annotated[tuple[str, ...], Key("Cases that go through it.", ids(Thing.CASE))] = ()
    changed: Annotated[date | None, Key("The day it last changed.", Day())] = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A function or an alarm that the labelling names."""

    id: Annotated[str, Key("Its stable name.", _ID)]
    title: Annotated[str, Key("As the labelling says it.", LINE)]
    requirements: Annotated[
        tuple[str, ...], Key("Requirements that say so.", ids(Thing.REQUIREMENT))
    ] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the device, and where it is named."""

    id: Annotated[str, Key("Its name.", _PORT)]
    named: Annotated[tuple[Paper, ...], Key("The papers that name it.", Words(Paper))]


@dataclass(frozen=True, slots=True)
class Acceptable:
    """One line of the acceptability matrix: how often a harm of a severity may be, at most."""

    id: Annotated[Severity, Key("The severity.", Word(Severity))]
    most: Annotated[Probability, Key("What is still acceptable.", Word(Probability))]


@dataclass(frozen=True, slots=True)
class Residual:
    """The risk of a hazard that remains after its controls, as people judged it."""

    id: Annotated[str, Key("The hazard.", one_id(Thing.HAZARD))]
    probability: Annotated[Probability, Key("How often, with the controls.", Word(Probability))]
    verdict: Annotated[Verdict, Key("Whether it may remain.", Word(Verdict))]


@dataclass(frozen=True, slots=True)
class Submission:
    """All that people said."""

    about: About = field(default_factory=About)
    supplied: tuple[Supplied, ...] = ()
    anomalies: tuple[Anomaly, ...] | None = None
    """None: nobody gave a list. An empty one says that none is known."""
    versions: tuple[Version, ...] = ()
    threats: tuple[Threat, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    claims: tuple[Claim, ...] = ()
    ports: tuple[Port, ...] = ()
    matrix: tuple[Acceptable, ...] = ()
    residual: tuple[Residual, ...] = ()
    folder: Path | None = None

    def supplied_for(self, number: str) -> tuple[Supplied, ...]:
        """What people wrote for a document."""
        return tuple(one for one in self.supplied if one.number == number)

    def reporting(self, work: Work) -> tuple[Supplied, ...]:
        """What people wrote about work that these suites do not do, for whichever document."""
        return tuple(one for one in self.supplied if work in one.reports)


_LISTS: Mapping[str, tuple[str, type]] = {
    "supplied": ("supplied", Supplied),
    "anomaly": ("anomalies", Anomaly),
    "version": ("versions", Version),
    "threat": ("threats", Threat),
    "interface": ("interfaces", Interface),
    "claim": ("claims", Claim),
    "port": ("ports", Port),
    "acceptable": ("matrix", Acceptable),
    "residual": ("residual", Residual),
}
"""The tables in double brackets, the field each becomes, and what it holds."""
NO_ANOMALIES = "no_known_anomalies"
"""The key that says in so many words that there is none."""


def load_submission(path: Path) -> Submission:
    """Read what people said.

    Raises:
        InputError: something cannot be understood; every fault is told.
    """
    log = FaultLog(place=path.name)
    data = read_bytes(path, log)
    content = None if data is None else parse_toml(data, log)
    found = _read(content or {}, log)
    if log.faults:
        raise InputError(str(path), log.faults)
    return Submission(**found, folder=path.resolve().parent)


def _read(content: Mapping[str, Any], log: FaultLog) -> dict[str, Any]:
    place = log.place
    known = ("submission", NO_ANOMALIES, *_LISTS)
    for key in sorted(content.keys() - set(known)):
        log.say(f"[{key}] is no known table: expected {', '.join(known)}")
    found: dict[str, Any] = {"about": _about(content.get("submission", {}), log)}
    for key, (name, kind) in _LISTS.items():
        if key in content:
            found[name] = _listed(content[key], key, kind, log, place)
    log.place = place
    if NO_ANOMALIES in content:
        if content[NO_ANOMALIES] is not True or "anomaly" in content:
            log.refuse(NO_ANOMALIES, content[NO_ANOMALIES], "true, and no [[anomaly]] beside it")
        found["anomalies"] = ()
    return found


def _about(table: object, log: FaultLog) -> About:
    log.place = f"{log.place}, submission"
    if not isinstance(table, dict):
        log.refuse("submission", table, "a table [submission]")
        return About()
    before = len(log.faults)
    values = layout_of(About).read(table, log)
    return About(**values) if len(log.faults) == before else About()


def _listed(listed: object, key: str, kind: type, log: FaultLog, place: str) -> tuple[Any, ...]:
    log.place = place
    if not isinstance(listed, list):
        log.refuse(key, listed, f"tables under [[{key}]], each in double brackets")
        return ()
    layout: Layout = layout_of(kind)
    records, seen = [], set()
    for number, table in enumerate(listed, 1):
        log.place = f"{place}, {key} {number}"
        if not isinstance(table, dict):
            log.refuse(key, table, f"a table under [[{key}]]")
            continue
        before = len(log.faults)
        values = layout.read(table, log)
        if len(log.faults) == before:
            records.append(kind(**values))
            if values["id"] in seen:
                log.say(f"{values['id']} is taken already; expected an id of its own")
            seen.add(values["id"])
    return tuple(records)
