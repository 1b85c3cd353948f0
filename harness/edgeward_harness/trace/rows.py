"""The matrix from danger to proof: hazard, control, requirement, case, and what the case proves.

Gaps are rows, never omissions: a hazard without a control, a requirement without a case or a case
without a requirement has a row of its own with nothing in the place of what is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgeward_harness.trace.links import proofs_of
from edgeward_harness.trace.model import Control, PlannedCase, Trace
from edgeward_harness.trace.tables import TableFormat, write_table

HEADER = (
    "hazard",
    "hazard_title",
    "control",
    "control_title",
    "requirement",
    "requirement_title",
    "case",
    "case_title",
    "proof",
)
"""The columns of the matrix as a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way from danger to proof, by ids; empty where there is nothing."""

    hazard: str = ""
    control: str = ""
    requirement: str = ""
    case: str = ""
    proof: str = ""
    """What the case proves about the control: implementation, effectiveness, or nothing."""


def matrix(trace: Trace) -> list[Row]:
    """Every way from danger to proof: hazards first, then what belongs to none of them."""
    maker = _Maker(trace)
    rows = [row for hazard_id in trace.hazards for row in maker.hazard(hazard_id)]
    for control in trace.controls.values():
        if not any(hazard in trace.hazards for hazard in control.hazards):
            rows += maker.control("", control)
    shown = {row.requirement for row in rows}
    for requirement_id in trace.requirements:
        if requirement_id not in shown:
            rows += maker.requirement("", "", requirement_id)
    seen = {row.case for row in rows}
    return rows + [Row(case=case_id) for case_id in trace.cases if case_id not in seen]


def matrix_table(trace: Trace, form: TableFormat) -> str:
    """The matrix as CSV or Markdown, with titles."""
    titles = {item.id: item.title for item in trace.items()}
    rows = []
    for row in matrix(trace):
        ids = (row.hazard, row.control, row.requirement, row.case)
        titled = [text for item_id in ids for text in (item_id, titles.get(item_id, ""))]
        rows.append([*titled, row.proof])
    return write_table(form, HEADER, rows)


class _Maker:
    """Makes rows; knows who cites whom, so that each row costs the same in a large trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._proofs = proofs_of(trace)
        self._controls: dict[str, list[Control]] = {name: [] for name in trace.hazards}
        self._direct: dict[str, list[str]] = {name: [] for name in trace.hazards}
        self._cases: dict[str, list[PlannedCase]] = {name: [] for name in trace.requirements}
        for control in trace.controls.values():
            for hazard_id in control.hazards:
                self._controls.get(hazard_id, []).append(control)
        for requirement in trace.requirements.values():
            for risk in requirement.risks:
                self._direct.get(risk, []).append(requirement.id)
        for case in trace.cases.values():
            for requirement_id in case.requirements:
                self._cases.get(requirement_id, []).append(case)

    def hazard(self, hazard_id: str) -> Iterator[Row]:
        """The rows of a hazard."""
        shown: set[str] = set()
        for control in self._controls[hazard_id]:
            shown.update(control.requirements)
            yield from self.control(hazard_id, control)
        direct = [name for name in self._direct[hazard_id] if name not in shown]
        for requirement_id in direct:
            yield from self.requirement(hazard_id, "", requirement_id)
        if not self._controls[hazard_id] and not direct:
            yield Row(hazard_id)

    def control(self, hazard_id: str, control: Control) -> Iterator[Row]:
        """The rows of a control against a hazard."""
        requirements = [name for name in control.requirements if name in self._trace.requirements]
        shown: set[str] = set()
        for requirement_id in requirements:
            for row in self.requirement(hazard_id, control.id, requirement_id):
                shown.add(row.case)
                yield row
        found = self._proofs[control.id]
        others = dict.fromkeys((*found.implementation, *found.effectiveness))
        rest = [case_id for case_id in others if case_id not in shown]
        for case_id in rest:
            proof = self._proof(control.id, case_id)
            yield Row(hazard_id, control.id, "", case_id, proof)
        if not requirements and not rest:
            yield Row(hazard_id, control.id)

    def requirement(self, hazard_id: str, control_id: str, requirement_id: str) -> Iterator[Row]:
        """The rows of a requirement that realises a control; without a case, one row."""
        cases = self._cases[requirement_id]
        for case in cases:
            proof = self._proof(control_id, case.id)
            yield Row(hazard_id, control_id, requirement_id, case.id, proof)
        if not cases:
            yield Row(hazard_id, control_id, requirement_id)

    def _proof(self, control_id: str, case_id: str) -> str:
        case = self._trace.cases[case_id]
        kinds = (("implementation", case.implements), ("effectiveness", case.proves_effective))
        return " and ".join(kind for kind, controls in kinds if control_id in controls)


def counted(number: int, what: str) -> str:
    """A number of things in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def summary(trace: Trace) -> str:
    """How much there is, on one line."""
    counts: Sequence[tuple[int, str]] = (
        (len(trace.hazards), "hazard"),
        (len(trace.controls), "risk control"),
        (len(trace.requirements), "requirement"),
        (len(trace.cases), "test case"),
    )
    return ", ".join(counted(number, what) for number, what in counts)
