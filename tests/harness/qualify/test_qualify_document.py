"""Document 19: the record told to people, and what is missing told as missing."""

import copy
from datetime import date

from evidence_lab import signing_key
from qualification_lab import GOOD, KEY

from edgeward_harness.evidence.qualification import seal_qualification
from edgeward_harness.pack.documents.doc19_qualification import build
from edgeward_harness.pack.model import Document, Facts, Table, Tone
from edgeward_harness.pack.source import PackSource
from edgeward_harness.trace.model import Trace


def document(record: bytes | None, *, stranger: bool = False) -> Document:
    trusted = signing_key() if stranger else KEY
    return build(
        PackSource((), Trace(), date(2026, 6, 1), qualification=record, trusted=(trusted.public,))
    )


def facts(of: Document) -> dict[str, tuple[str, Tone]]:
    blocks = [block for block in of.blocks if isinstance(block, Facts)]
    return {name: (cell.text, cell.tone) for block in blocks for name, cell in block.rows}


def table(of: Document, name: str) -> Table:
    return next(one for one in of.blocks if isinstance(one, Table) and one.id == name)


def test_a_record_is_told_row_by_row() -> None:
    told = document(seal_qualification(GOOD, KEY))
    assert facts(told)["Conclusion"] == ("qualified", Tone.GOOD)
    assert facts(told)["Signed by"] == (KEY.public.keyid, Tone.GOOD)
    (row,) = table(told, "defects").rows
    assert [cell.text for cell in row.cells][:5] == [
        "late", "Late.", "latency", "TC-LAT-001", "caught",
    ]  # fmt: skip
    assert "no bundle" in told.missing  # nothing was judged by it in this pack


def test_a_survivor_is_told_first() -> None:
    record = copy.deepcopy(GOOD)
    record["defects"][0].update(outcome="survived", reason="TC-LAT-001 passed")
    told = document(seal_qualification(record, KEY))
    assert facts(told)["Conclusion"] == ("not qualified", Tone.BAD)
    (row,) = table(told, "against").rows
    assert row.cells[0].text == "late: survived: TC-LAT-001 passed"


def test_what_is_missing_is_told_as_missing() -> None:
    assert document(None).missing == ("the qualification of the tool",)
    assert document(b"{}").missing == ("a qualification that can be believed",)
    stranger = document(seal_qualification(GOOD, KEY), stranger=True)
    assert "by nobody who is trusted" in stranger.missing


def test_the_same_record_gives_the_same_document() -> None:
    data = seal_qualification(GOOD, KEY)
    assert document(data) == document(data)
