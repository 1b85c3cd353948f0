"""Anomalies out of an issue tracker: nothing is invented, and nothing that is open is lost."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import source_lab as lab

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.pack.audit.rules import audit
from edgeward_harness.pack.audit.ruling import Outcome
from edgeward_harness.pack.documents import doc15_anomalies
from edgeward_harness.pack.issues import FILE_BYTES_MAX
from edgeward_harness.pack.model import Document, Table
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import About, Anomaly, Submission
from edgeward_harness.pack.tracked import Export, read_exports, with_tracked
from edgeward_harness.pack.words import Disposition, Effect

OPEN = {
    "number": 12,
    "title": "The trend page  shows UTC\tonly",
    "body": "It asks for no zone.\r\n",
    "labels": [{"name": "bug"}],
    "state": "OPEN",
    "createdAt": "2026-03-05T23:30:00Z",
    "closedAt": None,
    "url": "https://github.com/made-up/monitor/issues/12",
}
FORM = """### Cause

The page asks for no time zone.

### Safety rationale

No alarm depends
on the page.

### Security rationale

_No response_

### Steps

security: none of this is ours
"""
GITLAB = {
    "iid": 7,
    "title": "A reboot loses the brightness",
    "description": "",
    "labels": ["bug", "safety::acceptable", "risk::HAZ-001"],
    "state": "opened",
    "created_at": "2026-03-06T00:30:00.123+02:00",
    "closed_at": None,
    "web_url": "https://git.example/group/sub/3d-monitor/-/issues/7",
}
GITLAB_CSV = (
    "\ufeffTitle,Description,Issue ID,URL,State,Author,Created At (UTC),Updated At (UTC),"
    "Closed At (UTC),Labels\r\n"
    '"Two, lines","a\nb",3,https://git.example/g/monitor/-/issues/3,Open,x,2026-03-05 10:00:00,'
    '2026-03-07 10:00:00,,"bug,safety::none,CWE-787"\r\n'
    "Gone,,4,https://git.example/g/monitor/-/issues/4,Closed,x,2026-03-05 10:00:00,"
    "2026-03-07 10:00:00,2026-03-07 10:00:00,\r\n"
)
JIRA = (
    "Summary,Issue key,Status,Resolution,Created,Resolved,Labels,Labels,"
    "Custom field (Safety),Custom field (Safety rationale),Workaround,Comment,Comment\n"
    "Late page,MON-4,To Do,,05/Mar/26 3:04 PM,,ui,case::TC-LAT-001,None,No alarm on it,Wait,a,b\n"
    "Fixed page,MON-5,Done,Fixed,05/Mar/26 3:04 PM,06/Mar/26 3:04 PM,,,,,,,\n"
    "Left page,MON-6,Done,Won't Fix,2026-03-05 15:04,06/Mar/26 3:04 PM,,,,,,,\n"
    "Same page,MON-7,Done,Duplicate,05/Mar/26 3:04 PM,06/Mar/26 3:04 PM,,,,,,,\n"
)


def export(folder: Path, content: object, name: str = "issues.json") -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def read(folder: Path, content: object, name: str = "issues.json") -> Export:
    (found,) = read_exports([export(folder, content, name)])
    return found


def taken(found: Export) -> Mapping[str, Anomaly]:
    anomalies = with_tracked(Submission(), [found]).anomalies
    assert anomalies is not None
    return {one.id: one for one in anomalies}


def refused(folder: Path, content: object) -> str:
    with pytest.raises(InputError) as fault:
        with_tracked(Submission(), [read(folder, content)])
    return str(fault.value)


def test_an_issue_of_gh_says_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    mended = {**OPEN, "number": 13, "state": "CLOSED", "closedAt": "2026-03-07T00:00:00Z"}
    mended["url"] = "https://github.com/made-up/monitor/issues/13"
    found = read(tmp_path, [OPEN, mended])
    assert found.mended == ("monitor-13",)
    assert found.count == 2
    (one,) = taken(found).values()
    assert one == Anomaly(
        "monitor-12", "The trend page shows UTC only", date(2026, 3, 5), Disposition.OPEN
    )
    assert one.safety is one.security is Effect.UNDECIDED


def test_labels_and_headings_of_a_form_are_the_verdicts(tmp_path: Path) -> None:
    labels = [{"name": name} for name in ("safety::none", "CWE-476", "disposition::deferred")]
    (one,) = taken(read(tmp_path, [{**OPEN, "labels": labels, "body": FORM}])).values()
    assert (one.safety, one.safety_rationale) == (Effect.NONE, "No alarm depends\non the page.")
    assert (one.security, one.security_rationale) == (Effect.UNDECIDED, "")
    assert (one.cwe, one.disposition) == (("CWE-476",), Disposition.DEFERRED)
    assert one.cause == "The page asks for no time zone."


def test_json_and_csv_of_gitlab_are_read(tmp_path: Path) -> None:
    (one,) = taken(read(tmp_path, [GITLAB])).values()
    assert (one.id, one.found, one.safety) == ("p3d-monitor-7", date(2026, 3, 5), Effect.ACCEPTABLE)
    assert one.risks == ("HAZ-001",)
    found = read(tmp_path, GITLAB_CSV, "issues.csv")
    assert found.mended == ("monitor-4",)
    assert [issue.place for issue in found.listed] == ["line 2"]
    (one,) = taken(found).values()
    assert (one.id, one.title, one.safety) == ("monitor-3", "Two, lines", Effect.NONE)
    assert one.cwe == ("CWE-787",)


def test_what_jira_closed_for_another_reason_than_a_fix_is_still_open(tmp_path: Path) -> None:
    found = read(tmp_path, JIRA, "jira.csv")
    assert (found.mended, found.twice) == (("MON-5",), ("MON-7",))
    anomalies = taken(found)
    assert list(anomalies) == ["MON-4", "MON-6"]
    one = anomalies["MON-4"]
    assert (one.safety, one.safety_rationale) == (Effect.NONE, "No alarm on it")
    assert (one.workaround, one.cases) == ("Wait", ("TC-LAT-001",))
    assert found.listed[1].reason == "Won't Fix"


def test_an_issue_that_is_not_planned_is_not_mended(tmp_path: Path) -> None:
    closed = {**OPEN, "state": "CLOSED", "closedAt": "2026-03-07T00:00:00Z"}
    for reason, listed in (("NOT_PLANNED", 1), ("COMPLETED", 0), ("DUPLICATE", 0), (None, 0)):
        assert len(read(tmp_path, [{**closed, "stateReason": reason}]).listed) == listed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe[", "byte 0 in line 1 is not UTF-8"),
        (b'[\n{"a": "\x00"}]', "in line 2 is NUL"),
        (b"[" * 100_000, "nested too deep"),
        ('[{"number": NaN}]', "NaN is no value"),
        ('[{"number": 1, "number": 2}]', "stands twice in one object"),
        ('{"issues": []}', "expected a list of issues"),
        ("[1]", "expected a list of issues"),
        ([{"id": 1, "title": "x"}], "accepted are those of GitHub (gh): number, title"),
        ([OPEN, {"number": 13}], "issue 2: has no title"),
        ([OPEN, OPEN], "issue 2: monitor-12 stands in issue 1 already"),
        ([{**OPEN, "number": True}], "a number from 1 on"),
        ([{**OPEN, "number": 1e999}], "Infinity"),
        ([{**OPEN, "number": 13}], "expected the address of issue 13"),
        ([{**OPEN, "url": "javascript:alert(1)"}], "expected the address of issue 12"),
        ([{**OPEN, "state": "MERGED"}], "expected open or closed"),
        ([{**OPEN, "createdAt": "03/04/2026"}], "expected a moment such as"),
        ([{**OPEN, "createdAt": None}], "has no createdAt"),
        ([{**OPEN, "createdAt": "0001-01-01T00:00:00+14:00"}], "expected a moment such as"),
        ([{**OPEN, "title": 5}], "expected text"),
        ([{**OPEN, "title": " "}], "expected one line of text, not blank"),
        ([{**OPEN, "title": "a\x07"}], "none hidden"),
        ([{**OPEN, "title": "\u202egnp"}], "none hidden"),
        ([{**OPEN, "title": "\ud800"}], "half of a pair of surrogates"),
        ([{**OPEN, "labels": "bug"}], "a list of labels"),
        ([{**OPEN, "labels": [{"name": "safety::high"}]}], "none, acceptable, unacceptable"),
        ([{**OPEN, "labels": ["safety::none", "safety::acceptable"]}], "in another"),
        ([{**OPEN, "labels": ["disposition::fixed"]}], "the tracker has it as closed"),
        ([{**OPEN, "body": "# Decided\nsoon"}], "a day such as 2026-03-12"),
        ("", "has the columns nothing"),
        ("a,b\n1,2\n", "has the columns 'a', 'b'; accepted"),
        (JIRA.replace("Summary", "Created"), "accepted are those of"),
        (JIRA.replace("Status", "Created"), "column created more than once"),
        (JIRA + "short,MON-9\n", "line 6: has 2 fields; expected 13"),
        (JIRA.replace("MON-4", "=1+1"), "a key such as"),
        (JIRA.replace("Late page", '"Late page'), "is not CSV"),
        (JIRA.replace("Late page", "x" * 200_000), "is not CSV: field larger"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(
    tmp_path: Path, content: object, said: str
) -> None:
    assert said in refused(tmp_path, content)


def test_a_title_longer_than_a_line_ends_in_a_sign_for_it(tmp_path: Path) -> None:
    (one,) = taken(read(tmp_path, [{**OPEN, "title": "x" * 256}])).values()
    assert one.title == "x" * 199 + "\u2026"


def test_what_is_no_file_or_too_large_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to(export(tmp_path, [OPEN]))
    with (tmp_path / "sparse.json").open("wb") as sparse:
        sparse.truncate(FILE_BYTES_MAX + 1)
    for name in ("pipe.json", "link.json", "sparse.json", "gone.json", "/dev/zero", "."):
        with pytest.raises(HarnessError):
            read_exports([tmp_path / name])


def test_two_files_of_one_name_and_one_issue_in_two_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    again = export(tmp_path / "other", [OPEN])
    with pytest.raises(InputError, match="whose name is its own"):
        read_exports([export(tmp_path, [OPEN]), again])
    found = read_exports([export(tmp_path, [OPEN]), export(tmp_path, [OPEN], "more.json")])
    with pytest.raises(InputError, match=r"monitor-12 stands in issues\.json and in more\.json"):
        with_tracked(Submission(), found)


def person(**changes: Any) -> Anomaly:
    found = Anomaly("monitor-12", "Trend page", date(2026, 3, 4), Disposition.DEFERRED)
    return replace(found, **changes)


def test_the_word_of_people_stands_for_an_issue_and_may_not_contradict_it(tmp_path: Path) -> None:
    found = read(tmp_path, [OPEN])
    submission = with_tracked(Submission(anomalies=(person(),)), [found])
    assert submission.anomalies == (person(),)
    closed = {**OPEN, "state": "CLOSED", "closedAt": "2026-03-07T00:00:00Z"}
    for said, content, told in (
        ((person(disposition=Disposition.FIXED),), [OPEN], "is fixed in submission.toml"),
        ((person(),), [closed], "is not fixed in submission.toml"),
        ((), [OPEN], "issues.json lists 1; submission.toml says no_known_anomalies"),
    ):
        with pytest.raises(InputError, match=told):
            with_tracked(Submission(anomalies=said), [read(tmp_path, content)])
    assert with_tracked(Submission(anomalies=()), [read(tmp_path, [closed])]).anomalies == ()
    early = Submission(About(anomalies_on=date(2026, 3, 1)))
    with pytest.raises(
        InputError, match=r"is of 2026-03-05; anomalies_on in submission\.toml says"
    ):
        with_tracked(early, [found])


def source(folder: Path, content: object) -> PackSource:
    found = read(folder, content)
    about = About(anomalies_on=lab.AS_OF)
    return replace(
        lab.empty(),
        submission=with_tracked(Submission(about), [found]),
        exports=(found,),
    )


def cells(document: Document, name: str) -> list[list[str]]:
    (table,) = (one for one in document.blocks if isinstance(one, Table) and one.id == name)
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_document_names_file_place_and_count_and_the_audit_asks_for_verdicts(
    tmp_path: Path,
) -> None:
    early = {**OPEN, "createdAt": "2026-01-05T23:30:00Z"}
    given = source(tmp_path, [early])
    document = doc15_anomalies.build(given)
    assert cells(document, "exports") == [
        ["issues.json", "GitHub (gh)", given.exports[0].sha256, "2026-02-10", "1", "1", "0", "0"]
    ]
    assert cells(document, "issues") == [
        ["monitor-12", "issues.json", "issue 1", "open", str(OPEN["url"])]
    ]
    assert document.missing.count("not judged") == 2
    (ruling,) = (one for one in audit(given, (document,)) if one.number == 24)
    assert ruling.outcome is Outcome.BROKEN
    assert "monitor-12 has no verdict on safety" in ruling.text
    many = [{**early, "number": n, "url": f"https://h/a/b/issues/{n}"} for n in range(1, 31)]
    (row,) = cells(doc15_anomalies.build(source(tmp_path, many)), "exports")
    assert row[4].startswith("30, where such an export ends")
