"""An authority for a bench: what is sound is accepted, and each defect is what it says."""

import datetime
import ssl
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgeward_harness.rig.authority import Authority, Defect, Issued, spki_digest

NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)


def accepted(authority: Authority, issued: Issued, name: str = "localhost") -> bool:
    """Whether another library takes it for that server."""
    store = verification.Store([authority.certificate])
    builder = verification.PolicyBuilder().store(store).time(NOW)
    try:
        builder.build_server_verifier(x509.DNSName(name)).verify(issued.certificate, [])
    except verification.VerificationError:
        return False
    return True


def test_a_sound_certificate_is_accepted() -> None:
    authority = Authority(1, NOW)
    assert accepted(authority, authority.server())


ELSEWHERE = {Defect.REVOKED, Defect.WEAK}
"""Seen on the list, and in the key: below."""


@pytest.mark.parametrize("defect", [one for one in Defect if one not in ELSEWHERE])
def test_every_defect_of_a_server_is_seen_by_another_library(defect: Defect) -> None:
    authority = Authority(1, NOW)
    assert not accepted(authority, authority.server("localhost", defect))


def test_what_is_revoked_is_on_the_signed_list_and_nothing_else_is() -> None:
    authority = Authority(1, NOW)
    sound, revoked = authority.server(), authority.server("localhost", Defect.REVOKED)
    listed = x509.load_pem_x509_crl(authority.crl_pem())
    key = authority.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert listed.is_signature_valid(key)
    serials = [one.serial_number for one in listed]
    assert serials == [revoked.certificate.serial_number]
    assert sound.certificate.serial_number not in serials


def test_a_weak_certificate_has_a_short_key() -> None:
    weak = Authority(1, NOW).server("localhost", Defect.WEAK)
    assert weak.key.key_size == 1024


def test_a_self_signed_certificate_is_signed_by_its_own_key_and_by_nobody_elses() -> None:
    alone = Authority(1, NOW).server("localhost", Defect.SELF_SIGNED).certificate
    alone.verify_directly_issued_by(alone)


def test_another_authority_of_the_same_name_has_another_key() -> None:
    authority = Authority(1, NOW)
    other = authority.server("localhost", Defect.OTHER_AUTHORITY).certificate
    assert other.issuer == authority.certificate.subject
    with pytest.raises(InvalidSignature):
        other.verify_directly_issued_by(authority.certificate)


@pytest.mark.parametrize("issue", [Authority.server, Authority.client])
def test_one_seed_gives_the_same_keys_and_serials(issue: Callable[..., Issued]) -> None:
    first, second = (issue(Authority(7, NOW), "a") for _ in range(2))
    other = issue(Authority(8, NOW), "a")
    assert (first.pin, first.serial) == (second.pin, second.serial)
    assert other.pin != first.pin
    assert other.serial != first.serial


def test_a_request_of_a_device_is_signed_for_its_own_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "monitor-7")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM)
    authority = Authority(1, NOW)
    certificate = x509.load_pem_x509_certificate(authority.sign_request(pem))
    assert certificate.public_key() == key.public_key()
    assert certificate.subject == name
    certificate.verify_directly_issued_by(authority.certificate)
    use = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_the_pem_is_what_the_tls_library_loads_and_the_pin_is_that_of_its_key() -> None:
    issued = Authority(1, NOW).client("monitor-7")
    assert spki_digest(x509.load_pem_x509_certificate(issued.certificate_pem)) == issued.pin
    assert ssl.PEM_cert_to_DER_cert(issued.certificate_pem.decode())
