"""Signatures inside a PDF (PAdES): put one in, and say of those that are there what was checked.

Rules:
- A PDF is signed with a P-256 key and its certificate: readers of PDF know no Ed25519.
- A signature is *good* only when it is intact, nothing but other signatures came after it, and its
  certificates lead to a root that was given. Intact without such a root is *not checked*: a
  signature that somebody else embedded says nothing until somebody vouches for its root.
- Nothing is fetched from a network. Needs pyHanko, of the extra `pack`.
"""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.strict import whole

if TYPE_CHECKING:
    from edgeward_harness.approval.keys import Signer

LINE_CHARACTERS = 200
MISSING = "signatures in a PDF need pyHanko: pip install 'edgeward-harness[pack]'"


class PdfState(StrEnum):
    """What is known of a signature in a PDF."""

    GOOD = "good"
    NOT_CHECKED = "not checked"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature that a PDF holds."""

    field: str
    name: str
    """As the certificate says."""
    reason: str
    state: PdfState
    why: str
    """What is wrong, or not known; empty when it is good."""


def sign_pdf(data: bytes, signer: "Signer", *, name: str, reason: str, moment: datetime) -> bytes:
    """The PDF with one more signature in a field of its own, named after its number and person.

    Raises:
        HarnessError: the key is no P-256 key with a certificate, or this is no PDF to sign.
    """
    if len(signer.certificates) < 2 or len(signer.key.spki) < 64:
        raise HarnessError("a PDF is signed with a P-256 key and its certificates (--chain)")
    try:
        from asn1crypto import keys, x509
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import signers
        from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
        from pyhanko_certvalidator.registry import SimpleCertificateStore
    except ImportError:
        raise HarnessError(MISSING) from None
    certificates = [x509.Certificate.load(one) for one in signer.certificates]
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # half of it is typed
    for certificate in certificates[1:]:
        registry.register(certificate)
    simple = signers.SimpleSigner(
        signing_cert=certificates[0],
        signing_key=keys.PrivateKeyInfo.load(signer.private_der()),
        cert_registry=registry,
    )
    try:
        with _quiet():
            writer = IncrementalPdfFileWriter(io.BytesIO(data))
            number = len(list(writer.prev.embedded_signatures)) + 1
            field = f"Signature {number}: {name.replace('.', ' ')}"
            metadata = signers.PdfSignatureMetadata(
                field_name=field,
                name=name,
                reason=reason,
                md_algorithm="sha256",
                subfilter=SigSeedSubFilter.PADES,
            )
            pdf_signer = signers.PdfSigner(metadata, simple, new_field_spec=SigFieldSpec(field))
            written = pdf_signer.sign_pdf(writer)
    except (PdfError, ValueError) as fault:
        raise HarnessError(f"the PDF cannot be signed: {fault}") from fault
    signed: bytes = written.getvalue()
    roots = signer.certificates[-1:]
    found = check_pdf(signed, roots, moment)
    if not found or found[-1].state is not PdfState.GOOD:
        why = found[-1].why if found else "it holds no signature"
        raise HarnessError(f"the signed PDF does not verify: {why}")
    return signed


def check_pdf(data: bytes, roots: Sequence[bytes], moment: datetime) -> tuple[PdfSignature, ...]:
    """Every signature that a PDF holds, with what is known of it.

    Args:
        data: the PDF.
        roots: the certificates in DER that somebody vouches for.
        moment: when the certificates must be valid.

    Raises:
        HarnessError: it is no PDF that can be read.
        MemoryError: it asks for more memory than there is.
    """
    try:
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.pdf_utils.reader import PdfFileReader
    except ImportError:
        raise HarnessError(MISSING) from None
    try:
        with _quiet():
            reader = PdfFileReader(io.BytesIO(data))
            there = list(reader.embedded_signatures)
            return tuple(_check(one, roots, moment, last=one is there[-1]) for one in there)
    except PdfError as fault:
        raise HarnessError(f"not a PDF that can be read: {fault}") from fault
    except MemoryError:
        raise
    except Exception as fault:  # a hostile PDF may break the reader in any way
        raise HarnessError(f"not a PDF that can be read: {type(fault).__name__}") from fault


def _check(
    embedded: Any,  # noqa: ANN401 - a type that is imported late
    roots: Sequence[bytes],
    moment: datetime,
    *,
    last: bool,
) -> PdfSignature:
    """One signature; whatever goes wrong with it, it is not good."""
    from asn1crypto import x509
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    reason, field, name = "", "", ""
    try:
        field = _line(embedded.field_name)
        reason = _line(embedded.sig_object.get("/Reason", ""))
        name = _line(embedded.signer_cert.subject.human_friendly)
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(one) for one in roots],
            allow_fetching=False,
            moment=moment,
        )
        usage = KeyUsageConstraints(
            key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
        )
        status = validate_pdf_signature(embedded, context, key_usage_settings=usage)
    except MemoryError:
        raise
    except Exception as fault:  # a hostile PDF must not end a verification, whatever it breaks
        why = f"cannot be read: {type(fault).__name__}"
        return PdfSignature(field, name, reason, PdfState.BROKEN, why)
    if not (status.intact and status.valid):
        return PdfSignature(field, name, reason, PdfState.BROKEN, "what it signed was changed")
    level = status.modification_level
    other = level is None or level > ModificationLevel.FORM_FILLING or not status.docmdp_ok
    if other or (last and status.coverage is not SignatureCoverageLevel.ENTIRE_FILE):
        why = "the PDF was changed after it was signed"
        return PdfSignature(field, name, reason, PdfState.BROKEN, why)
    if not status.trusted:
        why = "its certificates lead to no root that was given, or are not valid"
        return PdfSignature(field, name, reason, PdfState.NOT_CHECKED, why)
    return PdfSignature(field, name, reason, PdfState.GOOD, "")


def _line(text: object) -> str:
    """What a PDF says of itself, no longer than a line and in signs that can be written."""
    return whole(str(text))[:LINE_CHARACTERS]


@contextmanager
def _quiet() -> Iterator[None]:
    """The library tells its log what this module tells its caller."""
    logs = [logging.getLogger(name) for name in ("pyhanko", "pyhanko_certvalidator")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
