"""Reading the trace of a folder of suites.

```
requirements.toml  hazards.toml  deviations.toml (may be missing)  <suite>/testplan.toml
```
Reading refuses what cannot be understood: malformed TOML, unknown and missing keys, values of the
wrong kind, ids of the wrong form or given twice. All of it is told at once. Whether what was
understood hangs together is asked afterwards (`edgeward_harness.trace.completeness`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from edgeward_harness.errors import InputError
from edgeward_harness.trace.document import DOCUMENTS, Row, read_document
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.model import (
    Control,
    Deviation,
    Hazard,
    PlannedCase,
    Requirement,
    Suite,
    Trace,
)
from edgeward_harness.trace.vocabulary import Depth

PLAN = "testplan.toml"


def load_trace(folder: Path) -> Trace:
    """Read requirements, hazards, risk controls, test plans and deviations.

    Raises:
        InputError: something cannot be understood; every fault is told.
    """
    log = FaultLog()
    reader = _Reader(log)
    if not folder.is_dir():
        raise InputError(str(folder), ["is no folder; expected a folder of suites"])
    for kind in DOCUMENTS:
        if kind != "testplan":
            name = f"{kind}.toml"
            reader.take(read_document(kind, folder / name, name, log))
    plans = sorted(folder.glob(f"*/{PLAN}"))
    if not plans:
        log.faults.append(f"no */{PLAN}: expected a folder with one for each suite")
    for plan in plans:
        name = f"{plan.parent.name}/{PLAN}"
        reader.take(read_document("testplan", plan, name, log), suite=plan.parent.name)
    if log.faults:
        raise InputError(str(folder), log.faults)
    return reader.trace()


@dataclass(slots=True)
class _Reader:
    """Turns rows into records and sees what is given twice."""

    log: FaultLog
    places: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    hazards: dict[str, Hazard] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    requirements: dict[str, Requirement] = field(default_factory=dict)
    cases: dict[str, PlannedCase] = field(default_factory=dict)
    suites: dict[str, Suite] = field(default_factory=dict)
    deviations: dict[str, Deviation] = field(default_factory=dict)

    def trace(self) -> Trace:
        """What was read."""
        return Trace(
            hazards=self.hazards,
            controls=self.controls,
            requirements=self.requirements,
            cases=self.cases,
            suites=self.suites,
            deviations=self.deviations,
            places=self.places,
        )

    def take(self, rows: Iterable[Row], suite: str = "") -> None:
        """Keep each row under its id."""
        for row in rows:
            self.log.place = row.place
            if row.table == "suite":
                self._suite(suite, row)
            elif self._is_new(row):
                self._item(row, suite)

    def _is_new(self, row: Row) -> bool:
        item_id = row.values["id"]
        known = self.places.setdefault(item_id, row.place)
        if known is not row.place:
            self.log.say(f"{item_id} is taken already by {known}; expected an id of its own")
        return known is row.place

    def _item(self, row: Row, suite: str) -> None:
        values = row.values
        match row.table:
            case "requirement":
                self.requirements[values["id"]] = Requirement(**values)
            case "case":
                self._rising(values)
                self.cases[values["id"]] = PlannedCase(suite=suite, **values)
            case "hazard":
                self.hazards[values["id"]] = Hazard(**values)
            case "control":
                self.controls[values["id"]] = Control(**values)
            case "deviation":
                self._aimed(values)
                self.deviations[values["id"]] = Deviation(**values)

    def _suite(self, name: str, row: Row) -> None:
        suite = Suite(name=name, **row.values)
        known = self.topics.setdefault(suite.topic, row.place)
        if known is not row.place:
            self.log.say(
                f"topic {suite.topic} is taken already by {known}; expected one of its own"
            )
        self.suites[name] = suite

    def _rising(self, values: dict[str, Any]) -> None:
        """A deeper run observes at least as much."""
        samples = values["samples"]
        sizes = [samples[depth] for depth in Depth] if samples else []
        if any(less > more for less, more in pairwise(sizes)):
            self.log.refuse("samples", sizes, "no fewer at standard than at quick, nor at campaign")

    def _aimed(self, values: dict[str, Any]) -> None:
        """A deviation is for something."""
        if not values["requirements"] and not values["cases"]:
            self.log.say("is for nothing: expected requirements, cases or both")
