"""What runs on a device is said by it: for the one who asks, under the key of its papers."""

import base64
import datetime
import hashlib
import json
from collections.abc import Mapping
from random import Random
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from edgeward_harness.errors import Finding
from edgeward_harness.rig.audit_trail import canonical
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import AT_ONCE
from .recording import count, drawn
from .trail import told_of

CONTEXT: Final = b"edgeward attestation 1\0"
WITHIN_S: Final = 15.0
NO_NONCES: Final = ("", "ab" * 15, "AB" * 16, "zz" * 16, "ab" * 16 + "\n")
INVALID_PARAMS: Final = -32602
REFUSED: Final = -32001


@pytest.mark.case("TC-ENC-012")
def test_attestation(measure: Measure, rig: Rig) -> None:
    """A statement of what runs here is of this device, for this nonce, and of what runs here now.

    Method: a device without a certificate must refuse to say anything. Once it is enrolled it is
    asked for statements, each with a nonce of its own. Each must be signed by the key of the
    certificate that was issued to it, name the nonce and the device, and hold the digest of its
    software, of each model that it describes and that answers, of the profile in force, and of the
    key that signs its audit trail. Then another profile is put in force, its own with other bounds,
    and a statement must say so. Earlier statements and changed ones are held against a new nonce;
    what is no nonce must be refused.
    """
    repeats = rig.samples("TC-ENC-012")
    random = drawn(rig.seed("nonces"))
    wrong: list[str] = []
    believed: list[str] = []
    taken: list[str] = []
    trials = 0
    for number in range(repeats):
        with receiving(rig.seed(f"attestation {number}")) as rx, rig.open_device() as device:
            taken += _willing(device, random.randbytes(16).hex(), REFUSED)
            rx.enrol(device, **AT_ONCE)
            expected = _expected(device, rx, rig.profile.sha256)
            first = _asked(device, random)
            wrong += _faults(rx, first, expected)
            expected["profile"] = _configured_anew(device, rig)
            second = _asked(device, random)
            wrong += [f"with another profile: {one}" for one in _faults(rx, second, expected)]
            believed += _believed(rx, first, second, expected)
            for nonce in NO_NONCES:
                taken += _willing(device, nonce, INVALID_PARAMS)
        trials += 2
        rig.progress(number + 1, repeats)
    count(
        measure, "statements_that_do_not_hold", wrong, trials,
        "signed by the device's key, for this nonce, of what runs here",
    )  # fmt: skip
    count(
        measure, "statements_taken_for_others", believed, repeats * 3,
        "neither an earlier one nor a changed one holds",
    )  # fmt: skip
    count(
        measure, "statements_without_nonce_or_papers", taken, repeats * (1 + len(NO_NONCES)),
        "refused",
    )  # fmt: skip


def _expected(device: DeviceSession, rx: Receiving, profile_sha256: str) -> dict[str, str]:
    described = device.description
    name = str(described["device"]["id"])
    until(lambda: bool(told_of(rx, name).heads), WITHIN_S)
    return {
        "software": described["software"]["build_sha256"],
        **{f"model:{one['name']}": one["sha256"] for one in described["models"]},
        "profile": profile_sha256,
        "audit_key": hashlib.sha256(told_of(rx, name).key).hexdigest(),
    }


def _asked(device: DeviceSession, random: Random) -> tuple[str, Mapping[str, Any]]:
    nonce = random.randbytes(24).hex()
    return nonce, device.call("attest", {"nonce": nonce})


def _faults(
    rx: Receiving, asked: tuple[str, Mapping[str, Any]], expected: Mapping[str, str]
) -> list[str]:
    """What is wrong with a statement, for whoever asked with this nonce."""
    nonce, told = asked
    statement = told["statement"]
    faults = [] if _is_signed(rx, told) else ["the device's key has not signed it"]
    if statement["nonce"] != nonce:
        faults.append(f"it is for the nonce {statement['nonce'][:16]}…")
    faults += [
        f"{name} is {statement['measured'].get(name, 'not told')[:16]}, found {digest[:16]}"
        for name, digest in expected.items()
        if statement["measured"].get(name) != digest
    ]
    return ["; ".join(faults)] if faults else []


def _is_signed(rx: Receiving, told: Mapping[str, Any]) -> bool:
    """Whether the certificate is of our authority, for this device, and its key has signed."""
    own, *_ = x509.load_pem_x509_certificates(told["chain"].encode())
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    signed = canonical(told["statement"])
    key = own.public_key()
    try:
        issuer = x509.load_pem_x509_certificate(rx.bench.authority("enrol").pem)
        own.verify_directly_issued_by(issuer)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        signature = base64.b64decode(told["signature"], validate=True)
        key.verify(signature, CONTEXT + signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, TypeError, AssertionError):
        return False
    now = datetime.datetime.now(datetime.UTC)
    here = names.get_values_for_type(x509.DNSName) == [told["statement"]["device"]]
    return here and own.not_valid_before_utc <= now <= own.not_valid_after_utc


def _configured_anew(device: DeviceSession, rig: Rig) -> str:
    """Another profile in force; its digest, as the bench computes it."""
    other = json.loads(json.dumps(rig.profile.to_dict()))
    other["title"] = f"{other['title'][:60]}, another one"
    digest = hashlib.sha256(canonical(other)).hexdigest()
    device.configure(other, digest)
    return digest


def _believed(
    rx: Receiving,
    first: tuple[str, Mapping[str, Any]],
    second: tuple[str, Mapping[str, Any]],
    expected: Mapping[str, str],
) -> list[str]:
    """Statements that would be taken for the answer to the second question, and are not."""
    nonce, told = second
    statement = told["statement"]
    model = next(name for name in statement["measured"] if name.startswith("model:"))
    others = {
        "an earlier statement": first[1],
        "an earlier one with the new nonce": {
            **first[1], "statement": {**first[1]["statement"], "nonce": nonce},
        },
        "one with another model": {
            **told,
            "statement": {**statement, "measured": {**statement["measured"], model: "0" * 64}},
        },
    }  # fmt: skip
    return [name for name, one in others.items() if not _faults(rx, (nonce, one), expected)]


def _willing(device: DeviceSession, nonce: str, code: int) -> list[str]:
    """Whether a device says something that it must refuse, or refuses it for another reason."""
    try:
        error = device.call_expecting_error("attest", {"nonce": nonce})
    except Finding:
        return [f"it answers to {nonce[:40]!r}"]
    return [] if error.code == code else [f"to {nonce[:40]!r} it answers {error.code}, not {code}"]
