"""Requirements as tables: what goes out comes in again, what comes from elsewhere is not bent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requirement_lab import REQUIREMENTS

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.errors import InputError
from edgeward_harness.trace.exchange import (
    export_requirements,
    import_requirements,
    requirements_toml,
)
from edgeward_harness.trace.model import Requirement, Trace
from edgeward_harness.trace.tables import TableFormat
from edgeward_harness.trace.vocabulary import Kind, Stage

Files = dict[str, Any]


@settings(deadline=None, max_examples=80)
@given(REQUIREMENTS, st.sampled_from(TableFormat))
def test_what_goes_out_comes_in_again(listed: list[Requirement], form: TableFormat) -> None:
    again = import_requirements(export_requirements(listed, form), form, "table")
    assert again == tuple(listed)


@settings(deadline=None, max_examples=50)
@given(REQUIREMENTS)
def test_the_written_toml_reads_as_the_same_requirements(listed: list[Requirement]) -> None:
    """`requirements_toml` reads what it wrote and would raise."""
    assert requirements_toml(listed).count("[[requirement]]") == len(listed)


def test_a_file_made_by_an_import_is_a_file_of_the_trace(
    trace: Trace, files: Files, load: Callable[[Files], Trace]
) -> None:
    table = export_requirements(trace.requirements.values(), TableFormat.CSV)
    text = requirements_toml(import_requirements(table, TableFormat.CSV, "table"))
    assert load(files | {"requirements.toml": text}).requirements == trace.requirements


ELSEWHERE = """\
\ufeffCustom.Team;UID;Name;Description;Justification;Type;Class;Acceptance criteria;Risk links

Signal;REQ-LAT-001;Median;"The median; shall be
in time.";Somebody waits;Performance;class c;Bound in budget;HAZ-001, RC-LAT-001
;;;;;;;;
;REQ-LAT-002;Alarm;It shall sound;Heard;ALARM;B;Heard;
"""


def test_a_table_from_elsewhere_may_use_other_words() -> None:
    first, second = import_requirements(ELSEWHERE, TableFormat.CSV, "table")
    assert first == Requirement(
        id="REQ-LAT-001",
        title="Median",
        text="The median; shall be\nin time.",
        rationale="Somebody waits",
        kind=Kind.PERFORMANCE,
        safety_class=SafetyClass.C,
        criterion="Bound in budget",
        risks=("HAZ-001", "RC-LAT-001"),
        stage=Stage.RELEASE,
        custom={"team": "Signal"},
    )
    assert (second.kind, second.risks, second.custom) == (Kind.ALARM, (), {})


DOCUMENT = """\
# Software requirements

Some | text with a pipe.

| Id | Title | Text | Rationale | Kind | Safety class | Criterion |
|:---|-------|:----:|-----------|------|--------------|-----------|
| REQ-LAT-001 | A \\| B | one<br/>two | why | performance | C | seen |

| Word | Meaning |
|------|---------|
| late | not in time |

```
| Id | Title |
|----|-------|
| REQ-LAT-666 | in code |
```

Id | Title | Text | Rationale | Kind | Safety class | Criterion
---|---|---|---|---|---|---
REQ-LAT-002 | C:\\path | <b>bold</b> | why | data | A | seen
"""


def test_a_document_may_hold_other_text_and_other_tables() -> None:
    first, second = import_requirements(DOCUMENT, TableFormat.MARKDOWN, "document")
    assert (first.id, first.title, first.text) == ("REQ-LAT-001", "A | B", "one\ntwo")
    assert (second.id, second.title, second.text) == ("REQ-LAT-002", "C:\\path", "<b>bold</b>")


def faults_of(text: str, form: TableFormat = TableFormat.CSV) -> tuple[str, ...]:
    """The faults with which a table is refused."""
    with pytest.raises(InputError) as refused:
        import_requirements(text, form, "table")
    return refused.value.faults


def test_all_faults_of_all_rows_are_told_with_their_row() -> None:
    text = (
        "id,title,text,rationale,kind,safety_class,criterion\n"
        "REQ-LAT-001,T,X,R,performance,C,K\n"
        "REQ-LAT-1,T,X,R,speed,C,K\n"
        "REQ-LAT-003,T,,R,performance,C,K\n"
        "REQ-LAT-004,T,X\n"
        "REQ-LAT-001,T,X,R,performance,C,K\n"
    )
    told = faults_of(text)
    assert [one.split(":")[0] for one in told] == [
        "row 3 (REQ-LAT-1)",
        "row 3 (REQ-LAT-1)",
        "row 4 (REQ-LAT-003)",
        "row 5",
        "row 6",
    ]
    assert told[1].startswith('row 3 (REQ-LAT-1): kind = "speed": expected one of functional')
    assert told[2].startswith("row 4 (REQ-LAT-003): text is missing: expected text, not blank")
    assert told[3] == "row 5: has 3 cells: expected 7, one under each header"
    assert told[4] == ("row 6: REQ-LAT-001 is taken already by row 2; expected an id of its own")


def test_faults_of_a_document_name_its_lines() -> None:
    told = faults_of(DOCUMENT.replace("| C | seen", "| X | seen"), TableFormat.MARKDOWN)
    assert [one.split(":")[0] for one in told] == ["line 7 (REQ-LAT-001)"]


def test_no_column_is_dropped_guessed_or_missed() -> None:
    told = faults_of("id,title,text,Text,kind,safety_class,criterion,Status\nREQ-LAT-001,,,,,,,x\n")
    assert told[0].startswith('row 1: column "Status" is unknown: expected id, title, text')
    assert "custom.<name> for a field of your own" in told[0]
    assert told[1] == "row 1: two columns are text: expected one"
    assert told[2].startswith("row 1: no column is rationale: expected one (Why, and")
    assert told[3].startswith("row 2 (REQ-LAT-001): title is missing")


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        ("", TableFormat.CSV, "is empty"),
        ("one,two\n1,2\n", TableFormat.CSV, "has no known column: found one, two"),
        ("Just text.\n", TableFormat.MARKDOWN, "has no known column: found no table"),
        ('id,title\n"open,quote\n', TableFormat.CSV, "row 2 is not CSV"),
        ("id,title\n" + "x" * 200_000 + ",y\n", TableFormat.CSV, "row 2 is not CSV"),
    ],
)
def test_what_is_no_table_is_refused(text: str, form: TableFormat, said: str) -> None:
    (fault,) = faults_of(text, form)
    assert said in fault


def test_a_tab_is_a_delimiter_too() -> None:
    text = (
        "id\ttitle\ttext\trationale\tkind\tclass\tcriterion\nREQ-LAT-001\ta,b\tx\tr\tdata\tA\tk\n"
    )
    (only,) = import_requirements(text, TableFormat.CSV, "table")
    assert only.title == "a,b"


def test_exports_do_not_depend_on_the_machine(trace: Trace, tmp_path: Path) -> None:
    text = export_requirements(trace.requirements.values(), TableFormat.CSV)
    (tmp_path / "table.csv").write_text(text, encoding="utf-8", newline="")
    assert b"\r" not in (tmp_path / "table.csv").read_bytes()
