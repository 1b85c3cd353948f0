"""From issues to anomalies: what a tracker knows of a fault, and what only people can have said.

A verdict is taken from where somebody wrote it: a label, a column, a heading in the issue's text.
Where nobody did it stays undecided, which the documents and the self-audit say. An [[anomaly]] of
submission.toml with the name of an issue is people's word on that issue, and stands for it; it may
not contradict whether the tracker holds the issue for closed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.pack.issues import FILE_BYTES_MAX, Issue, Tracker, read_issues
from edgeward_harness.pack.submission import Anomaly, Submission
from edgeward_harness.pack.words import Disposition
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.layout import layout_of
from edgeward_harness.trace.shapes import LINE_CHARACTERS_MAX

FIELDS: Mapping[str, str] = {
    "cause": "cause",
    "safety": "safety",
    "safety rationale": "safety_rationale",
    "security": "security",
    "security rationale": "security_rationale",
    "disposition": "disposition",
    "decided": "decided",
    "workaround": "workaround",
    "cwe": "cwe",
    "risks": "risks",
    "cases": "cases",
    "build": "build_sha256",
}
"""Columns of a CSV, or headings in the text of an issue, and the key of an [[anomaly]] of each."""
SCOPES: Mapping[str, str] = {
    "safety": "safety",
    "security": "security",
    "disposition": "disposition",
    "risk": "risks",
    "case": "cases",
}
"""Labels that say a key, as `safety::none`; a label that is a number of the CWE says that."""
_LISTS = frozenset({"cwe", "risks", "cases"})
_WORDS = frozenset({"safety", "security", "disposition"})
_UNTOLD = frozenset({"", "_no response_", "none given", "undecided"})
_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t#]*")
_CWE = re.compile(r"CWE-[0-9]{1,5}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,99}")
_MENDED = frozenset({"", "completed", "done", "fixed", "resolved", "complete"})
_TWICE = frozenset({"duplicate"})


@dataclass(frozen=True, slots=True)
class Export:
    """One export, and what became of each issue in it."""

    name: str
    data: bytes
    tracker: Tracker
    listed: tuple[Issue, ...]
    """Those that are not mended: open, or closed for another reason than that."""
    mended: tuple[str, ...]
    """Closed as mended."""
    twice: tuple[str, ...]
    """Closed as another name of an issue."""

    @property
    def sha256(self) -> str:
        """Of the file."""
        return sha256_hex(self.data)

    @property
    def count(self) -> int:
        """All its issues."""
        return len(self.listed) + len(self.mended) + len(self.twice)

    @property
    def cut(self) -> bool:
        """Whether it ends exactly where such an export ends unless it is told not to."""
        return self.count in self.tracker.pages


def read_exports(paths: Sequence[Path]) -> tuple[Export, ...]:
    """Each export by the name of its file, which is how a pack keeps it.

    Raises:
        InputError: one is none, or two have one name; every fault of the first is told.
        HarnessError: one cannot be read.
    """
    found: dict[str, Export] = {}
    for path in sorted(paths, key=lambda one: one.name):
        if path.name in found or not _NAME.fullmatch(path.name):
            told = f"found {path}, expected a file whose name is its own, of A-Z, a-z, 0-9, . _ -"
            raise InputError("--anomalies", [told])
        try:
            data = read_whole(path, FILE_BYTES_MAX)
        except OSError as fault:
            raise HarnessError(f"{path}: {fault.strerror}") from fault
        tracker, issues = read_issues(data, path.name)
        closed = [one for one in issues if one.closed]
        mended = tuple(one.id for one in closed if one.reason.lower() in _MENDED)
        twice = tuple(one.id for one in closed if one.reason.lower() in _TWICE)
        gone = {*mended, *twice}
        listed = tuple(one for one in issues if not one.closed or one.id not in gone)
        found[path.name] = Export(path.name, data, tracker, listed, mended, twice)
        _once(path.name, issues)
    return tuple(found.values())


def _once(name: str, issues: Sequence[Issue]) -> None:
    places: dict[str, str] = {}
    faults = []
    for one in issues:
        if one.id in places:
            faults.append(f"{one.place}: {one.id} stands in {places[one.id]} already")
        places.setdefault(one.id, one.place)
    if faults:
        raise InputError(name, [*faults, "expected each issue once"])


def with_tracked(submission: Submission, exports: Sequence[Export]) -> Submission:
    """What people said, with the anomalies of the exports beside theirs.

    Raises:
        InputError: exports and people contradict each other, or an issue says what nobody can take.
    """
    if not exports:
        return submission
    log = FaultLog()
    said = {one.id: one for one in submission.anomalies or ()}
    made = [
        anomaly
        for export in exports
        for one in export.listed
        if one.id not in said and (anomaly := _anomaly(one, export.name, log)) is not None
    ]
    faults = [*log.faults, *_contradictions(submission, said, exports)]
    if faults:
        raise InputError("--anomalies", faults)
    return replace(submission, anomalies=(*(submission.anomalies or ()), *made))


def _contradictions(
    submission: Submission, said: Mapping[str, Anomaly], exports: Sequence[Export]
) -> Iterator[str]:
    places: dict[str, str] = {}
    for export in exports:
        names = [*(one.id for one in export.listed), *export.mended, *export.twice]
        for name in names:
            if name in places:
                yield f"{name} stands in {places[name]} and in {export.name}; expected one of both"
            places[name] = export.name
        still = {one.id for one in export.listed}
        for name in sorted(said.keys() & set(names)):
            fixed = said[name].disposition is Disposition.FIXED
            if fixed and name in still:
                yield f"{name} is fixed in submission.toml, and not closed so in {export.name}"
            if not fixed and name in export.mended:
                yield f"{name} is not fixed in submission.toml, and closed in {export.name}"
        if still and submission.anomalies == ():
            yield f"{export.name} lists {len(still)}; submission.toml says no_known_anomalies"
        yield from _too_new(export, submission.about.anomalies_on)


def _too_new(export: Export, told: date | None) -> Iterator[str]:
    """A list cannot be of a day before what it holds; zones differ by a day."""
    for one in export.listed:
        if told is not None and (one.newest - told).days > 1:
            where = f"{export.name}, {one.place}: {one.id}"
            yield f"{where} is of {one.newest}; anomalies_on in submission.toml says {told}"
            return


def _anomaly(issue: Issue, name: str, log: FaultLog) -> Anomaly | None:
    log.place = f"{name}, {issue.place} ({issue.id})"
    before = len(log.faults)
    title = issue.title
    if len(title) > LINE_CHARACTERS_MAX:
        title = f"{title[: LINE_CHARACTERS_MAX - 1]}\N{HORIZONTAL ELLIPSIS}"
    table: dict[str, Any] = {
        "id": issue.id,
        "title": title,
        "found": issue.created,
        "disposition": Disposition.OPEN.value,
        **_said(issue, log),
    }
    if table["disposition"] == Disposition.FIXED.value:
        log.refuse("disposition", "fixed", "another one, or that the tracker has it as closed")
    values = layout_of(Anomaly).read(table, log)
    return Anomaly(**values) if len(log.faults) == before else None


def _said(issue: Issue, log: FaultLog) -> dict[str, Any]:
    """What labels, columns and headings say; the same twice is once, two things are refused."""
    found: dict[str, Any] = {}
    for key, text in (*_of_labels(issue), *_of_columns(issue), *_of_headings(issue)):
        value = text.strip()
        if value.lower() in _UNTOLD:
            continue
        if key in _LISTS:
            parts = [part for part in re.split(r"[\s,;]+", value) if part]
            found[key] = list(dict.fromkeys([*found.get(key, ()), *parts]))
            continue
        value = value.lower() if key in _WORDS else value
        if found.setdefault(key, value) != value:
            log.say(f"{key} is {found[key]!r} in one place and {value!r} in another")
    if "decided" in found:
        try:
            found["decided"] = date.fromisoformat(found["decided"])
        except ValueError:
            log.refuse("decided", found.pop("decided"), "a day such as 2026-03-12")
    return found


def _of_labels(issue: Issue) -> Iterator[tuple[str, str]]:
    for label in issue.labels:
        scope, found, value = label.partition("::")
        key = SCOPES.get(scope.strip().lower())
        if found and key is not None:
            yield key, value
        elif _CWE.fullmatch(label.strip()):
            yield "cwe", label


def _of_columns(issue: Issue) -> Iterator[tuple[str, str]]:
    for column, text in issue.said.items():
        if column in FIELDS:
            yield FIELDS[column], text.replace("\r\n", "\n")


def _of_headings(issue: Issue) -> Iterator[tuple[str, str]]:
    """The parts of an issue's text under our headings, as an issue form writes them."""
    key, lines = "", list[str]()
    for line in [*issue.body.split("\n"), "# end"]:
        heading = _HEADING.fullmatch(line.strip())
        if heading is None:
            lines.append(line)
            continue
        if key:
            yield key, "\n".join(lines)
        key, lines = FIELDS.get(" ".join(heading[1].lower().split()), ""), []
