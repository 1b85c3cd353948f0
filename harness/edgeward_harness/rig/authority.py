"""An authority for a bench: certificates for both ends, and each defect that a peer must refuse.

Keys come from one integer, so that a run can be replayed. Never for anything but a bench.
"""

import datetime
import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many private keys the curve P-256 has, and one."""
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = datetime.timedelta(days=1)


class Defect(StrEnum):
    """What can be wrong with a certificate."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    REVOKED = "revoked"
    WRONG_USE = "wrong use"
    WRONG_NAME = "wrong name"
    OTHER_AUTHORITY = "other authority"
    SELF_SIGNED = "self-signed"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """Both, as a server or a client loads them."""
        return self.key_pem + self.certificate_pem

    @property
    def certificate_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key alone, unencrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def serial(self) -> str:
        """The serial number as lower-case hex digits."""
        return f"{self.certificate.serial_number:x}"

    @property
    def pin(self) -> str:
        """The SHA-256 of its public key, as certificates carry it."""
        return spki_digest(self.certificate)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A certificate as it is asked for; a defect changes one of its fields."""

    name: str
    public_key: CertificateIssuerPublicKeyTypes
    use: x509.ObjectIdentifier
    begin: datetime.datetime
    end: datetime.datetime


def spki_digest(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate's public key with its algorithm, in hex."""
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).hexdigest()


class Authority:
    """Signs for servers and clients, and revokes."""

    def __init__(
        self,
        seed: int,
        now: datetime.datetime,
        *,
        name: str = "bench",
        desk: str = "",
        days: int = 90,
    ) -> None:
        """An authority of this seed for which it is `now`; what it signs lives for `days`.

        Two desks of one authority have its key, and draw no serial and no key alike.
        """
        self._seed, self._name, self._days = seed, name, days
        self._drawn, self._desk = 0, ""
        self._revoked: list[int] = []
        self.now = now
        self._key = self._draw_key()
        self.certificate = self._own_certificate()
        self._desk = desk

    @classmethod
    def of_today(cls, seed: int, **more: str) -> Self:
        """An authority of the time it is: for peers that look at this machine's clock."""
        return cls(seed, datetime.datetime.now(datetime.UTC), **more)  # type: ignore[arg-type]

    @property
    def pem(self) -> bytes:
        """Its certificate, for whoever is to trust it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, name: str = "localhost", defect: Defect | None = None) -> Issued:
        """A certificate of a server, with one defect or none."""
        return self._issue(name, ExtendedKeyUsageOID.SERVER_AUTH, defect)

    def client(self, name: str, defect: Defect | None = None) -> Issued:
        """A certificate of a device, with one defect or none."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, defect)

    def sign_request(self, request_pem: bytes, *, name: str | None = None) -> bytes:
        """Sign what a device asks for, as PEM; another name than it asks for when one is given."""
        request = x509.load_pem_x509_csr(request_pem)
        if not request.is_signature_valid:
            raise ValueError("the request is not signed by the key that it is for")
        asked = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        public_key = request.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        wish = self._wish(name or str(asked), public_key, ExtendedKeyUsageOID.CLIENT_AUTH)
        return self._sign(wish).public_bytes(serialization.Encoding.PEM)

    def revoke(self, issued: Issued) -> None:
        """Put a certificate on the list."""
        self._revoked.append(issued.certificate.serial_number)

    def crl_pem(self) -> bytes:
        """The list of what is revoked, signed."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(self.now - DAY)
            .next_update(self.now + 30 * DAY)
        )
        for serial in self._revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(self.now).build())
        listed = builder.sign(self._key, hashes.SHA256())
        return listed.public_bytes(serialization.Encoding.PEM)

    def _issue(self, name: str, use: x509.ObjectIdentifier, defect: Defect | None) -> Issued:
        key: Key = self._draw_key()
        if defect is Defect.WEAK:
            key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak is what it is for
        wish = self._spoilt(self._wish(name, key.public_key(), use), defect)
        if defect is Defect.SELF_SIGNED:
            return Issued(self._sign(wish, by_itself=key), key)
        if defect is Defect.OTHER_AUTHORITY:
            other = Authority(self._seed + 1, self.now, name=self._name, days=self._days)
            return Issued(other._sign(wish), key)
        issued = Issued(self._sign(wish), key)
        if defect is Defect.REVOKED:
            self.revoke(issued)
        return issued

    def _wish(
        self, name: str, key: CertificateIssuerPublicKeyTypes, use: x509.ObjectIdentifier
    ) -> _Wish:
        return _Wish(name, key, use, self.now - DAY, self.now + self._days * DAY)

    def _spoilt(self, wish: _Wish, defect: Defect | None) -> _Wish:
        server = wish.use == ExtendedKeyUsageOID.SERVER_AUTH
        other = ExtendedKeyUsageOID.CLIENT_AUTH if server else ExtendedKeyUsageOID.SERVER_AUTH
        match defect:
            case Defect.EXPIRED:
                return replace(wish, begin=self.now - 9 * DAY, end=self.now - DAY)
            case Defect.NOT_YET_VALID:
                return replace(wish, begin=self.now + DAY, end=self.now + 9 * DAY)
            case Defect.WRONG_USE:
                return replace(wish, use=other)
            case Defect.WRONG_NAME:
                return replace(wish, name=f"not-{wish.name}")
            case _:
                return wish

    def _sign(self, wish: _Wish, by_itself: Key | None = None) -> x509.Certificate:
        signer = by_itself or self._key
        issuer = _called(wish.name) if by_itself else self.certificate.subject
        own = signer.public_key()
        leaf = x509.BasicConstraints(ca=False, path_length=None)
        names = x509.SubjectAlternativeName([x509.DNSName(wish.name)])
        return (
            x509.CertificateBuilder()
            .subject_name(_called(wish.name))
            .issuer_name(issuer)
            .public_key(wish.public_key)
            .serial_number(int.from_bytes(self._draw(16)) | 1)
            .not_valid_before(wish.begin)
            .not_valid_after(wish.end)
            .add_extension(leaf, critical=True)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([wish.use]), critical=False)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(wish.public_key),
                           critical=False)
            .sign(signer, hashes.SHA256())
        )  # fmt: skip

    def _own_certificate(self) -> x509.Certificate:
        own = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(_called(f"{self._name} authority"))
            .issuer_name(_called(f"{self._name} authority"))
            .public_key(own)
            .serial_number(int.from_bytes(self._draw(16)) | 1)
            .not_valid_before(self.now - 3650 * DAY)
            .not_valid_after(self.now + 7300 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _draw(self, size_bytes: int) -> bytes:
        self._drawn += 1
        told = f"{self._seed}/{self._name}/{self._desk}/{self._drawn}"
        return b"\0" + hashlib.shake_256(told.encode()).digest(size_bytes - 1)

    def _draw_key(self) -> ec.EllipticCurvePrivateKey:
        secret = int.from_bytes(self._draw(40)) % (_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
