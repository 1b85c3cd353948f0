"""Signatures inside supplied documents: each label is earned, and nothing hostile is waited for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import source_lab as lab
from approval_lab import SIGNED_AT, Desk, certificate, desk, root
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edgeward_harness.approval import apart
from edgeward_harness.approval.apart import check_apart
from edgeward_harness.approval.pdf import PdfSignature, PdfState, check_pdf, sign_pdf
from edgeward_harness.errors import HarnessError
from edgeward_harness.pack.documents import doc11_security, doc20_audit_trail
from edgeward_harness.pack.embedded import PDF_BYTES_MAX, Embedded, read_embedded
from edgeward_harness.pack.model import Document, Table
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import Submission, Supplied

__all__ = ["desk"]
pytestmark = pytest.mark.slow  # the library that reads PDF takes a second to come in, each time

ROOT = root().public_bytes(Encoding.DER)
DAY = SIGNED_AT.date()
PEN = lab.supplied("PEN-1", "11", "Penetration test")
Told = Callable[..., str]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A report as a tool might write it."""
    import typst

    source = tmp_path_factory.mktemp("page") / "page.typ"
    day = "datetime(year: 2026, month: 1, day: 1)"
    source.write_text(f'#set document(title: "A report", date: {day})\n= A report\n')
    written: bytes = typst.compile(str(source), ignore_system_fonts=True)
    return written


@pytest.fixture
def signed(page: bytes, desk: Desk) -> bytes:
    """The same, signed by somebody below the root of the tests."""
    signer = desk.somebody("p1", curve=True, days=100).signer
    return sign_pdf(page, signer, name="P. One", reason="tested it", moment=SIGNED_AT)


def read(
    folder: Path, data: bytes, *roots: bytes, on: date = DAY, document: Supplied = PEN
) -> Embedded:
    (folder / document.file).write_bytes(data)
    said = Submission(supplied=(document,), folder=folder)
    (found,) = read_embedded(said, roots, on)
    return found


def test_each_label_says_what_is_known_and_no_more(
    tmp_path: Path, signed: bytes, page: bytes
) -> None:
    stranger = certificate("Root of the tests", ec.generate_private_key(ec.SECP256R1()), issuer="")
    assert read(tmp_path, signed, ROOT).told == "1 valid, signer known"
    assert read(tmp_path, signed).told == "1 valid, signer unknown"
    other = stranger.public_bytes(Encoding.DER)
    assert read(tmp_path, signed, other).told == "1 valid, signer unknown"
    late = DAY + timedelta(days=4000)
    assert read(tmp_path, signed, ROOT, on=late).told == "1 valid, signer unknown"
    assert read(tmp_path, signed + b"\n% more\n", ROOT).told == "1 broken"
    assert read(tmp_path, page, ROOT).told == "holds none"
    assert read(tmp_path, b"PK\x03\x04", ROOT).told == "never checked: no PDF"
    assert read(tmp_path, b"%PDF-1.7\n", ROOT).told.startswith("never checked: not a PDF that can")
    assert read(tmp_path, signed, ROOT) == read(tmp_path, signed, ROOT)


def test_no_changed_byte_of_what_was_signed_leaves_its_signer_known(
    signed: bytes, page: bytes
) -> None:
    """Sampled: every byte takes a minute for each kilobyte."""
    roots = (ROOT,)
    for at in range(0, len(signed), len(signed) // 60):
        changed = bytearray(signed)
        changed[at] ^= 1
        try:
            found = check_pdf(bytes(changed), roots, SIGNED_AT)
        except HarnessError:
            continue
        if at < len(page):
            assert PdfState.GOOD not in {one.state for one in found}, at


def test_a_file_too_large_or_no_file_is_never_checked(tmp_path: Path) -> None:
    with (tmp_path / PEN.file).open("wb") as sparse:
        sparse.truncate(PDF_BYTES_MAX + 1)
    said = Submission(supplied=(PEN,), folder=tmp_path)
    (found,) = read_embedded(said, (), DAY)
    assert found.never == f"larger than {PDF_BYTES_MAX} bytes"


@pytest.mark.parametrize(
    ("bound", "value", "more"),
    [("MEMORY_BYTES", 16 << 20, 32 << 20), ("PROCESSOR_S", 0, 0), ("WALL_S", 0.01, 0)],
)
def test_a_pdf_that_takes_too_much_is_broken_off(
    page: bytes, monkeypatch: pytest.MonkeyPatch, bound: str, value: float, more: int
) -> None:
    """The bounds are real: under smaller ones the same is too much."""
    assert check_apart(page, (), SIGNED_AT) == ()
    monkeypatch.setattr(apart, bound, value)
    with pytest.raises(HarnessError, match="takes more than"):
        check_apart(page + b"%" * more, (), SIGNED_AT)


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n" + b"[" * 200_000,
        b"%PDF-1.7\n1 0 obj\n" + b"<<" * 50_000 + b"\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF",
        b"%PDF-1.7\nxref\n0 1\ntrailer\n<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n",
    ],
)
def test_a_pdf_made_to_hurt_its_reader_is_not_read(data: bytes) -> None:
    with pytest.raises(HarnessError, match="not a PDF that can be read"):
        check_apart(data, (), SIGNED_AT)


def cells(document: Document, name: str) -> list[list[str]]:
    (table,) = (one for one in document.blocks if isinstance(one, Table) and one.id == name)
    return [[cell.text for cell in row.cells] for row in table.rows]


def source(*signatures: PdfSignature, never: str = "") -> PackSource:
    found = Embedded(PEN, signatures, never)
    return replace(
        lab.empty(), submission=Submission(supplied=(PEN,)), pdf_roots=(ROOT,), embedded=(found,)
    )


def test_documents_show_the_label_and_whose_it_is() -> None:
    good = PdfSignature("Signature 1", "Common Name: p1", "tested it", PdfState.GOOD, "")
    bad = PdfSignature("S 2", "", "", PdfState.BROKEN, "what it signed was changed")
    given = source(good, bad)
    told = "1 valid, signer known; 1 broken"
    assert cells(doc11_security.build(given), "given")[0][-1] == told
    assert cells(doc20_audit_trail.build(given), "embedded") == [
        ["PEN-1", "Signature 1", "Common Name: p1", "tested it", "valid, signer known"],
        ["PEN-1", "S 2", "nobody", "not told", "broken: what it signed was changed"],
    ]
    (row,) = cells(doc20_audit_trail.build(source(never="no PDF")), "embedded")
    assert row[-1] == "never checked: no PDF"
    unread = replace(given, embedded=())
    assert cells(doc11_security.build(unread), "given")[0][-1] == "never checked"
