"""The keys of people: Ed25519 or P-256, behind a passphrase, with or without a certificate.

Rules:
- A key file that others can read is refused. A passphrase is asked for at every signing and kept
  nowhere; an approval says whether one was needed.
- An Ed25519 key is known by SHA-256 of its 32 raw bytes, as the run key is; a P-256 key by SHA-256
  of its SubjectPublicKeyInfo.
- With a certificate, the first one of the chain is of this key; the last one is the root.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.evidence.keys import KEY_BYTES_MAX, read_personal

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CERTIFICATES_MAX = 8
"""Certificates of one chain."""
ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
"""How a file begins whose key needs a passphrase (PKCS8)."""


@dataclass(frozen=True, slots=True)
class PersonKey:
    """The public half of a person's key, as SubjectPublicKeyInfo in DER."""

    spki: bytes

    @property
    def keyid(self) -> str:
        """What the key is known by.

        Raises:
            HarnessError: these bytes are no key of the two kinds.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        key = _public(self.spki)
        if isinstance(key, Ed25519PublicKey):
            return sha256_hex(key.public_bytes_raw())
        return sha256_hex(self.spki)

    def accepts(self, signature: bytes, data: bytes) -> bool:
        """Whether a signature over these bytes was made with the private half."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            key = _public(self.spki)
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
            else:
                key.verify(signature, data)
        except (InvalidSignature, ValueError, HarnessError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A person's key, opened. Its private half is in no text made from it."""

    key: PersonKey
    certificates: tuple[bytes, ...]
    """In DER, the person's own first, the root last; empty for a bare key."""
    components: int
    """2 when a passphrase was needed beside the file, else 1."""
    _private: "Ed25519PrivateKey | EllipticCurvePrivateKey" = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """A signature over these bytes."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            return self._private.sign(data, ec.ECDSA(hashes.SHA256()))
        return self._private.sign(data)

    def private_der(self) -> bytes:
        """The private key for a library that signs by itself; it never leaves this process."""
        from cryptography.hazmat.primitives import serialization

        return self._private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def load_signer(path: Path, ask: Callable[[str], str], chain: Path | None = None) -> Signer:
    """Open a person's key; the passphrase is asked for when the file needs one.

    Raises:
        HarnessError: it cannot be read, others can read it, the passphrase is wrong, it is no key
            of the two kinds, or the certificate is not of this key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = read_personal(path)
    locked = data.lstrip().startswith(ENCRYPTED)
    secret = ask(f"passphrase of {path.name}: ").encode() if locked else None
    if locked and not secret:
        raise HarnessError(f"{path}: no passphrase was given")
    try:
        private = load_pem_private_key(data, password=secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "the passphrase is wrong" if locked else "not a private key in PEM (PKCS8)"
        raise HarnessError(f"{path}: {reason}") from None
    curve = isinstance(private, ec.EllipticCurvePrivateKey)
    p256 = isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == "secp256r1"
    if not isinstance(private, ed25519.Ed25519PrivateKey) and not (curve and p256):
        raise HarnessError(f"{path}: neither an Ed25519 nor a P-256 key")
    assert isinstance(private, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey)
    key = PersonKey(_spki(private.public_key()))
    certificates = () if chain is None else read_chain(chain)
    if certificates and certificate_key(certificates[0]) != key:
        raise HarnessError(f"{chain}: its first certificate is not of the key {path}")
    return Signer(key, certificates, 2 if locked else 1, private)


def read_chain(path: Path) -> tuple[bytes, ...]:
    """The certificates of a PEM file in DER, in their order.

    Raises:
        HarnessError: it cannot be read, or holds none, or too many.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(read_whole(path, KEY_BYTES_MAX))
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from None
    except ValueError:
        raise HarnessError(f"{path}: holds no certificates in PEM") from None
    if len(found) > CERTIFICATES_MAX:
        raise HarnessError(f"{path}: {len(found)} certificates, accepted: {CERTIFICATES_MAX}")
    return tuple(one.public_bytes(Encoding.DER) for one in found)


def certificate_key(certificate: bytes) -> PersonKey:
    """The key that a certificate is of.

    Raises:
        HarnessError: it is no certificate, or of a key of another kind.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        public = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise HarnessError("not a certificate") from None
    return PersonKey(_spki(public))


def _spki(public: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = public.public_bytes(  # type: ignore[attr-defined]  # every public key has it
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _public(spki: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN202 - one of two, imported late
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise HarnessError("not a public key") from None
    p256 = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    if not isinstance(key, ed25519.Ed25519PublicKey) and not p256:
        raise HarnessError("neither an Ed25519 nor a P-256 key")
    return key
