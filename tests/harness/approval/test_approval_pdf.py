"""Signatures in a PDF: good only below a root that was given, and with nothing changed since."""

from datetime import timedelta

import pytest
from approval_lab import SIGNED_AT, Desk, Somebody, certificate, root
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edgeward_harness.approval.pdf import PdfState, check_pdf, sign_pdf
from edgeward_harness.errors import HarnessError

pytestmark = pytest.mark.slow  # the library that reads PDF takes a second to come in

ROOT = (root().public_bytes(Encoding.DER),)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A page as the pack writes it."""
    import typst

    source = tmp_path_factory.mktemp("page") / "page.typ"
    day = "datetime(year: 2026, month: 1, day: 1)"
    source.write_text(f'#set document(title: "A page", date: {day})\n= A page\n')
    written: bytes = typst.compile(str(source), pdf_standards=["a-3b"], ignore_system_fonts=True)
    return written


@pytest.fixture
def signer(desk: Desk) -> Somebody:
    return desk.somebody("p1", curve=True, days=100)


def signed(page: bytes, one: Somebody, name: str = "P. One") -> bytes:
    return sign_pdf(page, one.signer, name=name, reason="approved the document", moment=SIGNED_AT)


def states(data: bytes, roots: tuple[bytes, ...] = ROOT) -> list[str]:
    return [one.state.value for one in check_pdf(data, roots, SIGNED_AT)]


def test_a_signed_page_is_good_and_still_pdf_a(page: bytes, signer: Somebody) -> None:
    (found,) = check_pdf(signed(page, signer), ROOT, SIGNED_AT)
    assert (found.state, found.why) == (PdfState.GOOD, "")
    assert found.field == "Signature 1: P  One"
    assert found.reason == "approved the document"
    assert "p1" in found.name
    assert signed(page, signer).startswith(page)
    assert b"pdfaid:part" in page


def test_a_second_signature_leaves_the_first_good(page: bytes, signer: Somebody) -> None:
    twice = signed(signed(page, signer), signer, "P. Two")
    assert states(twice) == ["good", "good"]


def test_without_its_root_a_signature_is_not_checked(page: bytes, signer: Somebody) -> None:
    data = signed(page, signer)
    assert states(data, ()) == ["not checked"]
    stranger = certificate("Root of the tests", ec.generate_private_key(ec.SECP256R1()), issuer="")
    assert states(data, (stranger.public_bytes(Encoding.DER),)) == ["not checked"]


def test_an_expired_certificate_is_not_good(page: bytes, signer: Somebody) -> None:
    late = SIGNED_AT + timedelta(days=200)
    (found,) = check_pdf(signed(page, signer), ROOT, late)
    assert found.state is PdfState.NOT_CHECKED


def test_what_was_changed_is_broken(page: bytes, signer: Somebody) -> None:
    data = signed(page, signer)
    inside = bytearray(data)
    inside[len(page) // 2] ^= 1
    assert "good" not in _states_or_refused(bytes(inside))
    assert states(data + b"\n% more\n") == ["broken"]


def _states_or_refused(data: bytes) -> list[str]:
    try:
        return states(data)
    except HarnessError:
        return []


def test_a_page_without_a_signature_has_none(page: bytes) -> None:
    assert states(page) == []


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"nothing"])
def test_what_is_no_pdf_is_refused(data: bytes, signer: Somebody) -> None:
    with pytest.raises(HarnessError, match="cannot be"):
        signed(data, signer)
    with pytest.raises(HarnessError, match="not a PDF that can be read"):
        check_pdf(data, ROOT, SIGNED_AT)


@pytest.mark.parametrize("kind", ["no chain", "ed25519"])
def test_a_pdf_is_signed_with_p256_and_a_certificate(page: bytes, desk: Desk, kind: str) -> None:
    one = desk.somebody("p1", curve=True) if kind == "no chain" else desk.somebody("p1", days=9)
    with pytest.raises(HarnessError, match="P-256 key and its certificates"):
        signed(page, one)


def test_a_certificate_for_other_uses_signs_no_pdf(page: bytes, desk: Desk) -> None:
    with pytest.raises(HarnessError, match="does not verify"):
        signed(page, desk.somebody("p1", curve=True, days=100, usage=False))


def test_the_private_key_is_not_in_the_page(page: bytes, signer: Somebody) -> None:
    assert signer.signer.private_der() not in signed(page, signer)
