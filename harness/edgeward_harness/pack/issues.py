"""An issue tracker's export as issues: CSV of Jira and GitLab, JSON of `gh` and GitLab.

Which of them it is, its columns say. Nothing of an issue is guessed: a moment that can be read in
two ways, a state that is none, or a column that is not there is refused with its line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.strict import shown
from edgeward_harness.trace.faultlog import FaultLog

FILE_BYTES_MAX = 32 << 20
"""One export; ten thousand issues with long texts take about as much."""
FAULTS_MAX = 50
"""So many faults are told; a file of another kind would have one for each line."""
NAMED_MAX = 12
_MOMENTS = '"2026-03-05", "2026-03-05T12:00:00Z", or "05/Mar/26 3:04 PM" as Jira writes it'
_ADDRESS = re.compile(r"https?://[^/\s]+/(?:[^/\s]+/)*?([^/\s]+)/(?:-/)?(?:issues|work_items)/\d+")
_CUSTOM = re.compile(r"custom field \((.+)\)")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}-[1-9][0-9]{0,9}")
_OPEN = frozenset({"open", "opened", "reopened"})


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue as its tracker has it."""

    id: str
    place: str
    """Where in the file it stands."""
    title: str
    body: str
    labels: tuple[str, ...]
    created: date
    newest: date
    """The day of the last thing that is known to have happened to it."""
    closed: bool
    reason: str = ""
    """Why it was closed, in the word of the tracker; empty where that says none."""
    address: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    """Columns of no tracker of its own, by their names in lower case."""


@dataclass(frozen=True, slots=True)
class _Raw:
    """The values of one issue by the columns of its tracker, before any is understood."""

    place: str
    values: Mapping[str, Any]
    labels: Sequence[Any]
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tracker:
    """What one kind of export calls what every issue has; an empty name: it has no such thing."""

    name: str
    number: str
    title: str
    created: str
    closed: str
    state: str
    labels: str
    body: str
    updated: str
    reason: str
    address: str
    pages: tuple[int, ...] = ()
    """After so many issues its export ends, unless it is told not to."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Without these there is no telling what an issue says."""
        named = (self.number, self.title, self.created, self.closed, self.state, self.address)
        return tuple(filter(None, (*named, self.reason if not self.state else "")))

    @property
    def known(self) -> frozenset[str]:
        """Every column that is read."""
        more = (self.labels, self.body, self.updated, self.reason)
        return frozenset(filter(None, (*self.needed, *more)))


GITHUB = Tracker(
    "GitHub (gh)", "number", "title", "createdAt", "closedAt", "state", "labels", "body",
    "updatedAt", "stateReason", "url", pages=(30,),
)  # fmt: skip
GITLAB = Tracker(
    "GitLab (JSON)", "iid", "title", "created_at", "closed_at", "state", "labels", "description",
    "updated_at", "", "web_url", pages=(20, 30, 100),
)  # fmt: skip
GITLAB_CSV = Tracker(
    "GitLab (CSV)", "issue id", "title", "created at (utc)", "closed at (utc)", "state", "labels",
    "description", "updated at (utc)", "", "url",
)  # fmt: skip
JIRA = Tracker(
    "Jira (CSV)", "issue key", "summary", "created", "", "", "labels", "description", "updated",
    "resolution", "", pages=(1000,),
)  # fmt: skip
_JSON, _CSV = (GITHUB, GITLAB), (GITLAB_CSV, JIRA)


def read_issues(data: bytes, name: str) -> tuple[Tracker, tuple[Issue, ...]]:
    """Which tracker an export is of, and its issues in their order.

    Raises:
        InputError: it is no export that is known, or something in it cannot be understood.
    """
    log = FaultLog(place=name)
    if len(data) > FILE_BYTES_MAX:
        raise InputError(name, [f"has more than {FILE_BYTES_MAX} bytes, which is the limit"])
    text = _decoded(data, name)
    read = _from_json if text.lstrip()[:1] in ("[", "{") else _from_csv
    found = read(text, log)
    issues = [] if found is None else list(_issues(found[0], found[1], log))
    if log.faults or found is None:
        raise InputError(name, _told(log.faults))
    return found[0], tuple(issues)


def _told(faults: Sequence[str]) -> list[str]:
    rest = len(faults) - FAULTS_MAX
    return [*faults[:FAULTS_MAX], *([f"and {rest} more"] if rest > 0 else [])]


def _decoded(data: bytes, name: str) -> str:
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise InputError(name, [f"byte {nul} in line {line} is NUL; expected text in UTF-8"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        told = f"byte {fault.start} in line {line} is not UTF-8; expected CSV or JSON in UTF-8"
        raise InputError(name, [told]) from None


def _from_json(text: str, log: FaultLog) -> tuple[Tracker, Iterator[_Raw]] | None:
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except RecursionError:
        log.say("is nested too deep; expected a list of issues")
        return None
    except ValueError as fault:
        log.say(f"is not JSON: {fault}")
        return None
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        log.say("expected a list of issues, each an object: gh issue list --json FIELDS")
        return None
    named = frozenset(value[0]) if value else frozenset(GITHUB.needed)
    tracker = _tracker(_JSON, named, log)
    return None if tracker is None else (tracker, _objects(value, tracker, log))


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value that JSON has")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{shown(twice[0])} stands twice in one object")
    return made


def _objects(value: list[dict[str, Any]], tracker: Tracker, log: FaultLog) -> Iterator[_Raw]:
    name = log.place
    for number, one in enumerate(value, 1):
        log.place = f"{name}, issue {number}"
        lacking = [each for each in tracker.needed if each not in one]
        labels = one.get(tracker.labels, [])
        if lacking:
            log.say(f"has no {', '.join(lacking)}; expected {', '.join(tracker.needed)}")
        elif not isinstance(labels, list):
            log.refuse(tracker.labels, labels, "a list of labels")
        else:
            named = [each.get("name") if isinstance(each, dict) else each for each in labels]
            yield _Raw(f"issue {number}", one, named)


def _from_csv(text: str, log: FaultLog) -> tuple[Tracker, Iterator[_Raw]] | None:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [_column(one) for one in next(rows, [])]
    except csv.Error as fault:
        log.say(f"is not CSV: {fault}")
        return None
    tracker = _tracker(_CSV, frozenset(head), log)
    if tracker is None:
        return None
    single = tracker.known - {tracker.labels}
    twice = sorted({one for one in head if head.count(one) > 1 and one in single})
    if twice:
        log.say(f"has the column {', '.join(twice)} more than once; expected each once")
        return None
    return tracker, _rows(rows, head, tracker, log)


def _column(name: str) -> str:
    """A column by its name in lower case; a field of a project's own by the name it was given."""
    plain = " ".join(name.lower().split())
    custom = _CUSTOM.fullmatch(plain)
    return custom[1] if custom else plain


def _rows(rows: Any, head: list[str], tracker: Tracker, log: FaultLog) -> Iterator[_Raw]:  # noqa: ANN401 - a reader of csv
    name = log.place
    while True:
        line = rows.line_num + 1
        log.place = f"{name}, line {line}"
        try:
            row = next(rows, None)
        except csv.Error as fault:
            log.say(f"is not CSV: {fault}")
            return
        if row is None:
            return
        if not any(row):
            continue
        if len(row) != len(head):
            log.say(f"has {len(row)} fields; expected {len(head)}, as the first line has")
            continue
        pairs = list(zip(head, row, strict=True))
        labels = [part for column, text in pairs if column == tracker.labels for part in [text]]
        if tracker is GITLAB_CSV:
            labels = [part.strip() for text in labels for part in text.split(",")]
        values = {column: text for column, text in pairs if column in tracker.known}
        said: dict[str, str] = {}
        for column, text in pairs:
            if column not in tracker.known and text.strip():
                said[column] = f"{said[column]}\n{text}" if column in said else text
        yield _Raw(f"line {line}", values, [one for one in labels if one], said)


def _tracker(trackers: tuple[Tracker, ...], named: frozenset[str], log: FaultLog) -> Tracker | None:
    for one in trackers:
        if named >= set(one.needed):
            return one
    told = sorted(map(shown, named))
    more = f" and {len(told) - NAMED_MAX} more" if len(told) > NAMED_MAX else ""
    accepted = "; or ".join(f"{one.name}: {', '.join(one.needed)}" for one in (*_JSON, *_CSV))
    found = ", ".join(told[:NAMED_MAX]) or "nothing"
    log.say(f"has the columns {found}{more}; accepted are those of {accepted}")
    return None


def _issues(tracker: Tracker, raws: Iterator[_Raw], log: FaultLog) -> Iterator[Issue]:
    name = log.place
    for raw in raws:
        before = len(log.faults)
        log.place = f"{name}, {raw.place}"
        made = _issue(tracker, raw, log)
        if len(log.faults) == before and made is not None:
            yield made
        if len(log.faults) > FAULTS_MAX:
            break
    log.place = name


def _issue(tracker: Tracker, raw: _Raw, log: FaultLog) -> Issue | None:
    def text(column: str) -> str:
        return _text(raw.values.get(column, ""), column, log) if column else ""

    def day(column: str) -> date | None:
        value = raw.values.get(column) if column else None
        return _day(value, column, log) if value not in (None, "") else None

    address = text(tracker.address)
    created, closed = day(tracker.created), day(tracker.closed)
    updated = day(tracker.updated)
    if created is None:
        if raw.values.get(tracker.created) in (None, ""):
            log.say(f"has no {tracker.created}; expected a moment such as {_MOMENTS}")
        return None
    done = _closed(tracker, raw.values, log)
    return Issue(
        id=_id(tracker, raw.values[tracker.number], address, log),
        place=raw.place,
        title=" ".join(text(tracker.title).split()),
        body=text(tracker.body).replace("\r\n", "\n"),
        labels=tuple(_text(one, tracker.labels, log) for one in raw.labels),
        created=created,
        newest=max(one for one in (created, closed, updated) if one is not None),
        closed=done,
        reason=text(tracker.reason).strip() if done else "",
        address=address,
        said=raw.said,
    )


def _text(value: object, column: str, log: FaultLog) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        log.refuse(column, value, "text")
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        log.say(f"{column} holds half of a pair of surrogates; expected text")
        return ""
    return value


def _day(value: object, column: str, log: FaultLog) -> date | None:
    """The day of a moment, in UTC where it tells its zone."""
    if isinstance(value, str):
        readers: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, _of_jira)
        for read in readers:
            try:
                moment = read(value.strip().removesuffix(" UTC"))
                return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
            except (ValueError, OverflowError):
                continue
    log.refuse(column, value, f"a moment such as {_MOMENTS}")
    return None


def _of_jira(text: str) -> datetime:
    return datetime.strptime(text, "%d/%b/%y %I:%M %p")  # noqa: DTZ007 - Jira tells no zone


def _closed(tracker: Tracker, values: Mapping[str, Any], log: FaultLog) -> bool:
    """Whether the tracker holds it for closed; Jira does as soon as there is a resolution."""
    if not tracker.state:
        said = values[tracker.reason].strip().lower()
        return said not in ("", "unresolved")
    value = values[tracker.state]
    word = value.lower() if isinstance(value, str) else ""
    if word != "closed" and word not in _OPEN:
        log.refuse(tracker.state, value, "open or closed")
    return word == "closed"


def _id(tracker: Tracker, number: object, address: str, log: FaultLog) -> str:
    """What the pack calls it: Jira's key, or the name of the project with the number."""
    told = number if isinstance(number, str) else f"{number}" if type(number) is int else ""
    if tracker is JIRA:
        if not _KEY.fullmatch(told):
            log.refuse(tracker.number, number, 'a key such as "MON-12"')
        return told
    place = _ADDRESS.fullmatch(address)
    if not _NUMBER.fullmatch(told):
        log.refuse(tracker.number, number, "a number from 1 on")
    elif place is None or not address.endswith(f"/{told}"):
        expected = f"the address of issue {told}, such as https://HOST/OWNER/PROJECT/issues/{told}"
        log.refuse(tracker.address, address, expected)
    else:
        project = re.sub("[^A-Za-z0-9_.-]", "_", place[1])[-48:]
        return f"{project}-{told}" if project[0].isalpha() else f"p{project}-{told}"
    return ""
