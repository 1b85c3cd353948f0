"""ReqIF: what goes out comes in again, by our reader and as the library of others reads it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import source_lab
from hypothesis import given, settings
from requirement_lab import REQUIREMENTS

from edgeward_harness.errors import InputError
from edgeward_harness.trace.exchange import import_reqif
from edgeward_harness.trace.model import Requirement, Trace
from edgeward_harness.trace.reqif_out import SPACE, write_reqif
from edgeward_harness.trace.vocabulary import Kind

DAY = date(2026, 11, 22)
ELSEWHERE = f"""<?xml version="1.0"?>
<REQ-IF xmlns="{SPACE}"><CORE-CONTENT><REQ-IF-CONTENT>
<SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER="t"><SPEC-ATTRIBUTES>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a1" LONG-NAME="ReqIF.ForeignID"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a2" LONG-NAME="ReqIF.Name"/>
<ATTRIBUTE-DEFINITION-XHTML IDENTIFIER="a3" LONG-NAME="ReqIF.Text"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a4" LONG-NAME="Rationale"/>
<ATTRIBUTE-DEFINITION-ENUMERATION IDENTIFIER="a5" LONG-NAME="Category"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a6" LONG-NAME="Safety class"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a7" LONG-NAME="Acceptance criteria"/>
<ATTRIBUTE-DEFINITION-INTEGER IDENTIFIER="a8" LONG-NAME="Effort (days)"/>
<ATTRIBUTE-DEFINITION-STRING IDENTIFIER="a9" LONG-NAME="Never used"/>
</SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE></SPEC-TYPES>
<DATATYPES><DATATYPE-DEFINITION-ENUMERATION IDENTIFIER="e"><SPECIFIED-VALUES>
<ENUM-VALUE IDENTIFIER="v1" LONG-NAME="Performance"/></SPECIFIED-VALUES>
</DATATYPE-DEFINITION-ENUMERATION></DATATYPES>
<SPEC-OBJECTS>@HERE</SPEC-OBJECTS>
<SPECIFICATIONS><SPECIFICATION IDENTIFIER="s"><CHILDREN>
<SPEC-HIERARCHY IDENTIFIER="h2"><OBJECT><SPEC-OBJECT-REF>o2</SPEC-OBJECT-REF></OBJECT>
<CHILDREN><SPEC-HIERARCHY IDENTIFIER="h1"><OBJECT><SPEC-OBJECT-REF>o1</SPEC-OBJECT-REF></OBJECT>
</SPEC-HIERARCHY></CHILDREN></SPEC-HIERARCHY>
</CHILDREN></SPECIFICATION></SPECIFICATIONS>
</REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>"""


def string(attribute: str, value: str, form: str = "STRING") -> str:
    definition = f"ATTRIBUTE-DEFINITION-{form}-REF"
    return (
        f'<ATTRIBUTE-VALUE-{form} THE-VALUE="{value}"><DEFINITION><{definition}>{attribute}'
        f"</{definition}></DEFINITION></ATTRIBUTE-VALUE-{form}>"
    )


def foreign(number: int) -> str:
    text = (
        "<ATTRIBUTE-VALUE-XHTML><THE-VALUE><x:div xmlns:x='http://www.w3.org/1999/xhtml'>"
        "<x:p>The <x:b>median</x:b>\n shall</x:p><x:p>be in time.</x:p></x:div></THE-VALUE>"
        "<DEFINITION><ATTRIBUTE-DEFINITION-XHTML-REF>a3</ATTRIBUTE-DEFINITION-XHTML-REF>"
        "</DEFINITION></ATTRIBUTE-VALUE-XHTML>"
    )
    kind = (
        "<ATTRIBUTE-VALUE-ENUMERATION><VALUES><ENUM-VALUE-REF>v1</ENUM-VALUE-REF></VALUES>"
        "<DEFINITION><ATTRIBUTE-DEFINITION-ENUMERATION-REF>a5"
        "</ATTRIBUTE-DEFINITION-ENUMERATION-REF></DEFINITION></ATTRIBUTE-VALUE-ENUMERATION>"
    )
    values = [
        string("a1", f"REQ-LAT-{number:03d}"),
        string("a2", "Median"),
        text,
        string("a4", "Somebody waits"),
        kind,
        string("a6", "class C"),
        string("a7", "Bound in budget"),
        string("a8", "3", "INTEGER"),
    ]
    return f'<SPEC-OBJECT IDENTIFIER="o{number}"><VALUES>{"".join(values)}</VALUES></SPEC-OBJECT>'


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(REQUIREMENTS)
def test_what_goes_out_comes_in_again(listed: list[Requirement]) -> None:
    made = write_reqif(listed, DAY)
    assert import_reqif(made, "file") == tuple(listed)
    assert made == write_reqif(listed, DAY)


def test_another_tool_finds_nothing_wrong_and_every_value(trace: Trace, tmp_path: Path) -> None:
    from reqif.parser import ReqIFParser

    path = tmp_path / "r.reqif"
    path.write_bytes(write_reqif(trace.requirements.values(), DAY))
    bundle = ReqIFParser.parse(str(path))
    assert not bundle.exceptions
    content = bundle.core_content.req_if_content
    assert [one.identifier for one in content.spec_objects] == list(trace.requirements)
    first = next(iter(trace.requirements.values()))
    values = {one.definition_ref: one.value for one in content.spec_objects[0].attributes}
    assert values["ATTRIBUTE-text"] == first.text
    assert values["ATTRIBUTE-kind"] == [f"VALUE-kind-{first.kind}"]


@pytest.mark.slow
def test_it_keeps_the_schema_of_reqif(
    trace: Trace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reqif.cli.main import main

    path = tmp_path / "r.reqif"
    path.write_bytes(write_reqif(trace.requirements.values(), DAY))
    monkeypatch.setattr("sys.argv", ["reqif", "validate", "--use-reqif-schema", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


def test_a_file_of_another_tool_is_taken_in_its_order() -> None:
    data = ELSEWHERE.replace("@HERE", foreign(1) + foreign(2)).encode()
    second, first = import_reqif(data, "file")
    assert (second.id, first.id) == ("REQ-LAT-002", "REQ-LAT-001")
    assert first.text == "The median shall\nbe in time."
    assert first.kind is Kind.PERFORMANCE
    assert first.custom == {"effort_days": "3"}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda text: text[:-9], "is not XML"),
        (lambda text: text.replace(SPACE, "urn:x"), "expected REQ-IF"),
        (
            lambda text: text.replace("<REQ-IF ", '<!DOCTYPE x [<!ENTITY a "b">]><REQ-IF ', 1),
            "document type",
        ),
        (lambda text: text.replace("REQ-LAT-001", "LAT one"), "object o1"),
        (lambda text: text.replace("REQ-LAT-002", "REQ-LAT-001"), "taken already"),
        (lambda text: text.replace('"ReqIF.ForeignID"', '"Other"'), "no column is id"),
    ],
)
def test_what_cannot_be_taken_is_refused(edit: Callable[[str], str], told: str) -> None:
    text = edit(ELSEWHERE.replace("@HERE", foreign(1) + foreign(2)))
    with pytest.raises(InputError, match=told):
        import_reqif(text.encode(), "file")


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_a_sign_that_xml_cannot_say_is_told_and_not_written(sign: str) -> None:
    """Not every one of them is refused where requirements are read."""
    one = next(iter(source_lab.trace().requirements.values()))
    bad = replace(one, rationale=f"a{sign}b", custom={"note": sign})
    with pytest.raises(InputError) as told:
        write_reqif([bad], DAY)
    assert f"{one.id}, rationale: holds U+{ord(sign):04X}" in str(told.value)
    assert f"{one.id}, custom.note: holds" in str(told.value)
