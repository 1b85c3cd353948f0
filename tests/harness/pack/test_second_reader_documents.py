"""Two runs of one profile, signatures under something else: no document shows the better one."""

from dataclasses import replace
from pathlib import Path

import pytest
import source_lab as lab

from edgeward_harness.approval.folder import Folder
from edgeward_harness.approval.statement import Subject
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.pack.documents import doc03_requirements, doc07_records, doc18_certificate
from edgeward_harness.pack.model import Document, Facts, Signature, Signatures, Table, Tone
from edgeward_harness.pack.source import Evidence, PackSource


@pytest.fixture
def full(tmp_path: Path) -> PackSource:
    folder = tmp_path / "full"
    folder.mkdir()
    return lab.full(folder)


def failed(source: PackSource, folder: Path, run: str) -> Evidence:
    """Another run of the profile, in which the measured case failed."""
    folder.mkdir()
    first, second = lab.records()
    worse = first._replace(state=State.FAILED, reason="late")
    made = lab.bundle(folder, lab.plan(source.trace, run=run), worse, second)
    return lab.evidence(made, source.trace)


def tones(document: Document, table: str, name: str) -> set[Tone]:
    """The tones of the last cell, the profile's, of the rows that name something."""
    (found,) = (one for one in document.blocks if isinstance(one, Table) and one.id == table)
    rows = [one for one in found.rows if name in {cell.text for cell in one.cells}]
    assert rows
    return {cell.tone for one in rows for cell in one.cells[4 if table == "requirements" else 5 :]}


@pytest.mark.parametrize("run", ["00" * 16, "ff" * 16])
def test_of_two_runs_of_a_profile_the_worse_one_counts_in_either_order(
    full: PackSource, tmp_path: Path, run: str
) -> None:
    worse = failed(full, tmp_path / "worse", run)
    both = tuple(sorted((*full.evidence, worse), key=lambda one: one.label))
    document = doc03_requirements.build(replace(full, evidence=both))
    assert tones(doc03_requirements.build(full), "requirements", lab.REQ) == {Tone.GOOD}
    assert tones(document, "requirements", lab.REQ) == {Tone.BAD}
    assert tones(document, "matrix", lab.MEASURED) == {Tone.BAD}


def test_every_standing_and_state_has_its_gravity() -> None:
    known = set(map(str, doc03_requirements.GRAVITY))
    assert known == set(map(str, State)) | set(map(str, Standing))
    assert list(doc03_requirements.GRAVITY)[-1] == Standing.FAILED


def places(source: PackSource) -> list[Signature]:
    document = doc18_certificate.build(source)
    return [
        one for block in document.blocks if isinstance(block, Signatures) for one in block.places
    ]


def empty(source: PackSource) -> set[str]:
    """The meanings for which a place is left open."""
    return {one.meaning for one in places(source) if not one.name}


def test_the_certificate_takes_no_signature_under_another_run(full: PackSource) -> None:
    assert full.approvals is not None
    assert empty(full) == set()
    other = Subject(SubjectKind.BUNDLE, "statement.dsse.json", "00" * 32, {})
    moved = tuple(
        replace(one, approval=replace(one.approval, subject=other))
        if one.approval.meaning is Meaning.APPROVED_RELEASE
        else one
        for one in full.approvals.signed
    )
    forged = replace(full, approvals=replace(full.approvals, signed=moved))
    assert empty(forged) == {Meaning.APPROVED_RELEASE.said}
    told = [one.checked for one in places(forged) if "not in this pack" in one.checked]
    assert len(told) == 1


def test_the_certificate_takes_no_signature_for_a_run_that_nobody_signed(
    full: PackSource, tmp_path: Path
) -> None:
    worse = failed(full, tmp_path / "worse", "ff" * 16)
    two = replace(full, evidence=(*full.evidence, worse))
    assert Meaning.APPROVED_RELEASE.said in empty(two)
    assert Meaning.APPROVED_PLAN.said not in empty(two), "both are of one plan"


def test_the_certificate_takes_no_signature_out_of_a_broken_trail(full: PackSource) -> None:
    assert full.approvals is not None
    broken: Folder = replace(full.approvals, faults=("a line is missing",))
    assert len(empty(replace(full, approvals=broken))) == 4


def test_document_07_vouches_for_no_key_itself(full: PackSource) -> None:
    document = doc07_records.build(full)
    rows = [row for block in document.blocks if isinstance(block, Facts) for row in block.rows]
    (told,) = {cell.text for name, cell in rows if name == "whose key that is"}
    assert told == "one that the maker of this pack trusted"
