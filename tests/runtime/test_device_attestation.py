"""A device says what runs on it to who asks with a nonce, once somebody has vouched for it."""

import base64
import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.canonical import canonical_json, sha256_hex
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.trust.attestation import CONTEXT
from edgeward.device.assembly import simulated_parts
from edgeward.device.outgoing.attesting import attesting_methods, measured_here
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.rpc import Code, RpcError
from edgeward_harness.rig.authority import Authority

NONCE = "ab" * 16


@pytest.fixture
def way(tmp_path: Path) -> Any:
    made = Outgoing("m", tmp_path, SimulatedClock(), SeededEntropy(1), Allowance(8 << 20))
    yield made
    made.close()


def ask(way: Outgoing, nonce: str = NONCE) -> Any:
    return attesting_methods(lambda: way, lambda: {"software": "1" * 64})["attest"].call(
        {"nonce": nonce}, 0
    )


def enrolled(way: Outgoing) -> Outgoing:
    authority = Authority(1, datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC))
    way.wallet.issued(authority.sign_request(way.request()))
    return way


def test_without_a_certificate_it_says_nothing(way: Outgoing) -> None:
    with pytest.raises(RpcError, match="found no certificate") as caught:
        ask(way)
    assert caught.value.code == Code.REFUSED


def test_it_binds_nonce_software_and_the_key_of_the_trail(way: Outgoing) -> None:
    told = ask(enrolled(way))
    statement = told["statement"]
    assert (statement["device"], statement["nonce"], statement["root"]) == ("m", NONCE, "software")
    trail = sha256_hex(way.audit.public_key())
    assert statement["measured"] == {"software": "1" * 64, "audit_key": trail}
    key = x509.load_pem_x509_certificates(told["chain"].encode())[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(told["signature"])
    key.verify(signature, CONTEXT + canonical_json(statement), ec.ECDSA(hashes.SHA256()))


def test_what_is_no_nonce_is_refused(way: Outgoing) -> None:
    with pytest.raises(RpcError) as caught:
        ask(enrolled(way), "short")
    assert caught.value.code == Code.BAD_PARAMETERS


def test_each_model_that_answers_is_measured() -> None:
    parts = simulated_parts()
    assert parts.beat_engine is not None
    told = measured_here(parts, "3" * 64)
    assert told["profile"] == "3" * 64
    assert told[f"model:{parts.engine.card.name}"] == parts.engine.card.sha256
    assert told[f"model:{parts.beat_engine.card.name}"] == parts.beat_engine.card.sha256
    assert "profile" not in measured_here(parts, "")
