"""Who a device is: a key that was made on it and never leaves it, and its certificate."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgeward.comms.trust.peer import Dates, dates_of
from edgeward.errors import TrustError


@dataclass(frozen=True, slots=True)
class Papers:
    """A private key and the certificate for it, with what stands above it: PEM."""

    key_pem: bytes
    chain_pem: bytes

    @property
    def pem(self) -> bytes:
        """Both, as the TLS library loads them."""
        return self.key_pem + self.chain_pem

    @property
    def certificate(self) -> x509.Certificate:
        """The device's own."""
        return x509.load_pem_x509_certificates(self.chain_pem)[0]

    @property
    def serial(self) -> str:
        """Its serial number in hex: how a receiver names it."""
        return f"{self.certificate.serial_number:x}"

    @property
    def dates(self) -> Dates:
        """From when to when it may be used."""
        return dates_of(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """Sign with the device's key: ECDSA over SHA-256."""
        return load_key(self.key_pem).sign(data, ec.ECDSA(hashes.SHA256()))


def make_key() -> bytes:
    """A new private key on P-256, as PEM: drawn by OpenSSL from the operating system."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load_key(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    """A private key of ours.

    Raises:
        TrustError: it is none.
    """
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise TrustError("the device's key cannot be read; accepted: P-256, PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TrustError(f"the device's key is a {type(key).__name__}; accepted: P-256")
    return key


def request(key_pem: bytes, device: str) -> bytes:
    """Ask for a certificate for this key and this device: a signed request, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    asked = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(device)]), critical=False)
        .sign(load_key(key_pem), hashes.SHA256())
    )
    return asked.public_bytes(serialization.Encoding.PEM)


def issued(key_pem: bytes, chain_pem: bytes, device: str) -> Papers:
    """The papers that an authority's answer makes of a key.

    Raises:
        TrustError: the certificate is for another key, another device or another use.
    """
    papers = Papers(key_pem, chain_pem)
    try:
        certificate = papers.certificate
        extensions = certificate.extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, IndexError, x509.ExtensionNotFound) as error:
        raise TrustError(f"what came is no certificate of a device: {error}") from error
    if certificate.public_key() != load_key(key_pem).public_key():
        raise TrustError("the certificate that came is for another key than was asked for")
    if names.get_values_for_type(x509.DNSName) != [device]:
        raise TrustError(f"the certificate that came names {names!r:.80}; accepted: {device!r}")
    if ExtendedKeyUsageOID.CLIENT_AUTH not in uses:
        raise TrustError("the certificate that came is not for clients")
    return papers
