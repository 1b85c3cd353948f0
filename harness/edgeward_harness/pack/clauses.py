"""The registry of clauses: what standards and guidances ask for, as data, in our own words.

One file for each standard in `reports/clauses`. A clause is named by its number and said in a
sentence of ours; the text of a standard is never repeated. Which edition, where that was read, who
checked it and when stand beside it: a reader must be able to doubt it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.approval.words import Meaning
from edgeward_harness.errors import InputError
from edgeward_harness.trace.document import parse_toml, read_bytes
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.layout import Key, layout_of
from edgeward_harness.trace.shapes import LINE, PROSE, Day, Pattern, Patterns, Word, Words


class Share(StrEnum):
    """Who answers a clause."""

    GENERATED = "generated"  # the pack answers it from runs and files alone
    WRITTEN = "written"  # people write it, the pack checks that it is there and links it
    RECORDED = "recorded"  # somebody decides it and signs
    OUTSIDE = "outside"  # the quality system's, or the manufacturer's; nothing of ours


class Status(StrEnum):
    """How binding an edition is."""

    IN_FORCE = "in_force"
    DRAFT = "draft"
    SUPERSEDED = "superseded"


_NUMBERS = Patterns(Pattern("[01][0-9]|2[0-2]", 'numbers of documents such as "07"'))
_RULES = Patterns(Pattern("[1-9][0-9]?", 'numbers of self-audit rules such as "40"'))


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is asked for."""

    number: Annotated[str, Key("Where it stands, as the standard counts.", LINE)]
    words: Annotated[str, Key("What it asks for, in our own words.", PROSE)]
    share: Annotated[Share, Key("Who answers it.", Word(Share))]
    classes: Annotated[
        tuple[SafetyClass, ...], Key("IEC 62304 classes it is for; empty: all.", Words(SafetyClass))
    ] = ()
    documents: Annotated[tuple[str, ...], Key("Documents of the pack that answer.", _NUMBERS)] = ()
    rules: Annotated[tuple[str, ...], Key("Rules of the self-audit that must hold.", _RULES)] = ()
    signed: Annotated[
        tuple[Meaning, ...], Key("What a signature that answers it means.", Words(Meaning))
    ] = ()
    note: Annotated[str, Key("What a reader should know besides.", PROSE)] = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard, a guidance or a regulation in one edition."""

    id: Annotated[str, Key("Its short name.", LINE)]
    title: Annotated[str, Key("What it is called.", LINE)]
    edition: Annotated[str, Key("Which edition.", LINE)]
    status: Annotated[Status, Key("How binding it is.", Word(Status))]
    dated: Annotated[date, Key("The day of the edition.", Day())]
    source: Annotated[str, Key("Where its clauses were read.", PROSE)]
    checked_by: Annotated[str, Key("Who held our words against the original.", LINE)]
    read: Annotated[date, Key("The day they were read.", Day())]
    note: Annotated[str, Key("What a reader should know of the edition.", PROSE)] = ""
    clauses: tuple[Clause, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Registry:
    """Every standard that a pack is held against."""

    standards: tuple[Standard, ...]

    def named(self) -> Iterator[tuple[str, Standard, Clause]]:
        """Every clause by its whole name, such as "IEC 62304 5.7.5"."""
        for standard in self.standards:
            for clause in standard.clauses:
                yield f"{standard.id} {clause.number}", standard, clause


def load_registry(folder: Path) -> Registry:
    """Read every file of a folder, in the order of their names.

    Raises:
        InputError: something cannot be understood; every fault is told.
    """
    log = FaultLog()
    files = sorted(folder.glob("*.toml"))
    if not files:
        log.say("no *.toml: expected a file for each standard")
    found = [one for path in files if (one := _standard(path, log)) is not None]
    names = [one.id for one in found]
    log.faults += [f"{name}: in two files" for name in sorted(set(names)) if names.count(name) > 1]
    if log.faults:
        raise InputError(str(folder), log.faults)
    return Registry(tuple(found))


def _standard(path: Path, log: FaultLog) -> Standard | None:
    log.place = path.name
    data = read_bytes(path, log)
    content = None if data is None else parse_toml(data, log)
    if content is None:
        return None
    for key in sorted(content.keys() - {"standard", "clause"}):
        log.say(f"[{key}] is no known table: expected standard, clause")
    head = content.get("standard")
    if not isinstance(head, dict):
        log.say("[standard] is missing: expected one such table")
        return None
    before = len(log.faults)
    values = layout_of(Standard).read(head, log)
    clauses = _clauses(content.get("clause", []), path.name, log)
    return Standard(**values, clauses=clauses) if len(log.faults) == before else None


def _clauses(listed: object, name: str, log: FaultLog) -> tuple[Clause, ...]:
    if not isinstance(listed, list):
        log.refuse("clause", listed, "tables under [[clause]], each in double brackets")
        return ()
    taken: dict[str, Clause] = {}
    for at, table in enumerate(listed, 1):
        log.place = f"{name}, clause {at}"
        clause = _clause(table, log)
        if clause is None:
            continue
        if clause.number in taken:
            log.say(f"{clause.number} is there already; expected each clause once")
        taken[clause.number] = clause
    return tuple(taken.values())


def _clause(table: object, log: FaultLog) -> Clause | None:
    if not isinstance(table, Mapping):
        log.refuse("clause", table, "a table under [[clause]]")
        return None
    before = len(log.faults)
    values: dict[str, Any] = layout_of(Clause).read(table, log)
    return Clause(**values) if len(log.faults) == before else None
