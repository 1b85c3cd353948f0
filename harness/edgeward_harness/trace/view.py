"""The trace for a terminal and for programs: an indented matrix in aligned columns, and JSON."""

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any

from edgeward_harness.trace.fault import Fault
from edgeward_harness.trace.fingerprint import fingerprint
from edgeward_harness.trace.links import proofs_of
from edgeward_harness.trace.model import Item, Trace
from edgeward_harness.trace.rows import matrix, summary

SCHEMA = "edgeward-trace/1"
TITLE_COLUMNS_MAX = 52
"""A longer title is cut, so that a line stays within a hundred columns."""
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the matrix: its depth from danger, what it names, and what is known of it."""

    depth: int
    name: str
    title: str = ""
    facts: str = ""


def matrix_text(trace: Trace) -> str:
    """The matrix for a terminal: hazards, under each its controls, requirements and cases."""
    entries = list(_entries(trace))
    if not entries:
        return f"{summary(trace)}\n"
    labels = [_INDENT * entry.depth + entry.name for entry in entries]
    titles = [_cut(entry.title) for entry in entries]
    label_columns, title_columns = max(map(_columns, labels)), max(map(_columns, titles))
    lines = [
        f"{_padded(label, label_columns)}  {_padded(title, title_columns)}  {entry.facts}".rstrip()
        for entry, label, title in zip(entries, labels, titles, strict=True)
    ]
    return "\n".join([*lines, "", summary(trace), ""])


def requirements_text(trace: Trace) -> str:
    """The requirements for a terminal: what is asked, and what must be observed."""
    blocks = [
        f"{one.id}  {one.title}  [{one.kind}, class {one.safety_class}, {one.stage}]\n"
        f"{_paragraph(one.text)}\n{_paragraph(f'Accepted when: {one.criterion}')}\n"
        for one in trace.requirements.values()
    ]
    return "\n".join([*blocks, f"{summary(trace)}\n"])


def _paragraph(text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()), 96, initial_indent="    ", subsequent_indent="    "
    )


def _entries(trace: Trace) -> Iterator[_Entry]:
    """The rows of the matrix, each id said once for as long as it stays the same."""
    facts = _Facts(trace)
    absent = ("no hazard", "no control", "no requirement", "no case")
    above: tuple[str, ...] = ()
    for row in matrix(trace):
        ids = (row.hazard, row.control, row.requirement, row.case)
        deepest = max(depth for depth, item_id in enumerate(ids) if item_id)
        for depth, item_id in enumerate(ids):
            if ids[: depth + 1] == above[: depth + 1]:
                continue
            if item_id:
                yield facts.entry(depth, item_id, row.proof if depth == 3 else "")
            elif depth < deepest or depth == deepest + 1:
                yield _Entry(depth, f"({absent[depth]})")
        above = ids


class _Facts:
    """What is said of an item behind its title."""

    def __init__(self, trace: Trace) -> None:
        self._items: Mapping[str, Item] = {item.id: item for item in trace.items()}
        self._trace = trace
        self._proofs = proofs_of(trace)

    def entry(self, depth: int, item_id: str, proof: str) -> _Entry:
        """The line of an item."""
        return _Entry(depth, item_id, self._items[item_id].title, self._facts(item_id, proof))

    def _facts(self, item_id: str, proof: str) -> str:
        trace = self._trace
        if item_id in trace.hazards:
            return trace.hazards[item_id].severity
        if item_id in trace.controls:
            found = self._proofs[item_id]
            missing = [
                *([] if found.implementation else ["no implementation proof"]),
                *([] if found.effectiveness else ["no effectiveness proof"]),
            ]
            return ", ".join([trace.controls[item_id].type, *missing])
        if item_id in trace.requirements:
            requirement = trace.requirements[item_id]
            return f"{requirement.kind}, class {requirement.safety_class}"
        method = trace.cases[item_id].method
        return f"{method}, {proof}" if proof else method


def trace_document(trace: Trace) -> dict[str, Any]:
    """Everything as JSON values: each item with its fingerprint, and the matrix."""
    proofs = proofs_of(trace)
    return {
        "schema": SCHEMA,
        "hazards": {one.id: _described(one) for one in trace.hazards.values()},
        "controls": {
            one.id: _described(one)
            | {
                "implementation": list(proofs[one.id].implementation),
                "effectiveness": list(proofs[one.id].effectiveness),
            }
            for one in trace.controls.values()
        },
        "requirements": {one.id: _described(one) for one in trace.requirements.values()},
        "cases": {one.id: _described(one) for one in trace.cases.values()},
        "deviations": {one.id: plain(one) for one in trace.deviations.values()},
        "matrix": [plain(row) for row in matrix(trace)],
    }


def plain(value: Any) -> Any:  # noqa: ANN401 - any record in, JSON values out
    """A record of the trace as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def fault_document(fault: Fault) -> dict[str, str]:
    """A fault as JSON values."""
    return {
        "code": fault.code.value,
        "item": fault.item,
        "place": fault.place,
        "sentence": fault.sentence,
    }


def _described(item: Item) -> dict[str, Any]:
    return {**plain(item), "fingerprint": fingerprint(item)}


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes; East Asian characters take two."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    marks = sum(unicodedata.combining(character) != 0 for character in text)
    return len(text) + wide - marks


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _columns(text))


def _cut(title: str) -> str:
    if _columns(title) <= TITLE_COLUMNS_MAX:
        return title
    cut = title
    while _columns(cut) > TITLE_COLUMNS_MAX - 1:
        cut = cut[:-1]
    return f"{cut.rstrip()}…"
