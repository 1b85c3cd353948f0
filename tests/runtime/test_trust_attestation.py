"""What a device says of what runs on it: under its key, for one nonce, no more than it knows."""

import base64
import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from trusting_lab import DEVICE

from edgeward.canonical import canonical_json
from edgeward.comms.trust.attestation import CONTEXT, attest
from edgeward.comms.trust.papers import Papers
from edgeward.errors import TrustError
from edgeward_harness.rig.authority import Authority

ISSUED = Authority(1, datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)).client(DEVICE)
PAPERS = Papers(ISSUED.key_pem, ISSUED.certificate_pem)
NONCE = "ab" * 16
MEASURED = {"runtime": "1" * 64, "model": "2" * 64, "profile": "3" * 64}


def genuine(told: dict[str, Any]) -> bool:
    """Whether the device of the certificate has said just this."""
    key = x509.load_pem_x509_certificate(told["chain"].encode()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    said = CONTEXT + canonical_json(told["statement"])
    try:
        key.verify(base64.b64decode(told["signature"]), said, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def test_it_is_signed_and_says_that_it_rests_on_software_alone() -> None:
    told = attest(PAPERS, DEVICE, NONCE, MEASURED, 17)
    assert genuine(told)
    assert told["statement"] == {
        "device": DEVICE,
        "nonce": NONCE,
        "root": "software",
        "measured": MEASURED,
        "earliest_ns": 17,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nonce", "cd" * 16),
        ("root", "hardware"),
        ("measured", MEASURED | {"model": "4" * 64}),
        ("device", "monitor-8"),
    ],
)
def test_a_changed_statement_is_seen(field: str, value: object) -> None:
    told = attest(PAPERS, DEVICE, NONCE, MEASURED, 17)
    told["statement"][field] = value
    assert not genuine(told)


@pytest.mark.parametrize(
    ("nonce", "measured"),
    [("ab", MEASURED), ("AB" * 16, MEASURED), (NONCE, {"model": "x"}), ("ab" * 65, {})],
)
def test_what_is_no_nonce_or_no_digest_is_not_signed(nonce: str, measured: dict[str, str]) -> None:
    with pytest.raises(TrustError):
        attest(PAPERS, DEVICE, nonce, measured, 17)
