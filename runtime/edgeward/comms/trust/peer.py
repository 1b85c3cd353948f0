"""Who answers: TLS 1.3, chain, name, use, dates, revocation, and the pin of its key.

The TLS library checks everything but the dates, which need a time that can be believed; these, the
list of what is revoked, the cipher and the pin are checked here, before a byte is sent.

A list of what is revoked counts however old it is: what it names stays revoked, and a device that
was away for months must not be cut off because it could not fetch a newer one.
"""

import contextlib
import datetime
import os
import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

from edgeward.comms.trust.refusal import PeerError, Refusal
from edgeward.comms.trust.secure_time import Span
from edgeward.errors import TrustError

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for."""
CHAIN_MAX = 4
_MICROSECOND = datetime.timedelta(microseconds=1)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_VERIFY = {
    18: Refusal.SELF_SIGNED,
    19: Refusal.AUTHORITY,
    20: Refusal.AUTHORITY,
    21: Refusal.AUTHORITY,
    26: Refusal.USE,
    62: Refusal.NAME,
    66: Refusal.WEAK,
    67: Refusal.WEAK,
    68: Refusal.WEAK,
}
"""Codes of OpenSSL's verification."""
_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "WRONG_SSL_VERSION", "NO_PROTOCOLS")
CIPHERS = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")


@dataclass(frozen=True, slots=True)
class Dates:
    """From when to when a certificate may be used, and whose key it shows."""

    begin_ns: int
    end_ns: int
    pin: str


def spki_pin(certificate: x509.Certificate) -> str:
    """The SHA-256 of a public key with its algorithm, in hex: what a pin is."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return digest.finalize().hex()


def dates_of(certificate: x509.Certificate) -> Dates:
    """When a certificate may be used."""
    return Dates(
        _ns(certificate.not_valid_before_utc),
        _ns(certificate.not_valid_after_utc),
        spki_pin(certificate),
    )


class PeerJudge:
    """Judges one receiver by its name, with the authorities that a device was given."""

    __slots__ = ("_authorities", "_ciphers", "_name", "_pem", "_revoked")

    def __init__(
        self,
        name: str,
        authorities_pem: bytes,
        *,
        revoked_pem: Sequence[bytes] = (),
        ciphers: Sequence[str] = CIPHERS,
    ) -> None:
        """Believe these authorities, and their signed lists of what is revoked.

        Raises:
            TrustError: there is no authority, or a list is signed by none of them.
        """
        self._name, self._pem, self._ciphers = name, authorities_pem, tuple(ciphers)
        try:
            self._authorities = x509.load_pem_x509_certificates(authorities_pem)
            lists = [x509.load_pem_x509_crl(one) for one in revoked_pem]
        except ValueError as error:
            raise TrustError(f"authorities or lists that cannot be read: {error}") from error
        self._revoked = {
            (one.issuer.public_bytes(), entry.serial_number)
            for one in lists
            for entry in self._signed(one)
        }

    @property
    def name(self) -> str:
        """Whom it expects."""
        return self._name

    def context(self, own_pem: bytes | None) -> ssl.SSLContext:
        """How to open a connection: TLS 1.3 alone, with this key and certificate.

        Raises:
            TrustError: key and certificate do not belong together.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
        context.load_verify_locations(cadata=self._pem.decode("ascii"))
        if own_pem is not None:
            _load_own(context, own_pem)
        return context

    def judge(self, peer: ssl.SSLSocket, span: Span, pins: Collection[str] | None) -> Dates:
        """Judge who shook hands; None for `pins` where a pin set is to be fetched and nothing else.

        Raises:
            PeerError: it is refused. Nothing may be sent to it.
        """
        cipher = peer.cipher()
        if peer.version() != "TLSv1.3":
            raise PeerError(Refusal.OLD_PROTOCOL, f"it speaks {peer.version()}")
        if cipher is None or cipher[0] not in self._ciphers:
            raise PeerError(Refusal.CIPHER, f"{cipher}; accepted: {', '.join(self._ciphers)}")
        shown = x509.load_der_x509_certificate(peer.getpeercert(binary_form=True) or b"")
        self.check(shown, span)
        dates = dates_of(shown)
        if pins is not None and dates.pin not in pins:
            raise PeerError(Refusal.UNPINNED, f"{dates.pin[:16]}…; accepted: one of {len(pins)}")
        return dates

    def check(self, shown: x509.Certificate, span: Span) -> None:
        """Check dates and revocation of a certificate, and of those above it.

        Raises:
            PeerError: it is refused.
        """
        one = shown
        for _ in range(CHAIN_MAX):
            dates = dates_of(one)
            fault = span.fault(dates.begin_ns, dates.end_ns)
            if fault is not None:
                raise PeerError(Refusal(fault), f"{_told(one)} at {_text(span.earliest_ns)}")
            if (one.issuer.public_bytes(), one.serial_number) in self._revoked:
                raise PeerError(Refusal.REVOKED, _told(one))
            if one in self._authorities and one.issuer == one.subject:
                return
            one = self._issuer(one)
        raise PeerError(Refusal.AUTHORITY, f"{_told(shown)} is more than {CHAIN_MAX} steps away")

    def _issuer(self, one: x509.Certificate) -> x509.Certificate:
        """The authority that signed a certificate: one that we were given, whoever sent others."""
        for authority in self._authorities:
            try:
                one.verify_directly_issued_by(authority)
            except (InvalidSignature, TypeError, ValueError):
                continue
            return authority
        raise PeerError(Refusal.AUTHORITY, f"{_told(one)} is signed by none that we were given")

    def _signed(self, one: x509.CertificateRevocationList) -> x509.CertificateRevocationList:
        for authority in self._authorities:
            if authority.subject != one.issuer:
                continue
            with contextlib.suppress(TypeError, ValueError):  # a kind of key that signs no lists
                if one.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]  # checked there
                    return one
        raise TrustError(
            f"a list of {one.issuer.rfc4514_string()}, signed by none of our authorities"
        )


def refusal_of(error: ssl.SSLError) -> PeerError | None:
    """Why the TLS library refused a peer; None when it was the peer that refused, or no TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _VERIFY.get(error.verify_code, Refusal.OTHER)
        return PeerError(why, error.verify_message)
    reason = error.reason or ""
    if any(word in reason for word in _OLD):
        return PeerError(Refusal.OLD_PROTOCOL, reason)
    return None


def _load_own(context: ssl.SSLContext, own_pem: bytes) -> None:
    """Hand key and certificate over in memory: the library reads files only."""
    descriptor = os.memfd_create("own", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, own_pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    except (OSError, ValueError) as error:
        raise TrustError(f"our own certificate cannot be used: {error}") from error
    finally:
        os.close(descriptor)


def _ns(instant: datetime.datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND * 1000


def _text(instant_ns: int) -> str:
    return (_EPOCH + datetime.timedelta(seconds=instant_ns // 1_000_000_000)).isoformat()


def _told(one: x509.Certificate) -> str:
    return (
        f"{one.subject.rfc4514_string()!r:.80}, from {one.not_valid_before_utc.isoformat()}"
        f" to {one.not_valid_after_utc.isoformat()}"
    )
