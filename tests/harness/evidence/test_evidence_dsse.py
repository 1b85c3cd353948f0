"""DSSE and in-toto, held against two implementations that are not ours."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib import dsse
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined] # a plain re-export

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.dsse import IN_TOTO, Envelope, pae
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.statement import PREDICATE_TYPE, build_statement, read_statement
from edgeward_harness.evidence.strict import encode


def test_pae_is_that_of_the_published_example() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@given(st.text(max_size=30), st.binary(max_size=60))
@settings(deadline=None, max_examples=60)
def test_pae_agrees_with_securesystemslib(kind: str, payload: bytes) -> None:
    theirs = dsse.Envelope(payload, kind, {}).pae()
    try:
        kind.encode("utf-8")
    except UnicodeEncodeError:
        return
    assert pae(kind, payload) == theirs


def their_key(key: SigningKey) -> SSlibKey:
    value = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": key.public.raw.hex()}}
    read: SSlibKey = SSlibKey.from_dict(key.public.keyid, value)
    return read


def test_securesystemslib_verifies_a_sealed_statement(sealed: Path, key: SigningKey) -> None:
    value = json.loads((sealed / "statement.dsse.json").read_bytes())
    envelope = dsse.Envelope.from_dict(copy.deepcopy(value))
    assert list(envelope.verify([their_key(key)], 1)) == [key.public.keyid]
    assert envelope.payload_type == IN_TOTO
    envelope.payload = envelope.payload.replace(b"PASSED", b"FAILED")
    with pytest.raises(VerificationError):
        envelope.verify([their_key(key)], 1)


def test_in_toto_attestation_accepts_the_statement(sealed: Path) -> None:
    from google.protobuf.json_format import Parse
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    payload = Envelope.from_bytes((sealed / "statement.dsse.json").read_bytes()).payload
    theirs = Parse(payload, statement_pb2.Statement())
    Statement.copy_from_pb(theirs).validate()
    assert theirs.predicate_type == PREDICATE_TYPE
    names = [subject.name for subject in theirs.subject]
    assert names[0].startswith("artifacts/")
    assert names[1:] == [
        "junit.xml",
        "key.pub",
        "manifest.json",
        "records.jsonl",
        "report.html",
        "report.json",
    ]
    result = Parse(json.dumps(json.loads(payload)["predicate"]), test_result_pb2.TestResult())
    assert result.result == "PASSED"
    assert len(result.passed_tests) == 5
    assert (list(result.warned_tests), list(result.failed_tests)) == ([], [])
    assert [entry.name for entry in result.configuration] == [
        "manifest.json",
        "profile wearable",
        "harness edgeward-harness 0.1.0",
        "device software edgeward 0.1.0 (abababababab)",
        "model rhythm (cdcdcdcdcdcd)",
    ]


def test_a_bundle_always_gives_the_same_statement(sealed: Path) -> None:
    opened = open_bundle(sealed)
    statement = build_statement(opened, assess(opened), {"b": "0" * 64, "a": "1" * 64})
    assert [subject["name"] for subject in statement["subject"]] == ["a", "b"]
    assert encode(statement) == encode(
        build_statement(
            opened,
            assess(opened),
            {
                "a": "1" * 64,
                "b": "0" * 64,
            },
        )
    )
    assert read_statement(encode(statement)).run == opened.manifest.run


def envelope(key: SigningKey) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(Envelope.sign(b"payload!", key).to_bytes())
    return value


def test_an_envelope_reads_back(key: SigningKey) -> None:
    one = Envelope.sign(b"payload!", key)
    assert Envelope.from_bytes(one.to_bytes()) == one
    assert one.signed_by(key.public)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "cGF5bG9hZCE"},  # no padding
        {"payload": "cGF5bG9hZCF="},  # bits behind the end
        {"payload": "cGF5bG9h\nZCE="},
        {"payload": "pä=="},
        {"payload": 1},
        {"payloadType": ""},
        {"signatures": []},
        {"signatures": [{"keyid": "0" * 64, "sig": "AA=="}] * 2},
        {"signatures": [{"keyid": "0" * 63, "sig": "AA=="}]},
        {"signatures": [{"sig": "AA=="}]},
        {"signatures": [1]},
        {"more": 1},
    ],
)
def test_an_envelope_is_read_strictly(key: SigningKey, change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Envelope.from_bytes(encode({**envelope(key), **change}))


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://slsa.dev/provenance/v1"},
        {"subject": {}},
        {"subject": [{"name": "a", "digest": {"sha256": "0" * 63}}]},
        {"subject": [{"name": "a", "digest": {"sha1": "0" * 40}}]},
        {"subject": [{"name": "a", "digest": []}]},
        {"subject": [{"name": "a", "digest": {"sha256": "0" * 64}}] * 2},
        {"subject": [{"digest": {"sha256": "0" * 64}}]},
        {"predicate": []},
        {"predicate": {"result": "OK"}},
    ],
)
def test_a_statement_is_read_strictly(sealed: Path, change: dict[str, Any]) -> None:
    opened = open_bundle(sealed)
    statement = build_statement(opened, assess(opened), {"a": "0" * 64})
    with pytest.raises(InputError):
        read_statement(encode({**statement, **change}))


def test_base64_of_the_envelope_is_the_standard_one(key: SigningKey) -> None:
    assert base64.b64decode(envelope(key)["payload"]) == b"payload!"
