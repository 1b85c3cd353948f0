"""Whether a chain of certificates says who somebody is: up to a pinned root, on a given moment.

Rules:
- The root is known by the SHA-256 of its DER; a chain that ends in another one says nothing.
- Every certificate is valid at the moment asked for, and signed by the next one.
- The person's certificate names the user id: as its UID, its e-mail address or its common name.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from edgeward.canonical import sha256_hex

if TYPE_CHECKING:  # imported where it is used: it would slow the start of every command
    from cryptography import x509


def chain_faults(
    chain: Sequence[bytes], root_sha256: str, user: str, moment: datetime
) -> tuple[str, ...]:
    """Why a chain does not say that its first certificate is of this user; empty when it does."""
    from cryptography import x509
    from cryptography.x509 import verification

    if len(chain) < 2:
        return ("has no chain of certificates up to a root",)
    if sha256_hex(chain[-1]) != root_sha256:
        return (f"its certificates end in the root {sha256_hex(chain[-1])}, not {root_sha256}",)
    try:
        own, *between, root = (x509.load_der_x509_certificate(one) for one in chain)
        policy = verification.PolicyBuilder().store(verification.Store([root])).time(moment)
        policy = policy.extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        if _late(own, moment):
            return (f"its certificate was not valid on {moment:%Y-%m-%d}: {_term(own)}",)
        policy.build_client_verifier().verify(own, between)
        faults = [] if _may_sign(own) else ["its certificate is not for signatures"]
        names = _names(own)
    except (ValueError, verification.VerificationError) as fault:
        return (f"its certificates do not hold: {fault}",)
    if user not in names:
        faults.append(f"its certificate is of {', '.join(sorted(names)) or 'nobody'}, not {user}")
    return tuple(faults)


def _late(own: "x509.Certificate", moment: datetime) -> bool:
    return not own.not_valid_before_utc <= moment <= own.not_valid_after_utc


def _term(own: "x509.Certificate") -> str:
    return f"{own.not_valid_before_utc:%Y-%m-%d} to {own.not_valid_after_utc:%Y-%m-%d}"


def _may_sign(own: "x509.Certificate") -> bool:
    from cryptography import x509

    try:
        usage = own.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _names(own: "x509.Certificate") -> set[str]:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    kinds = (NameOID.COMMON_NAME, NameOID.USER_ID, NameOID.EMAIL_ADDRESS)
    names = {str(one.value) for kind in kinds for one in own.subject.get_attributes_for_oid(kind)}
    try:
        other = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return names
    return names | set(other.get_values_for_type(x509.RFC822Name))
